"""An app of your own with one verified domain."""

import aws_cdk as cdk

from cdk_ses_regions import DomainIdentity

app = cdk.App()
stack = cdk.Stack(app, "Newsletter", env=cdk.Environment(region="eu-west-1"))
domain = DomainIdentity(stack, "Domain", domain_name="example.com", hosted_zone_id="Z0123456789EXAMPLE01")
cdk.CfnOutput(stack, "IdentityArn", value=domain.identity_arn)
app.synth()
