"""Configuration sets in both versions of the API."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from region import Region, unique

SIMPLE = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello, you"}}}}
ATTRIBUTES = ["eventDestinations", "trackingOptions", "deliveryOptions", "reputationOptions"]


@pytest.fixture
def name(here: Region) -> str:
    """A configuration set, made by version 1."""
    name = unique("set")
    here.ses.create_configuration_set(ConfigurationSet={"Name": name})
    return name


def described(here: Region, name: str) -> dict[str, Any]:
    answer = here.ses.describe_configuration_set(
        ConfigurationSetName=name, ConfigurationSetAttributeNames=ATTRIBUTES
    )
    answer.pop("ResponseMetadata")
    return answer


def test_both_versions_know_the_same_sets(here: Region, name: str) -> None:
    other = unique("set")
    here.sesv2.create_configuration_set(ConfigurationSetName=other)
    assert here.sesv2.get_configuration_set(ConfigurationSetName=name)["ConfigurationSetName"] == name
    assert described(here, other)["ConfigurationSet"] == {"Name": other}
    assert {name, other} <= {one["Name"] for one in here.ses.list_configuration_sets()["ConfigurationSets"]}
    here.ses.delete_configuration_set(ConfigurationSetName=other)
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.get_configuration_set(ConfigurationSetName=other)
    here.sesv2.delete_configuration_set(ConfigurationSetName=name)
    with pytest.raises(ClientError, match="ConfigurationSetDoesNotExist"):
        described(here, name)


def test_a_set_is_made_once(here: Region, name: str) -> None:
    with pytest.raises(ClientError, match="ConfigurationSetAlreadyExists"):
        here.ses.create_configuration_set(ConfigurationSet={"Name": name})
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        here.sesv2.create_configuration_set(ConfigurationSetName=name)


def test_a_set_that_is_not_there_is_not_deleted(here: Region) -> None:
    with pytest.raises(ClientError, match="ConfigurationSetDoesNotExist"):
        here.ses.delete_configuration_set(ConfigurationSetName=unique("set"))
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.delete_configuration_set(ConfigurationSetName=unique("set"))


def test_a_name_has_plain_characters(here: Region) -> None:
    with pytest.raises(ClientError, match="InvalidConfigurationSet"):
        here.ses.create_configuration_set(ConfigurationSet={"Name": "two words"})


def test_sets_are_listed_in_pages(here: Region, name: str) -> None:
    here.ses.create_configuration_set(ConfigurationSet={"Name": unique("set")})
    first = here.ses.list_configuration_sets(MaxItems=1)
    assert len(first["ConfigurationSets"]) == 1
    second = here.ses.list_configuration_sets(MaxItems=1, NextToken=first["NextToken"])
    assert second["ConfigurationSets"] != first["ConfigurationSets"]


def test_options_are_seen_by_both_versions(here: Region, name: str) -> None:
    here.ses.update_configuration_set_reputation_metrics_enabled(ConfigurationSetName=name, Enabled=True)
    here.ses.put_configuration_set_delivery_options(
        ConfigurationSetName=name, DeliveryOptions={"TlsPolicy": "Require"}
    )
    here.ses.create_configuration_set_tracking_options(
        ConfigurationSetName=name, TrackingOptions={"CustomRedirectDomain": "links.local.example"}
    )
    answer = here.sesv2.get_configuration_set(ConfigurationSetName=name)
    assert answer["ReputationOptions"]["ReputationMetricsEnabled"] is True
    assert answer["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert answer["TrackingOptions"]["CustomRedirectDomain"] == "links.local.example"
    shown = described(here, name)
    assert shown["DeliveryOptions"] == {"TlsPolicy": "Require"}
    assert shown["ReputationOptions"]["ReputationMetricsEnabled"] is True
    assert shown["TrackingOptions"] == {"CustomRedirectDomain": "links.local.example"}


def test_tracking_options_are_there_or_not(here: Region, name: str) -> None:
    options = {"CustomRedirectDomain": "links.local.example"}
    with pytest.raises(ClientError, match="TrackingOptionsDoesNotExist"):
        here.ses.update_configuration_set_tracking_options(ConfigurationSetName=name, TrackingOptions=options)
    here.ses.create_configuration_set_tracking_options(ConfigurationSetName=name, TrackingOptions=options)
    with pytest.raises(ClientError, match="TrackingOptionsAlreadyExists"):
        here.ses.create_configuration_set_tracking_options(ConfigurationSetName=name, TrackingOptions=options)
    here.ses.delete_configuration_set_tracking_options(ConfigurationSetName=name)
    assert "TrackingOptions" not in described(here, name)


def v1(here: Region, domain: str, name: str) -> None:
    here.ses.send_email(
        Source=f"news@{domain}",
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Message=SIMPLE["Simple"],
        ConfigurationSetName=name,
    )


def v2(here: Region, domain: str, name: str) -> None:
    here.sesv2.send_email(
        FromEmailAddress=f"news@{domain}",
        Destination={"ToAddresses": ["success@simulator.amazonses.com"]},
        Content=SIMPLE,
        ConfigurationSetName=name,
    )


def test_a_set_that_is_paused_sends_nothing(here: Region, name: str) -> None:
    domain = here.verified_domain()
    here.ses.update_configuration_set_sending_enabled(ConfigurationSetName=name, Enabled=False)
    with pytest.raises(ClientError, match="ConfigurationSetSendingPausedException"):
        v1(here, domain, name)
    with pytest.raises(ClientError, match="SendingPausedException"):
        v2(here, domain, name)
    assert described(here, name)["ReputationOptions"]["SendingEnabled"] is False
    here.ses.update_configuration_set_sending_enabled(ConfigurationSetName=name, Enabled=True)
    v1(here, domain, name)
    v2(here, domain, name)
    assert described(here, name)["ReputationOptions"]["LastFreshStart"]


# Event destinations in version 1


def to_topic(here: Region, name: str) -> dict[str, Any]:
    topic = here.topic(here.arn("ses", f"configuration-set/{name}"))
    return {
        "Name": "topic",
        "Enabled": True,
        "MatchingEventTypes": ["bounce", "renderingFailure"],
        "SNSDestination": {"TopicARN": topic},
    }


def test_a_destination_of_version_1_is_one_of_version_2(here: Region, name: str) -> None:
    destination = to_topic(here, name)
    here.ses.create_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestination=destination
    )
    assert described(here, name)["EventDestinations"] == [destination]
    found = here.sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)
    (stored,) = found["EventDestinations"]
    assert stored["MatchingEventTypes"] == ["BOUNCE", "RENDERING_FAILURE"]
    assert stored["SnsDestination"]["TopicArn"] == destination["SNSDestination"]["TopicARN"]


def test_a_destination_is_changed_and_deleted(here: Region, name: str) -> None:
    destination = to_topic(here, name)
    with pytest.raises(ClientError, match="EventDestinationDoesNotExist"):
        here.ses.update_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestination=destination
        )
    here.ses.create_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestination=destination
    )
    with pytest.raises(ClientError, match="EventDestinationAlreadyExists"):
        here.ses.create_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestination=destination
        )
    metrics = {
        "DimensionConfigurations": [
            {"DimensionName": "a", "DimensionValueSource": "emailHeader", "DefaultDimensionValue": "b"}
        ]
    }
    changed = {
        "Name": "topic",
        "Enabled": False,
        "MatchingEventTypes": ["send"],
        "CloudWatchDestination": metrics,
    }
    here.ses.update_configuration_set_event_destination(ConfigurationSetName=name, EventDestination=changed)
    assert described(here, name)["EventDestinations"] == [changed]
    here.ses.delete_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestinationName="topic"
    )
    assert described(here, name)["EventDestinations"] == []
    with pytest.raises(ClientError, match="EventDestinationDoesNotExist"):
        here.ses.delete_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestinationName="topic"
        )


def test_a_topic_that_is_not_there_is_refused(here: Region, name: str) -> None:
    destination = {**to_topic(here, name), "SNSDestination": {"TopicARN": here.arn("sns", unique("t"))}}
    with pytest.raises(ClientError, match="InvalidSNSDestination"):
        here.ses.create_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestination=destination
        )


def test_ten_destinations_are_enough(here: Region, name: str) -> None:
    destination = to_topic(here, name)
    for number in range(10):
        here.ses.create_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestination={**destination, "Name": f"to-{number}"}
        )
    with pytest.raises(ClientError, match="LimitExceeded"):
        here.ses.create_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestination=destination
        )


def test_an_identity_has_a_set_that_is_there(here: Region, name: str) -> None:
    domain = here.verified_domain()
    with pytest.raises(ClientError, match="NotFoundException"):
        here.sesv2.put_email_identity_configuration_set_attributes(
            EmailIdentity=domain, ConfigurationSetName=unique("set")
        )
    here.sesv2.put_email_identity_configuration_set_attributes(
        EmailIdentity=domain, ConfigurationSetName=name
    )
    assert here.sesv2.get_email_identity(EmailIdentity=domain)["ConfigurationSetName"] == name
    here.sesv2.put_email_identity_configuration_set_attributes(EmailIdentity=domain)
    assert not here.sesv2.get_email_identity(EmailIdentity=domain).get("ConfigurationSetName")
