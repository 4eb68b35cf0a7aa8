"""Runs the real cdk command line against the local AWS."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from cdk_ses_regions import node
from cdk_ses_regions.local.errors import LocalAwsError
from cdk_ses_regions.local.lifecycle import LocalAws

_LINES_OF_A_FAILURE = 40


class Cdk:
    """The cdk command line with a local AWS behind it.

    Args:
        local: the local AWS.
        project: folder with cdk.json.
        config: the configuration to deploy (default: what the app finds).
        cli: the node_modules with aws-cdk (default: the project's).
    """

    def __init__(
        self, local: LocalAws, *, project: Path, config: Path | None = None, cli: Path | None = None
    ) -> None:
        self.config = config
        self._local = local
        self._project = project
        self._cdk = (cli or project / "node_modules") / "aws-cdk" / "bin" / "cdk"
        self._out = tempfile.TemporaryDirectory(prefix="cdk-out-")

    def bootstrap(self) -> str:
        """Bootstrap every Region of the local AWS."""
        targets = [f"aws://{self._local.account}/{region}" for region in self._local.regions]
        # Where a cdk.json is, the app would be synthesized first.
        with tempfile.TemporaryDirectory(prefix="cdk-bootstrap-") as empty:
            return self._run("bootstrap", *targets, folder=Path(empty))

    def deploy(self, *stacks: str) -> str:
        """Deploy the stacks, or all of them."""
        return self._run(
            "deploy",
            *(stacks or ("--all",)),
            "--require-approval",
            "never",
            "--concurrency",
            "4",
            *self._app(),
        )

    def destroy(self, *stacks: str) -> str:
        """Destroy the stacks, or all of them."""
        return self._run("destroy", *(stacks or ("--all",)), "--force", "--concurrency", "4", *self._app())

    def _app(self) -> list[str]:
        context = [] if self.config is None else ["--context", f"config={self.config}"]
        return ["--output", self._out.name, *context]

    def _run(self, *arguments: str, folder: Path | None = None) -> str:
        """Run cdk; return what it said.

        Raises:
            LocalAwsError: it failed; says its last lines.
        """
        executable = node.executable()
        if executable is None:
            raise LocalAwsError("cdk needs Node; install the extra: pip install 'cdk-ses-regions[node]'")
        done = subprocess.run(
            [executable, str(self._cdk), *arguments, "--no-notices", "--no-color"],
            cwd=folder or self._project,
            env=self._local.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        if done.returncode != 0:
            last = "\n".join(output.splitlines()[-_LINES_OF_A_FAILURE:])
            raise LocalAwsError(f"cdk {arguments[0]} failed with {done.returncode}:\n{last}")
        return output
