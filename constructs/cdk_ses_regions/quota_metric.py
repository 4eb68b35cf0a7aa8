"""The metric of how much of its daily sending quota a Region has used."""

from __future__ import annotations

from aws_cdk import CfnResource
from constructs import Construct

from cdk_ses_regions.policies import Statement
from cdk_ses_regions.python_function import PythonFunction

NAMESPACE = "SesRegions"
METRIC = "QuotaUsed"
TIMEOUT_SECONDS = 30


class QuotaMetric(Construct):
    """Puts the share of the sending quota that is used into CloudWatch, every five minutes.

    SES has the figures in its API only. The metric is `QuotaUsed` in the namespace `SesRegions`, with the dimension
    `Region`: 0.8 is 80 %. An account without a limit has used 0.
    See https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-monitor.html

    Args:
        log_retention_days: how long the function's log is kept (default 30).

    Attributes:
        function_arn: the function that asks SES.
    """

    def __init__(self, scope: Construct, construct_id: str, *, log_retention_days: int = 30) -> None:
        super().__init__(scope, construct_id)
        # IAM has no resource for this action: "*" is all it takes.
        ask: Statement = {"Effect": "Allow", "Action": "ses:GetAccount", "Resource": "*"}
        function = PythonFunction(
            self,
            "Function",
            code="quota",
            description="Tells CloudWatch how much of the sending quota is used",
            memory_mb=256,
            timeout_seconds=TIMEOUT_SECONDS,
            log_retention_days=log_retention_days,
            statements=[ask],
        )
        self.function_arn = function.arn
        schedule = CfnResource(
            self,
            "Schedule",
            type="AWS::Events::Rule",
            properties={
                "Description": "Asks SES for the sending quota",
                "ScheduleExpression": "rate(5 minutes)",
                "State": "ENABLED",
                "Targets": [{"Id": "quota", "Arn": function.arn}],
            },
        )
        CfnResource(
            self,
            "Permission",
            type="AWS::Lambda::Permission",
            properties={
                "Action": "lambda:InvokeFunction",
                "FunctionName": function.arn,
                "Principal": "events.amazonaws.com",
                "SourceArn": schedule.get_att("Arn").to_string(),
            },
        )
