"""The configuration set: what each option is called in CloudFormation, and which go together."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, REGION, Deployment, properties, template_of

from cdk_ses_regions import ConfigurationSet

KIND = "AWS::SES::ConfigurationSet"


def made(stack: cdk.Stack, **options: Any) -> dict[str, Any]:
    ConfigurationSet(stack, "Set", name="email-sending", **options)
    return properties(template_of(stack), KIND)


def test_what_is_left_out_is_as_ses_or_the_account_has_it(stack: cdk.Stack) -> None:
    assert made(stack) == {
        "Name": "email-sending",
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": True},
    }


@pytest.mark.parametrize(
    ("options", "key", "expected"),
    [
        ({"tls_policy": "REQUIRE"}, "DeliveryOptions", {"TlsPolicy": "REQUIRE"}),
        (
            {"max_delivery": cdk.Duration.hours(14)},
            "DeliveryOptions",
            {"TlsPolicy": "OPTIONAL", "MaxDeliverySeconds": 50400},
        ),
        ({"reputation_metrics": False}, "ReputationOptions", {"ReputationMetricsEnabled": False}),
        ({"sending_enabled": False}, "SendingOptions", {"SendingEnabled": False}),
        ({"suppressed_reasons": []}, "SuppressionOptions", {"SuppressedReasons": []}),
        (
            {"suppressed_reasons": ["BOUNCE"], "validation_threshold": "HIGH"},
            "SuppressionOptions",
            {
                "SuppressedReasons": ["BOUNCE"],
                "ValidationOptions": {
                    "ConditionThreshold": {
                        "ConditionThresholdEnabled": "ENABLED",
                        "OverallConfidenceThreshold": {"ConfidenceVerdictThreshold": "HIGH"},
                    }
                },
            },
        ),
        (
            {"suppressed_reasons": ["COMPLAINT"], "validation_threshold": "DISABLED"},
            "SuppressionOptions",
            {
                "SuppressedReasons": ["COMPLAINT"],
                "ValidationOptions": {"ConditionThreshold": {"ConditionThresholdEnabled": "DISABLED"}},
            },
        ),
        (
            {"engagement_metrics": False},
            "VdmOptions",
            {"DashboardOptions": {"EngagementMetrics": "DISABLED"}},
        ),
        (
            {"optimized_shared_delivery": True},
            "VdmOptions",
            {"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}},
        ),
        (
            {"redirect_domain": "click.example.com", "https_policy": "REQUIRE"},
            "TrackingOptions",
            {"CustomRedirectDomain": "click.example.com", "HttpsPolicy": "REQUIRE"},
        ),
        (
            {"archive_arn": "arn:aws:ses:us-west-2:111111111111:mailmanager-archive/a-1"},
            "ArchivingOptions",
            {"ArchiveArn": "arn:aws:ses:us-west-2:111111111111:mailmanager-archive/a-1"},
        ),
    ],
)
def test_each_option_is_where_cloudformation_wants_it(
    stack: cdk.Stack, options: dict[str, Any], key: str, expected: dict[str, Any]
) -> None:
    assert made(stack, **options)[key] == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "email sending"}, "letters, digits, hyphens and underscores"),
        ({"name": "a" * 65}, "at most 64"),
        ({"redirect_domain": "click"}, "redirect_domain: domain 'click' has no dot"),
        ({"validation_threshold": "HIGH"}, "needs suppressed_reasons"),
        ({"https_policy": "REQUIRE"}, "is for a redirect_domain"),
        ({"max_delivery": cdk.Duration.minutes(4)}, "max_delivery is 240 seconds"),
        ({"max_delivery": cdk.Duration.seconds(50401)}, "300 .* to 50400"),
    ],
)
def test_what_ses_would_refuse_is_refused(stack: cdk.Stack, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfigurationSet(stack, "Set", **{"name": "email-sending", **options})


def test_its_arn_is_of_its_account_and_region(stack: cdk.Stack) -> None:
    one = ConfigurationSet(stack, "Set", name="email-sending")
    cdk.CfnOutput(stack, "Arn", value=one.configuration_set_arn)
    template = template_of(stack)
    arn = Deployment(template).resolve(template["Outputs"]["Arn"]["Value"])
    assert arn == f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/email-sending"
