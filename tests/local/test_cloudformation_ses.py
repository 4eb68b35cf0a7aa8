"""SES's resource types, deployed by the CloudFormation of the local AWS and read back from SES."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, a_domain, unique

Resources = dict[str, dict[str, Any]]
STOP = {"StopAction": {"Scope": "RuleSet"}}


class Stack:
    """One stack, created or updated with `deploy` and deleted when its test ends."""

    def __init__(self, region: Region) -> None:
        self.name = unique("stack")
        self.region = region
        self._there = False

    def deploy(self, resources: Resources, outputs: dict[str, Any] | None = None) -> dict[str, str]:
        """Deploy and return the outputs."""
        template: dict[str, Any] = {"Resources": resources}
        if outputs:
            template["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
        client = self.region.client("cloudformation")
        call = client.update_stack if self._there else client.create_stack
        call(StackName=self.name, TemplateBody=json.dumps(template))
        self._there = True
        stack = self._wait()
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise AssertionError(f"{stack['StackStatus']}: {self.reasons()}")
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}

    def delete(self) -> None:
        if self._there:
            self.region.client("cloudformation").delete_stack(StackName=self.name)
            self._there = False
            self._wait()

    def reasons(self) -> str:
        events = self.region.client("cloudformation").describe_stack_events(StackName=self.name)
        return " / ".join(
            event.get("ResourceStatusReason", "")
            for event in events["StackEvents"]
            if event["ResourceStatus"].endswith("FAILED")
        )

    def _wait(self) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                answer = self.region.client("cloudformation").describe_stacks(StackName=self.name)
            except ClientError:
                return {"StackStatus": "DELETE_COMPLETE"}
            [stack] = answer["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        raise AssertionError("the stack is still in progress")


@pytest.fixture
def new_stack() -> Iterator[Callable[[Region], Stack]]:
    stacks: list[Stack] = []

    def make(region: Region) -> Stack:
        stacks.append(Stack(region))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.delete()


@pytest.fixture
def stack(new_stack: Callable[[Region], Stack], here: Region) -> Stack:
    return new_stack(here)


def rule_set(name: str) -> Resources:
    return {"Set": {"Type": "AWS::SES::ReceiptRuleSet", "Properties": {"RuleSetName": name}}}


def rule(set_name: str, name: str, *actions: dict[str, Any], after: str = "", **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SES::ReceiptRule",
        "DependsOn": [after or "Set"],
        "Properties": {
            "RuleSetName": set_name,
            **({"After": after} if after else {}),
            "Rule": {"Name": name, "Enabled": True, "Actions": list(actions or (STOP,)), **more},
        },
    }


def identity(domain: str, **properties: Any) -> Resources:
    return {
        "Identity": {
            "Type": "AWS::SES::EmailIdentity",
            "Properties": {"EmailIdentity": domain, **properties},
        }
    }


def names(region: Region, set_name: str) -> list[str]:
    return [rule["Name"] for rule in region.ses.describe_receipt_rule_set(RuleSetName=set_name)["Rules"]]


# Receipt rules


def test_rules_are_deployed_in_the_order_their_after_says(here: Region, stack: Stack) -> None:
    name = unique("s")
    stack.deploy(
        {
            **rule_set(name),
            "c": rule(name, "c", after="b"),
            "a": rule(name, "a", ScanEnabled=True, TlsPolicy="Require", Recipients=["example.com"]),
            "b": rule(name, "b", after="a"),
        }
    )
    assert names(here, name) == ["a", "b", "c"]
    answer = here.ses.describe_receipt_rule(RuleSetName=name, RuleName="a")["Rule"]
    assert (answer["ScanEnabled"], answer["TlsPolicy"]) == (True, "Require")
    assert answer["Recipients"] == ["example.com"]


def test_an_updated_rule_keeps_its_place_and_moves_when_its_after_changes(here: Region, stack: Stack) -> None:
    name = unique("s")
    first = {**rule_set(name), "a": rule(name, "a"), "b": rule(name, "b", after="a")}
    stack.deploy({**first, "c": rule(name, "c", after="b")})
    stack.deploy({**first, "b": rule(name, "b", after="a", Enabled=False), "c": rule(name, "c", after="b")})
    assert names(here, name) == ["a", "b", "c"]
    assert here.ses.describe_receipt_rule(RuleSetName=name, RuleName="b")["Rule"]["Enabled"] is False
    stack.deploy({**first, "c": rule(name, "c", after="a")})
    assert names(here, name) == ["a", "c", "b"]


def test_a_renamed_rule_replaces_the_old_one(here: Region, stack: Stack) -> None:
    name = unique("s")
    stack.deploy({**rule_set(name), "a": rule(name, "old")})
    stack.deploy({**rule_set(name), "a": rule(name, "new")})
    assert names(here, name) == ["new"]


def test_a_renamed_rule_set_replaces_the_old_one(here: Region, stack: Stack) -> None:
    old, new = unique("s"), unique("s")
    stack.deploy({**rule_set(old), "a": rule(old, "a")})
    stack.deploy({**rule_set(new), "a": rule(new, "a")})
    assert names(here, new) == ["a"]
    with pytest.raises(here.ses.exceptions.RuleSetDoesNotExistException):
        names(here, old)


def test_names_are_made_when_the_template_has_none(here: Region, stack: Stack) -> None:
    made = stack.deploy(
        {"Set": {"Type": "AWS::SES::ReceiptRuleSet", "Properties": {}}}, {"Name": {"Ref": "Set"}}
    )
    assert names(here, made["Name"]) == []


def test_a_rule_whose_bucket_is_closed_to_ses_fails_with_the_reason_of_ses(
    here: Region, stack: Stack
) -> None:
    name, bucket = unique("s"), here.bucket()
    action = {"S3Action": {"BucketName": bucket}}
    with pytest.raises(AssertionError, match="Could not write to bucket"):
        stack.deploy({**rule_set(name), "a": rule(name, "a", action)})
    with pytest.raises(here.ses.exceptions.RuleSetDoesNotExistException):
        names(here, name)


def test_rules_and_set_are_deleted_with_the_stack_and_the_active_set_is_not(
    here: Region, stack: Stack
) -> None:
    name = unique("s")
    stack.deploy({**rule_set(name), "a": rule(name, "a")})
    here.ses.set_active_receipt_rule_set(RuleSetName=name)
    client = here.client("cloudformation")
    try:
        client.delete_stack(StackName=stack.name)
        assert stack._wait()["StackStatus"] == "DELETE_FAILED"
        assert "active" in stack.reasons()
    finally:
        here.ses.set_active_receipt_rule_set()
    stack.delete()
    with pytest.raises(here.ses.exceptions.RuleSetDoesNotExistException):
        names(here, name)


def test_a_filter_is_created_changed_and_deleted(here: Region, stack: Stack) -> None:
    name = unique("filter")

    def deploy(policy: str) -> None:
        settings = {"Name": name, "IpFilter": {"Policy": policy, "Cidr": "10.0.0.0/8"}}
        stack.deploy({"Filter": {"Type": "AWS::SES::ReceiptFilter", "Properties": {"Filter": settings}}})

    def found() -> list[str]:
        filters = here.ses.list_receipt_filters()["Filters"]
        return [one["IpFilter"]["Policy"] for one in filters if one["Name"] == name]

    deploy("Block")
    assert found() == ["Block"]
    deploy("Allow")
    assert found() == ["Allow"]
    stack.delete()
    assert found() == []


# Identities


def test_an_identity_has_its_dkim_records_as_attributes_which_differ_by_region_and_domain(
    here: Region, there: Region, new_stack: Callable[[Region], Stack]
) -> None:
    domain, other = a_domain(), a_domain()
    outputs = {
        f"{part}{number}": {"Fn::GetAtt": ["Identity", f"DkimDNSToken{part}{number}"]}
        for part in ("Name", "Value")
        for number in (1, 2, 3)
    }
    seen: list[dict[str, str]] = []
    for region, name in ((here, domain), (there, domain), (here, other)):
        attributes = new_stack(region).deploy(identity(name), outputs)
        records = [(attributes[f"Name{number}"], attributes[f"Value{number}"]) for number in (1, 2, 3)]
        assert records == region.dkim_records(name)
        seen.append(attributes)
    assert len({value for attributes in seen for value in attributes.values()}) == 18


def test_the_attributes_as_records_of_the_same_stack_verify_the_identity(here: Region, stack: Stack) -> None:
    domain = a_domain()
    records = {
        f"Dkim{number}": {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {
                "HostedZoneId": "Z0LOCAL00000000001",
                "Name": {"Fn::GetAtt": ["Identity", f"DkimDNSTokenName{number}"]},
                "Type": "CNAME",
                "TTL": "300",
                "ResourceRecords": [{"Fn::GetAtt": ["Identity", f"DkimDNSTokenValue{number}"]}],
            },
        }
        for number in (1, 2, 3)
    }
    stack.deploy({**identity(domain), **records})
    assert here.sesv2.get_email_identity(EmailIdentity=domain)["VerifiedForSendingStatus"] is True


def test_the_settings_of_an_identity_are_deployed_and_updated_in_place(here: Region, stack: Stack) -> None:
    domain = a_domain()
    stack.deploy(
        identity(
            domain,
            MailFromAttributes={
                "MailFromDomain": f"bounce.{domain}",
                "BehaviorOnMxFailure": "REJECT_MESSAGE",
            },
            FeedbackAttributes={"EmailForwardingEnabled": False},
            DkimSigningAttributes={"NextSigningKeyLength": "RSA_2048_BIT"},
        )
    )
    found = here.sesv2.get_email_identity(EmailIdentity=domain)
    assert found["MailFromAttributes"]["MailFromDomain"] == f"bounce.{domain}"
    assert found["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    assert found["FeedbackForwardingStatus"] is False
    assert found["DkimAttributes"]["SigningEnabled"] is True
    assert found["DkimAttributes"]["NextSigningKeyLength"] == "RSA_2048_BIT"
    before = here.dkim_records(domain)

    stack.deploy(
        identity(
            domain,
            MailFromAttributes={"MailFromDomain": f"mail.{domain}"},
            FeedbackAttributes={"EmailForwardingEnabled": True},
            DkimAttributes={"SigningEnabled": False},
        )
    )
    found = here.sesv2.get_email_identity(EmailIdentity=domain)
    assert found["MailFromAttributes"]["MailFromDomain"] == f"mail.{domain}"
    assert found["FeedbackForwardingStatus"] is True
    assert found["DkimAttributes"]["SigningEnabled"] is False
    assert here.dkim_records(domain) == before


def test_an_identity_is_deleted_with_its_stack_in_both_versions(here: Region, stack: Stack) -> None:
    domain = a_domain()
    stack.deploy(identity(domain))
    stack.delete()
    assert domain not in here.ses.list_identities()["Identities"]
    with pytest.raises(here.sesv2.exceptions.NotFoundException):
        here.sesv2.get_email_identity(EmailIdentity=domain)


def test_an_identity_that_is_there_already_is_not_taken_over(here: Region, stack: Stack) -> None:
    domain = a_domain()
    here.sesv2.create_email_identity(EmailIdentity=domain)
    with pytest.raises(AssertionError, match="already exists"):
        stack.deploy(identity(domain))
    assert domain in here.ses.list_identities()["Identities"]


def test_a_mail_from_domain_is_below_the_identity(here: Region, stack: Stack) -> None:
    domain, elsewhere = a_domain(), {"MailFromDomain": "bounce.elsewhere.example"}
    with pytest.raises(AssertionError, match="is not subdomain of the domain of the identity"):
        stack.deploy(identity(domain, MailFromAttributes=elsewhere))
    assert domain not in here.ses.list_identities()["Identities"]
