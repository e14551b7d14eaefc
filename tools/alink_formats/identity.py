"""The identity record (docs/explanation/identity.md): named fields in, bytes out, and back.

    magic "ALNK" | version 1 | kind | length u16 | generation u32 | fields | CRC-32 | 0xFF ...

All integers are little-endian. A field is tag u8, length u16 and value, in the order of the tags.
The record is padded to a multiple of 16 bytes, so encrypted flash takes it in one operation.
The device reads and writes the same bytes with separate code.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from alink_formats import board_names, rules

KINDS = {"certificate": 1, "credential": 2}
LIMITS = {"certificate": 12288, "credential": 4096}  # bytes of a whole record
TAGS = (
    "product_key",
    "product_secret",
    "device_name",
    "device_secret",
    "client_id",
    "device_token",
    "region",
    "instance_id",
    "host",
    "port",
    "ntp_host",
    "wifi_ssid",
    "wifi_password",
    "sign_method",
    "method",
    "ca",
    "sub_products",
    "https_host",
)
SECRETS = frozenset({"product_secret", "device_secret", "device_token", "wifi_password"})

_HEADER = struct.Struct("<4sBBHI")
_FIELD = struct.Struct("<BH")
_MAGIC = b"ALNK"
_VERSION = 1
_NAMES = {
    # Fields whose name in messages is not the capitalized one.
    "client_id": "ClientID",
    "sub_products": "SubProduct",
}
# The fields that a record refuses, as the board does. `plan` checks all fields of the rules.
_CHECKED = (
    "product_key",
    "product_secret",
    "device_name",
    "device_secret",
    "client_id",
    "device_token",
    "https_host",
    "sign_method",
    "method",
)


class IdentityError(ValueError):
    """A record or a field is wrong; `field` names the field, or is empty."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, repr=False)
class SubProduct:
    """The ProductKey and ProductSecret of a product whose devices a gateway registers."""

    product_key: str
    product_secret: str

    def __repr__(self) -> str:
        secret = fingerprint(self.product_secret)
        return f"SubProduct(product_key={self.product_key!r}, product_secret={secret})"


@dataclass(frozen=True, repr=False, kw_only=True)
class Identity:
    """The fields of a record; a missing field is empty. Its repr shows no secret."""

    product_key: str = ""
    product_secret: str = ""
    device_name: str = ""
    device_secret: str = ""
    client_id: str = ""
    device_token: str = ""
    region: str = ""
    instance_id: str = ""
    host: str = ""
    port: int = 0
    ntp_host: str = ""
    wifi_ssid: str = ""
    wifi_password: str = ""
    sign_method: str = ""
    method: str = ""
    ca: tuple[bytes, ...] = ()
    sub_products: tuple[SubProduct, ...] = ()
    https_host: str = ""

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value and field.name == "ca":
                shown.append(f"ca=<{len(value)} roots>")
            elif value:
                text = fingerprint(value) if field.name in SECRETS else repr(value)
                shown.append(f"{field.name}={text}")
        return f"Identity({', '.join(shown)})"


@dataclass(frozen=True)
class Record:
    """The content of a record: its kind ("certificate" or "credential"), generation, fields."""

    kind: str
    generation: int
    identity: Identity


def fingerprint(secret: str) -> str:
    """Return the first 8 hexadecimal digits of a secret's SHA-256, to show in its place."""
    return "#" + hashlib.sha256(secret.encode()).hexdigest()[:8]


def field_name(attribute: str) -> str:
    """Return the name of a field as the vendor spells it: product_key → ProductKey."""
    return _NAMES.get(attribute) or attribute.title().replace("_", "")


def encode(identity: Identity, *, kind: str = "certificate", generation: int = 1) -> bytes:
    """Return the record of `identity`. Raises IdentityError naming a wrong field."""
    check(identity, kind=kind)
    record = encode_fields(_values(identity), kind=KINDS[kind], generation=generation)
    if len(record) > LIMITS[kind]:
        raise IdentityError(
            f"the record is {len(record)} bytes; the limit of a {kind} is {LIMITS[kind]}: "
            "burn fewer or smaller roots (Ca)",
            field="ca",
        )
    return record


def digest(record: bytes) -> str:
    """Return the name of a record in the ledger: the start of its SHA-256."""
    return hashlib.sha256(record).hexdigest()[:16]


def differences(found: Identity, wanted: Identity) -> list[str]:
    """Return a sentence for each field that differs; secrets are shown as fingerprints."""
    return [
        f"{field_name(name)} is {_shown(name, found)}, not {_shown(name, wanted)}"
        for name in TAGS
        if getattr(found, name) != getattr(wanted, name)
    ]


def encode_fields(values: Iterable[tuple[int, bytes]], *, kind: int, generation: int) -> bytes:
    """Return the record of (tag, value) pairs without checking them."""
    body = b"".join(_FIELD.pack(tag, len(value)) + value for tag, value in values)
    if len(body) > 0xFFFF:
        raise IdentityError(f"the fields are {len(body)} bytes; the limit of a record is 65535")
    record = _HEADER.pack(_MAGIC, _VERSION, kind, len(body), generation) + body
    record += struct.pack("<I", zlib.crc32(record))
    return record + b"\xff" * (-len(record) % 16)


def decode(data: bytes) -> Record:
    """Return the record at the start of `data`. Raises IdentityError with the reason.

    Fields with an unknown tag are skipped: a later version may write them. A board that has
    scrubbed its certificate has one without a secret.
    """
    if len(data) < _HEADER.size or data[:4] != _MAGIC:
        raise IdentityError("this is not an identity record")
    _, version, number, length, generation = _HEADER.unpack_from(data)
    kind = next((name for name, value in KINDS.items() if value == number), None)
    if version != _VERSION or kind is None:
        raise IdentityError(f"the record has version {version} and kind {number}")
    end = _HEADER.size + length
    if len(data) < end + 4:
        raise IdentityError(f"the record is {end + 4} bytes, but only {len(data)} were read")
    if zlib.crc32(data[:end]) != int.from_bytes(data[end : end + 4], "little"):
        raise IdentityError("the record fails its checksum: burn it again")
    identity = _identity(_parse(data[_HEADER.size : end]))
    check(identity, kind=kind, may_be_scrubbed=True)
    return Record(kind, generation, identity)


def check(identity: Identity, *, kind: str = "certificate", may_be_scrubbed: bool = False) -> None:
    """Raise IdentityError naming the first field that is missing or outside its limits.

    With `may_be_scrubbed`, a certificate needs no secret.
    """
    missing = [name for name in ("product_key", "device_name") if not getattr(identity, name)]
    has_secret = may_be_scrubbed or identity.product_secret or identity.device_secret
    if kind == "certificate" and not has_secret:
        missing.append("product_secret")
    paired = identity.client_id and identity.device_token
    if kind == "credential" and not (identity.device_secret or paired):
        missing.append("device_token" if identity.client_id else "device_secret")
    if missing:
        raise IdentityError(f"{field_name(missing[0])} is missing", field=missing[0])
    for name, value in _checked_values(identity):
        is_pattern = name == "device_name" and kind == "certificate"
        check_field(name, _example_of(value) if is_pattern else value)
    if not 0 <= identity.port <= 0xFFFF:
        raise IdentityError(f"Port is {identity.port}; allowed range is 1 to 65535", field="port")
    if len(identity.sub_products) > 8:
        message = f"{len(identity.sub_products)} SubProducts; the limit of a gateway is 8"
        raise IdentityError(message, field="sub_products")


def check_field(name: str, value: str) -> None:
    """Raise IdentityError if the field `name` (an attribute of Identity) cannot have the value."""
    if mistake := rules.mistake(name, value):
        shown = fingerprint(value) if name in SECRETS else repr(value)
        raise IdentityError(f"{field_name(name)} {shown} {mistake}", field=name)


def _example_of(device_name: str) -> str:
    """Return a name that a board would complete as one board does, any other as it is."""
    if not board_names.is_pattern(device_name):
        return device_name
    try:
        return board_names.complete(device_name, board_names.EXAMPLE_MAC)
    except ValueError as error:
        raise IdentityError(f"DeviceName {error}", field="device_name") from error


def named_by_board(identity: Identity, mac: str) -> Identity:
    """Return a certificate as the board with a MAC of 12 hexadecimal digits completes it."""
    return replace(identity, device_name=board_names.complete(identity.device_name, mac))


def owner(identity: Identity, mac: str) -> tuple[str, str]:
    """Return the ProductKey and DeviceName of the board with this MAC that has a record."""
    return identity.product_key, board_names.complete(identity.device_name, mac)


def _shown(name: str, identity: Identity) -> str:
    value = getattr(identity, name)
    if not value:
        return "missing"
    if name == "ca":
        return " ".join("#" + hashlib.sha256(der).hexdigest()[:8] for der in value)
    return fingerprint(value) if name in SECRETS else repr(value)


def _checked_values(identity: Identity) -> Iterator[tuple[str, str]]:
    for name in _CHECKED:
        if value := getattr(identity, name):
            yield name, value
    for product in identity.sub_products:
        yield "product_key", product.product_key
        yield "product_secret", product.product_secret


def _values(identity: Identity) -> Iterator[tuple[int, bytes]]:
    for tag, name in enumerate(TAGS, 1):
        value = getattr(identity, name)
        if name == "ca":
            yield from ((tag, der) for der in value)
        elif name == "sub_products":
            for product in value:
                key = product.product_key.encode()
                yield tag, bytes((len(key),)) + key + product.product_secret.encode()
        elif name == "port" and value:
            yield tag, struct.pack("<H", value)
        elif value:
            yield tag, value.encode()


def _parse(data: bytes) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    at = 0
    while at < len(data):
        tag = data[at]
        name = TAGS[tag - 1] if 1 <= tag <= len(TAGS) else ""
        end = at + 3 + (_FIELD.unpack_from(data, at)[1] if at + 3 <= len(data) else len(data))
        if end > len(data):
            raise IdentityError(f"{field_name(name) or 'a field'} is cut short", field=name)
        if name in found and name not in ("ca", "sub_products"):
            raise IdentityError(f"{field_name(name)} appears twice", field=name)
        if name:
            found.setdefault(name, []).append(data[at + 3 : end])
        at = end
    return found


def _identity(found: dict[str, list[bytes]]) -> Identity:
    made: dict[str, object] = {}
    for name, values in found.items():
        try:
            if name == "ca":
                made[name] = tuple(values)
            elif name == "sub_products":
                made[name] = tuple(_sub_product(value) for value in values)
            elif name == "port":
                made[name] = struct.unpack("<H", values[0])[0]
            else:
                made[name] = values[0].decode()
        except (UnicodeDecodeError, struct.error, IndexError):
            raise IdentityError(f"{field_name(name)} is damaged", field=name) from None
    return Identity(**made)  # type: ignore[arg-type]


def _sub_product(value: bytes) -> SubProduct:
    end = 1 + value[0]
    return SubProduct(value[1:end].decode(), value[end:].decode())
