"""The table of rules beside the board's own checks, and values that do not fit together."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alink_formats import rules
from alink_formats.identity import Identity
from tests.firmware import certificates, upy_program

# The board has the same rule for these; for the others the table may be stricter.
SAME = {
    "product_key",
    "product_secret",
    "device_name",
    "device_secret",
    "client_id",
    "device_token",
    "instance_id",
    "method",
    "sign_method",
}
LOOSE = {"region", "host", "https_host", "ntp_host"}
NOT_CHECKED = {"wifi_ssid", "wifi_password"}  # The board's driver takes any text.

TRICKY = (
    "", "a", "abcd", "cn_shanghai", "cn-shanghai", "cn shanghai", "CN-SHANGHAI", "mars",
    "https://a.example", "a.example:8883", "a.example", ".a", "a..b", "a.example:", "a:123",
    "ntp.example:99999", "ntp.example:x", "a,b", "a, b", "a,", "register", "regnwl", "https",
    "hmacsha256", "hmacsha512", "iot-060a0001", "iot 060a", "é", "x" * 32, "x" * 33, "x" * 65,
    "x" * 129,
)  # fmt: skip
TEXT = st.text(st.sampled_from("abzAZ019-_.:@,=/ \tü\0"), max_size=70) | st.sampled_from(TRICKY)
PAIRS = st.one_of(
    *(
        st.tuples(st.just(field), TEXT | st.from_regex(rules.RULES[field].pattern, fullmatch=True))
        for field in sorted(SAME | LOOSE)
    )
)


def judged(pairs: list[tuple[str, str]]) -> list[bool]:
    """Return which of the pairs of field and value the board takes."""
    found: list[bool] = upy_program.result("judge.py", pairs)
    return found


def differences(pairs: list[tuple[str, str]]) -> list[str]:
    wrong = []
    for (field, value), is_taken in zip(pairs, judged(pairs), strict=True):
        is_allowed = rules.RULES[field].accepts(value)
        if is_allowed and not is_taken:
            wrong.append(f"{field} {value!r}: the board refuses it, the table does not")
        if is_taken and not is_allowed and value and field in SAME:
            wrong.append(f"{field} {value!r}: the table refuses it, the board does not")
    return wrong


def test_every_field_is_compared():
    assert rules.RULES.keys() == SAME | LOOSE | NOT_CHECKED


def test_table_and_board_agree_on_tricky_values():
    assert differences([(field, text) for field in SAME | LOOSE for text in TRICKY]) == []


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.generate,),  # A shrink would start thousands of interpreters.
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(PAIRS, min_size=40, max_size=80))
def test_table_and_board_agree_on_generated_values(pairs):
    assert differences(pairs) == []


def test_roots_that_the_board_takes_pass():
    der = certificates.authority("Test Root").der
    pem = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    values = [der, pem, b"no root", der[:-7]]
    seen = judged([("ca", value.hex()) for value in values])
    assert seen == [not rules.root_mistake(value) for value in values]
    assert seen == [True, False, False, False]
    assert "openssl x509" in rules.root_mistake(pem)


@pytest.mark.parametrize(
    ("field", "value", "is_allowed"),
    [
        ("wifi_ssid", "x" * 32, True),
        ("wifi_ssid", "ü" * 17, False),  # 34 bytes.
        ("wifi_password", "12345", False),
        ("wifi_password", "12345678", True),
        ("wifi_password", "f" * 64, True),
        ("wifi_password", "g" * 64, False),
        ("host", "https://a.example", False),
        ("host", "a.example:8883", False),
        ("region", "cn_shanghai", False),
        ("region", "cn-shanghai ", False),
        ("instance_id", "iot 060a", False),
        ("ntp_host", "ntp.example:123,ntp.example", True),
        ("ntp_host", "ntp.example:123x", False),
        ("ntp_host", "a, b", False),
    ],
)  # fmt: skip
def test_form_of_a_field(field, value, is_allowed):
    assert (rules.mistake(field, value) == "") is is_allowed


ENTERPRISE = {"instance_id": "iot-060a0001", "instance_kind": "enterprise"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, ""),
        ({"region": "mars"}, "region is 'mars': use cn-shanghai, "),
        ({"region": "mars", "method": "https"}, "region is 'mars'"),
        ({"region": "cn-shangai"}, "did you mean cn-shanghai?"),
        ({"region": "mars", "host": "mqtt.example"}, ""),
        ({"region": "mars", "host": "mqtt.example", "method": "https"}, "region is 'mars'"),
        ({"region": "cn-beijing"}, "no old public instance exists: write the instance_id"),
        ({"region": "cn-beijing"} | ENTERPRISE, ""),
        ({"region": "eu-central-1", "method": "https"}, ""),
        ({"method": "regnwl"}, "instance_id is missing"),
        ({"method": "regnwl", "device_secret": "own"}, ""),
        ({"method": "regnwl", "instance_id": "iot-060a0001"}, ""),
        ({"method": "regnwl"} | ENTERPRISE, ""),
        ({"method": "regnwl", "region": "eu-central-1"} | ENTERPRISE, "region is eu-central-1"),
        (
            {"method": "regnwl", "instance_id": "iot-1", "instance_kind": "public"},
            "instance_kind is public",
        ),
        ({"region": "us-east-1", "instance_id": "iot-1", "instance_kind": "public"}, "no public"),
        ({"instance_id": "iot-1", "instance_kind": "old_public"}, "has no instance_id"),
        ({"instance_kind": "enterprise"}, "instance_id is missing"),
        ({"host": "iot-1.mqtt.iothub.aliyuncs.com", "instance_id": "iot-1"}, ""),
        (
            {"host": "iot-2.mqtt.iothub.aliyuncs.com", "instance_id": "iot-1"},
            "reached at iot-1",
        ),
        ({"host": "a1.iot-as-mqtt.cn-shanghai.aliyuncs.com"}, ""),
        ({"host": "a1.iot-as-mqtt.us-east-1.aliyuncs.com"}, "is reached at a1.iot-as-mqtt.cn-sh"),
        ({"wifi_password": "12345678"}, "wifi_ssid is missing"),
    ],
)
def test_values_that_do_not_fit_together(values, says):
    kind = values.pop("instance_kind", "") if (values := dict(values)) else ""
    certificate = Identity(**{"product_key": "a1", **values})
    found = list(rules.conflicts(certificate, instance_kind=kind))
    assert len(found) == (1 if says else 0), found
    assert says in "".join(found)


def test_unknown_word_is_called_unknown() -> None:
    assert rules.mistake("method", "foo") == "is unknown; allowed: register, regnwl or https"
    assert rules.mistake("region", "cn_x").startswith("has the wrong form; allowed: a region id")
    assert rules.mistake("device_name", "abc").startswith("has 3 characters; allowed: 4 to 32 ")
