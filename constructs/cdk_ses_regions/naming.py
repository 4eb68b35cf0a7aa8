"""The physical names of what a deployment creates, all from one prefix.

Literal names let a bucket, key or topic policy say the ARN of a receipt rule that does not exist yet; by
reference that would be a dependency cycle. Each name keeps within the limits of its service by construction.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from cdk_ses_regions.errors import InvalidNameError
from cdk_ses_regions.limits import IDENTITY_POLICY_NAME

PREFIX_PATTERN = r"^[a-z][a-z0-9-]{0,19}$"
RULE_NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"

# Each part begins with a letter, so that two names never give one name of an output.
SHORT_NAME_PATTERN = r"^[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*$"
SHORT_NAME_LIMIT = 40  # with prefix and "events" it is within a queue's 80, a destination's 64, a topic's 256

STACK_LIMIT = 128  # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
TOPIC_LIMIT = 256  # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
RULE_LIMIT = 64  # https://docs.aws.amazon.com/ses/latest/APIReference/API_ReceiptRule.html; rule sets alike

_DIGEST = 8


def prefix_problem(prefix: str) -> str | None:
    """Return why `prefix` cannot begin physical names, or None."""
    if len(prefix) > 20:
        return (
            f"name {prefix!r} is {len(prefix)} characters long; at most 20, because the names of stacks and "
            "resources begin with it"
        )
    if not re.fullmatch(PREFIX_PATTERN, prefix):
        return f"name {prefix!r} must begin with a letter a-z and go on with a-z, 0-9 and hyphens, at most 20"
    return None


def rule_name_problem(name: str) -> str | None:
    """Return why `name` cannot name a receipt rule, or None."""
    if len(name) > RULE_LIMIT:
        return f"rule name is {len(name)} characters long; SES allows {RULE_LIMIT}"
    if not re.fullmatch(RULE_NAME_PATTERN, name):
        return (
            f"rule name {name!r} must have letters, digits, dots, hyphens and underscores only, "
            "and begin and end with a letter or digit"
        )
    return None


def configuration_set_problem(name: str) -> str | None:
    """Return why `name` cannot name a configuration set, or None."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        return None
    return (
        f"configuration set name {name!r} must have letters, digits, hyphens and underscores only, at most 64"
    )


def short_name_problem(name: str) -> str | None:
    """Return why `name` cannot name a topic, a queue or an event destination of a deployment, or None."""
    if len(name) > SHORT_NAME_LIMIT:
        return f"name {name!r} is {len(name)} characters long; at most {SHORT_NAME_LIMIT}"
    if not re.fullmatch(SHORT_NAME_PATTERN, name):
        return f"name {name!r} must have a-z, 0-9 and single hyphens, with a letter at the beginning and after a hyphen"
    return None


@dataclass(frozen=True)
class Names:
    """The physical names of the deployment called `prefix`.

    Args:
        prefix: Begins every name, so that several deployments fit into one account: a-z, 0-9 and hyphens,
            beginning with a letter, at most 20 characters.

    Raises:
        InvalidNameError: The prefix breaks those rules.
    """

    prefix: str

    def __post_init__(self) -> None:
        if problem := prefix_problem(self.prefix):
            raise InvalidNameError(problem)

    @property
    def shared_dns_stack(self) -> str:
        """Name of the stack that owns the records all Regions share: `Email-shared-dns`."""
        return self._stack("shared-dns")

    @property
    def smtp_stack(self) -> str:
        """Name of the stack that owns the SMTP credentials of all Regions: `Email-smtp`."""
        return self._stack("smtp")

    @property
    def global_endpoint_stack(self) -> str:
        """Name of the stack with the global endpoint: `Email-global-endpoint`."""
        return self._stack("global-endpoint")

    def regional_stack(self, region: str) -> str:
        """Return the name of one Region's stack: `Email-us-west-2`."""
        return self._stack(region)

    @property
    def rule_set(self) -> str:
        """Name of the receipt rule set: `email-received`."""
        return f"{self.prefix}-received"

    @property
    def feedback_topic(self) -> str:
        """Name of the SNS topic that takes bounces and complaints: `email-feedback`."""
        return f"{self.prefix}-feedback"

    @property
    def received_topic(self) -> str:
        """Name of the SNS topic that announces received mail: `email-received`."""
        return f"{self.prefix}-received"

    @property
    def stored_topic(self) -> str:
        """Name of the SNS topic on which SES tells of the mail it has stored: `email-stored`."""
        return f"{self.prefix}-stored"

    @property
    def handled_table(self) -> str:
        """Name of the DynamoDB table of mail that was handled: `email-handled`."""
        return f"{self.prefix}-handled"

    @property
    def configuration_set(self) -> str:
        """Name of the configuration set: `email-sending`."""
        return f"{self.prefix}-sending"

    @property
    def key_alias(self) -> str:
        """Alias of a Region's customer key, by which other Regions know it: `alias/email-key`."""
        return f"alias/{self.prefix}-key"

    @property
    def smtp_user(self) -> str:
        """Name of the IAM user behind SMTP, and of the policies it has with a number: `email-smtp`."""
        return f"{self.prefix}-smtp"

    @property
    def smtp_secret(self) -> str:
        """Name of the secret with the SMTP credentials: `email/smtp`."""
        return f"{self.prefix}/smtp"

    @property
    def dedicated_ip_pool(self) -> str:
        """Name of the dedicated IP pool: `email-pool`."""
        return f"{self.prefix}-pool"

    def global_endpoint(self, secondary_region: str) -> str:
        """Return the name of the global endpoint: `email-with-eu-west-1`.

        It says the second Region: SES changes none, and CloudFormation replaces none under the same name.
        """
        return f"{self.prefix}-with-{secondary_region}"

    @property
    def alarms_topic(self) -> str:
        """Name of the SNS topic that tells of alarms: `email-alarms`."""
        return f"{self.prefix}-alarms"

    @property
    def dashboard(self) -> str:
        """Name of the dashboard of all Regions: `email-regions`."""
        return f"{self.prefix}-regions"

    def alarm(self, name: str) -> str:
        """Return the name of an alarm: `email-quota-used`."""
        return f"{self.prefix}-{name}"

    def topic(self, name: str) -> str:
        """Return the name of a feedback topic: `email-feedback`."""
        return f"{self.prefix}-{name}"

    def events_topic(self, destination: str) -> str:
        """Return the name of the topic of an event destination: `email-events-audit`."""
        return f"{self.prefix}-events-{destination}"

    def queue(self, name: str) -> str:
        """Return the name of a queue that is subscribed to topics: `email-bounces`."""
        return f"{self.prefix}-{name}"

    @property
    def suppression_queue(self) -> str:
        """Name of the queue with a Region's bounces and complaints: `email-suppression`."""
        return f"{self.prefix}-suppression"

    def suppress_queue(self, region: str) -> str:
        """Return the name of the queue with what another Region is to suppress: `email-suppress-eu-west-1`."""
        return f"{self.prefix}-suppress-{region}"

    @property
    def suppression_table(self) -> str:
        """Name of the table with the removals from a Region's suppression list: `email-suppression`."""
        return f"{self.prefix}-suppression"

    def rule(self, domain: str, rule: str) -> str:
        """Return the name of a domain's receipt rule: `example.com-support`.

        A name beyond SES's 64 characters is cut, and ends in a digest of the whole, so that it stays unique
        and the same at each synthesis.

        Raises:
            InvalidNameError: `rule` has characters that SES does not take.
        """
        if problem := rule_name_problem(rule):
            raise InvalidNameError(problem)
        return _cut(f"{domain}-{rule}", RULE_LIMIT)

    def receipt_filter(self, policy: str, cidr: str) -> str:
        """Return the name of an IP filter: `email-block-203-0-113-0-24`.

        It says what the filter does: SES cannot change one, and CloudFormation replaces none under the same name.
        """
        return f"{self.prefix}-{policy}-{cidr.replace('.', '-').replace('/', '-')}"

    def sender_policy(self, sender: str) -> str:
        """Return the name of the policy that lets a sender in: `email-agency`; cut like a rule's."""
        return _cut(f"{self.prefix}-{sender}", IDENTITY_POLICY_NAME)

    def _stack(self, suffix: str) -> str:
        return f"{self.prefix[0].upper()}{self.prefix[1:]}-{suffix}"


def _cut(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{name[: limit - _DIGEST - 1]}-{digest}"
