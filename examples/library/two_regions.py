"""An app of your own with all of email in two Regions, in one stage."""

import aws_cdk as cdk

from cdk_ses_regions import EmailDomain, MailFromRecords, RegionalEmail

DOMAIN, MAIL_FROM, ZONE = "example.com", "bounce.example.com", "Z0123456789EXAMPLE01"
app = cdk.App()
stage = cdk.Stage(app, "Prod")
domain = EmailDomain(domain_name=DOMAIN, hosted_zone_id=ZONE, mail_from_domain=MAIL_FROM)
for region in ("eu-west-1", "eu-central-1"):
    stack = cdk.Stack(stage, f"Email-{region}", env=cdk.Environment(region=region))
    RegionalEmail(stack, "Email", domains=[domain])
shared = cdk.Stack(stage, "Email-shared-dns", env=cdk.Environment(region="eu-west-1"))
MailFromRecords(
    shared, "MailFrom", mail_from_domain=MAIL_FROM, feedback_region="eu-west-1", hosted_zone_id=ZONE
)
app.synth()
