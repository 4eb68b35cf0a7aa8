"""Limits of SES that a deployment can reach. https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""

RULES_PER_SET = 200
# The quotas page says 500, the console refuses more than 100: the smaller is safe.
RECIPIENTS_PER_RULE = 100
IDENTITY_POLICIES = 20
IDENTITY_POLICY_BYTES = 4096
IDENTITY_POLICY_NAME = 64
EVENT_DESTINATIONS_PER_SET = 10
DIMENSIONS_PER_DESTINATION = 10
