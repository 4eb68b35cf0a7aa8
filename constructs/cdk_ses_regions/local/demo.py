"""`make demo`: the configuration deployed to a local AWS with the real cdk command line, and mail in and out.

It ends by itself and exits with 1, naming the Region and the step, when anything is not as it should be.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from smtplib import SMTPException

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from cdk_ses_regions import config
from cdk_ses_regions.errors import SesRegionsError
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import JourneyError, RegionJourney, an_address_for

_SENDER = "jane@example.net"
_BOUNCING = "bounce@simulator.amazonses.com"


def main() -> None:
    """Run the demo; `--keep` leaves the local AWS up, `--config FILE` deploys another configuration."""
    parser = argparse.ArgumentParser(prog="make demo", description=main.__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the local AWS up")
    parser.add_argument("--config", type=Path, help="the configuration (default: ses-regions.yaml)")
    arguments = parser.parse_args()
    console = Console(stderr=True, highlight=False)
    try:
        path = arguments.config or config.find()
        _run(console, path=path, settings=config.load(path), keep=arguments.keep)
    except (SesRegionsError, JourneyError) as error:
        console.print(str(error), style="bold red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _run(console: Console, *, path: Path, settings: config.Settings, keep: bool) -> None:
    started = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.1f} s[/dim]  {text}")

    with LocalAws.start(settings.regions, hosted_zones=settings.hosted_zones, keep=keep) as local:
        say(f"local AWS is up on {local.endpoint_url} (loopback only)")
        cdk = Cdk(local, project=Path.cwd(), config=path.resolve())
        cdk.bootstrap()
        say(f"bootstrapped {len(settings.regions)} Regions")
        cdk.deploy()
        say("deployed with the cdk command line")
        rows = [_journey(RegionJourney(local, settings, region), say) for region in settings.regions]
        Console(width=None if sys.stdout.isatty() else 190).print(_table(rows))
        if keep:
            say(f"left up: look around on {local.control.url}; end it with `ses-regions local down`")


def _journey(journey: RegionJourney, say: Callable[[str], None]) -> dict[str, str]:
    """Send one mail in and one that bounces out, and read back what became of both."""
    region, settings = journey.region, journey.settings
    domain = settings.domains[0]
    with _step(region, "stack"):
        _expect(journey, "stack", journey.stack["StackStatus"], "CREATE_COMPLETE", "UPDATE_COMPLETE")
    with _step(region, "identity"):
        identity = journey.identity(domain.name)
    dkim = identity["DkimAttributes"]["Status"]
    _expect(journey, "identity", identity["VerifiedForSendingStatus"], True)
    _expect(journey, "DKIM", dkim, "SUCCESS")
    mail_from = identity.get("MailFromAttributes", {})
    if domain.mail_from:
        _expect(
            journey, "MAIL FROM domain", mail_from.get("MailFromDomain"), domain.mail_from.name_in(region)
        )
        _expect(journey, "MAIL FROM", mail_from.get("MailFromDomainStatus"), "SUCCESS")
    receives = domain.receiving is not None and region in settings.receiving_regions_of(domain)
    message_id = stored = published = rule_set = "-"
    if receives and domain.receiving is not None:
        with _step(region, "active receipt rule set"):
            rule_set = journey.active_rule_set()
        _expect(journey, "active receipt rule set", rule_set, settings.names.rule_set)
        with _step(region, "mail in"):
            recipient = an_address_for(domain.name, domain.receiving.rules[0])
            message_id, stored, published = _mail_in(journey, recipient)
    with _step(region, "bounce"):
        feedback = _bounce(journey, f"hello@{domain.name}")
    say(f"{region}: mail received, bounce reported" if receives else f"{region}: bounce reported")
    return {
        "Region": region,
        "stack": journey.stack["StackStatus"],
        "identity": f"verified\nDKIM {dkim}",
        "MAIL FROM": f"{mail_from['MailFromDomain']}\n{mail_from['MailFromDomainStatus']}"
        if domain.mail_from
        else "-",
        "active rule set": rule_set,
        "message id": message_id,
        "stored as": stored,
        "published": published,
        "feedback": feedback,
    }


def _mail_in(journey: RegionJourney, recipient: str) -> tuple[str, str, str]:
    """Return the message id, where the mail is stored and how, and what the function published of it."""
    with journey.listening(journey.outputs["ReceivedTopicArn"]) as wait_for:
        message_id = journey.receive(sender=_SENDER, recipient=recipient)
        stored = journey.stored(message_id)
        _expect(journey, "encryption", stored["encryption"], "aws:kms")
        _expect(journey, "key", stored["kms_key"], journey.outputs["KeyArn"])
        event = wait_for(lambda event: event["message_id"] == message_id, "event of the received mail")
    _expect(journey, "S3 pointer", event["s3"]["key"], stored["key"])
    subject = event["common_headers"]["subject"]
    _expect(journey, "subject", subject, f"Grüße nach {journey.region}")
    told = f"“{subject}”\nto {', '.join(event['envelope']['recipients'])}"
    return message_id, f"{stored['key']}\n{stored['encryption']}", told


def _bounce(journey: RegionJourney, sender: str) -> str:
    """Send to the mailbox simulator; return what the feedback topic told of it."""
    with journey.listening(journey.outputs["FeedbackTopicArn"]) as wait_for:
        sent = journey.send(sender=sender, recipient=_BOUNCING)
        note = wait_for(lambda note: note.get("mail", {}).get("messageId") == sent, "bounce notification")
    _expect(journey, "bounce notification", note["notificationType"], "Bounce")
    bounced = [recipient["emailAddress"] for recipient in note["bounce"]["bouncedRecipients"]]
    return f"Bounce {note['bounce']['bounceType']}\n{', '.join(bounced)}"


@contextmanager
def _step(region: str, step: str) -> Generator[None]:
    """Name Region and step when a service or a door says no."""
    try:
        yield
    except (BotoCoreError, ClientError, SMTPException, OSError) as error:
        raise JourneyError(region, step, str(error)) from error


def _expect(journey: RegionJourney, step: str, found: object, *allowed: object) -> None:
    if found not in allowed:
        raise JourneyError(journey.region, step, f"is {found!r}, should be {' or '.join(map(repr, allowed))}")


def _table(rows: list[dict[str, str]]) -> Table:
    table = Table(show_lines=True)
    for title in rows[0]:
        table.add_column(title, overflow="fold", max_width=29 if title == "feedback" else 23)
    for row in rows:
        table.add_row(*row.values())
    return table


if __name__ == "__main__":
    main()
