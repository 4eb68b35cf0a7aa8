"""The same resources as a CDK user writes them without us: plain L2 in Python. `python plain_l2.py PLAN`."""

# CDK names some parameters otherwise in its interfaces than in its classes:
# pyright: reportArgumentType=false, reportAssignmentType=false

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses
from aws_cdk import aws_ses_actions as ses_actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

Plan = dict[str, Any]

MAIL = "mail/"


def zone_of(scope: Construct, domain: Plan) -> route53.IHostedZone:
    return route53.HostedZone.from_hosted_zone_attributes(
        scope, f"Zone {domain['name']}", hosted_zone_id=domain["zone"], zone_name=domain["name"]
    )


class SharedDnsStack(cdk.Stack):
    """MAIL FROM, inbound MX and DMARC."""

    def __init__(self, scope: Construct, plan: Plan) -> None:
        super().__init__(
            scope,
            "Email-shared-dns",
            env=cdk.Environment(account=plan["account"], region=plan["primary_region"]),
            tags=plan["tags"],
        )
        for domain in plan["domains"]:
            zone = zone_of(self, domain)
            for record in domain["shared_records"]:
                construct_id = f"{record['name']} {record['type']}"
                if record["type"] == "MX":
                    hosts = [value.split(" ") for value in record["values"]]
                    route53.MxRecord(
                        self,
                        construct_id,
                        zone=zone,
                        record_name=f"{record['name']}.",
                        values=[
                            route53.MxRecordValue(priority=int(priority), host_name=host)
                            for priority, host in hosts
                        ],
                        ttl=cdk.Duration.seconds(record["ttl"]),
                    )
                else:
                    route53.TxtRecord(
                        self,
                        construct_id,
                        zone=zone,
                        record_name=f"{record['name']}.",
                        values=record["values"],
                        ttl=cdk.Duration.seconds(record["ttl"]),
                    )


class RegionalEmailStack(cdk.Stack):
    """Identities, feedback and receiving of one Region."""

    def __init__(self, scope: Construct, plan: Plan, region: Plan) -> None:
        super().__init__(
            scope,
            f"Email-{region['name']}",
            env=cdk.Environment(account=plan["account"], region=region["name"]),
            tags=plan["tags"],
        )
        self.key = kms.Key(
            self,
            "Key",
            description="Encrypts received mail and SES notifications",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.provider = self._function("SesProvider", plan["provider"], handler="ses_provider.handler")
        self._identities(plan)
        self._receiving(plan)
        for name, value in region["endpoints"].items():
            cdk.CfnOutput(self, name, value=value)

    def _ses(self, resource: str) -> str:
        return self.format_arn(service="ses", resource=resource)

    def _allow_ses(
        self, sid: str, actions: list[str], resource: str, source: list[str]
    ) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal("ses.amazonaws.com")],
            actions=actions,
            resources=[resource],
            conditions={
                "StringEquals": {"aws:SourceAccount": self.account},
                "ArnLike": {"aws:SourceArn": source},
            },
        )

    def _function(self, construct_id: str, code: str, *, handler: str, **more: Any) -> lambda_.Function:
        return lambda_.Function(
            self,
            construct_id,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=handler,
            code=lambda_.Code.from_asset(code, exclude=["**/__pycache__", "**/__pycache__/**", "*.pyc"]),
            memory_size=512,
            timeout=cdk.Duration.seconds(60),
            log_group=logs.LogGroup(
                self,
                f"{construct_id}Logs",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
            **more,
        )

    def _custom(self, construct_id: str, kind: str, properties: Plan) -> cdk.CustomResource:
        return cdk.CustomResource(
            self,
            construct_id,
            service_token=self.provider.function_arn,
            service_timeout=cdk.Duration.minutes(5),
            resource_type=kind,
            properties=properties,
        )

    def _identities(self, plan: Plan) -> None:
        arns = [self._ses(f"identity/{domain['name']}") for domain in plan["domains"]]
        topic = sns.Topic(
            self, "Feedback", topic_name=plan["feedback_topic"], master_key=self.key, enforce_ssl=True
        )
        topic.add_to_resource_policy(self._allow_ses("SesFeedback", ["sns:Publish"], topic.topic_arn, arns))
        self.key.add_to_resource_policy(
            self._allow_ses("SesFeedback", ["kms:Decrypt", "kms:GenerateDataKey*"], "*", arns)
        )
        self.provider.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    "ses:GetIdentityNotificationAttributes",
                    "ses:SetIdentityFeedbackForwardingEnabled",
                    "ses:SetIdentityHeadersInNotificationsEnabled",
                    "ses:SetIdentityNotificationTopic",
                ],
                resources=["*"],
            )
        )
        for domain in plan["domains"]:
            identity = ses.EmailIdentity(
                self,
                domain["name"],
                identity=ses.Identity.domain(domain["name"]),
                mail_from_domain=domain["mail_from"],
                dkim_identity=ses.DkimIdentity.easy_dkim(ses.EasyDkimSigningKeyLength.RSA_2048_BIT),
            )
            zone = zone_of(self, domain)
            for number, record in enumerate(identity.dkim_records, start=1):
                route53.CnameRecord(
                    self,
                    f"{domain['name']} DKIM {number}",
                    zone=zone,
                    record_name=f"{record.name}.",
                    domain_name=record.value,
                    ttl=cdk.Duration.seconds(1800),
                )
            notifications = self._custom(
                f"{domain['name']} Notifications",
                "Custom::SesIdentityNotificationTopics",
                {
                    "Identity": domain["name"],
                    "BounceTopicArn": topic.topic_arn,
                    "ComplaintTopicArn": topic.topic_arn,
                    "IncludeHeaders": "true",
                    "EmailForwarding": "false",
                },
            )
            notifications.node.add_dependency(identity, topic)
        cdk.CfnOutput(self, "FeedbackTopicArn", value=topic.topic_arn)
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn)

    def _handled(self, plan: Plan) -> dict[str, str]:
        """Define the table of handled mail, in one Region; return where it is."""
        if self.region == plan["handled_region"]:
            dynamodb.Table(
                self,
                "Handled",
                table_name=plan["handled_table"],
                partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
                billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
                time_to_live_attribute="expires",
                removal_policy=cdk.RemovalPolicy.DESTROY,
            )
        return {"TABLE": plan["handled_table"], "TABLE_REGION": plan["handled_region"]}

    def _receiving(self, plan: Plan) -> None:
        arns = [self._ses(f"receipt-rule-set/{plan['rule_set']}:receipt-rule/*")]
        bucket = s3.Bucket(
            self,
            "Mail",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="received-mail",
                    prefix=MAIL,
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.key.add_to_resource_policy(
            self._allow_ses("SesReceiving", ["kms:Decrypt", "kms:GenerateDataKey*"], "*", arns)
        )
        topic = sns.Topic(
            self, "Received", topic_name=plan["received_topic"], master_key=self.key, enforce_ssl=True
        )
        stored = sns.Topic(
            self, "Stored", topic_name=plan["stored_topic"], master_key=self.key, enforce_ssl=True
        )
        stored.add_to_resource_policy(
            self._allow_ses("SesReceiving", ["sns:Publish"], stored.topic_arn, arns)
        )
        dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=cdk.Duration.days(14),
            enforce_ssl=True,
        )
        queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=cdk.Duration.days(14),
            visibility_timeout=cdk.Duration.minutes(6),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5),
            enforce_ssl=True,
        )
        stored.add_subscription(
            subscriptions.SqsSubscription(queue, raw_message_delivery=True, dead_letter_queue=dead_letters)
        )
        function = self._function(
            "Inbound",
            plan["inbound"],
            handler="inbound.handler",
            environment={
                "BUCKET": bucket.bucket_name,
                "PREFIX": MAIL,
                "TOPIC_ARN": topic.topic_arn,
                **({} if plan["handled_region"] is None else self._handled(plan)),
            },
        )
        function.add_event_source(
            sources.SqsEventSource(queue, batch_size=10, report_batch_item_failures=True)
        )
        bucket.grant_read(function, f"{MAIL}*")
        topic.grant_publish(function)
        if plan["handled_region"] is not None:
            table = f"arn:aws:dynamodb:{plan['handled_region']}:{self.account}:table/{plan['handled_table']}"
            function.add_to_role_policy(
                iam.PolicyStatement(actions=["dynamodb:PutItem", "dynamodb:DeleteItem"], resources=[table])
            )
        rule_set = ses.ReceiptRuleSet(self, "RuleSet", receipt_rule_set_name=plan["rule_set"])
        self.provider.add_to_role_policy(
            iam.PolicyStatement(
                actions=["ses:DescribeActiveReceiptRuleSet", "ses:SetActiveReceiptRuleSet"], resources=["*"]
            )
        )
        trial = "AMAZON_SES_SETUP_NOTIFICATION"
        rules = [rule for domain in plan["domains"] for rule in domain["rules"]]
        policy = iam.Policy(
            self,
            "SetupNotificationPolicy",
            statements=[
                iam.PolicyStatement(
                    actions=["s3:DeleteObject"], resources=[bucket.arn_for_objects(f"{MAIL}*{trial}")]
                )
            ],
            roles=[cast(iam.IRole, self.provider.role)],
        )
        setup = self._custom(
            "SetupNotification",
            "Custom::SesSetupNotification",
            {
                "Bucket": bucket.bucket_name,
                "Keys": [f"{MAIL}{rule['name']}/{trial}" for rule in rules],
            },
        )
        setup.node.add_dependency(policy)
        rule_set.node.add_dependency(setup)
        activation = self._custom(
            "Activation",
            "Custom::SesActiveReceiptRuleSet",
            {"RuleSetName": plan["rule_set"], "TakeOver": "false"},
        )
        for rule in rules:
            store = ses_actions.S3(bucket=bucket, object_key_prefix=f"{MAIL}{rule['name']}/", topic=stored)
            added = rule_set.add_rule(
                rule["name"],
                receipt_rule_name=rule["name"],
                recipients=rule["recipients"],
                scan_enabled=True,
                tls_policy=ses.TlsPolicy.REQUIRE if rule["require_tls"] else ses.TlsPolicy.OPTIONAL,
                actions=[store],
            )
            activation.node.add_dependency(added)
        outputs = {
            "RuleSetName": rule_set.receipt_rule_set_name,
            "MailBucketName": bucket.bucket_name,
            "ReceivedTopicArn": topic.topic_arn,
            "MailQueueArn": queue.queue_arn,
            "DeadLetterQueueArn": dead_letters.queue_arn,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)


def main(plan: Plan) -> None:
    app = cdk.App()
    shared = SharedDnsStack(app, plan)
    for region in plan["regions"]:
        RegionalEmailStack(app, plan, region).add_stack_dependency(shared)
    app.synth()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
