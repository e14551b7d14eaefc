"""certificate.py and identity.take_settings: limits, choices, messages that name the field."""

from alink.boot import board_name, identity
from alink.errors import StoreError
from check import raises

GOOD = {
    "ProductKey": b"a1B2c3D4e5F",
    "ProductSecret": b"Pr0dSecretAbCdEf",
    "DeviceName": b"esp32-240AC4A1B2C3",
}


def _with(**fields):
    made = dict(GOOD)
    made.update(fields)
    return made


def _refusal(fields):
    return str(raises(StoreError, identity.check_record, fields, "ProductSecret"))


def test_a_good_certificate_passes():
    identity.check_record(GOOD, "ProductSecret")
    identity.check_record(_with(DeviceName=b"a-_@.:", Region=b"cn-shanghai"), "ProductSecret")


def test_a_missing_field_is_named():
    for name in GOOD:
        fields = dict(GOOD)
        del fields[name]
        assert _refusal(fields).startswith(name + " is missing"), name


def test_a_device_secret_replaces_the_product_secret():
    fields = dict(GOOD)
    del fields["ProductSecret"]
    fields["DeviceSecret"] = b"0123456789abcdef0123456789abcdef"
    identity.check_record(fields, "ProductSecret")


def test_length_error_names_the_allowed_range():
    assert _refusal(_with(DeviceName=b"abc")) == "DeviceName has 3 bytes, allowed are 4..32"
    assert _refusal(_with(DeviceName=b"a" * 33)) == "DeviceName has 33 bytes, allowed are 4..32"
    assert _refusal(_with(ProductKey=b"a" * 21)) == "ProductKey has 21 bytes, allowed are 1..20"


def test_forbidden_byte_is_named_with_its_position():
    assert _refusal(_with(DeviceName=b"esp 32")) == "DeviceName: byte 0x20 at 3 is not allowed"
    assert "ProductSecret: byte 0xff at 2" in _refusal(_with(ProductSecret=b"ab\xffd"))


def test_no_message_holds_the_secret():
    assert b"Sup3rS3cret".decode() not in _refusal(_with(ProductSecret=b"Sup3rS3cret\x00"))


def test_method_and_sign_method_are_choices():
    assert "Method must be one of" in _refusal(_with(Method=b"whatever"))
    assert "SignMethod must be one of" in _refusal(_with(SignMethod=b"hmacsha512"))


def test_settings_become_fields_and_leave_the_others():
    import fakes

    fakes.Board()
    settings = {"region": "cn-beijing", "port": 443, "ca": b"\x30", "keepalive": 60}
    fields = identity.take(settings)
    assert settings == {"keepalive": 60}
    assert fields == {"Region": b"cn-beijing", "Port": b"\xbb\x01", "Ca": [b"\x30"]}
    raises(StoreError, identity.take, {"method": "none"})


def test_board_completes_its_name_with_its_digits():
    for name, made in (
        (b"{mac}", b"a0b765123456"),
        (b"{uid}", b"a0b765123456"),
        (b"lamp-{mac:6}", b"lamp-123456"),
        (b"{mac:4}@{uid:12}", b"3456@a0b765123456"),
    ):
        assert board_name.whole(name) == made, name
    fields = identity.take({"device_name": "lamp-{mac:6}"})
    assert fields == {"DeviceName": b"lamp-123456"}


def test_board_refuses_other_braces_in_its_name():
    for name in (b"{sn}", b"{mac", b"{mac:0}", b"{mac:13}", b"{mac:6:1}", b"{}", b"{mac}}"):
        assert "{mac:1} to {mac:12}" in str(raises(StoreError, board_name.whole, name)), name
    for name in ("mac}", "{mac:3}"):
        raises(StoreError, identity.take, {"device_name": name})
