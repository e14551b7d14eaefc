"""The identity record: literal bytes both ways, every truncation, limits, and no secret shown."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alink_formats import identity
from alink_formats.identity import Identity, IdentityError, SubProduct

FULL = Identity(
    product_key="a1B2c3D4e5F",
    product_secret="kR9sT2uV4wX6yZ81",
    device_name="line-7_@.:0001",
    port=8883,
    method="regnwl",
    ca=(b"\x30\x03\x02\x01\x01", b"\x30\x00"),
    sub_products=(SubProduct("b1Sub", "S3cr3t"),),
)
# Header, eight fields, CRC-32, padding to 16; put together by hand from the layout.
FULL_BYTES = bytes.fromhex(
    "414c4e4b 01 01 5c00 01000000"
    "01 0b00 6131423263334434653546"
    "02 1000 6b523973543275563477583679 5a3831"
    "03 0e00 6c696e652d375f402e3a30303031"
    "0a 0200 b322"
    "0f 0600 7265676e776c"
    "10 0500 3003020101"
    "10 0200 3000"
    "11 0c00 05 6231537562 533363723374"
    "ffdb689a"
    "ffffffff"
)


def test_a_certificate_has_these_bytes_and_no_others():
    assert identity.encode(FULL) == FULL_BYTES
    assert identity.decode(FULL_BYTES) == identity.Record("certificate", 1, FULL)


def test_a_credential_says_so_and_carries_its_generation():
    stored = Identity(
        product_key="a1B2", device_name="dev1", client_id="c1", device_token="token1"
    )
    record = identity.encode(stored, kind="credential", generation=0x01020304)
    assert record[5] == 2
    assert record[8:12] == bytes((4, 3, 2, 1))
    assert identity.decode(record) == identity.Record("credential", 0x01020304, stored)


@pytest.mark.parametrize("length", range(len(FULL_BYTES) - 4))
def test_every_truncation_is_refused(length):
    with pytest.raises(IdentityError):
        identity.decode(FULL_BYTES[:length])


def test_bytes_behind_record_are_ignored():
    assert identity.decode(FULL_BYTES + b"\xff" * 4000).identity == FULL


@pytest.mark.parametrize("position", range(len(FULL_BYTES) - 4))
def test_every_damaged_byte_is_noticed(position):
    damaged = bytearray(FULL_BYTES)
    damaged[position] ^= 0x10
    with pytest.raises(IdentityError):
        identity.decode(bytes(damaged))


def test_blank_flash_holds_no_record():
    with pytest.raises(IdentityError, match="not an identity record"):
        identity.decode(b"\xff" * 64)


def test_an_unknown_field_is_skipped():
    values = [(1, b"a1B2"), (3, b"dev1"), (4, b"secret"), (99, b"from the future")]
    record = identity.encode_fields(values, kind=1, generation=1)
    assert identity.decode(record).identity == Identity(
        product_key="a1B2", device_name="dev1", device_secret="secret"
    )


def test_a_field_that_is_there_twice_is_named():
    values = [(1, b"a1B2"), (3, b"dev1"), (3, b"dev2"), (4, b"secret")]
    record = identity.encode_fields(values, kind=1, generation=1)
    with pytest.raises(IdentityError, match="DeviceName appears twice") as caught:
        identity.decode(record)
    assert caught.value.field == "device_name"


@pytest.mark.parametrize(
    ("tag", "value", "name"), [(10, b"\x01", "Port"), (17, b"\x09ab", "ProductSecret"),
                               (6, b"\xff\xfe", "DeviceToken")]
)  # fmt: skip
def test_a_field_that_cannot_be_read_is_named(tag, value, name):
    values = [(1, b"a1B2"), (3, b"dev1"), (4, b"secret")]
    record = identity.encode_fields([*values, (tag, value)], kind=1, generation=1)
    with pytest.raises(IdentityError, match=name):
        identity.decode(record)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"product_key": ""}, "product_key"),
        ({"product_key": "a" * 21}, "product_key"),
        ({"product_key": "has-dash"}, "product_key"),
        ({"product_secret": ""}, "product_secret"),
        ({"product_secret": "s" * 65}, "product_secret"),
        ({"product_secret": "two words"}, "product_secret"),
        ({"device_name": ""}, "device_name"),
        ({"device_name": "abc"}, "device_name"),
        ({"device_name": "d" * 33}, "device_name"),
        ({"device_name": "has space"}, "device_name"),
        ({"port": 65536}, "port"),
        ({"sign_method": "md5"}, "sign_method"),
        ({"method": "magic"}, "method"),
        ({"sub_products": (SubProduct("a1", "s"),) * 9}, "sub_products"),
        ({"ca": (bytes(13000),)}, "ca"),
    ],
)
def test_a_field_outside_its_limits_is_named(change, field):
    with pytest.raises(IdentityError) as caught:
        identity.encode(dataclasses.replace(FULL, **change))
    assert caught.value.field == field


def test_a_credential_needs_a_secret_or_a_pair():
    bare = Identity(product_key="a1B2", device_name="dev1", client_id="c1")
    with pytest.raises(IdentityError, match="DeviceToken is missing"):
        identity.encode(bare, kind="credential")


def test_no_secret_is_shown():
    burned = dataclasses.replace(
        FULL,
        product_secret="topsecret1",
        device_secret="topsecret2",
        device_token="topsecret3",
        wifi_password="topsecret4",
        sub_products=(SubProduct("p", "topsecret5"),),
    )
    shown = repr(burned)
    assert "topsecret" not in shown
    assert shown.count("#") == 5
    with pytest.raises(IdentityError) as caught:
        identity.encode(dataclasses.replace(FULL, product_secret="topsecret with blanks"))
    assert "topsecret" not in str(caught.value)


_names = st.text("abcXYZ012-_@.:", min_size=4, max_size=32)
_secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
_words = st.text(max_size=40)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(_names, _secrets, _words, st.integers(0, 65535), st.lists(st.binary(max_size=900)))
def test_encoded_identity_is_decoded_again(name, secret, word, port, roots):
    burned = Identity(
        product_key="a1B2",
        product_secret=secret,
        device_name=name,
        wifi_ssid=word,
        host=word,
        port=port,
        ca=tuple(roots[:10]),
    )
    record = identity.encode(burned)
    assert len(record) % 16 == 0
    assert identity.decode(record).identity == burned


def test_differences_name_fields_and_no_secret():
    other = dataclasses.replace(FULL, product_secret="0ther0secret", region="cn-beijing", ca=())
    said = identity.differences(other, FULL)
    assert [sentence.split(" is ")[0] for sentence in said] == ["ProductSecret", "Region", "Ca"]
    assert said[1] == "Region is 'cn-beijing', not missing"
    assert "0ther0secret" not in "".join(said)
    assert FULL.product_secret not in "".join(said)
    assert identity.differences(FULL, FULL) == []
