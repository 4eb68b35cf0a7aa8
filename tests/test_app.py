"""The app: its stacks and their order, and what it says to a configuration that is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest

from app import build
from cdk_ses_regions import config

ROOT = Path(__file__).parent.parent
CLI = ROOT / "node_modules" / ".bin" / "cdk"

BAD = """\
regoins: [us-east-1]
regions: [eu-wst-1]
domains:
  - name: example.com
    mail_from: example.com
"""


def run(*command: str, output: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout, on the Node of the virtual environment.

    `output` is where the app writes, when it runs on its own; `more` are further environment variables.
    """
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CDK_", "AWS_"))},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"CDK_OUTDIR": str(output)} if output else {}),
        **more,
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def run_app(output: Path, file: Path | str) -> subprocess.CompletedProcess[str]:
    code = f"import os, runpy; os.environ['CDK_CONTEXT_JSON'] = {json.dumps(json.dumps({'config': str(file)}))}; "
    return run(sys.executable, "-c", code + "runpy.run_path('app.py', run_name='__main__')", output=output)


def test_the_shared_records_come_last_so_that_no_mail_comes_before_it_can_be_received(app: cdk.App) -> None:
    build(app, config.load(ROOT / "ses-regions.yaml"))
    stacks = {stack.stack_name: stack for stack in app.synth().stacks}
    needed = {
        name: {one.id for one in stack.dependencies if one.id in stacks} for name, stack in stacks.items()
    }
    assert needed == {
        "Email-us-east-1": set(),
        "Email-us-west-2": set(),
        "Email-eu-west-1": set(),
        "Email-shared-dns": {"Email-us-east-1", "Email-us-west-2", "Email-eu-west-1"},
    }


def test_one_region_alone_waits_for_nothing_but_its_assets(app: cdk.App) -> None:
    build(app, config.load(ROOT / "examples" / "minimal.yaml"))
    [stack] = app.synth().stacks
    assert [one.id for one in stack.dependencies] == ["Email-us-east-1.assets"]


def test_every_stack_has_its_region_so_that_one_synthesis_serves_all(app: cdk.App) -> None:
    build(app, config.load(ROOT / "examples" / "two-domains.yaml"))
    regions = {stack.stack_name: stack.environment.region for stack in app.synth().stacks}
    assert regions == {
        "Mail-shared-dns": "eu-central-1",
        "Mail-eu-west-1": "eu-west-1",
        "Mail-eu-central-1": "eu-central-1",
    }


def test_no_stack_refers_to_another_region(app: cdk.App) -> None:
    build(app, config.load(ROOT / "ses-regions.yaml"))
    for stack in app.synth().stacks:
        assert "Fn::ImportValue" not in json.dumps(stack.template)
        assert not any(
            one["Type"].startswith("Custom::CrossRegion") for one in stack.template["Resources"].values()
        )


def test_a_good_configuration_is_synthesized_without_a_word(tmp_path: Path) -> None:
    done = run_app(tmp_path / "out", ROOT / "examples" / "minimal.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "Email-us-east-1.template.json").exists()


def test_all_that_is_wrong_in_a_file_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD, encoding="utf-8")
    done = run_app(tmp_path / "out", file)
    assert done.returncode == 1
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"{file}:1:1",
        f"{file}:2:11",
        f"{file}:5:16",
    ]
    assert "did you mean" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "missing.yaml"), ("", "bad.yaml"), ("regions: [", "bad.yaml:1:"), ("- a\n- b\n", "bad.yaml:1:1")],
    ids=["missing", "empty", "no YAML", "a list"],
)
def test_a_file_that_is_no_configuration_is_explained(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "missing.yaml"
    if text is not None:
        file = tmp_path / "bad.yaml"
        file.write_text(text, encoding="utf-8")
    done = run_app(tmp_path / "out", file)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out/*"))


def test_the_cdk_command_line_shows_the_same_message_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD, encoding="utf-8")
    done = run(str(CLI), "synth", "-c", f"config={file}", "-o", str(tmp_path / "out"))
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"{file}:2:11: regions.0: " in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("out/*.template.json"))


def test_a_synthesis_says_nothing_of_an_old_node_and_validates_nothing(tmp_path: Path) -> None:
    done = run(str(CLI), "synth", "--quiet", "--no-notices", "-o", str(tmp_path / "out"))
    said = (done.stdout + done.stderr).lower()
    assert done.returncode == 0, said
    for word in (
        "end-of-life",
        "end of life",
        "not been tested",
        "deprecated",
        "feature flags are not configured",
    ):
        assert word not in said
    assert len(list(tmp_path.glob("out/*.template.json"))) == 4
    # `make validate` does that, once: it costs more than all the rest.
    assert not (tmp_path / "out" / "validation-report.json").exists()


@pytest.mark.e2e
def test_the_built_in_validation_finds_nothing_in_the_example(tmp_path: Path) -> None:
    output = str(tmp_path / "out")
    done = run(str(CLI), "synth", "--quiet", "--no-notices", "-o", output, CDK_VALIDATION="true")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out" / "validation-report.json").read_text(encoding="utf-8"))
    assert [one["violations"] for one in report["pluginReports"] if one["violations"]] == []
