"""DeviceNames that boards complete, as the line reads them; tests/core has the board's own."""

from __future__ import annotations

import pytest

from alink_formats import board_names, identity
from alink_formats.identity import Identity, IdentityError

MAC = "a0b765123456"


def certificate(name: str) -> Identity:
    return Identity(product_key="a1B2c3D4e5F", product_secret="S3cret", device_name=name)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("{mac}", "a0b765123456"),
        ("{uid}", "a0b765123456"),
        ("lamp-{mac:6}", "lamp-123456"),
        ("{mac:4}@{uid:12}", "3456@a0b765123456"),
        ("lamp-0001", "lamp-0001"),
    ],
)
def test_name_is_completed_and_survives_the_record(name: str, made: str):
    burned = identity.decode(identity.encode(certificate(name))).identity
    assert burned.device_name == name
    assert identity.owner(burned, MAC.upper()) == ("a1B2c3D4e5F", made)


@pytest.mark.parametrize(
    "name",
    ["{sn}", "{mac", "mac}", "{mac:0}", "{mac:13}", "{mac:06}", "{mac:6:1}", "{}", "{mac}}"],
)
def test_wrong_braces_are_refused_with_the_choices(name: str):
    with pytest.raises(IdentityError) as refused:
        identity.encode(certificate(name))
    assert board_names.ALLOWED in str(refused.value)


def test_completed_name_has_the_length_of_a_name():
    for name in ("{mac:3}", "a-lamp-with-quite-a-long-name-{mac:6}"):
        with pytest.raises(IdentityError, match="4 to 32 letters"):
            identity.encode(certificate(name))


def test_credential_never_holds_an_incomplete_name():
    kept = Identity(product_key="a1B2c3D4e5F", device_name="{mac}", device_secret="x")
    with pytest.raises(IdentityError):
        identity.encode(kept, kind="credential")
