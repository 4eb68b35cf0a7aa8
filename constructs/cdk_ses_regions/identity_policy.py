"""Sending authorization: who else may send in the name of an identity."""

from __future__ import annotations

import hashlib

from constructs import Construct

from cdk_ses_regions.identity import Identity
from cdk_ses_regions.place import require_known
from cdk_ses_regions.policies import ses_arn
from cdk_ses_regions.provider_rights import Beyond
from cdk_ses_regions.senders import Sender, sender_name_problem, sender_problem, sending_policy
from cdk_ses_regions.ses_resource import SesProvider


class IdentityPolicy(Construct):
    """A policy of an identity that lets a sender in: other accounts, or users and roles in them.

    SES needs it in each Region that they send from. Nobody else's policy is replaced: the deployment fails when the
    identity already has another one of that name.
    SES documents that an identity whose delegates send may have no default configuration set.
    See https://docs.aws.amazon.com/ses/latest/dg/sending-authorization.html

    Args:
        identity: the `DomainIdentity` or `AddressIdentity`.
        sender: who may send, and under which conditions.
        policy_name: name of the policy (default: the sender's).

    Attributes:
        resource: the custom resource.

    Raises:
        ValueError: the sender is not one, lets in nobody or everybody, or its policy exceeds SES's 4 KB.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identity: Identity,
        sender: Sender,
        policy_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        for one in (*sender.accounts, *sender.from_addresses, *sender.source_ips):  # principals may be tokens
            require_known(**{f"a value of sender {sender.name!r}": one})
        arn, name = identity.identity_arn, sender.name if policy_name is None else policy_name
        problem = sender_problem(sender, identity=identity.identity_name, identity_arn=arn)
        if problem := problem or sender_name_problem(name):
            raise ValueError(problem)
        self.resource = SesProvider.of(scope).resource(
            self,
            "Resource",
            type="Custom::SesIdentityPolicy",
            properties={
                "Identity": identity.identity_name,
                "PolicyName": name,
                "Policy": sending_policy(sender, identity_arn=arn),
                # Nobody else has it, and a construct that moves gets another one.
                "Owner": {"Fn::Sub": f"${{AWS::StackId}}/{self.node.addr}"},
            },
            actions=[
                "ses:CreateEmailIdentityPolicy",
                "ses:DeleteEmailIdentityPolicy",
                "ses:GetEmailIdentityPolicies",
                "ses:UpdateEmailIdentityPolicy",
            ],
            resources=arn,
            suffix=hashlib.sha256(identity.identity_name.encode()).hexdigest()[:8],
            beyond=Beyond(name="SesIdentityPolicies", resources=[ses_arn(scope, "identity/*")]),
        )
        self.resource.add_resource_dependency(identity.resource)
