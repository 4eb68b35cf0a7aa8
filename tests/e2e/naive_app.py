"""The naive way to two Regions: CDK's own EmailIdentity with zone and MAIL FROM domain in both stacks."""

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses

app = cdk.App(builtin_cloud_formation_validation=False)
for region in ("us-east-1", "us-west-2"):
    stack = cdk.Stack(app, f"Naive-{region}", env=cdk.Environment(region=region))
    zone = route53.PublicHostedZone.from_public_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z0NAIVE000000000001", zone_name="naive.example"
    )
    ses.EmailIdentity(
        stack,
        "Identity",
        identity=ses.Identity.public_hosted_zone(zone),
        mail_from_domain="bounce.naive.example",
    )
app.synth()
