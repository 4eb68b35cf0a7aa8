"""Whether SES may use a bucket, key, topic or function on behalf of a receipt rule: its policies decide.

CloudWatch is asked of topics in the same way, on behalf of an alarm.

Rests on the SES developer guide, "Giving permissions to Amazon SES for email receiving"
(https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cdk_ses_regions import regions
from cdk_ses_regions.errors import SesRegionsError
from cdk_ses_regions.local.ses.permission import service_allowed

Connect = Callable[[str, str], Any]
"""(`s3`, `us-east-1`) -> the boto3 client with which the door reads and writes."""

SES = "ses.amazonaws.com"
_DEFAULT_TOPIC_POLICY = "__default_policy_ID"


class NotPermittedError(SesRegionsError):
    """SES may not use the target of an action, or cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What one receipt rule may do.

    Args:
        connect: gives the clients the policies are read with.
        account: of the rule, 12 digits.
        region: of the rule.
        rule_arn: `arn:aws:ses:us-east-1:123456789012:receipt-rule-set/SET:receipt-rule/RULE`.
        service: who acts (default: SES).
    """

    connect: Connect
    account: str
    region: str
    rule_arn: str
    service: str = SES

    def require_bucket(self, bucket: str, key: str) -> None:
        """Make sure that SES may put an object, and may use the key the bucket encrypts it with.

        Raises:
            NotPermittedError: when it may not, or when the bucket is where SES cannot write without a role.
            botocore.exceptions.ClientError: when there is no such bucket.
        """
        s3 = self.connect("s3", self.region)
        home = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
        if home != self.region and home not in regions.receiving_regions():
            raise NotPermittedError(
                f"bucket {bucket} is in {home}, where SES does not receive mail: the action needs IamRoleArn"
            )
        policy = _unless(lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"], "NoSuchBucketPolicy")
        arn = f"arn:{self.rule_arn.split(':')[1]}:s3:::{bucket}/{key}"
        self._require(policy, "s3:PutObject", arn, owner=f"the policy of bucket {bucket}")
        encryption: dict[str, Any] | None = _unless(
            lambda: s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
            "ServerSideEncryptionConfigurationNotFoundError",
        )
        for rule in (encryption or {}).get("Rules", ()):
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if not str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
                continue
            if not default.get("KMSMasterKeyID"):
                raise NotPermittedError(
                    f"bucket {bucket} encrypts with aws/s3, which SES cannot use: name a customer managed key"
                )
            self.require_key(default["KMSMasterKeyID"], ["kms:GenerateDataKey"], home)

    def require_key(self, key: str, actions: Sequence[str], region: str) -> None:
        """Make sure that SES may use a KMS key.

        Args:
            key: id, ARN or alias.
            actions: what is asked of the key, such as `kms:GenerateDataKey`.
            region: where the key is.

        Raises:
            NotPermittedError: when it may not, or when the key is disabled or about to be deleted.
            botocore.exceptions.ClientError: when there is no such key.
        """
        kms = self.connect("kms", region)
        about = kms.describe_key(KeyId=key)["KeyMetadata"]
        if about["KeyState"] != "Enabled":
            raise NotPermittedError(f"key {about['Arn']} is {about['KeyState']}")
        policy = kms.get_key_policy(KeyId=about["KeyId"], PolicyName="default")["Policy"]
        for action in actions:
            self._require(policy, action, about["Arn"], owner=f"the policy of key {about['Arn']}")

    def require_topic(self, topic: str) -> None:
        """Make sure that SES may publish to a topic of the rule's Region, and use its key.

        Raises:
            NotPermittedError: when it may not, or when the topic is in another Region.
            botocore.exceptions.ClientError: when there is no such topic.
        """
        self._require_here("topic", topic)
        attributes = self.connect("sns", self.region).get_topic_attributes(TopicArn=topic)["Attributes"]
        policy = attributes.get("Policy")
        # The policy a topic is born with names no service: SES of the same account may publish all the same.
        own = topic.split(":")[4] == self.account
        if not (own and policy and json.loads(policy).get("Id") == _DEFAULT_TOPIC_POLICY):
            self._require(policy, "sns:Publish", topic, owner=f"the policy of topic {topic}")
        if attributes.get("KmsMasterKeyId"):
            self.require_key(
                attributes["KmsMasterKeyId"], ["kms:GenerateDataKey", "kms:Decrypt"], self.region
            )

    def require_function(self, function: str) -> None:
        """Make sure that SES may invoke a function of the rule's Region.

        Raises:
            NotPermittedError: when it may not, or when the function is in another Region.
            botocore.exceptions.ClientError: when there is no such function.
        """
        self._require_here("function", function)
        client = self.connect("lambda", self.region)
        client.get_function_configuration(FunctionName=function)
        policy = _unless(
            lambda: client.get_policy(FunctionName=function)["Policy"], "ResourceNotFoundException"
        )
        self._require(
            policy, "lambda:InvokeFunction", function, owner=f"the permissions of function {function}"
        )

    def _require_here(self, what: str, arn: str) -> None:
        region = [*arn.split(":"), "", "", "", ""][3]
        if region != self.region:
            raise NotPermittedError(f"{what} {arn} is not in {self.region}, the Region of the rule")

    def _require(self, policy: str | None, action: str, resource: str, *, owner: str) -> None:
        allowed = policy is not None and service_allowed(
            policy,
            service=self.service,
            action=action,
            resource=resource,
            source_arn=self.rule_arn,
            account=self.account,
            region=self.region,
        )
        if not allowed:
            raise NotPermittedError(f"{owner} does not let {self.service} {action} for {self.rule_arn}")


def _unless(read: Callable[[], Any], code: str) -> Any:
    """Return what is read, or None when AWS says `code`: there is none."""
    try:
        return read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == code:
            return None
        raise
