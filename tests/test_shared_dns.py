"""The stack of what Regions share: each record has one owner, in the primary Region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from templates import of_type, template_of

from cdk_ses_regions import config
from stacks.shared_dns import SharedDnsStack

ROOT = Path(__file__).parent.parent


def settings_of(tmp_path: Path, text: str) -> config.Settings:
    file = tmp_path / "ses-regions.yaml"
    file.write_text(text, encoding="utf-8")
    return config.load(file)


def records_of(stack: cdk.Stack) -> dict[tuple[str, str], list[str]]:
    records = of_type(template_of(stack), "AWS::Route53::RecordSet").values()
    found: list[dict[str, Any]] = [one["Properties"] for one in records]
    assert len({(one["Name"], one["Type"]) for one in found}) == len(found)
    return {(one["Name"], one["Type"]): one["ResourceRecords"] for one in found}


def test_the_example_shares_mail_from_inbound_and_dmarc(app: cdk.App) -> None:
    stack = SharedDnsStack(app, config.load(ROOT / "ses-regions.yaml"))
    assert records_of(stack) == {
        ("bounce.example.com.", "MX"): ["10 feedback-smtp.us-east-1.amazonses.com"],
        ("bounce.example.com.", "TXT"): ['"v=spf1 include:amazonses.com ~all"'],
        ("example.com.", "MX"): [
            "10 inbound-smtp.us-east-1.amazonaws.com",
            "20 inbound-smtp.us-west-2.amazonaws.com",
            "30 inbound-smtp.eu-west-1.amazonaws.com",
        ],
        ("_dmarc.example.com.", "TXT"): ['"v=DMARC1; p=none"'],
    }


def test_it_is_in_the_primary_region_which_takes_the_bounces_of_all_domains(app: cdk.App) -> None:
    stack = SharedDnsStack(app, config.load(ROOT / "examples" / "two-domains.yaml"))
    assert (stack.stack_name, stack.region) == ("Mail-shared-dns", "eu-central-1")
    records = records_of(stack)
    for domain in ("example.com", "example.net"):
        assert records[f"bounce.{domain}.", "MX"] == ["10 feedback-smtp.eu-central-1.amazonses.com"]
    assert records["example.net.", "MX"] == ["10 inbound-smtp.eu-west-1.amazonaws.com"]
    assert ("example.com.", "MX") not in records
    assert records["_dmarc.example.com.", "TXT"] == ['"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"']


def test_bounces_move_to_another_region_by_a_change_in_place(app: cdk.App) -> None:
    settings = config.load(ROOT / "ses-regions.yaml")
    before = SharedDnsStack(app, settings)
    other = cdk.App(builtin_cloud_formation_validation=False)
    after = SharedDnsStack(other, settings.model_copy(update={"mail_from_region": "eu-west-1"}))
    assert after.region == before.region
    assert records_of(after)["bounce.example.com.", "MX"] == ["10 feedback-smtp.eu-west-1.amazonses.com"]
    assert set(of_type(template_of(after), "AWS::Route53::RecordSet")) == set(
        of_type(template_of(before), "AWS::Route53::RecordSet")
    )


def test_it_has_the_account_tags_and_protection_of_the_configuration(app: cdk.App) -> None:
    settings = config.load(ROOT / "examples" / "two-domains.yaml")
    stack = SharedDnsStack(app, settings.model_copy(update={"account": "222222222222"}))
    assert stack.account == "222222222222"
    assert stack.termination_protection is True
    assert stack.tags.tag_values() == {"project": "mail", "stage": "production"}


def test_a_domain_whose_dns_is_elsewhere_needs_no_such_stack() -> None:
    assert not SharedDnsStack.is_needed(config.load(ROOT / "examples" / "minimal.yaml"))


def test_a_domain_that_shares_nothing_needs_no_such_stack(tmp_path: Path) -> None:
    text = "regions: [us-east-1]\ndomains: [{name: example.com, hosted_zone_id: Z0123456789EXAMPLE01}]\n"
    assert not SharedDnsStack.is_needed(settings_of(tmp_path, text))


def test_only_the_domains_with_a_zone_are_in_it(app: cdk.App, tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
regions: [us-east-1]
domains:
  - {name: example.com, hosted_zone_id: Z0123456789EXAMPLE01, mail_from: bounce.example.com}
  - {name: example.net, mail_from: bounce.example.net}
""",
    )
    assert {name for name, _ in records_of(SharedDnsStack(app, settings))} == {"bounce.example.com."}


def test_a_mail_from_domain_of_each_region_is_not_shared(app: cdk.App) -> None:
    stack = SharedDnsStack(app, config.load(ROOT / "examples" / "mail-from.yaml"))
    records = records_of(stack)
    assert {name for name, _ in records} == {"bounce.example.com.", "bounce.news.example.com."}
    assert records["bounce.news.example.com.", "MX"] == ["10 feedback-smtp.us-east-1.amazonses.com"]


def test_domains_with_nothing_shared_but_a_mail_from_domain_of_each_region_need_no_such_stack(
    tmp_path: Path,
) -> None:
    text = (
        "regions: [us-east-1]\ndomains:\n"
        "  - name: example.com\n    hosted_zone_id: Z0123456789EXAMPLE01\n"
        "    mail_from: '{region}.bounce.example.com'\n"
    )
    assert not SharedDnsStack.is_needed(settings_of(tmp_path, text))


def test_records_of_another_account_and_records_that_are_there_are_written_by_the_function(
    app: cdk.App,
) -> None:
    template = template_of(SharedDnsStack(app, config.load(ROOT / "examples" / "dns-role.yaml")))
    found = [one["Properties"] for one in of_type(template, "Custom::SesDnsRecord").values()]
    role = "arn:aws:iam::222222222222:role/mail-dns"
    assert {(one["Name"], one["Type"]): (one.get("RoleArn"), one["Adopt"]) for one in found} == {
        ("bounce.example.com.", "MX"): (role, "false"),
        ("bounce.example.com.", "TXT"): (role, "false"),
        ("_dmarc.example.com.", "TXT"): (role, "false"),
        ("_dmarc.example.net.", "TXT"): (None, "true"),
    }
    assert of_type(template, "AWS::Route53::RecordSet") == {}
