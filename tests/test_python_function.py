"""A function of ours: its code, what it may do, where it logs, and how a user extends it."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template
from templates import Deployment, name_of, of_type, properties, template_of

from cdk_ses_regions import python_function
from cdk_ses_regions.python_function import PythonFunction


def function(stack: cdk.Stack, **options: object) -> PythonFunction:
    arguments = {"code": "ses_provider", "description": "Trial", "memory_mb": 128, "timeout_seconds": 5}
    return PythonFunction(stack, "Fn", **{**arguments, **options})  # pyright: ignore[reportArgumentType]


def test_memory_and_timeout_are_as_asked(stack: cdk.Stack) -> None:
    function(stack, memory_mb=512, timeout_seconds=60)
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Runtime": "python3.13",
            "Handler": "ses_provider.handler",
            "MemorySize": 512,
            "Timeout": 60,
            "Environment": Match.absent(),
            "DeadLetterConfig": Match.absent(),
        },
    )


def test_its_handler_is_a_function_of_the_module_called_like_the_folder() -> None:
    for code in ("ses_provider", "inbound"):
        source = Path(python_function.__file__).parent / "handlers" / code / f"{code}.py"
        assert "\ndef handler(event" in source.read_text(encoding="utf-8")


def test_logs_expire_and_the_function_writes_to_its_own_log_group_only(stack: cdk.Stack) -> None:
    function(stack, log_retention_days=7)
    template = template_of(stack)
    group = name_of(template, "AWS::Logs::LogGroup")
    assert properties(template, "AWS::Logs::LogGroup") == {"RetentionInDays": 7}
    assert properties(template, "AWS::Lambda::Function")["LoggingConfig"] == {"LogGroup": {"Ref": group}}
    [policy] = properties(template, "AWS::IAM::Role")["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [group, "Arn"]},
        }
    ]


def test_only_lambda_can_take_on_its_role(stack: cdk.Stack) -> None:
    function(stack)
    trust = properties(template_of(stack), "AWS::IAM::Role")["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


def test_compiled_python_does_not_change_the_code(app: cdk.App, tmp_path: Path) -> None:
    folder = Path(python_function.__file__).parent / "handlers" / "ses_provider"
    keys = []
    for name in ("Before", "After"):
        stack = cdk.Stack(app, name)
        function(stack)
        keys.append(stack)
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__" / f"{name}.cpython-311.pyc").write_bytes(name.encode())
    try:
        codes = [properties(template_of(stack), "AWS::Lambda::Function")["Code"]["S3Key"] for stack in keys]
    finally:
        for name in ("Before", "After"):
            (folder / "__pycache__" / f"{name}.cpython-311.pyc").unlink()
    assert codes[0] == codes[1]


@pytest.fixture(params=["fixed", "agnostic"])
def any_stack(request: pytest.FixtureRequest, app: cdk.App, stack: cdk.Stack) -> cdk.Stack:
    return stack if request.param == "fixed" else cdk.Stack(app, "Anywhere")


def test_a_user_can_let_somebody_invoke_it(any_stack: cdk.Stack) -> None:
    ours = function(any_stack)
    ours.function.add_permission("Events", principal=iam.ServicePrincipal("events.amazonaws.com"))
    template = template_of(any_stack)
    assert properties(template, "AWS::Lambda::Permission") == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Fn::GetAtt": [any_stack.get_logical_id(ours.resource), "Arn"]},
        "Principal": "events.amazonaws.com",
    }


def test_a_user_can_grant_it_access_to_something(any_stack: cdk.Stack) -> None:
    ours = function(any_stack)
    s3.Bucket(any_stack, "Archive").grant_write(ours.function)
    template = template_of(any_stack)
    policy = properties(template, "AWS::IAM::Policy")
    assert any("s3:PutObject" in one["Action"] for one in policy["PolicyDocument"]["Statement"])
    assert policy["Roles"] == [{"Ref": name_of(template, "AWS::IAM::Role")}]


def test_a_user_can_add_a_statement_to_its_role(stack: cdk.Stack) -> None:
    ours = function(stack)
    ours.function.add_to_role_policy(iam.PolicyStatement(actions=["dynamodb:PutItem"], resources=["*"]))
    [policy] = of_type(template_of(stack), "AWS::IAM::Policy").values()
    assert policy["Properties"]["PolicyDocument"]["Statement"][0]["Action"] == "dynamodb:PutItem"


def test_the_cdk_interface_is_made_once_and_only_when_asked_for(stack: cdk.Stack) -> None:
    ours = function(stack)
    assert ours.node.try_find_child("Function") is None
    assert ours.function is ours.function
    assert ours.node.try_find_child("Function") is not None


def test_a_grant_goes_to_its_role_alone_and_makes_no_circle(any_stack: cdk.Stack) -> None:
    bucket = s3.Bucket(any_stack, "Mail", encryption=s3.BucketEncryption.KMS)
    read = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": bucket.arn_for_objects("*")}
    ours = function(any_stack, statements=[read])
    bucket.grant_read(ours.function)
    template = template_of(any_stack)  # refuses a circle
    assert of_type(template, "AWS::S3::BucketPolicy") == {}
    assert "Role" not in str(properties(template, "AWS::KMS::Key")["KeyPolicy"])


def test_its_environment_and_statements_are_the_given_ones(stack: cdk.Stack) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:us-west-2:111111111111:t",
    }
    function(stack, environment={"TOPIC": "t"}, statements=[statement])
    template = template_of(stack)
    assert properties(template, "AWS::Lambda::Function")["Environment"] == {"Variables": {"TOPIC": "t"}}
    [policy] = Deployment(template).resolve(properties(template, "AWS::IAM::Role")["Policies"])
    assert policy["PolicyDocument"]["Statement"][1:] == [statement]
