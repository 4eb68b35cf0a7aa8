"""The local AWS: how soon it serves, how soon three Regions are deployed, how many mails it takes.

Everything is real: the cdk command line, SMTP with STARTTLS, the rules as deployed (S3 with the Region's key, then the
function, which publishes each mail). A mail counts when it is in the bucket and its event has come out of the topic.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from itertools import repeat
from pathlib import Path
from statistics import median

from benchmarks.target import Target
from cdk_ses_regions import config
from cdk_ses_regions.config.receiving import Receiving
from cdk_ses_regions.local import LocalAws
from cdk_ses_regions.local.cdk import Cdk
from cdk_ses_regions.local.journey import JourneyError, RegionJourney, an_address_for

ROOT = Path(__file__).parent.parent
MAILS = 1000
"""Mails that each Region has to take within a minute."""
SESSIONS = 4
"""SMTP sessions a Region at the same time, each for many mails, as a sender's server does."""


def run(*, mails: int = MAILS) -> list[Target]:
    """Measure; takes about three minutes."""
    settings = config.load(ROOT / "ses-regions.yaml")
    starts = [_seconds_to_serve(settings) for _ in range(5)]
    steps: dict[str, float] = {}
    with _timed(steps, "ready"):
        local = LocalAws.start(settings.regions, hosted_zones=settings.hosted_zones)
    with local:
        cdk = Cdk(local, project=ROOT)
        with _timed(steps, "bootstrap"):
            cdk.bootstrap()
        with _timed(steps, "synth and deploy"):
            cdk.deploy()
        journeys = [
            RegionJourney(local, settings, region)
            for region in settings.receiving_regions_of(settings.domains[0])
        ]
        with _timed(steps, "first mail received"):
            _receive(journeys[:1], settings, mails=1)
        first = sum(steps.values())
        one, lost = _receive(journeys[:1], settings, mails=mails)
        together, more_lost = _receive(journeys, settings, mails=mails)
    return [
        Target(name="local ready to serve", value=median(starts), limit=2, unit="s"),
        Target(name="local from nothing to a mail received", value=first, unit="s"),
        *(Target(name=f"local thereof {step}", value=value, unit="s") for step, value in steps.items()),
        Target(name=f"local {mails} mails into one Region", value=one, limit=60, unit="s"),
        Target(
            name=f"local {mails} mails into each of {len(journeys)} Regions at once", value=together, unit="s"
        ),
        Target(name="local mails lost", value=lost + more_lost, limit=0, unit="mails"),
    ]


def _seconds_to_serve(settings: config.Settings) -> float:
    begun = time.perf_counter()
    with LocalAws.start(settings.regions, hosted_zones=settings.hosted_zones):
        return time.perf_counter() - begun


@contextmanager
def _timed(steps: dict[str, float], step: str) -> Generator[None]:
    begun = time.perf_counter()
    yield
    steps[step] = time.perf_counter() - begun


def _receive(
    journeys: Iterable[RegionJourney], settings: config.Settings, *, mails: int
) -> tuple[float, int]:
    """Send mails into all the Regions at once; return the seconds until they are handled, and how many are not."""
    regions = list(journeys)
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(regions)) as pool:
        lost = sum(pool.map(_into_one, regions, repeat(settings), repeat(mails)))
    return time.perf_counter() - begun, lost


def _into_one(journey: RegionJourney, settings: config.Settings, mails: int) -> int:
    """Send mails into one Region and wait for their events; return how many have not been stored and published."""
    domain = settings.domains[0]
    recipient = an_address_for(domain.name, _receiving(domain).rules[0])
    port, share = journey.local.inbound_ports[journey.region], mails // SESSIONS
    shares = [share + (mails - share * SESSIONS if one == 0 else 0) for one in range(SESSIONS)]
    with (
        journey.listening(journey.outputs["ReceivedTopicArn"]) as wait_for,
        ThreadPoolExecutor(SESSIONS) as pool,
    ):
        sessions = [pool.submit(_session, port, recipient, count) for count in shares]
        seen = set[str]()
        with suppress(JourneyError):  # for a while nothing more came
            while len(seen) < mails:
                seen.add(wait_for(lambda _: True, "event")["message_id"])
        sent = {message_id for session in sessions for message_id in session.result()}
    return mails - len(sent & seen & _stored(journey))


def _receiving(domain: config.Domain) -> Receiving:
    if domain.receiving is None:
        raise ValueError(f"{domain.name} does not receive")
    return domain.receiving


def _session(port: int, recipient: str, count: int) -> list[str]:
    """Send mails in one SMTP session; return SES's message ids."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "jane@example.net", recipient, "One of many"
    mail.set_content("Hello from far away.\n" * 100)
    raw, ids = mail.as_bytes().replace(b"\n", b"\r\n"), list[str]()
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
        smtp.starttls(context=ssl._create_unverified_context())  # pyright: ignore[reportPrivateUsage]
        for _ in range(count):
            smtp.ehlo_or_helo_if_needed()
            smtp.mail("jane@example.net")
            smtp.rcpt(recipient)
            code, answer = smtp.data(raw)
            if code == 250:
                ids.append(answer.decode().rpartition(" ")[2])
    return ids


def _stored(journey: RegionJourney) -> set[str]:
    """Return the message ids of the mails in the bucket."""
    pages = journey.client("s3").get_paginator("list_objects_v2")
    keys = (
        item["Key"]
        for page in pages.paginate(Bucket=journey.outputs["MailBucketName"], Prefix="mail/")
        for item in page.get("Contents", ())
    )
    return {key.rpartition("/")[2] for key in keys}


if __name__ == "__main__":
    for target in run():
        print(target.line())
