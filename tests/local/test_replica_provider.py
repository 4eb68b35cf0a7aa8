"""The provider's replica of a domain, carried out against SES: created, changed, removed, and not anybody else's."""

from __future__ import annotations

from typing import Any

import pytest
from patience import Patience
from region import Region, a_domain
from replica_identity import ReplicaIdentity


@pytest.fixture
def parent(here: Region) -> str:
    """A domain that is verified in us-west-2."""
    return here.verified_domain()


@pytest.fixture
def replicas(there: Region) -> ReplicaIdentity:
    return ReplicaIdentity(there.sesv2, Patience(seconds=20))


def wanted(domain: str, **more: str) -> dict[str, Any]:
    return {"Identity": domain, "ParentRegion": "us-west-2", "Owner": "Email-eu-west-1", **more}


def found(region: Region, domain: str) -> dict[str, Any] | None:
    try:
        return region.sesv2.get_email_identity(EmailIdentity=domain)
    except region.sesv2.exceptions.NotFoundException:
        return None


def test_a_replica_is_verified_as_soon_as_its_parent_is_and_has_no_record_of_its_own(
    here: Region, there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    replicas.create(wanted(parent, MailFromDomain=f"bounce.{parent}"))
    replica = there.sesv2.get_email_identity(EmailIdentity=parent)
    assert replica["VerifiedForSendingStatus"] is True
    assert replica["DkimAttributes"]["SigningAttributesOrigin"] == "AWS_SES_US_WEST_2"
    tokens = here.sesv2.get_email_identity(EmailIdentity=parent)["DkimAttributes"]["Tokens"]
    assert replica["DkimAttributes"]["Tokens"] == tokens
    assert replica["MailFromAttributes"]["MailFromDomain"] == f"bounce.{parent}"


def test_a_create_that_is_carried_out_twice_succeeds(
    there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    first, second = (replicas.create(wanted(parent)) for _ in range(2))
    assert first == second


def test_a_domain_that_has_a_key_of_its_own_is_refused_and_stays(
    there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    there.sesv2.create_email_identity(EmailIdentity=parent)
    with pytest.raises(ValueError, match="is an identity of this Region already, with a DKIM key of its own"):
        replicas.create(wanted(parent))
    # CloudFormation then deletes what the create would have made.
    replicas.delete(replicas.physical_id(wanted(parent)), wanted(parent))
    assert found(there, parent) is not None


def test_a_replica_of_another_stack_is_refused_and_stays(
    there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    replicas.create(wanted(parent) | {"Owner": "Other-eu-west-1"})
    with pytest.raises(ValueError, match="already"):
        replicas.create(wanted(parent))
    replicas.delete(replicas.physical_id(wanted(parent)), wanted(parent))
    assert found(there, parent) is not None


def test_the_mail_from_domain_changes_in_place_and_goes(
    there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    old = wanted(parent, MailFromDomain=f"bounce.{parent}", BehaviorOnMxFailure="REJECT_MESSAGE")
    physical_id, _ = replicas.create(old)
    new = wanted(parent, MailFromDomain=f"returns.{parent}")
    assert replicas.update(physical_id, old=old, new=new)[0] == physical_id
    mail_from = there.sesv2.get_email_identity(EmailIdentity=parent)["MailFromAttributes"]
    assert (mail_from["MailFromDomain"], mail_from["BehaviorOnMxFailure"]) == (
        f"returns.{parent}",
        "USE_DEFAULT_VALUE",
    )
    replicas.update(physical_id, old=new, new=wanted(parent))
    mail_from = there.sesv2.get_email_identity(EmailIdentity=parent)["MailFromAttributes"]
    assert "MailFromDomain" not in mail_from


def test_another_domain_is_another_replica_and_the_old_one_goes_by_its_own_delete(
    here: Region, there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    other = here.verified_domain()
    physical_id, _ = replicas.create(wanted(parent))
    new_id, _ = replicas.update(physical_id, old=wanted(parent), new=wanted(other))
    assert new_id != physical_id
    replicas.delete(physical_id, wanted(parent))
    assert (found(there, parent) is None, found(there, other) is None) == (True, False)


def test_another_parent_is_refused_and_nothing_changes(
    there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    physical_id, _ = replicas.create(wanted(parent))
    with pytest.raises(ValueError, match="SES moves no replica to us-east-1"):
        replicas.update(physical_id, old=wanted(parent), new=wanted(parent) | {"ParentRegion": "us-east-1"})
    replica = there.sesv2.get_email_identity(EmailIdentity=parent)
    assert replica["DkimAttributes"]["SigningAttributesOrigin"] == "AWS_SES_US_WEST_2"


def test_a_replica_goes_and_its_parent_can_go_after_it(
    here: Region, there: Region, parent: str, replicas: ReplicaIdentity
) -> None:
    physical_id, _ = replicas.create(wanted(parent))
    with pytest.raises(here.sesv2.exceptions.ClientError):
        here.sesv2.delete_email_identity(EmailIdentity=parent)
    replicas.delete(physical_id, wanted(parent))
    replicas.delete(physical_id, wanted(parent))  # a second time does no harm
    here.sesv2.delete_email_identity(EmailIdentity=parent)
    assert found(here, parent) is None


def test_a_key_that_cannot_be_had_is_told_and_what_was_made_goes_again(
    there: Region, replicas: ReplicaIdentity
) -> None:
    domain = a_domain()
    with pytest.raises(ValueError, match=f"of {domain} from us-west-2: REPLICATION_PRIMARY_NOT_FOUND"):
        replicas.create(wanted(domain))
    replicas.delete(replicas.physical_id(wanted(domain)), wanted(domain))
    assert found(there, domain) is None


def test_a_replica_that_never_came_needs_no_delete(replicas: ReplicaIdentity) -> None:
    domain = a_domain()
    replicas.delete("anything", wanted(domain))
