"""`ses-regions local`: a local AWS with SES in several Regions, on loopback only."""

from __future__ import annotations

import typer

from cdk_ses_regions.ops.local import changing, looking, running

app = typer.Typer(
    no_args_is_help=True,
    help="Run a local AWS with SES in several Regions. It listens on 127.0.0.1 only.",
    rich_markup_mode=None,
)
for _command in (
    running.up,
    running.env,
    looking.status,
    looking.mail,
    looking.feedback,
    looking.suppression,
    running.page,
    changing.review,
    changing.quota,
    changing.forward,
    changing.control_plane,
    running.reset,
    running.down,
):
    app.command("open" if _command is running.page else None)(_command)
app.add_typer(changing.faults, name="fault")
