"""SMTP credentials: the key behind them is made, tried, rotated and removed, and is never more than two."""

from __future__ import annotations

import json
import logging
import smtplib
import ssl
from typing import Any

import pytest
import ses_provider
import smtp_credentials
import smtp_rotation
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from botocore.exceptions import ClientError, EndpointConnectionError
from patience import Patience
from provider_fakes import Context, FakeClock, answers, client_error
from smtp_credentials import SmtpCredentials
from smtp_login import log_in, password_of
from smtp_rotation import Rotation

from cdk_ses_regions.local.process import free_port
from cdk_ses_regions.local.smtp.certificate import server_context
from cdk_ses_regions.smtp_password import smtp_password

USER = "email-smtp"
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:email/smtp-a1b2c3"
HOSTS = {"us-east-1": "email-smtp.us-east-1.amazonaws.com", "eu-west-1": "email-smtp.eu-west-1.amazonaws.com"}
PROPERTIES: dict[str, Any] = {"UserName": USER, "SecretId": SECRET, "Hosts": HOSTS}
REFUSED = smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid")


class Iam:
    """The access keys of one user; a key's secret is told once."""

    def __init__(self, *keys: str, user: str = USER) -> None:
        self.keys = list(keys)
        self.secrets: dict[str, str] = {}
        self.faults: list[Exception] = []
        self.lost_answers = 0
        self.most = len(keys)
        self._user = user

    def list_access_keys(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self._require(UserName, "ListAccessKeys")
        return {
            "AccessKeyMetadata": [
                {"AccessKeyId": key, "CreateDate": place} for place, key in enumerate(self.keys)
            ][::-1]
        }

    def create_access_key(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803
        if self.faults:
            raise self.faults.pop(0)
        self._require(UserName, "CreateAccessKey")
        if len(self.keys) >= 2:
            raise client_error("LimitExceeded", "CreateAccessKey")
        key = f"AKIA{len(self.secrets) + 1}"
        self.keys.append(key)
        self.secrets[key] = f"secret-of-{key}"
        if self.lost_answers:
            self.lost_answers -= 1
            raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")
        return {"AccessKey": {"AccessKeyId": key, "SecretAccessKey": self.secrets[key]}}

    def delete_access_key(self, *, UserName: str, AccessKeyId: str) -> None:  # noqa: N803
        self._require(UserName, "DeleteAccessKey")
        if AccessKeyId not in self.keys:
            raise client_error("NoSuchEntity", "DeleteAccessKey")
        self.keys.remove(AccessKeyId)

    def _require(self, user: str, operation: str) -> None:
        if user != self._user:
            raise client_error("NoSuchEntity", operation)


class Secrets:
    """One secret, as Secrets Manager keeps versions and labels."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.replicas: dict[str, list[str]] = {}
        """Region to the states of its replica to come; the last one stays."""

    def pend(self, token: str) -> None:
        """Begin a rotation: the version has no value yet."""
        self.labels["AWSPENDING"] = token

    def current(self, label: str = "AWSCURRENT") -> dict[str, Any]:
        return json.loads(self.values[self.labels[label]])

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        stages: dict[str, list[str]] = {}
        for label, version in self.labels.items():
            stages.setdefault(version, []).append(label)
        states = {
            region: one.pop(0) if len(one) > 1 else one[0] for region, one in self.replicas.items() if one
        }
        told = [
            {"Region": region, "Status": state}
            | ({"StatusMessage": "Access to KMS is not allowed"} if state == "Failed" else {})
            for region, state in states.items()
        ]
        return {"VersionIdsToStages": stages, "ReplicationStatus": told}

    def get_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803
        VersionId: str | None = None,  # noqa: N803
        VersionStage: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        version = VersionId or self.labels.get(VersionStage or "AWSCURRENT")
        if version not in self.values:
            raise client_error("ResourceNotFoundException", "GetSecretValue")
        return {"SecretString": self.values[version]}

    def put_secret_value(
        self,
        *,
        SecretId: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        SecretString: str,  # noqa: N803
        VersionStages: list[str],  # noqa: N803
    ) -> None:
        assert SecretId == SECRET
        if self.values.get(ClientRequestToken, SecretString) != SecretString:
            raise client_error("ResourceExistsException", "PutSecretValue")
        # The first version of a secret is the current one, whatever is asked for.
        stages = VersionStages if self.values else [*VersionStages, "AWSCURRENT"]
        self.values[ClientRequestToken] = SecretString
        self.labels |= dict.fromkeys(stages, ClientRequestToken)

    def update_secret_version_stage(
        self,
        *,
        SecretId: str,  # noqa: N803
        VersionStage: str,  # noqa: N803
        MoveToVersionId: str | None = None,  # noqa: N803
        RemoveFromVersionId: str | None = None,  # noqa: N803
    ) -> None:
        had = self.labels.get(VersionStage)
        if had != RemoveFromVersionId:
            raise client_error("InvalidParameterException", "UpdateSecretVersionStage")
        if MoveToVersionId is None:
            del self.labels[VersionStage]
            return
        self.labels[VersionStage] = MoveToVersionId
        if VersionStage == "AWSCURRENT" and had is not None:
            self.labels["AWSPREVIOUS"] = had


class Doors:
    """The SMTP endpoints: who tried, and the faults to come."""

    def __init__(self, iam: Iam) -> None:
        self.tried: list[str] = []
        self.faults: list[Exception] = []
        self.closed: set[str] = set()
        self._iam = iam

    def __call__(self, *, host: str, port: int, user_name: str, password: str) -> None:
        self.tried.append(host)
        assert port == 587
        if self.faults:
            raise self.faults.pop(0)
        region = host.split(".")[1]
        right = user_name in self._iam.keys and password == smtp_password(
            self._iam.secrets[user_name], region
        )
        if host in self.closed or not right:
            raise REFUSED


class Stage:
    """Everything that a rotation touches."""

    def __init__(self, *keys: str) -> None:
        self.iam, self.secrets, self.clock = Iam(*keys), Secrets(), FakeClock()
        self.doors = Doors(self.iam)

    def patience(self) -> Patience:
        return Patience(seconds=200, sleep=self.clock.sleep, clock=self.clock)

    def rotation(self, **options: Any) -> Rotation:
        settings: dict[str, Any] = {"secret_id": SECRET, "user_name": USER, "hosts": HOSTS} | options
        return Rotation(self.secrets, self.iam, self.patience(), login=self.doors, **settings)

    def resource(self) -> SmtpCredentials:
        return SmtpCredentials(self.secrets, self.patience(), iam=self.iam, login=self.doors)

    def rotate(self, token: str) -> None:
        """Do as Secrets Manager does."""
        self.secrets.pend(token)
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            self.rotation().step(step, token)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def rotated(stage: Stage) -> Stage:
    """With a first key in force."""
    stage.resource().create(PROPERTIES)
    return stage


@pytest.mark.parametrize(
    ("region", "password"),
    [
        ("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
        ("us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
        ("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
        ("ap-northeast-1", "BEBMrlH2tcrvRtSfkd6WbOlpfHSCPAV60ZayJ9ZqHS5c"),
    ],
)
def test_the_function_derives_the_passwords_that_the_package_does(region: str, password: str) -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert password_of(secret, region) == smtp_password(secret, region) == password


def test_the_secret_has_host_port_and_password_of_each_region_and_not_the_key_itself(rotated: Stage) -> None:
    assert rotated.secrets.current() == {
        "version": 1,
        "user_name": "AKIA1",
        "regions": {
            region: {"host": host, "port": 587, "password": smtp_password("secret-of-AKIA1", region)}
            for region, host in HOSTS.items()
        },
    }
    assert "secret-of-AKIA1" not in json.dumps(rotated.secrets.values)


def test_the_first_key_is_tried_in_every_region(rotated: Stage) -> None:
    assert rotated.doors.tried == list(HOSTS.values())


def test_it_waits_for_a_key_that_has_not_arrived_everywhere(stage: Stage) -> None:
    stage.doors.faults = [REFUSED, TimeoutError("timed out"), REFUSED]
    stage.resource().create(PROPERTIES)
    assert stage.secrets.current()["user_name"] == "AKIA1"
    assert stage.clock.slept == [1.0, 2.0, 4.0]


def test_it_waits_for_a_user_that_has_not_arrived(stage: Stage) -> None:
    stage.iam.faults = [client_error("NoSuchEntity", "CreateAccessKey")]
    stage.resource().create(PROPERTIES)
    assert stage.iam.keys == ["AKIA1"]


def test_a_rotation_leaves_the_key_before_and_the_next_takes_its_place(rotated: Stage) -> None:
    rotated.rotate("second")
    assert rotated.iam.keys == ["AKIA1", "AKIA2"]
    assert rotated.secrets.current()["user_name"] == "AKIA2"
    assert rotated.secrets.current("AWSPREVIOUS")["user_name"] == "AKIA1"
    rotated.rotate("third")
    assert rotated.iam.keys == ["AKIA2", "AKIA3"]
    assert rotated.secrets.current()["user_name"] == "AKIA3"


def test_each_step_may_come_twice(rotated: Stage) -> None:
    rotated.secrets.pend("second")
    for step in ("createSecret", "createSecret", "setSecret", "testSecret", "testSecret", "finishSecret"):
        rotated.rotation().step(step, "second")
    before = dict(rotated.secrets.values)
    for step in ("createSecret", "testSecret", "finishSecret"):
        rotated.rotation().step(step, "second")
    assert rotated.iam.keys == ["AKIA1", "AKIA2"]
    assert rotated.secrets.values == before


def test_a_version_that_does_not_wait_for_rotation_is_left_alone(rotated: Stage) -> None:
    with pytest.raises(RuntimeError, match="version other does not wait for rotation"):
        rotated.rotation().step("createSecret", "other")
    assert rotated.iam.keys == ["AKIA1"]


def test_an_unknown_step_is_refused(rotated: Stage) -> None:
    rotated.secrets.pend("second")
    with pytest.raises(ValueError, match="unknown step dropSecret"):
        rotated.rotation().step("dropSecret", "second")


def test_a_key_that_one_region_refuses_goes_and_the_old_one_stays_in_force(rotated: Stage) -> None:
    rotated.doors.closed = {HOSTS["eu-west-1"]}
    with pytest.raises(RuntimeError, match=r"SMTP login in eu-west-1 at .*:587 failed: .*stay in force"):
        rotated.rotate("second")
    assert rotated.iam.keys == ["AKIA1"]
    assert rotated.secrets.current()["user_name"] == "AKIA1"
    assert "AWSPENDING" not in rotated.secrets.labels
    rotated.doors.closed = set()
    rotated.rotate("third")
    assert rotated.iam.keys == ["AKIA1", "AKIA3"]


def test_a_repeated_rotation_whose_key_was_withdrawn_asks_for_a_new_one(rotated: Stage) -> None:
    rotated.doors.closed = {HOSTS["eu-west-1"]}
    with pytest.raises(RuntimeError):
        rotated.rotate("second")
    with pytest.raises(RuntimeError, match="the access key of version second is gone"):
        rotated.rotate("second")
    assert "AWSPENDING" not in rotated.secrets.labels


def test_a_new_schedule_is_tried_with_the_key_in_force_which_stays(rotated: Stage) -> None:
    rotated.secrets.pend("trial")
    rotated.rotation().step("testSecret", "trial")
    assert rotated.doors.tried[-2:] == list(HOSTS.values())
    rotated.doors.closed = set(HOSTS.values())
    with pytest.raises(RuntimeError, match="failed"):
        rotated.rotation().step("testSecret", "trial")
    assert rotated.iam.keys == ["AKIA1"]


def test_a_trial_may_be_of_a_version_that_nobody_knows(rotated: Stage) -> None:
    rotated.rotation().step("testSecret", "unknown")
    assert rotated.doors.tried[-2:] == list(HOSTS.values())


def test_nothing_to_try_is_an_error(stage: Stage) -> None:
    stage.secrets.pend("trial")
    with pytest.raises(RuntimeError, match="no credentials yet"):
        stage.rotation().step("testSecret", "trial")


def test_a_key_whose_answer_was_lost_makes_room_when_it_is_in_the_way(rotated: Stage) -> None:
    rotated.iam.lost_answers = 1
    rotated.rotate("second")
    assert rotated.iam.keys == ["AKIA1", "AKIA3"]
    assert rotated.secrets.current()["user_name"] == "AKIA3"


def test_a_value_that_somebody_wrote_by_hand_is_no_obstacle(rotated: Stage) -> None:
    rotated.secrets.values[rotated.secrets.labels["AWSCURRENT"]] = "hello"
    rotated.rotate("second")
    assert rotated.secrets.current()["user_name"] == "AKIA2"
    assert rotated.iam.keys == ["AKIA1", "AKIA2"]


def test_a_second_attempt_of_a_create_that_got_through_does_nothing(rotated: Stage) -> None:
    physical_id, data = rotated.resource().create(PROPERTIES)
    assert (physical_id, data) == (f"smtp-credentials/{USER}", {})
    assert rotated.iam.keys == ["AKIA1"]


def test_a_second_attempt_of_a_create_that_died_before_its_login_tries_the_key(stage: Stage) -> None:
    stage.rotation().create("first")
    stage.doors.closed = {HOSTS["eu-west-1"]}
    with pytest.raises(RuntimeError, match="SMTP login in eu-west-1"):
        stage.resource().create(PROPERTIES)
    stage.doors.closed = set()
    stage.resource().create(PROPERTIES)
    assert stage.iam.keys == ["AKIA1"]


def test_a_create_waits_for_the_replicas(stage: Stage) -> None:
    stage.secrets.replicas = {"eu-west-1": ["InProgress", "InProgress", "InProgress", "InSync"]}
    stage.resource().create({**PROPERTIES, "Replicas": ["eu-west-1"]})
    assert stage.secrets.replicas["eu-west-1"] == ["InSync"]
    assert stage.clock.slept


def test_a_replica_that_failed_fails_the_deployment_and_says_why(stage: Stage) -> None:
    stage.secrets.replicas = {"eu-west-1": ["Failed"], "eu-central-1": ["InSync"]}
    with pytest.raises(RuntimeError, match="replica in eu-west-1 failed: Access to KMS is not allowed"):
        stage.resource().create({**PROPERTIES, "Replicas": ["eu-central-1", "eu-west-1"]})
    assert stage.clock.slept == []


def test_a_replica_that_is_not_there_fails_the_deployment(stage: Stage) -> None:
    with pytest.raises(RuntimeError, match="replica in eu-west-1 is missing"):
        stage.resource().create({**PROPERTIES, "Replicas": ["eu-west-1"]})


def test_an_update_asks_for_the_replicas_that_came_and_a_rollback_for_none(rotated: Stage) -> None:
    rotated.secrets.replicas = {"eu-west-1": ["Failed"], "eu-central-1": ["InSync"]}
    one = {**PROPERTIES, "Replicas": ["eu-central-1"]}
    two = {**PROPERTIES, "Replicas": ["eu-central-1", "eu-west-1"]}
    with pytest.raises(RuntimeError, match="replica in eu-west-1 failed"):
        rotated.resource().update(f"smtp-credentials/{USER}", old=one, new=two)
    rotated.resource().update(f"smtp-credentials/{USER}", old=two, new=one)
    assert rotated.iam.keys == ["AKIA1"]


def test_a_rotation_that_a_replica_does_not_follow_is_told(rotated: Stage) -> None:
    rotated.secrets.replicas = {"eu-west-1": ["Failed"]}
    with pytest.raises(RuntimeError, match="replica in eu-west-1 failed"):
        rotated.rotate("second")
    assert rotated.secrets.current()["user_name"] == "AKIA2"
    rotated.rotation().step("finishSecret", "second")


def test_a_new_secret_whose_key_is_refused_leaves_no_key_beside_the_one_in_force(rotated: Stage) -> None:
    in_force, rotated.secrets = rotated.secrets, Secrets()
    rotated.doors.closed = set(HOSTS.values())
    with pytest.raises(RuntimeError, match="failed"):
        rotated.resource().update(f"smtp-credentials/{USER}", old=PROPERTIES, new=PROPERTIES)
    assert rotated.iam.keys == [in_force.current()["user_name"]]


def test_an_update_rotates_when_a_region_came_and_only_then(rotated: Stage) -> None:
    resource, one = rotated.resource(), {**PROPERTIES, "Hosts": {"us-east-1": HOSTS["us-east-1"]}}
    assert resource.update(f"smtp-credentials/{USER}", old=PROPERTIES, new=PROPERTIES)[1] == {}
    assert rotated.iam.keys == ["AKIA1"]
    resource.update(f"smtp-credentials/{USER}", old=PROPERTIES, new=one)
    assert list(rotated.secrets.current()["regions"]) == ["us-east-1"]
    resource.update(f"smtp-credentials/{USER}", old=one, new=PROPERTIES)
    assert list(rotated.secrets.current()["regions"]) == list(HOSTS)
    assert rotated.iam.keys == ["AKIA2", "AKIA3"]


def test_a_failed_update_is_rolled_back_without_a_login(rotated: Stage) -> None:
    more = {**PROPERTIES, "Hosts": {**HOSTS, "us-west-2": "email-smtp.us-west-2.amazonaws.com"}}
    rotated.doors.closed = {"email-smtp.us-west-2.amazonaws.com"}
    with pytest.raises(RuntimeError, match="us-west-2"):
        rotated.resource().update(f"smtp-credentials/{USER}", old=PROPERTIES, new=more)
    tried = len(rotated.doors.tried)
    rotated.resource().update(f"smtp-credentials/{USER}", old=more, new=PROPERTIES)
    assert len(rotated.doors.tried) == tried
    assert rotated.iam.keys == ["AKIA1"]


def test_a_key_deleted_by_hand_comes_back_with_the_next_update(rotated: Stage) -> None:
    rotated.iam.keys.clear()
    rotated.resource().update(f"smtp-credentials/{USER}", old=PROPERTIES, new=PROPERTIES)
    assert rotated.iam.keys == ["AKIA2"]


def test_another_user_is_another_resource_and_another_secret_is_not() -> None:
    resource = Stage().resource()
    assert resource.physical_id(PROPERTIES) != resource.physical_id({**PROPERTIES, "UserName": "other"})
    assert resource.physical_id(PROPERTIES) == resource.physical_id({**PROPERTIES, "SecretId": "other"})


def test_deleting_takes_every_key_of_the_user(rotated: Stage) -> None:
    rotated.rotate("second")
    rotated.resource().delete(f"smtp-credentials/{USER}", PROPERTIES)
    assert rotated.iam.keys == []


def test_deleting_is_content_when_the_user_is_gone_or_nothing_was_done(rotated: Stage) -> None:
    rotated.resource().delete("failed/Credentials", PROPERTIES)
    assert rotated.iam.keys == ["AKIA1"]
    rotated.resource().delete("smtp-credentials/gone", {**PROPERTIES, "UserName": "gone"})


def test_deleting_says_what_it_may_not() -> None:
    class Denied(Iam):
        def list_access_keys(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803
            raise client_error("ValidationError", "ListAccessKeys")

    stage = Stage()
    stage.iam = Denied()
    with pytest.raises(ClientError):
        stage.resource().delete(f"smtp-credentials/{USER}", PROPERTIES)


@pytest.fixture
def lambda_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The function as Lambda runs it, with clients that reach the fakes."""
    clients = {"iam": stage.iam, "secretsmanager": stage.secrets}
    monkeypatch.setattr(ses_provider.boto3, "client", lambda service, **_: clients[service])
    monkeypatch.setattr(smtp_credentials.boto3, "client", lambda service, **_: clients[service])
    monkeypatch.setenv("SMTP_CREDENTIALS", json.dumps({"UserName": USER, "Hosts": HOSTS}))
    monkeypatch.setattr(smtp_rotation, "log_in", stage.doors)
    return stage


def test_a_failed_create_is_told_with_its_reason_and_the_delete_after_it_leaves_no_key(
    lambda_of: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lambda_of.doors.closed = set(HOSTS.values())
    with answers() as told:
        event = {
            "RequestType": "Create",
            "ResourceType": SmtpCredentials.TYPE,
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Credentials",
            "ResponseURL": told.url,
            "ResourceProperties": PROPERTIES,
        }
        ses_provider.handler(event, Context(seconds=30))
        assert told.answer["Status"] == "FAILED"
        assert "SMTP login in us-east-1" in told.answer["Reason"]
        assert told.answer["PhysicalResourceId"] == f"smtp-credentials/{USER}"
        hidden = [
            smtp_password(secret, region) for secret in lambda_of.iam.secrets.values() for region in HOSTS
        ]
        assert len(hidden) == 2
        for one in [*lambda_of.iam.secrets.values(), *hidden]:
            assert one not in caplog.text
            assert one.encode() not in told.bodies[0]
    assert lambda_of.iam.keys == []


def test_secrets_manager_rotates_by_the_same_function_which_says_nothing_of_the_secret(
    lambda_of: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lambda_of.secrets.pend("first")
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        ses_provider.handler({"Step": step, "SecretId": SECRET, "ClientRequestToken": "first"}, Context())
    value = lambda_of.secrets.current()
    assert list(value["regions"]) == list(HOSTS)
    assert f"testSecret of {SECRET}" in caplog.text
    for one in ["secret-of-AKIA1", *(entry["password"] for entry in value["regions"].values())]:
        assert one not in caplog.text


class Door:
    """A real SMTP server with STARTTLS that knows one user."""

    def __init__(self, *, names: list[str]) -> None:
        self.certificate = ""
        self.port = free_port()

        def keep(certificate: str) -> None:
            self.certificate = certificate

        self._controller = Controller(
            handler=object(),
            hostname="127.0.0.1",
            port=self.port,
            tls_context=server_context(names=names, address="127.0.0.1", tell=keep),
            auth_require_tls=True,
            authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
                success=(data.login, data.password) == (b"AKIA1", b"right"), handled=False
            ),
        )

    def __enter__(self) -> Door:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture
def door(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    host = HOSTS["us-east-1"]
    with Door(names=[host]) as door:
        bundle = tmp_path / "trusted.pem"
        bundle.write_text(door.certificate, encoding="utf-8")
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        elsewhere = {host: door.address, HOSTS["eu-west-1"]: door.address}
        monkeypatch.setenv("SMTP_ADDRESSES", json.dumps(elsewhere))
        yield door


def test_a_login_goes_over_tls_to_where_the_host_is(door: Any) -> None:
    log_in(host=HOSTS["us-east-1"], port=587, user_name="AKIA1", password="right")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        log_in(host=HOSTS["us-east-1"], port=587, user_name="AKIA1", password="wrong")


def test_nobody_else_gets_to_see_a_password(door: Any) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="eu-west-1"):
        log_in(host=HOSTS["eu-west-1"], port=587, user_name="AKIA1", password="right")


def test_without_the_setting_a_host_is_where_its_name_leads(
    door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMTP_ADDRESSES")
    with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
        log_in(host="localhost", port=door.port, user_name="AKIA1", password="right")
