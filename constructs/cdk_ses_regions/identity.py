"""A verified domain or address in one Region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_ses_regions.dns_records import dns_role_problem, write_dkim_records
from cdk_ses_regions.domains import domain_problem, identity_address_problem, mail_from_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.place import require_known
from cdk_ses_regions.policies import ses_arn
from cdk_ses_regions.senders import DEFAULT_ACTIONS, SEND_ACTIONS, SendAction, from_address_problem

DkimKeyLength = Literal["RSA_1024_BIT", "RSA_2048_BIT"]
OnMxFailure = Literal["USE_DEFAULT_VALUE", "REJECT_MESSAGE"]


@dataclass(frozen=True, kw_only=True)
class OwnDkimKey:
    """A DKIM key of your own, one for all Regions (BYODKIM). The template names the secret and never has the key.

    See https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-bring-your-own.html

    Args:
        selector: under which the public key is in DNS, at `SELECTOR._domainkey.DOMAIN`.
        private_key_secret: name of the Secrets Manager secret, in the Region of the stack, whose text is the private
            key: RSA of 1024 to 2048 bits, base64 without header and line breaks.
        version_id: version of the secret (default: the current one when the identity is created or changed).
    """

    selector: str
    private_key_secret: str
    version_id: str | None = None

    @property
    def reference(self) -> str:
        """What CloudFormation replaces by the key when it deploys."""
        version = f":::{self.version_id}" if self.version_id else ""
        return f"{{{{resolve:secretsmanager:{self.private_key_secret}:SecretString{version}}}}}"


class Identity(Construct):
    """What domains and addresses have in common as identities.

    Attributes:
        identity_name: the domain or address.
        identity_arn: ARN of the identity.
        resource: the `AWS::SES::EmailIdentity`.
    """

    identity_name: str
    identity_arn: str
    resource: CfnResource

    def grant_send(
        self,
        grantee: iam.IGrantable,
        *,
        configuration_set_arn: str | None = None,
        from_addresses: Sequence[str] = (),
        actions: Sequence[SendAction] = DEFAULT_ACTIONS,
    ) -> iam.Grant:
        """Let a role, user or function of this account send from the identity, in its Region.

        It adds to the grantee's own policy. Others' accounts need a policy of the identity: `IdentityPolicy`.
        See https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html

        Args:
            grantee: who may send.
            configuration_set_arn: the configuration set they send with; SES asks for it too when a mail has one,
                the identity's default one included (default: none).
            from_addresses: From addresses they may use; `*` stands for any characters, `?` for one (default: every
                one of the identity).
            actions: what they may call (default `SendEmail` and `SendRawEmail`, which SMTP needs).

        Raises:
            ValueError: a From address is a token or not of the identity, or an action does not send.
        """
        for one in from_addresses:
            require_known(from_addresses=one)
        problems = [from_address_problem(one, identity=self.identity_name) for one in from_addresses]
        problems += [f"{one!r} is no action to send with" for one in actions if one not in SEND_ACTIONS]
        if problem := next((one for one in problems if one), None if actions else "actions is empty"):
            raise ValueError(problem)
        arns = [self.identity_arn, *([configuration_set_arn] if configuration_set_arn else [])]
        conditions = {"StringLike": {"ses:FromAddress": list(from_addresses)}} if from_addresses else None
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"ses:{action}" for action in actions],
            resource_arns=arns,
            conditions=conditions,
        )


def require_names(domain_name: str, mail_from_domain: str | None) -> None:
    """Make sure that a domain and its MAIL FROM domain can be such.

    Raises:
        InvalidNameError: the domain is none, or the MAIL FROM domain is not below it.
        ValueError: one of them is a token.
    """
    require_known(domain_name=domain_name, mail_from_domain=mail_from_domain)
    problem = domain_problem(domain_name)
    if problem is None and mail_from_domain is not None:
        problem = mail_from_problem(mail_from_domain, domain=domain_name)
    if problem:
        raise InvalidNameError(problem)


class DomainIdentity(Identity):
    """A domain identity with Easy DKIM or a key of your own, and the three CNAMEs that verify it in this Region.

    The CNAMEs differ from Region to Region, in name and in target, so each Region's stack owns its own. They are read
    from the identity: the zone they point to cannot be guessed.
    The MAIL FROM records are not written here: Regions share them (`MailFromRecords`).
    See https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

    Args:
        domain_name: the domain to send from and receive for.
        hosted_zone_id: the Route 53 zone for the CNAMEs; without it they are not written (DNS is elsewhere).
        dns_role_arn: the role that may write to the zone, of another account; see `DnsRecords` (default: the zone is
            of this account).
        adopt_records: the CNAMEs may be there already, and then stay when the stack goes (default False).
        mail_from_domain: custom MAIL FROM domain, below the domain (default: a subdomain of amazonses.com).
        on_mx_failure: what SES does while the MAIL FROM domain's MX is wrong (default: it sends with its own domain).
        dkim_key_length: length of the next DKIM key that SES makes (default 2048 bits).
        own_dkim_key: your own key instead; its one TXT record is not written here, Regions share it (default: SES makes
            the keys).
        configuration_set_name: what its mail uses unless it names another (default: none). The set has to exist first,
            and SES refuses it for mail of delegate senders.

    Attributes:
        domain_name: the domain.
        identity_arn: ARN of the identity.
        resource: the `AWS::SES::EmailIdentity`.

    Raises:
        InvalidNameError: the domain is none, or the MAIL FROM domain is not below it.
        ValueError: one of them is a token, or there is a role for DNS but no zone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        hosted_zone_id: str | None = None,
        dns_role_arn: str | None = None,
        adopt_records: bool = False,
        mail_from_domain: str | None = None,
        on_mx_failure: OnMxFailure = "USE_DEFAULT_VALUE",
        dkim_key_length: DkimKeyLength = "RSA_2048_BIT",
        own_dkim_key: OwnDkimKey | None = None,
        configuration_set_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_names(domain_name, mail_from_domain)
        if problem := dns_role_problem(domain_name, hosted_zone_id, dns_role_arn):
            raise ValueError(problem)
        properties: dict[str, Any] = {
            "EmailIdentity": domain_name,
            "DkimAttributes": {"SigningEnabled": True},
            "DkimSigningAttributes": {"NextSigningKeyLength": dkim_key_length}
            if own_dkim_key is None
            else {
                "DomainSigningSelector": own_dkim_key.selector,
                "DomainSigningPrivateKey": own_dkim_key.reference,
            },
        }
        if mail_from_domain is not None:
            properties["MailFromAttributes"] = {
                "MailFromDomain": mail_from_domain,
                "BehaviorOnMxFailure": on_mx_failure,
            }
        if configuration_set_name is not None:
            properties["ConfigurationSetAttributes"] = {"ConfigurationSetName": configuration_set_name}
        self.domain_name = self.identity_name = domain_name
        self.identity_arn = ses_arn(scope, f"identity/{domain_name}")
        self.resource = CfnResource(self, "Resource", type="AWS::SES::EmailIdentity", properties=properties)
        self._easy = own_dkim_key is None
        if hosted_zone_id is not None and self._easy:
            write_dkim_records(
                self,
                self.resource,
                hosted_zone_id=hosted_zone_id,
                dns_role_arn=dns_role_arn,
                adopt=adopt_records,
            )

    @property
    def dkim_records(self) -> list[tuple[str, str]]:
        """Name and target of the three CNAMEs, as tokens; none with a key of your own."""
        return (
            []
            if not self._easy
            else [
                (
                    self.resource.get_att(f"DkimDNSTokenName{number}").to_string(),
                    self.resource.get_att(f"DkimDNSTokenValue{number}").to_string(),
                )
                for number in (1, 2, 3)
            ]
        )


class AddressIdentity(Identity):
    """An email address as an identity of its own, verified by the link in a mail that SES sends to it.

    Each Region verifies for itself: the address gets a mail from each, when the stack of the Region is created, and
    somebody has to follow the link within 24 hours. The deployment does not wait for it.
    An address of a verified domain needs none of this to send; as an identity of its own it has its own settings,
    which go before those of the domain.
    See https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html

    Args:
        address: the address, as mail from it will have it: SES compares the part before the @ by the letter.
        configuration_set_name: as for `DomainIdentity` (default: none).

    Attributes:
        address: the address.
        identity_arn: ARN of the identity.
        resource: the `AWS::SES::EmailIdentity`.

    Raises:
        InvalidNameError: it is no address, or has a character that in policies stands for others.
        ValueError: it is a token.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        address: str,
        configuration_set_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(address=address)
        if problem := identity_address_problem(address):
            raise InvalidNameError(problem)
        self.address = self.identity_name = address
        self.identity_arn = ses_arn(scope, f"identity/{address}")
        properties: dict[str, Any] = {"EmailIdentity": address}
        if configuration_set_name is not None:
            properties["ConfigurationSetAttributes"] = {"ConfigurationSetName": configuration_set_name}
        self.resource = CfnResource(self, "Resource", type="AWS::SES::EmailIdentity", properties=properties)
