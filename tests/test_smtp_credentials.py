"""SMTP credentials as a construct and a stack: who may do what, where the secret is, what is in no template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from templates import ACCOUNT, of_type, only, properties, template_of

from app import build
from cdk_ses_regions import SmtpCredentials, UnsupportedRegionError, config
from cdk_ses_regions.send_policies import POLICY_CHARACTERS, send_policies, send_policies_problem

ROOT = Path(__file__).parents[1]
REGIONS = ["us-west-2", "eu-west-1", "eu-central-2"]
ALIAS = "alias/email-key"
SENDING = "AWS::IAM::ManagedPolicy"


def credentials(stack: cdk.Stack, **options: Any) -> SmtpCredentials:
    arguments = {"regions": REGIONS, "identities": ["example.com"], "key_alias": ALIAS, **options}
    return SmtpCredentials(stack, "Smtp", **arguments)


def statements(template: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the function may do, by the service."""
    [policy] = only(template, "AWS::IAM::Role")["Properties"]["Policies"]
    keys = properties(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    found: dict[str, list[dict[str, Any]]] = {}
    for one in (*policy["PolicyDocument"]["Statement"], *keys):
        found.setdefault(one["Action"][0].partition(":")[0], []).append(one)
    return found


def test_endpoints_are_those_of_regions_that_have_smtp(stack: cdk.Stack) -> None:
    made = credentials(stack)
    assert made.endpoints == {
        "us-west-2": "email-smtp.us-west-2.amazonaws.com",
        "eu-west-1": "email-smtp.eu-west-1.amazonaws.com",
    }
    assert made.regions_without_smtp == ("eu-central-2",)
    assert properties(template_of(stack), "Custom::SesSmtpCredentials")["Hosts"] == made.endpoints


def test_the_user_sends_as_the_identities_where_there_is_smtp_and_does_nothing_else(stack: cdk.Stack) -> None:
    credentials(stack, identities=["example.com", "a@example.org"], configuration_set_name="email-sending")
    template = template_of(stack)
    user = properties(template, "AWS::IAM::User")
    assert user == {"UserName": "email-smtp"}
    policy = properties(template, SENDING)
    assert policy["Users"] == [{"Ref": next(iter(of_type(template, "AWS::IAM::User")))}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "ses:SendRawEmail")
    assert statement["Resource"] == [
        f"arn:aws:ses:{region}:{ACCOUNT}:{resource}"
        for region in ("us-west-2", "eu-west-1")
        for resource in ("identity/example.com", "identity/a@example.org", "configuration-set/email-sending")
    ]


def test_the_secret_is_replicated_under_the_key_of_each_region_and_has_no_value_in_the_template(
    stack: cdk.Stack,
) -> None:
    credentials(stack)
    assert properties(template_of(stack), "AWS::SecretsManager::Secret") == {
        "Name": "email/smtp",
        "Description": "SMTP host, port, user name and password of each Region",
        "KmsKeyId": ALIAS,
        "ReplicaRegions": [
            {"Region": "eu-west-1", "KmsKeyId": ALIAS},
            {"Region": "eu-central-2", "KmsKeyId": ALIAS},
        ],
    }


def test_one_region_has_one_secret_without_replicas(stack: cdk.Stack) -> None:
    credentials(stack, regions=["us-west-2"])
    assert "ReplicaRegions" not in properties(template_of(stack), "AWS::SecretsManager::Secret")


def test_cloudformation_makes_no_access_key_and_hands_no_secret_on(stack: cdk.Stack) -> None:
    credentials(stack)
    template = template_of(stack)
    assert of_type(template, "AWS::IAM::AccessKey") == {}
    [made] = of_type(template, "Custom::SesSmtpCredentials")
    assert f'"Fn::GetAtt": ["{made}"' not in json.dumps(template)


def test_the_function_has_the_keys_of_this_user_this_secret_and_no_more(stack: cdk.Stack) -> None:
    credentials(stack)
    template = template_of(stack)
    [user], [secret] = of_type(template, "AWS::IAM::User"), of_type(template, "AWS::SecretsManager::Secret")
    found = statements(template)
    assert set(found) == {"logs", "iam", "secretsmanager", "kms"}
    [keys], [values] = found["iam"], found["secretsmanager"]
    assert keys["Action"] == ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"]
    assert keys["Resource"] == {"Fn::GetAtt": [user, "Arn"]}
    assert values["Resource"] == {"Ref": secret}
    via = {
        "StringEquals": {"kms:ViaService": [f"secretsmanager.{region}.amazonaws.com" for region in REGIONS]}
    }
    arn = f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:email/smtp-??????"
    assert [one["Condition"] for one in found["kms"]] == [
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ALIAS}, **via},
        {"StringLike": {"kms:EncryptionContext:SecretARN": arn}, **via},
    ]


def test_the_keys_of_another_user_are_another_permission_that_does_not_replace_the_one_before() -> None:
    made: list[tuple[str, str]] = []
    for user in ("before", "after"):
        app = cdk.App(builtin_cloud_formation_validation=False)
        stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region="us-west-2"))
        credentials(stack, user_name=user)
        template = template_of(stack)
        [(logical_id, policy)] = of_type(template, "AWS::IAM::Policy").items()
        assert logical_id in only(template, "Custom::SesSmtpCredentials")["DependsOn"]
        made.append((logical_id, policy["Properties"]["PolicyName"]))
    (first_id, first_name), (second_id, second_name) = made
    assert (first_id != second_id, first_name != second_name) == (True, True)


def test_the_resource_knows_the_replicas_that_it_has_to_wait_for(stack: cdk.Stack) -> None:
    credentials(stack)
    asked = properties(template_of(stack), "Custom::SesSmtpCredentials")
    assert asked["Replicas"] == ["eu-west-1", "eu-central-2"]


def test_secrets_manager_alone_may_invoke_the_function_for_this_secret(stack: cdk.Stack) -> None:
    credentials(stack)
    template = template_of(stack)
    [secret] = of_type(template, "AWS::SecretsManager::Secret")
    allowed = properties(template, "AWS::Lambda::Permission")
    assert (allowed["Principal"], allowed["SourceAccount"]) == ("secretsmanager.amazonaws.com", ACCOUNT)
    assert allowed["SourceArn"] == {"Ref": secret}


def test_it_rotates_on_a_schedule_that_begins_when_the_first_key_is_there(stack: cdk.Stack) -> None:
    credentials(stack, rotation_days=30)
    template = template_of(stack)
    schedule = only(template, "AWS::SecretsManager::RotationSchedule")
    assert schedule["Properties"]["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False
    [made] = of_type(template, "Custom::SesSmtpCredentials")
    [allowed] = of_type(template, "AWS::Lambda::Permission")
    assert set(schedule["DependsOn"]) == {made, allowed}


def test_the_rotation_knows_what_the_resource_does(stack: cdk.Stack) -> None:
    credentials(stack)
    template = template_of(stack)
    variables = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    hosts = properties(template, "Custom::SesSmtpCredentials")["Hosts"]
    assert json.loads(variables["SMTP_CREDENTIALS"]) == {"UserName": "email-smtp", "Hosts": hosts}


def test_the_function_answers_before_cloudformation_stops_waiting(stack: cdk.Stack) -> None:
    credentials(stack)
    template = template_of(stack)
    patience = properties(template, "Custom::SesSmtpCredentials")["ServiceTimeout"]
    assert properties(template, "AWS::Lambda::Function")["Timeout"] < patience


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"regions": []}, "not one of regions (none)"),
        ({"regions": ["eu-west-1"]}, "the stack is in us-west-2, which is not one of regions (eu-west-1)"),
        ({"regions": ["us-west-2", "us-west-2"]}, "Region us-west-2 is given twice"),
        ({"identities": []}, "identities is empty"),
        ({"identities": ["example.com", "example.com"]}, "identity example.com is given twice"),
        ({"identities": ["example.com", "*"]}, "'*'"),
        ({"identities": ["a*@example.com"]}, "would stand for other addresses too"),
        ({"configuration_set_name": "*"}, "configuration set name '*'"),
        ({"regions": ["us-west-2", "us-gov-west-1"]}, "us-gov-west-1 is in another partition"),
        ({"rotation_days": 0}, "rotation_days is 0; Secrets Manager takes 1 to 1000"),
        ({"rotation_days": 1001}, "rotation_days is 1001"),
        ({"key_alias": "email-key"}, "key_alias is 'email-key'"),
        ({"key_alias": "alias/aws/secretsmanager"}, "give the alias of a customer key"),
        ({"user_name": "a user"}, "user_name is 'a user'"),
        ({"secret_name": "mail:smtp"}, "secret_name is 'mail:smtp'"),
        ({"identities": [cdk.Fn.ref("Domain")]}, "identities[0] is a token"),
        (
            {"identities": [f"domain-with-a-long-name-{number:03}.example.com" for number in range(400)]},
            "IAM policies; a user has at most 10",
        ),
    ],
)
def test_misuse_is_refused(stack: cdk.Stack, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is asked for
        credentials(stack, **options)
    assert problem in str(caught.value)


def test_regions_without_ses_or_smtp_are_refused(app: cdk.App) -> None:
    def stack(region: str | None) -> cdk.Stack:
        return cdk.Stack(app, region or "Anywhere", env=cdk.Environment(account=ACCOUNT, region=region))

    with pytest.raises(UnsupportedRegionError):
        credentials(stack("us-west-2"), regions=["us-west-2", "us-west-9"])
    with pytest.raises(ValueError, match="SES has no SMTP endpoint in eu-central-2; it has in us-east-1"):
        credentials(stack("eu-central-2"), regions=["eu-central-2"])
    with pytest.raises(ValueError, match="the Region of the stack is not known"):
        credentials(stack(None))


def test_policies_are_as_few_as_hold_the_identities_and_none_is_too_long() -> None:
    identities = [f"domain-{number:03}.example.com" for number in range(120)]
    policies = send_policies(
        partition="aws", account=ACCOUNT, regions=["us-east-1", "eu-west-1"], identities=identities
    )
    arns = [arn for policy in policies for arn in policy["Statement"][0]["Resource"]]
    assert arns == [
        f"arn:aws:ses:{region}:{ACCOUNT}:identity/{name}"
        for region in ("us-east-1", "eu-west-1")
        for name in identities
    ]
    lengths = [len(json.dumps(policy, separators=(",", ":"))) for policy in policies]
    assert max(lengths) <= POLICY_CHARACTERS
    assert all(length > POLICY_CHARACTERS - 100 for length in lengths[:-1])


def test_an_account_known_at_deployment_only_counts_as_twelve_digits() -> None:
    def count(account: str) -> int:
        names = [f"domain-{number:03}.example.com" for number in range(120)]
        return len(send_policies(partition="aws", account=account, regions=["us-east-1"], identities=names))

    assert count("${Token[AWS.AccountId.4]}") == count(ACCOUNT)


def test_ten_policies_are_enough_and_eleven_too_many() -> None:
    assert send_policies_problem([{}] * 10) is None
    assert send_policies_problem([{}] * 11) is not None


def stacks(app: cdk.App, tmp_path: Path, more: str) -> dict[str, cdk.Stack]:
    path = tmp_path / "ses-regions.yaml"
    path.write_text(
        f"regions: [us-west-2, eu-central-2]\ndomains: [{{name: example.com}}]\n{more}", encoding="utf-8"
    )
    build(app, config.load(path))
    return {one.stack_name: one for one in app.node.children if isinstance(one, cdk.Stack)}


def test_the_stack_says_where_everything_is_and_which_region_has_no_smtp(
    app: cdk.App, tmp_path: Path
) -> None:
    template = template_of(stacks(app, tmp_path, "smtp: {}\n")["Email-smtp"])
    [secret] = of_type(template, "AWS::SecretsManager::Secret")
    assert {name: one["Value"] for name, one in template["Outputs"].items()} == {
        "SecretArn": {"Ref": secret},
        "SecretName": "email/smtp",
        "UserName": "email-smtp",
        "SmtpEndpointUsWest2": "email-smtp.us-west-2.amazonaws.com",
        "RegionsWithoutSmtp": "eu-central-2",
    }
    assert properties(template, "AWS::SecretsManager::RotationSchedule")["RotationRules"] == {
        "AutomaticallyAfterDays": 90
    }


def test_each_region_gives_its_key_the_alias_that_the_secret_names(app: cdk.App, tmp_path: Path) -> None:
    made = stacks(app, tmp_path, "configuration_set: {}\nsmtp: {}\n")
    smtp = made.pop("Email-smtp")
    assert {one.stack_name for one in smtp.dependencies} == set(made)
    for stack in made.values():
        template = template_of(stack)
        [key] = of_type(template, "AWS::KMS::Key")
        alias = properties(template, "AWS::KMS::Alias")
        assert alias == {"AliasName": ALIAS, "TargetKeyId": {"Fn::GetAtt": [key, "Arn"]}}
    resources = properties(template_of(smtp), SENDING)["PolicyDocument"]["Statement"][0]["Resource"]
    assert any("configuration-set/email-sending" in json.dumps(one) for one in resources)


def test_without_smtp_there_is_neither_stack_nor_alias(app: cdk.App, tmp_path: Path) -> None:
    made = stacks(app, tmp_path, "")
    assert "Email-smtp" not in made
    for stack in made.values():
        assert of_type(template_of(stack), "AWS::KMS::Alias") == {}
