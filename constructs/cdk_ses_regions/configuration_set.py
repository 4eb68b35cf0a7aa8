"""A configuration set: how mail that uses it is sent, and what SES keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from aws_cdk import CfnResource, Duration, Token
from constructs import Construct

from cdk_ses_regions.domains import domain_problem
from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.naming import configuration_set_problem
from cdk_ses_regions.place import require_known
from cdk_ses_regions.policies import ses_arn

TlsPolicy = Literal["REQUIRE", "OPTIONAL"]
HttpsPolicy = Literal["REQUIRE", "REQUIRE_OPEN_ONLY", "OPTIONAL"]
SuppressedReason = Literal["BOUNCE", "COMPLAINT"]
ValidationThreshold = Literal["MANAGED", "MEDIUM", "HIGH", "DISABLED"]

_DELIVERY_SECONDS = range(300, 50400 + 1)


class ConfigurationSet(Construct):
    """A configuration set of one Region; mail uses it by name, or because it is the default of its identity.

    What is left out is as SES or the account has it.
    See https://docs.aws.amazon.com/ses/latest/dg/using-configuration-sets.html

    Args:
        name: physical name: at most 64 letters, digits, hyphens and underscores.
        tls_policy: "REQUIRE" does not deliver to servers without TLS (default "OPTIONAL").
        max_delivery: how long SES tries, 5 minutes to 14 hours (default: SES's own 14 hours).
        reputation_metrics: bounce and complaint rates in CloudWatch (default True).
        sending_enabled: whether mail that uses it is sent at all (default True).
        suppressed_reasons: why addresses are suppressed; empty: never (default: as in the account).
        validation_threshold: how sure SES must be that an address exists before it sends; needs `suppressed_reasons`
            (default: as in the account).
        engagement_metrics: Virtual Deliverability Manager tracks opens and clicks (default: as in the account).
        optimized_shared_delivery: it chooses among the shared IP addresses (default: as in the account).
        redirect_domain: verified domain of the links for open and click tracking (default: SES's own).
        https_policy: whether those links are https (default "OPTIONAL").
        archive_arn: Mail Manager archive of this Region that keeps what is sent (default: none).
        sending_pool_name: dedicated IP pool that its mail leaves from, there already (default: SES's shared addresses).

    Attributes:
        name: the name.
        configuration_set_arn: its ARN.
        resource: the `AWS::SES::ConfigurationSet`.

    Raises:
        InvalidNameError: the name, or the redirect domain, is none.
        ValueError: options that exclude each other, or `max_delivery` out of range.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        tls_policy: TlsPolicy = "OPTIONAL",
        max_delivery: Duration | None = None,
        reputation_metrics: bool = True,
        sending_enabled: bool = True,
        suppressed_reasons: Sequence[SuppressedReason] | None = None,
        validation_threshold: ValidationThreshold | None = None,
        engagement_metrics: bool | None = None,
        optimized_shared_delivery: bool | None = None,
        redirect_domain: str | None = None,
        https_policy: HttpsPolicy = "OPTIONAL",
        archive_arn: str | None = None,
        sending_pool_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_known(name=name, redirect_domain=redirect_domain)
        _require_name(name, redirect_domain)
        if validation_threshold is not None and suppressed_reasons is None:
            raise ValueError(
                "validation_threshold needs suppressed_reasons, with which SES stores it; give both"
            )
        if redirect_domain is None and https_policy != "OPTIONAL":
            raise ValueError(
                f"https_policy {https_policy!r} is for a redirect_domain; give one, or leave it out"
            )
        delivery: dict[str, Any] = {"TlsPolicy": tls_policy}
        if max_delivery is not None:
            delivery["MaxDeliverySeconds"] = _seconds(max_delivery)
        properties: dict[str, Any] = {
            "Name": name,
            "DeliveryOptions": delivery,
            "ReputationOptions": {"ReputationMetricsEnabled": reputation_metrics},
            "SendingOptions": {"SendingEnabled": sending_enabled},
        }
        if suppressed_reasons is not None:
            properties["SuppressionOptions"] = _suppression(suppressed_reasons, validation_threshold)
        if vdm := _vdm(engagement_metrics, optimized_shared_delivery):
            properties["VdmOptions"] = vdm
        if redirect_domain is not None:
            properties["TrackingOptions"] = {
                "CustomRedirectDomain": redirect_domain,
                "HttpsPolicy": https_policy,
            }
        if sending_pool_name is not None:
            delivery["SendingPoolName"] = sending_pool_name
        if archive_arn is not None:
            properties["ArchivingOptions"] = {"ArchiveArn": archive_arn}
        self.name = name
        self.configuration_set_arn = ses_arn(scope, f"configuration-set/{name}")
        self.resource = CfnResource(
            self, "Resource", type="AWS::SES::ConfigurationSet", properties=properties
        )


def _require_name(name: str, redirect_domain: str | None) -> None:
    if problem := configuration_set_problem(name):
        raise InvalidNameError(problem)
    if redirect_domain is not None and (problem := domain_problem(redirect_domain)):
        raise InvalidNameError(f"redirect_domain: {problem}")


def _seconds(max_delivery: Duration) -> int | float:
    seconds = max_delivery.to_seconds()
    if not Token.is_unresolved(seconds) and seconds not in _DELIVERY_SECONDS:
        raise ValueError(
            f"max_delivery is {seconds:g} seconds; SES takes 300 (5 minutes) to 50400 (14 hours)"
        )
    return seconds


def _suppression(
    reasons: Sequence[SuppressedReason], threshold: ValidationThreshold | None
) -> dict[str, Any]:
    options: dict[str, Any] = {"SuppressedReasons": list(reasons)}
    if threshold == "DISABLED":
        options["ValidationOptions"] = {"ConditionThreshold": {"ConditionThresholdEnabled": "DISABLED"}}
    elif threshold is not None:
        options["ValidationOptions"] = {
            "ConditionThreshold": {
                "ConditionThresholdEnabled": "ENABLED",
                "OverallConfidenceThreshold": {"ConfidenceVerdictThreshold": threshold},
            }
        }
    return options


def _vdm(engagement_metrics: bool | None, optimized_shared_delivery: bool | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if engagement_metrics is not None:
        options["DashboardOptions"] = {"EngagementMetrics": _enabled(engagement_metrics)}
    if optimized_shared_delivery is not None:
        options["GuardianOptions"] = {"OptimizedSharedDelivery": _enabled(optimized_shared_delivery)}
    return options


def _enabled(value: bool) -> str:
    return "ENABLED" if value else "DISABLED"
