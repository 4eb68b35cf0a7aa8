"""What the configuration's `feedback` and `configuration_set` mean; tests/test_config.py has what is wrong in them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import aws_cdk as cdk
import pytest
from templates import of_type, template_of

from cdk_ses_regions import Feedback, config
from cdk_ses_regions.dns import redirect_record
from cdk_ses_regions.records import regional_records
from stacks.regional_email import RegionalEmailStack
from stacks.sending import feedback, sending_options, subscribers


def load(tmp_path: Path, text: str) -> config.Settings:
    path = tmp_path / "ses-regions.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return config.load(path)


@pytest.mark.parametrize("section", ["", "feedback: {}", "feedback: {topics: {}}", "feedback: {by: topics}"])
def test_by_default_one_topic_tells_bounces_and_complaints_with_headers(tmp_path: Path, section: str) -> None:
    settings = load(tmp_path, f"regions: [us-east-1]\ndomains: [{{name: example.com}}]\n{section}\n")
    found = settings.feedback_of(settings.domains[0])
    assert found.topics.names == ("feedback",)
    assert (found.headers, found.forwarding, found.subscriptions.some) == (True, False, False)


MIXED = """
    regions: [us-east-1]
    feedback:
      headers: false
      forwarding: true
      topics: {delivery: deliveries}
      subscriptions: {emails: [ops@example.com]}
    domains:
      - name: example.com
      - {name: example.net, feedback: {headers: true, topics: {bounce: net}}}
      - {name: example.org, feedback: email}
    """


def test_a_domain_takes_from_the_deployment_what_it_leaves_open(tmp_path: Path) -> None:
    settings = load(tmp_path, MIXED)
    com, net, org = (settings.feedback_of(domain) for domain in settings.domains)
    assert (com.topics.names, com.headers, com.forwarding) == (("feedback", "deliveries"), False, True)
    assert (net.topics.names, net.headers, net.forwarding) == (("net", "feedback", "deliveries"), True, True)
    assert org.by == "email"


def test_subscriptions_of_the_deployment_are_not_those_of_its_domains(tmp_path: Path) -> None:
    settings = load(tmp_path, MIXED)
    assert settings.feedback.subscriptions.some
    assert not any(settings.feedback_of(domain).subscriptions.some for domain in settings.domains)


def test_a_domain_may_have_topics_where_all_others_are_told_by_email(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        regions: [us-east-1]
        feedback: email
        domains: [{name: example.com}, {name: example.net, feedback: {headers: false}}]
        """,
    )
    com, net = (feedback(settings.feedback_of(domain)) for domain in settings.domains)
    assert com == "email"
    assert isinstance(net, Feedback)
    assert (net.topics, net.include_headers) == (["feedback"], False)


def test_the_region_is_put_into_arns_and_domains(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        regions: [us-east-1, eu-west-1]
        domains: [{name: example.com}]
        feedback:
          subscriptions: {functions: ["arn:aws:lambda:{region}:222222222222:function:a"]}
        configuration_set:
          redirect: {domain: "click.{region}.example.com"}
          archives: {eu-west-1: arn:aws:ses:eu-west-1:222222222222:mailmanager-archive/a-1}
          event_destinations:
            - name: a
              to: firehose
              delivery_stream: arn:aws:firehose:{region}:222222222222:deliverystream/a
        """,
    )
    found = {region: sending_options(settings, region) for region in settings.regions}
    for region, options in found.items():
        assert options is not None
        assert options.redirect_domain == f"click.{region}.example.com"
        assert (
            options.events[0].delivery_stream_arn
            == f"arn:aws:firehose:{region}:222222222222:deliverystream/a"
        )
        [arn] = subscribers(settings.feedback.subscriptions, region).function_arns
        assert arn == f"arn:aws:lambda:{region}:222222222222:function:a"
    archives = [options and options.archive_arn for options in found.values()]
    assert archives == [None, "arn:aws:ses:eu-west-1:222222222222:mailmanager-archive/a-1"]


def test_an_empty_section_makes_a_set_with_defaults_and_none_makes_none(tmp_path: Path) -> None:
    text = "regions: [us-east-1]\ndomains: [{name: example.com}]\n"
    assert sending_options(load(tmp_path, text), "us-east-1") is None
    options = sending_options(load(tmp_path, f"{text}configuration_set: {{}}\n"), "us-east-1")
    assert options is not None
    assert (options.tls_policy, options.suppressed_reasons, options.events) == ("OPTIONAL", None, [])


def test_no_suppression_is_not_the_accounts_suppression(tmp_path: Path) -> None:
    text = "regions: [us-east-1]\ndomains: [{name: example.com}]\nconfiguration_set: {suppression: []}\n"
    options = sending_options(load(tmp_path, text), "us-east-1")
    assert options is not None
    assert options.suppressed_reasons == []


REDIRECT = """
    regions: [us-east-1]
    domains: [{{name: example.com{zone}}}, {{name: example.net}}]
    configuration_set: {{redirect: {{domain: click.example.com{https}}}}}
    """


def test_the_record_of_tracked_links_is_written_into_our_zone(app: cdk.App, tmp_path: Path) -> None:
    settings = load(tmp_path, REDIRECT.format(zone=", hosted_zone_id: Z0123456789EXAMPLE01", https=""))
    records = of_type(
        template_of(RegionalEmailStack(app, settings, region="us-east-1")), "AWS::Route53::RecordSet"
    )
    [record] = [
        one["Properties"]
        for one in records.values()
        if one["Properties"]["ResourceRecords"] == ["r.us-east-1.awstrack.me"]
    ]
    assert (record["Name"], record["Type"]) == ("click.example.com.", "CNAME")


@pytest.mark.parametrize(("https", "told"), [("", True), (", https: require", False)])
def test_elsewhere_it_is_an_output_unless_a_cdn_of_the_users_answers(
    app: cdk.App, tmp_path: Path, https: str, told: bool
) -> None:
    settings = load(tmp_path, REDIRECT.format(zone="", https=https))
    template = template_of(RegionalEmailStack(app, settings, region="us-east-1"))
    values = [one["Value"] for one in template["Outputs"].values()]
    assert ("click.example.com CNAME r.us-east-1.awstrack.me" in values) == told
    assert of_type(template, "AWS::Route53::RecordSet") == {}


def test_each_region_tracks_at_its_own_host() -> None:
    record = redirect_record("click.example.com", "eu-west-1")
    assert (record.type, record.values) == ("CNAME", ("r.eu-west-1.awstrack.me",))


def test_a_tracked_name_belongs_to_the_nearest_domain_in_each_region(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        regions: [us-east-1, eu-west-1]
        domains: [{name: example.com}, {name: shop.example.com}]
        configuration_set: {redirect: {domain: "click.{region}.shop.example.com"}}
        """,
    )
    com, shop = settings.domains
    assert regional_records(settings, com, "us-east-1") == []
    assert [
        (record.name, *record.values)
        for region in settings.regions
        for record in regional_records(settings, shop, region)
    ] == [
        ("click.us-east-1.shop.example.com", "r.us-east-1.awstrack.me"),
        ("click.eu-west-1.shop.example.com", "r.eu-west-1.awstrack.me"),
    ]


def test_queues_and_topics_are_outputs(app: cdk.App) -> None:
    file = Path(__file__).parent.parent / "examples" / "feedback.yaml"
    stack = RegionalEmailStack(app, config.load(file), region="us-east-1")
    assert set(template_of(stack)["Outputs"]) >= {
        "ConfigurationSetName",
        "EventsAuditTopicArn",
        "EventsAuditUndeliveredQueueArn",
        "FeedbackTopicArn",
        "FeedbackShopBouncesTopicArn",
        "MailBouncesQueueArn",
        "MailShopQueueArn",
        "UndeliveredQueueArn",
        "Domain1UndeliveredQueueArn",
    }


def test_where_all_feedback_comes_by_email_there_is_no_topic_to_tell_of(app: cdk.App, tmp_path: Path) -> None:
    settings = load(tmp_path, "regions: [us-east-1]\ndomains: [{name: example.com}]\nfeedback: email\n")
    template = template_of(RegionalEmailStack(app, settings, region="us-east-1"))
    assert "FeedbackTopicArn" not in template["Outputs"]
    assert of_type(template, "AWS::SNS::Topic") == {}


@pytest.mark.parametrize(
    "section",
    [
        "feedback: email",
        "feedback: {headers: true, forwarding: false, topics: {bounce: feedback}}",
        "feedback: {subscriptions: {}}",
    ],
)
def test_a_domain_says_the_same_when_all_its_defaults_are_written_out(tmp_path: Path, section: str) -> None:
    general = "regions: [us-east-1]\nfeedback: {topics: {delivery: d}}\n"
    settings = load(tmp_path, f"{general}domains:\n  - name: example.com\n    {section}\n")
    section_again = settings.domains[0].model_dump(mode="json", include={"feedback"})
    again = config.Domain.model_validate({"name": "example.com", **section_again})
    assert settings.feedback_of(again) == settings.feedback_of(settings.domains[0])
