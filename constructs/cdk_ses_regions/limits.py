"""Limits of SES that a deployment can reach. https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""

RULES_PER_SET = 200
# In a rule set of somebody else, the mail bucket's policy names each of our rules; S3 takes 20 KB of policy.
RULES_IN_EXISTING_SET = 90
# The quotas page says 500, the console refuses more than 100: the smaller is safe.
RECIPIENTS_PER_RULE = 100
ACTIONS_PER_RULE = 10
RECEIPT_FILTERS = 100
IDENTITY_POLICIES = 20
IDENTITY_POLICY_BYTES = 4096
IDENTITY_POLICY_NAME = 64
EVENT_DESTINATIONS_PER_SET = 10
DIMENSIONS_PER_DESTINATION = 10
# From these rates on, SES reviews an account: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
BOUNCE_RATE_REVIEWED = 0.05
COMPLAINT_RATE_REVIEWED = 0.001
