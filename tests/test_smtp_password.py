"""SMTP passwords, against vectors of AWS's published algorithm."""

from __future__ import annotations

import pytest

from cdk_ses_regions.smtp_password import smtp_password

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("region", "password"),
    [
        ("us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
        ("us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
        ("eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
        ("ap-northeast-1", "BEBMrlH2tcrvRtSfkd6WbOlpfHSCPAV60ZayJ9ZqHS5c"),
    ],
)
def test_a_region_has_its_own_password_for_the_same_key(region: str, password: str) -> None:
    assert smtp_password(SECRET, region) == password


def test_another_secret_has_another_password() -> None:
    assert smtp_password(SECRET, "us-east-1") != smtp_password(SECRET.lower(), "us-east-1")
