"""The table of mail that was handled, which all Regions share."""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct


class HandledMail(Construct):
    """A DynamoDB table in which each step of each mail is claimed before it is done, and noted when it is.

    One table for all Regions, in one of them: tables of their own would not know of each other, and a global table
    settles two claims at the same time in favour of the later, when both have been acted upon. A Region that cannot
    reach it handles its mail all the same. Items are digests of mails, and are forgotten after fifteen days.
    See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.TTL.html

    Args:
        table_name: physical name of the table; other Regions know it by that.
    """

    def __init__(self, scope: Construct, construct_id: str, *, table_name: str) -> None:
        super().__init__(scope, construct_id)
        self.resource = CfnResource(
            self,
            "Resource",
            type="AWS::DynamoDB::Table",
            properties={
                "TableName": table_name,
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
                "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            },
        )
