"""`ses-regions local`: the commands as a person runs them, one process each."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from region import Region
from typer.main import get_command
from typer.testing import CliRunner

from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.printable import printable
from cdk_ses_regions.ops.local import app

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("ses-regions")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "local", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def up(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(folder, "up", "--config", str(ROOT / "ses-regions.yaml"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    run(tmp_path, "down")


def exports(output: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in output.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def test_up_prints_what_a_shell_has_to_export_and_nothing_else_on_stdout(folder: Path) -> None:
    done = up(folder)
    assert done.returncode == 0, done.stderr
    variables = exports(done.stdout)
    assert variables["AWS_REGION"] == "us-east-1"
    session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    client = session.client("sts", region_name="us-east-1", endpoint_url=variables["AWS_ENDPOINT_URL"])
    assert client.get_caller_identity()["Arn"].endswith(":user/deployer")


def test_it_outlives_the_command_and_is_found_again(folder: Path) -> None:
    started = exports(up(folder).stdout)
    assert exports(run(folder, "env").stdout) == started
    status = run(folder, "status")
    assert status.returncode == 0, status.stderr
    assert [region in status.stdout for region in ("us-east-1", "us-west-2", "eu-west-1")] == [True] * 3


def test_a_second_up_is_refused_and_leaves_the_first_alone(folder: Path) -> None:
    started = exports(up(folder).stdout)
    again = up(folder)
    assert again.returncode == 1
    assert "is up already" in again.stderr
    assert exports(run(folder, "env").stdout) == started


def test_reset_empties_it_and_keeps_port_and_keys(folder: Path) -> None:
    started = exports(up(folder).stdout)
    session = boto3.Session(started["AWS_ACCESS_KEY_ID"], started["AWS_SECRET_ACCESS_KEY"])
    endpoint = started["AWS_ENDPOINT_URL"]
    session.client("sns", region_name="us-east-1", endpoint_url=endpoint).create_topic(Name="gone")

    fresh = exports(run(folder, "reset").stdout)

    assert fresh == started
    session = boto3.Session(fresh["AWS_ACCESS_KEY_ID"], fresh["AWS_SECRET_ACCESS_KEY"])
    assert session.client("sns", region_name="us-east-1", endpoint_url=endpoint).list_topics()["Topics"] == []


def test_down_ends_it_and_says_so_when_there_is_none(folder: Path) -> None:
    up(folder)
    assert run(folder, "down").returncode == 0
    none = run(folder, "down")
    assert none.returncode == 1
    assert none.stderr == "ses-regions: no local AWS is up here; start one with `ses-regions local up`\n"


def test_a_file_in_place_of_the_folder_is_named(folder: Path) -> None:
    (folder / "file").touch()
    done = run(folder, "up", "--config", str(ROOT / "ses-regions.yaml"), "--state", "file")
    assert done.returncode == 1
    assert done.stderr.startswith("ses-regions: /")
    assert "file cannot be the folder for log and state" in done.stderr


def test_a_wrong_configuration_starts_nothing(folder: Path) -> None:
    path = folder / "wrong.yaml"
    path.write_text("regions: [us-east-1]\ndomains: [{name: example}]\n", encoding="utf-8")
    done = run(folder, "up", "--config", str(path))
    assert done.returncode == 2
    assert "domains.0.name" in done.stderr
    assert run(folder, "status").returncode == 1


ZONE = "Z0LOCAL00000000001"
ESCAPE = "\x1b"
EVIL = f"{ESCAPE}]0;owned\x07{ESCAPE}[2J\x9b31m\u202egnp.exe"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a local AWS that is up: in the sandbox, one mail in, two out."""
    folder = tmp_path_factory.mktemp("cli")
    with LocalAws.start(
        ["us-west-2", "eu-west-1"],
        hosted_zones={ZONE: "local.example"},
        state_dir=folder / ".local-aws",
        sandbox=True,
    ) as local:
        fill(Region(local, "us-west-2"))
        yield folder


def fill(here: Region) -> None:
    here.local.verify("local.example", here.name)
    here.local.control.set_quota(here.name, rate=100)
    source = here.rule_arn("incoming")
    bucket = here.bucket(source)
    here.ses.create_receipt_rule_set(RuleSetName="incoming")
    rule = {"Name": "keep", "Enabled": True, "Actions": [{"S3Action": {"BucketName": bucket}}]}
    here.ses.create_receipt_rule(RuleSetName="incoming", Rule=rule)
    here.ses.set_active_receipt_rule_set(RuleSetName="incoming")
    here.publish("local.example", "MX", "10 inbound-smtp.us-west-2.amazonaws.com")
    raw = f"From: Eve{EVIL} <eve@example.net>\r\nSubject: Look{EVIL}\r\n\r\nHello{EVIL}\r\n".encode()
    here.local.deliver(here.name, sender="eve@example.net", recipients=["a@local.example"], raw=raw)
    topic = here.topic(here.arn("ses", "identity/local.example"))
    here.ses.set_identity_notification_topic(
        Identity="local.example", NotificationType="Bounce", SnsTopic=topic
    )
    for to in ("bounce@simulator.amazonses.com", "success@simulator.amazonses.com"):
        here.ses.send_email(
            Source="Jane <jane@local.example>",
            Destination={"ToAddresses": [to]},
            Message={"Subject": {"Data": f"To {to}"}, "Body": {"Text": {"Data": "Hello.\n"}}},
        )


def ok(folder: Path, *arguments: str) -> str:
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_a_terminal(folder: Path, *arguments: str, columns: int = 300) -> str:
    """Run a command whose output is a terminal; return what the terminal gets."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [str(COMMAND), "local", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(columns)},
    )
    os.close(slave)
    chunks = list[bytes]()
    try:
        while chunk := os.read(master, 65536):
            chunks.append(chunk)
    except OSError:  # the other side is closed
        pass
    os.close(master)
    assert process.wait(60) == 0
    return b"".join(chunks).decode()


def mail_ids(folder: Path) -> list[str]:
    return re.findall(r"\b([0-9a-z]{40}|[0-9a-f]{16}-[0-9a-f-]{36}-\d{6})\b", ok(folder, "mail"))


def test_status_shows_doors_account_identities_and_rule_set(there: Path) -> None:
    status = run(there, "status")
    local = LocalAws.find(there / ".local-aws")
    for port in (*local.inbound_ports.values(), *local.submission_ports.values()):
        assert str(port) in status.stdout
    for text in ("sandbox", "of 200 in 24 h", "local.example verified", "DKIM success", "incoming"):
        assert text in status.stdout
    assert "loopback only" in status.stderr
    assert local.control.url in status.stderr


def test_mails_are_listed_newest_first_with_what_became_of_them(there: Path) -> None:
    listed = ok(there, "mail")
    lines = [
        line for line in listed.splitlines() if "success@" in line or "bounce@" in line or "Look" in line
    ]
    assert "delivered" in lines[0]
    assert "bounced" in lines[1]
    assert "S3 done" in lines[-1]
    assert len(mail_ids(there)) >= 3
    assert len(re.findall("us-west-2", ok(there, "mail", "--most", "1"))) == 1


def test_one_mail_is_shown_with_its_route(there: Path) -> None:
    received = mail_ids(there)[-1]
    shown = ok(there, "mail", received[:12])
    assert re.search(r"route +keep: S3 done +s3://mail-", shown)
    assert re.search(r"envelope sender +eve@example\.net", shown)


def test_one_mail_is_shown_with_its_feedback(there: Path) -> None:
    local = LocalAws.find(there / ".local-aws")
    [bounced] = [one for one in local.sent if one.recipients == ("bounce@simulator.amazonses.com",)]
    shown = ok(there, "mail", bounced.message_id)
    assert re.search(r"route +bounce@simulator.amazonses.com: bounced", shown)
    assert re.search(r"feedback +Bounce topic arn:aws:sns:us-west-2:", shown)
    assert re.search(r"Bounce.*topic arn:aws:sns", ok(there, "feedback").replace("\n", " "))


def test_raw_is_the_mail_itself(there: Path) -> None:
    received = mail_ids(there)[-1]
    done = subprocess.run(
        [str(COMMAND), "local", "mail", received, "--raw"], cwd=there, capture_output=True, check=True
    )
    assert done.stdout == LocalAws.find(there / ".local-aws").control.raw(received)
    assert ESCAPE.encode() in done.stdout


@pytest.mark.parametrize(
    "arguments", [["mail"], ["mail", "ID"], ["mail", "ID", "--raw"], ["status"], ["feedback"]]
)
def test_no_control_character_of_a_mail_reaches_the_terminal(there: Path, arguments: list[str]) -> None:
    received = mail_ids(there)[-1]
    shown = on_a_terminal(there, *(received if one == "ID" else one for one in arguments))
    assert shown.strip()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", shown)  # the tables' own bold face; EVIL has other codes
    assert not {one for one in shown if printable(one, keep="\r\n\t") != one}
    if "mail" in arguments:
        assert "\\x1b" in shown


def test_a_mail_that_is_not_there_is_an_error_of_usage(there: Path) -> None:
    done = run(there, "mail", "none")
    assert done.returncode == 2
    assert "no mail here has an id that begins with 'none'" in done.stderr
    assert run(there, "mail", "--raw").returncode == 2


def test_the_page_is_where_open_says(there: Path) -> None:
    with urllib.request.urlopen(ok(there, "open").strip(), timeout=30) as page:
        assert b"local.example" in page.read()


def test_the_suppression_list_is_shown(there: Path) -> None:
    local = LocalAws.find(there / ".local-aws")
    local.client("sesv2", "eu-west-1").put_account_details(
        MailType="TRANSACTIONAL",
        WebsiteURL="https://example.com",
        UseCaseDescription="We mail receipts to people who bought something.",
        ProductionAccessEnabled=True,
    )
    granted = run(there, "review", "eu-west-1", "grant")
    assert granted.returncode == 0, granted.stderr
    assert "eu-west-1: with production access" in granted.stderr
    local.client("sesv2", "eu-west-1").put_suppressed_destination(
        EmailAddress="gone@example.net", Reason="BOUNCE"
    )
    assert re.search(r"eu-west-1.*gone@example\.net.*BOUNCE", ok(there, "suppression"))


def test_a_review_without_a_request_says_so(there: Path) -> None:
    done = run(there, "review", "us-west-2", "grant")
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("ses-regions: ")
    assert "Traceback" not in done.stderr


def test_quota_and_time_are_changed(there: Path) -> None:
    assert "7 mails in 24 hours, 100 a second" in run(there, "quota", "us-west-2", "--daily", "7").stderr
    assert run(there, "quota", "us-west-2").returncode == 2
    local = LocalAws.find(there / ".local-aws")
    before = local.control.now()
    assert run(there, "forward", "30").returncode == 0
    assert (local.control.now() - before).total_seconds() >= 30 * 3600
    assert "hours ahead" in run(there, "status").stderr


def test_a_limited_control_plane_is_said_and_shown(there: Path) -> None:
    assert "one request a second" in run(there, "control-plane", "on").stderr
    assert "SES takes one request a second" in run(there, "status").stderr
    assert "as many requests as come" in run(there, "control-plane", "off").stderr
    assert "one request a second" not in run(there, "status").stderr


def test_a_narrow_terminal_cuts_nothing_and_a_pipe_has_a_line_a_mail(there: Path) -> None:
    narrow = "".join(on_a_terminal(there, "mail", columns=60).split())
    for text in ("bounce@simulator.amazonses.com", "bounced", "a@local.example:Look", "S3done"):
        assert text in narrow
    [line] = [line for line in ok(there, "mail").splitlines() if "bounce@simulator" in line]
    assert re.search(r"bounce@simulator\.amazonses\.com: To .*  bounced +\S+-000000", line)


def test_what_is_broken_is_shown_until_it_is_repaired(there: Path) -> None:
    assert run(there, "fault", "down", "eu-west-1").returncode == 0
    assert run(there, "fault", "slow", "us-west-2", "--seconds", "0.5").returncode == 0
    assert "mail-" in run(there, "fault", "bucket-policy", "us-west-2").stderr
    status = run(there, "status")
    assert "broken on purpose: eu-west-1 is down" in status.stderr
    assert "broken on purpose: us-west-2 is slow by 0.5 s" in status.stderr
    assert "bucket-policy of mail-" in status.stderr
    assert run(there, "fault", "clear").returncode == 0
    assert "broken" not in run(there, "status").stderr
    wrong = run(there, "fault", "down", "eu-central-1")
    assert wrong.returncode == 2
    assert "'eu-central-1' is none of those up here (us-west-2, eu-west-1)" in wrong.stderr


def commands() -> list[list[str]]:
    found = list[list[str]]()
    for name, command in get_command(app).commands.items():  # pyright: ignore[reportAttributeAccessIssue]
        inner = getattr(command, "commands", None)
        found += [[name]] if inner is None else [[name, one] for one in inner]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_shows_an_example_of_itself(command: list[str]) -> None:
    shown = " ".join(CliRunner().invoke(app, [*command, "--help"]).stdout.split())
    assert f"Example: ses-regions local {' '.join(command)}" in shown.replace('eval "$(', "").replace(
        'xdg-open "$(', ""
    )
