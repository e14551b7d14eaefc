"""Who a CONNECT says it is, and whether its password proves it.

Written from docs/protocol.md, sections "Dynamic registration" and "Login"; agrees with the
device because both agree with tests/vectors/sign.json, not because they share code.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum

_HASHES = {"hmacmd5": hashlib.md5, "hmacsha1": hashlib.sha1, "hmacsha256": hashlib.sha256}
_HEX = re.compile(r"[0-9a-fA-F]+")


class MalformedError(ValueError):
    """The three CONNECT fields are not of the documented form; the text says which and how."""


class UnsupportedSignMethodError(MalformedError):
    """The sign method is none of those documented (6292)."""


class Kind(StrEnum):
    """What a CONNECT asks for."""

    REGISTER = "register"
    REGNWL = "regnwl"
    CONNWL = "connwl"
    LOGIN = "login"


@dataclass(frozen=True)
class Credentials:
    """A CONNECT's client id, user name and password, taken apart."""

    kind: Kind
    product_key: str
    device_name: str
    client_id: str
    extension: dict[str, str]
    password: str = field(repr=False)

    @property
    def is_registration(self) -> bool:
        """Tell whether it is signed with the ProductSecret and gets an answer pushed."""
        return self.kind in (Kind.REGISTER, Kind.REGNWL)

    @property
    def secure_mode(self) -> str:
        """Return `securemode` as sent: "2" TLS, "3" TCP, "-2"."""
        return self.extension["securemode"]

    @property
    def sign_method(self) -> str:
        """Return the sign method in lower case; hmacmd5 where none is sent."""
        for name in ("signmethod", "signMethod"):
            if name in self.extension:
                return self.extension[name].lower()
        return "hmacmd5"


def parse(client_id: str, user_name: str, password: str) -> Credentials:
    """Take the three fields of a CONNECT apart. Raises MalformedError."""
    name, bar, key = user_name.rpartition("&")
    if not bar or not name or not key:
        raise MalformedError("the user name is not DeviceName&ProductKey")
    plain, bar, rest = client_id.partition("|")
    extension = _extension(rest.rpartition("|")[0] or rest)
    if "securemode" not in extension:
        raise MalformedError("the client id has no securemode between its bars")
    if extension["securemode"] not in ("2", "3", "-2"):
        raise MalformedError(f"securemode is {extension['securemode']!r}, not 2, 3 or -2")
    if not 1 <= len(plain) <= 64:
        raise MalformedError(
            f"the client id before its bar has {len(plain)} characters, not 1..64"
        )
    made = Credentials(
        kind=_kind(extension),
        product_key=key,
        device_name=name,
        client_id=plain,
        extension=extension,
        password=password,
    )
    if made.kind is not Kind.CONNWL and made.sign_method not in _HASHES:
        raise UnsupportedSignMethodError(f"sign method {made.sign_method!r} is not supported")
    if made.is_registration and not extension.get("random"):
        raise MalformedError("a registration needs random")
    if made.is_registration and made.secure_mode == "3":
        raise MalformedError("a registration needs securemode 2 or -2")
    return made


def registration_is_signed(credentials: Credentials, product_secret: str) -> bool:
    """Tell whether the password is the registration's signature with the ProductSecret."""
    content = (
        f"deviceName{credentials.device_name}productKey{credentials.product_key}"
        f"random{credentials.extension['random']}"
    )
    return _matches(credentials, product_secret, content)


def login_is_signed(
    credentials: Credentials, device_secret: str, *, client_id_optional: bool
) -> bool:
    """Tell whether the password is the login's signature with the DeviceSecret.

    The timestamp is signed where it is sent, and never compared with a clock.
    """
    content = f"deviceName{credentials.device_name}productKey{credentials.product_key}"
    if "timestamp" in credentials.extension:
        content += f"timestamp{credentials.extension['timestamp']}"
    if _matches(credentials, device_secret, f"clientId{credentials.client_id}{content}"):
        return True
    return client_id_optional and _matches(credentials, device_secret, content)


def token_matches(credentials: Credentials, token: str) -> bool:
    """Tell whether the password is the DeviceToken, as it is."""
    return hmac.compare_digest(credentials.password.encode(), token.encode())


def signature(sign_method: str, key: str, content: str) -> str:
    """Return HMAC(key, content) in lower-case hex."""
    return hmac.new(key.encode(), content.encode(), _HASHES[sign_method.lower()]).hexdigest()


def _matches(credentials: Credentials, key: str, content: str) -> bool:
    if not _HEX.fullmatch(credentials.password):
        return False
    expected = signature(credentials.sign_method, key, content)
    return hmac.compare_digest(credentials.password.lower().encode(), expected.encode())


def _extension(text: str) -> dict[str, str]:
    # Real clients put line breaks, blanks and trailing commas in here, in any order.
    extension = {}
    for item in text.split(","):
        name, equals, value = item.partition("=")
        if equals and name.strip():
            extension[name.strip()] = value.strip()
    return extension


def _kind(extension: dict[str, str]) -> Kind:
    auth_type = extension.get("authType")
    if auth_type is None:
        return Kind.LOGIN
    if auth_type not in (Kind.REGISTER, Kind.REGNWL, Kind.CONNWL):
        raise MalformedError(f"authType is {auth_type!r}, not register, regnwl or connwl")
    return Kind(auth_type)
