"""A domain that signs with the DKIM key of its twin in another Region, which CloudFormation cannot create.

Rests on the SES developer guide, "Using Deterministic Easy DKIM (DEED)".
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from patience import Patience, is_error

_OWNER = "ses-regions:replica-of"


class ReplicaIdentity:
    """Properties: `Identity`, `ParentRegion`; `MailFromDomain` and `BehaviorOnMxFailure`, optional;
    `ConfigurationSetName`, the default one, optional; `Owner`, what belongs to the one stack, by which it knows an
    identity that it made.
    """

    TYPE = "Custom::SesReplicaIdentity"
    SERVICE = "sesv2"

    def __init__(self, sesv2: Any, patience: Patience) -> None:
        self._sesv2 = sesv2
        self._patience = patience

    def physical_id(self, properties: dict[str, Any]) -> str:
        """Return the id: a Region has an identity once."""
        return f"replica-identity/{properties['Identity']}"

    def create(self, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the replica; one that is there already is somebody else's, unless it is from an earlier attempt."""
        identity, parent = properties["Identity"], properties["ParentRegion"]
        try:
            self._patience.call(
                self._sesv2.create_email_identity,
                EmailIdentity=identity,
                DkimSigningAttributes={"DomainSigningAttributesOrigin": _origin(parent)},
                Tags=[{"Key": _OWNER, "Value": _owner(properties)}],
                **_default_set(properties),
            )
        except ClientError as error:
            if not is_error(error, "AlreadyExistsException"):
                raise
            found = self._get(identity)
            if found is None or not _is_ours(found, properties):
                raise ValueError(
                    f"{identity} is an identity of this Region already, with a DKIM key of its own, and SES turns none "
                    f"into a replica of {parent}. Keep its kind of DKIM, or delete it first and deploy again"
                ) from None
        self._require_key(identity, parent)
        self._put_mail_from(properties)
        return self.physical_id(properties), {}

    def update(
        self, physical_id: str, *, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[str, dict[str, str]]:
        """Change MAIL FROM domain and default set; another domain is another identity, another parent is refused."""
        if old.get("Identity") != new["Identity"]:
            return self.create(new)
        if old.get("ParentRegion") != new["ParentRegion"]:
            raise ValueError(
                f"{new['Identity']} replicates the DKIM key of {old.get('ParentRegion')}; SES moves no replica to "
                f"{new['ParentRegion']}. Keep the primary Region, or remove the domain here and add it again"
            )
        self._put_mail_from(new)
        if _default_set(old) != _default_set(new):
            self._patience.call(
                self._sesv2.put_email_identity_configuration_set_attributes,
                EmailIdentity=new["Identity"],
                **_default_set(new),
            )
        return self.physical_id(new), {}

    def delete(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the replica, if it is the one that this resource made."""
        identity = properties["Identity"]
        found = self._get(identity)
        if found is not None and _is_ours(found, properties):
            self._patience.call(self._sesv2.delete_email_identity, EmailIdentity=identity)

    def _require_key(self, identity: str, parent: str) -> None:
        """Fail when SES says that it cannot have the key: else the replica would be pending without an end."""
        found = self._get(identity)
        error = (
            str(found["VerificationInfo"].get("ErrorType", ""))
            if found and "VerificationInfo" in found
            else ""
        )
        if error.startswith("REPLICATION_"):
            raise ValueError(f"SES cannot replicate the DKIM key of {identity} from {parent}: {error}")

    def _get(self, identity: str) -> dict[str, Any] | None:
        try:
            return self._patience.call(self._sesv2.get_email_identity, EmailIdentity=identity)
        except ClientError as error:
            if is_error(error, "NotFoundException"):
                return None
            raise

    def _put_mail_from(self, properties: dict[str, Any]) -> None:
        """Set the MAIL FROM domain, or take it away where there is none."""
        domain = properties.get("MailFromDomain")
        self._patience.call(
            self._sesv2.put_email_identity_mail_from_attributes,
            EmailIdentity=properties["Identity"],
            BehaviorOnMxFailure=properties.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
            **({"MailFromDomain": domain} if domain else {}),
        )


def _origin(region: str) -> str:
    """Return what SES calls the key of a Region: `AWS_SES_US_EAST_1`."""
    return f"AWS_SES_{region.upper().replace('-', '_')}"


def _default_set(properties: dict[str, Any]) -> dict[str, Any]:
    name = properties.get("ConfigurationSetName")
    return {"ConfigurationSetName": name} if name else {}


def _owner(properties: dict[str, Any]) -> str:
    return f"{properties['ParentRegion']} {properties['Owner']}"


def _is_ours(identity: dict[str, Any], properties: dict[str, Any]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in identity.get("Tags", ())}
    return tags.get(_OWNER) == _owner(properties)
