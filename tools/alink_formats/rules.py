"""The table of rules for a certificate: the form of each field, and the values that fit together.

`alink-burn plan`, the identity record, the set-up file and the simulated platform use this table.
The board has separate code, `alink.boot.identity` and `alink.boot.settings`. Tests compare
both, field by field, and all four for each combination of values (tests/formats/test_verdicts.py).
docs/reference/protocol.md, "Endpoints" and "Instances".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

REGIONS = (
    "cn-shanghai",
    "cn-beijing",
    "cn-shenzhen",
    "ap-southeast-1",
    "ap-northeast-1",
    "us-west-1",
    "us-east-1",
    "eu-central-1",
)
INSTANCE_KINDS = ("old_public", "public", "enterprise")
# The regions of each kind of instance.
INSTANCE_REGIONS: Mapping[str, tuple[str, ...]] = {
    "old_public": tuple(one for one in REGIONS if one not in ("cn-beijing", "cn-shenzhen")),
    "public": ("cn-shanghai",),
    "enterprise": REGIONS,
}
# The regions in which an enterprise instance takes devices without preregistration.
REGNWL_REGIONS = ("cn-shanghai", "cn-beijing")

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_PEM = b"-----BEGIN"


class Certificate(Protocol):
    """The fields that fit together or do not; `alink_formats.identity.Identity` has them."""

    @property
    def product_key(self) -> str:
        """The ProductKey."""

    @property
    def device_secret(self) -> str:
        """The DeviceSecret: a board that has one does not register."""

    @property
    def region(self) -> str:
        """The region, "" for cn-shanghai."""

    @property
    def instance_id(self) -> str:
        """The id of the instance, "" for the old public one."""

    @property
    def host(self) -> str:
        """The MQTT host, "" for that of the instance."""

    @property
    def https_host(self) -> str:
        """The host and port of HTTPS, "" for that of the region."""

    @property
    def ntp_host(self) -> str:
        """The hosts to ask for the time."""

    @property
    def wifi_ssid(self) -> str:
        """The name of the Wi-Fi network."""

    @property
    def wifi_password(self) -> str:
        """Its password, "" for an open network."""

    @property
    def method(self) -> str:
        """The way of registration, "" for register."""

    @property
    def ca(self) -> tuple[bytes, ...]:
        """Roots in DER."""


@dataclass(frozen=True)
class Rule:
    """The form of one field: a pattern for its whole text, most and least bytes in UTF-8."""

    pattern: re.Pattern[str]
    allowed: str
    longest: int
    shortest: int = 1

    def accepts(self, value: str) -> bool:
        """Return whether the field may have this value."""
        return len(value.encode()) <= self.longest and bool(self.pattern.fullmatch(value))


def _rule(pattern: str, allowed: str, longest: int, shortest: int = 1) -> Rule:
    return Rule(re.compile(pattern), allowed, longest, shortest)


_SECRET = _rule(r"[!-~]{1,64}", "1 to 64 printable characters", 64)

# The rule of each text field, by its name in `Identity`.
RULES: Mapping[str, Rule] = {
    "product_key": _rule(r"[A-Za-z0-9]{1,20}", "1 to 20 letters and digits", 20),
    "product_secret": _SECRET,
    "device_name": _rule(
        r"[A-Za-z0-9\-_@.:]{4,32}", "4 to 32 letters, digits and - _ @ . :", 32, 4
    ),
    "device_secret": _SECRET,
    "client_id": _SECRET,
    "device_token": _SECRET,
    "https_host": _rule(r"[A-Za-z0-9._-]{1,122}(:[0-9]{1,5})?", "host or host:port", 128),
    "sign_method": _rule(r"hmac(md5|sha1|sha256)", "hmacmd5, hmacsha1 or hmacsha256", 10),
    "method": _rule(r"register|regnwl|https", "register, regnwl or https", 8),
    "region": _rule(r"[a-z0-9]+(-[a-z0-9]+)*", "a region id, as in cn-shanghai", 32),
    "instance_id": _rule(r"[A-Za-z0-9_-]+", "1 to 64 letters, digits and - _", 64),
    "host": _rule(_HOST, "a host name without scheme and port, up to 128 characters", 128),
    "ntp_host": _rule(
        rf"{_HOST}(:{_PORT})?(,{_HOST}(:{_PORT})?)*",
        "hosts with commas between and no blanks, each with or without :port",
        256,
    ),
    "wifi_ssid": _rule(r"[^\0]+", "1 to 32 bytes", 32),
    "wifi_password": _rule(
        r"[ -~]{8,63}|[0-9A-Fa-f]{64}", "8 to 63 characters, or 64 hexadecimal digits", 64, 8
    ),
}

_CHOICES = ("method", "sign_method")  # Fields with one of a few words.


def mistake(field: str, value: str) -> str:
    """Return what is wrong with the value of a field, "" if nothing; it shows no value."""
    rule = RULES[field]
    if rule.accepts(value):
        return ""
    if field in _CHOICES:
        return f"is unknown; allowed: {rule.allowed}"
    size = len(value.encode())
    if rule.shortest <= size <= rule.longest:
        return f"has the wrong form; allowed: {rule.allowed}"
    unit = "bytes" if size != len(value) else "characters"
    return f"has {size} {unit}; allowed: {rule.allowed}"


def conflicts(
    certificate: Certificate, *, instance_kind: str = "", of_sub_devices: bool = False
) -> Iterator[str]:
    """Yield a sentence for each pair of values with which a board cannot register or log in.

    `instance_kind` is one of INSTANCE_KINDS, "" if it is not known: the instance is then taken for
    one that can do what the certificate asks for. `of_sub_devices` says that the product is known
    to be one of gateway sub-devices.
    """
    if of_sub_devices and _registers_free(certificate):
        key = certificate.product_key
        yield f"method regnwl is not for sub-devices, and {key} is a product of sub-devices"
    for check in _CHECKS:
        if sentence := check(certificate, instance_kind):
            yield sentence


def root_mistake(data: bytes) -> str:
    """Return why a board cannot use the bytes of a root certificate, "" if it can."""
    if data.lstrip().startswith(_PEM):
        return "is PEM; a board takes DER: openssl x509 -in FILE -outform DER -out FILE.der"
    from cryptography import x509  # noqa: PLC0415  slow, and most batches have no root

    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return "is not a certificate in DER"
    return ""


def _region(certificate: Certificate, _kind: str) -> str:
    region = certificate.region or REGIONS[0]
    # These hosts are named after it: MQTT's without `host`, HTTPS's without `https_host`.
    dials_https = certificate.method == "https" and not certificate.https_host
    if region in REGIONS or (_is_private(certificate.host) and not dials_https):
        return ""
    near = difflib.get_close_matches(region.lower().replace("_", "-"), REGIONS, n=1)
    known = f"did you mean {near[0]}?" if near else f"use {', '.join(REGIONS)}"
    return f"region is {region!r}: {known}"


def _instance(certificate: Certificate, kind: str) -> str:
    region = certificate.region or REGIONS[0]
    kind = kind or ("" if certificate.instance_id else INSTANCE_KINDS[0])
    if not kind or region not in REGIONS or _is_private(certificate.host):
        return ""
    if kind == INSTANCE_KINDS[0] and certificate.instance_id:
        return "instance_kind is old_public: the old public instance has no instance_id"
    if kind != INSTANCE_KINDS[0] and not certificate.instance_id:
        return f"instance_id is missing: an instance of the kind {kind} has one"
    if region not in INSTANCE_REGIONS[kind]:
        own = "" if certificate.instance_id else ": write the instance_id of yours"
        return f"region is {region}, where no {_WORDS[kind]} instance exists{own}"
    return ""


def _method(certificate: Certificate, kind: str) -> str:
    if not _registers_free(certificate):
        return ""
    region = certificate.region or REGIONS[0]
    needs = f"method regnwl needs an enterprise instance in {' or '.join(REGNWL_REGIONS)}"
    if not certificate.instance_id:
        return f"{needs}: instance_id is missing"
    if kind not in ("", "enterprise"):
        return f"{needs}: instance_kind is {kind}"
    return "" if region in REGNWL_REGIONS else f"{needs}: region is {region}"


def _registers_free(certificate: Certificate) -> bool:
    # Without preregistration, and at a host of the vendor's.
    if certificate.method != "regnwl" or certificate.device_secret:
        return False
    return not _is_private(certificate.host)


def _host(certificate: Certificate, _kind: str) -> str:
    host = certificate.host.lower()
    if not host or _is_private(host):
        return ""
    region = certificate.region or REGIONS[0]
    wanted = f"{certificate.product_key}.iot-as-mqtt.{region}.aliyuncs.com"
    if certificate.instance_id:
        wanted = f"{certificate.instance_id}.mqtt.iothub.aliyuncs.com"
    if host == wanted.lower():
        return ""
    return f"host is {certificate.host}, but this instance is reached at {wanted}"


def _wifi(certificate: Certificate, _kind: str) -> str:
    if certificate.wifi_password and not certificate.wifi_ssid:
        return "wifi_ssid is missing: a password alone joins no network"
    return ""


def _is_private(host: str) -> bool:
    # A host that is not the vendor's, as that of a simulated platform or a proxy.
    return bool(host) and not host.lower().endswith(".aliyuncs.com")


_WORDS = {"old_public": "old public", "public": "public", "enterprise": "enterprise"}
_CHECKS: tuple[Callable[[Certificate, str], str], ...] = (
    _region,
    _instance,
    _method,
    _host,
    _wifi,
)
