"""SMTP credentials, deployed: in a secret that each Region has, good for a login there alone, and rotated."""

from __future__ import annotations

import json
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_ses_regions import config
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.smtp_password import smtp_password
from tests.e2e.conftest import ROOT

EXAMPLE = ROOT / "examples" / "smtp.yaml"
HERE, THERE, WITHOUT = REGIONS = ("eu-west-1", "eu-central-1", "eu-central-2")
SECRET, USER, STACK = "mail/smtp", "mail-smtp", "Mail-smtp"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws.start(REGIONS, hosted_zones=config.load(EXAMPLE).hosted_zones) as local:
        yield local


@pytest.fixture(scope="module")
def deployment(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    file = tmp_path_factory.mktemp("configuration") / "ses-regions.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    cdk = Cdk(aws, project=ROOT, config=file)
    cdk.bootstrap()
    cdk.deploy()
    return cdk


def change(deployment: Cdk, **keys: Any) -> None:
    assert deployment.config is not None
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")) | keys
    deployment.config.write_text(yaml.safe_dump(data), encoding="utf-8")


def outputs(aws: LocalAws) -> dict[str, str]:
    [stack] = aws.client("cloudformation", HERE).describe_stacks(StackName=STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def secret(aws: LocalAws, region: str = HERE, stage: str = "AWSCURRENT") -> dict[str, Any]:
    found = aws.client("secretsmanager", region).get_secret_value(SecretId=SECRET, VersionStage=stage)
    return json.loads(found["SecretString"])


def keys(aws: LocalAws) -> set[str]:
    found = aws.client("iam", HERE).list_access_keys(UserName=USER)["AccessKeyMetadata"]
    return {one["AccessKeyId"] for one in found}


def log_in(aws: LocalAws, region: str, value: dict[str, Any], of: str | None = None) -> smtplib.SMTP:
    """Log in at the door of a Region, with the password of that or another one."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    smtp = smtplib.SMTP("127.0.0.1", aws.submission_ports[region], timeout=60)
    smtp.starttls(context=context)
    smtp.login(value["user_name"], value["regions"][of or region]["password"])
    return smtp


def refused(aws: LocalAws, region: str, value: dict[str, Any], of: str | None = None) -> bool:
    try:
        log_in(aws, region, value, of).quit()
    except smtplib.SMTPAuthenticationError:
        return True
    return False


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come about in a minute"
        time.sleep(0.1)


def rotate(aws: LocalAws) -> None:
    """Rotate, and wait until the new version is the current one."""
    secrets = aws.client("secretsmanager", HERE)
    version = secrets.rotate_secret(SecretId=SECRET)["VersionId"]
    wait_for(
        lambda: (
            "AWSCURRENT" in secrets.describe_secret(SecretId=SECRET)["VersionIdsToStages"].get(version, [])
        )
    )


def test_the_outputs_name_endpoints_and_the_region_without(aws: LocalAws, deployment: Cdk) -> None:
    found = outputs(aws)
    assert found.pop("SecretArn").startswith(f"arn:aws:secretsmanager:{HERE}:{aws.account}:secret:{SECRET}-")
    assert found == {
        "SecretName": SECRET,
        "UserName": USER,
        "SmtpEndpointEuWest1": "email-smtp.eu-west-1.amazonaws.com",
        "SmtpEndpointEuCentral1": "email-smtp.eu-central-1.amazonaws.com",
        "RegionsWithoutSmtp": WITHOUT,
    }


def test_every_region_has_the_secret_under_its_own_key(aws: LocalAws, deployment: Cdk) -> None:
    assert set(secret(aws)["regions"]) == {HERE, THERE}
    for region in REGIONS:
        assert secret(aws, region) == secret(aws)
        about = aws.client("secretsmanager", region).describe_secret(SecretId=SECRET)
        assert about["KmsKeyId"] == "alias/mail-key"
        key = aws.client("kms", region).describe_key(KeyId=about["KmsKeyId"])["KeyMetadata"]
        assert (key["KeyManager"], key["Arn"].split(":")[3]) == ("CUSTOMER", region)


def test_mail_leaves_over_smtp_in_each_region_that_has_it(aws: LocalAws, deployment: Cdk) -> None:
    for region in (HERE, THERE):
        mail = EmailMessage()
        mail["From"], mail["To"] = "shop@example.com", f"customer@{region}.example"
        mail.set_content("Thank you.")
        with log_in(aws, region, secret(aws, region)) as smtp:
            smtp.send_message(mail)
        [left] = [one for one in aws.outbox if one.recipients == (mail["To"],)]
        assert (left.region, left.identity) == (region, "example.com")


def test_the_password_of_another_region_is_refused(aws: LocalAws, deployment: Cdk) -> None:
    value = secret(aws)
    assert not refused(aws, THERE, value)
    assert refused(aws, THERE, value, of=HERE)


def test_the_user_may_send_as_the_identities_and_nothing_else(aws: LocalAws, deployment: Cdk) -> None:
    aws.client("sesv2", HERE).create_email_identity(EmailIdentity="elsewhere.example.com")
    aws.verify("elsewhere.example.com", HERE)
    with log_in(aws, HERE, secret(aws)) as smtp, pytest.raises(smtplib.SMTPResponseException) as caught:
        smtp.sendmail("a@elsewhere.example.com", ["b@c.example"], "Subject: x\r\n\r\nx\r\n")
    assert caught.value.smtp_code == 554
    aws.client("sesv2", HERE).delete_email_identity(EmailIdentity="elsewhere.example.com")


def test_a_rotation_brings_a_new_key_and_leaves_the_one_before_until_the_next(
    aws: LocalAws, deployment: Cdk
) -> None:
    first = secret(aws)
    rotate(aws)
    second = secret(aws)
    assert keys(aws) == {first["user_name"], second["user_name"]}
    assert len(keys(aws)) == 2
    for region in (HERE, THERE):
        assert secret(aws, region) == second
        assert not refused(aws, region, second)
        assert not refused(aws, region, first)
    rotate(aws)
    third = secret(aws)
    assert keys(aws) == {second["user_name"], third["user_name"]}
    assert refused(aws, HERE, first)
    assert not refused(aws, HERE, third)


def test_a_new_key_that_does_not_get_in_goes_and_the_old_one_stays(aws: LocalAws, deployment: Cdk) -> None:
    before, had = secret(aws), keys(aws)
    function = rotation_function(aws)
    aws.control.fault("down", THERE)
    try:
        # The function keeps half a minute for its answer: four seconds are left to try in.
        aws.client("lambda", HERE).update_function_configuration(FunctionName=function, Timeout=34)
        aws.client("secretsmanager", HERE).rotate_secret(SecretId=SECRET)
        wait_for(lambda: not any("AWSPENDING" in stages for stages in versions(aws).values()))
    finally:
        aws.control.clear_faults()
    assert secret(aws) == before
    assert keys(aws) <= had
    assert not refused(aws, HERE, before)
    aws.client("lambda", HERE).update_function_configuration(FunctionName=function, Timeout=300)
    rotate(aws)
    assert secret(aws) != before


def versions(aws: LocalAws) -> dict[str, list[str]]:
    return aws.client("secretsmanager", HERE).describe_secret(SecretId=SECRET)["VersionIdsToStages"]


def rotation_function(aws: LocalAws) -> str:
    return aws.client("secretsmanager", HERE).describe_secret(SecretId=SECRET)["RotationLambdaARN"]


def test_it_rotates_by_itself_when_the_days_are_over(aws: LocalAws, deployment: Cdk) -> None:
    before = secret(aws)
    aws.control.forward(24 * 29)
    assert secret(aws) == before
    aws.control.forward(24 * 2)
    wait_for(lambda: secret(aws) != before)
    assert not refused(aws, THERE, secret(aws))


def test_a_region_taken_out_and_in_again_changes_the_secret(aws: LocalAws, deployment: Cdk) -> None:
    before = secret(aws)
    change(deployment, regions=[HERE, WITHOUT])
    deployment.deploy(STACK)
    alone = secret(aws)
    assert set(alone["regions"]) == {HERE}
    assert not refused(aws, HERE, before)
    change(deployment)
    deployment.deploy(STACK)
    assert set(secret(aws)["regions"]) == {HERE, THERE}
    assert secret(aws, THERE) == secret(aws)
    assert not refused(aws, THERE, secret(aws))
    assert len(keys(aws)) == 2


def test_deploying_again_changes_no_key(aws: LocalAws, deployment: Cdk) -> None:
    before = keys(aws)
    deployment.deploy(STACK)
    assert keys(aws) == before


def test_no_secret_is_in_a_template_an_output_an_event_or_a_log(aws: LocalAws, deployment: Cdk) -> None:
    versions = [secret(aws, stage=stage) for stage in ("AWSCURRENT", "AWSPREVIOUS")]
    hidden = {entry["password"] for value in versions for entry in value["regions"].values()}
    assert len(hidden) >= 3
    said = json.dumps([everything_cloudformation_says(aws), *logs(aws)], default=str)
    said += "".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in Path(deployment._out.name).rglob("*")
        if path.is_file()
    )
    assert STACK in said
    assert "createSecret" in said
    assert not [one for one in hidden if one in said]
    # The secret access key is known to nobody; but it would give these passwords.
    candidates = set(re.findall(r"(?=([0-9a-f]{40}))", said))
    assert not [one for one in candidates if smtp_password(one, HERE) in hidden]


def everything_cloudformation_says(aws: LocalAws) -> list[Any]:
    cloudformation = aws.client("cloudformation", HERE)
    return [
        cloudformation.get_template(StackName=STACK)["TemplateBody"],
        cloudformation.describe_stacks(StackName=STACK)["Stacks"],
        cloudformation.describe_stack_events(StackName=STACK)["StackEvents"],
        cloudformation.describe_stack_resources(StackName=STACK)["StackResources"],
    ]


def logs(aws: LocalAws) -> list[str]:
    client = aws.client("logs", HERE)
    groups = [one["logGroupName"] for one in client.describe_log_groups()["logGroups"]]
    return [
        event["message"]
        for group in groups
        for event in client.filter_log_events(logGroupName=group)["events"]
    ]


def test_everything_goes_and_can_come_back_at_once(aws: LocalAws, deployment: Cdk) -> None:
    for _ in range(2):
        deployment.destroy(STACK)
        iam = aws.client("iam", HERE)
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_user(UserName=USER)
        assert aws.client("iam", HERE).list_policies(Scope="Local")["Policies"] == []
        for region in REGIONS:
            assert aws.client("secretsmanager", region).list_secrets()["SecretList"] == []
        deployment.deploy(STACK)
        assert not refused(aws, HERE, secret(aws))
    deployment.destroy()
