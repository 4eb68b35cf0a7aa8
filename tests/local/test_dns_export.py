"""`ses-regions dns export`: the DKIM records of each Region, as SES there has them, in files that other tools take."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dns.zone
import pytest
from region import Region, a_domain

from cdk_ses_regions.local import LocalAws


@pytest.fixture
def domain(here: Region, there: Region) -> str:
    name = a_domain()
    for region in (here, there):
        region.sesv2.create_email_identity(EmailIdentity=name)
    return name


def export(local: LocalAws, folder: Path, domain: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "ses-regions.yaml").write_text(
        f"regions: [us-west-2, eu-west-1]\ndomains: [{{name: {domain}, mail_from: bounce.{domain}, dmarc: {{}}}}]\n",
        encoding="utf-8",
    )
    command = Path(sys.executable).with_name("ses-regions")
    return subprocess.run(
        [str(command), "dns", "export", *arguments],
        cwd=folder,
        env=local.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_record_of_every_region_is_there_once(
    local: LocalAws, here: Region, there: Region, domain: str, tmp_path: Path
) -> None:
    done = export(local, tmp_path, domain, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    [zone] = json.loads(done.stdout)["domains"]
    found = [(record["name"], record["values"][0]) for record in zone["records"] if record["type"] == "CNAME"]
    assert found == here.dkim_records(domain) + there.dkim_records(domain)
    others = {(record["name"], record["type"]) for record in zone["records"]} - {
        (name, "CNAME") for name, _ in found
    }
    bounce = f"bounce.{domain}"
    assert others == {(bounce, "MX"), (bounce, "TXT"), (f"_dmarc.{domain}", "TXT")}


def test_the_records_verify_the_domain_when_they_are_written(
    local: LocalAws, here: Region, domain: str, tmp_path: Path
) -> None:
    [zone] = json.loads(export(local, tmp_path, domain, "-f", "json").stdout)["domains"]
    for record in zone["records"]:
        here.publish(record["name"], record["type"], *record["values"])
    identity = here.sesv2.get_email_identity(EmailIdentity=domain)
    assert identity["VerifiedForSendingStatus"] is True


@pytest.mark.skipif(
    shutil.which("named-checkzone") is None, reason="named-checkzone (bind9-utils) is not here"
)
def test_bind_takes_the_zone_file(local: LocalAws, domain: str, tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    head = "$TTL 60\n@ IN SOA ns admin 1 2 3 4 5\n@ IN NS ns\nns IN A 127.0.0.1\n"
    zone.write_text(head + export(local, tmp_path, domain).stdout, encoding="utf-8")
    checked = subprocess.run(
        ["named-checkzone", "-i", "local", domain, str(zone)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert dns.zone.from_text(zone.read_text("utf-8"), origin=f"{domain}.")


def test_a_region_that_has_no_answer_is_told_and_the_rest_is_printed(
    local: LocalAws, here: Region, tmp_path: Path
) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    done = export(local, tmp_path, domain, "-f", "json")
    assert done.returncode == 4
    assert done.stderr.startswith(f"eu-west-1: no DKIM records of {domain}: NotFoundException: ")
    assert json.dumps(here.dkim_records(domain)[0][0]) in done.stdout


def test_credentials_that_are_not_there_are_told_without_a_traceback(
    local: LocalAws, domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        key: value
        for key, value in local.environment().items()
        if key not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    monkeypatch.setattr(local, "environment", lambda: environment | {"HOME": os.devnull})
    done = export(local, tmp_path, domain)
    assert done.returncode == 4
    assert "Unable to locate credentials" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "csv"], "'csv' is none of bind, json, octodns, terraform"),
        (["example.org"], "'example.org' is not configured; there is"),
        (["--region", "us-esat-1"], "us-esat-1"),
        (["--profile", "nobody"], "nobody"),
    ],
)
def test_what_is_not_there_is_refused(
    local: LocalAws, domain: str, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = export(local, tmp_path, domain, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
