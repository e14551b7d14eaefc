"""Read what a CONNECT claims to be, and check its password.

Written from docs/reference/protocol.md, "Dynamic registration" and "Login"; agrees with the
device because both agree with tests/vectors/sign.json, not because they share code.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum

from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.settings import Settings

SIGN_METHODS = {"hmacmd5": "md5", "hmacsha1": "sha1", "hmacsha256": "sha256"}

_EXT = 20  # Digits.
_HEX = re.compile(r"[0-9a-fA-F]+")


class Kind(StrEnum):
    """The request of a CONNECT; all but `login` are values of authType."""

    REGISTER = "register"
    REGNWL = "regnwl"
    CONNWL = "connwl"
    LOGIN = "login"


_AUTH_TYPES = frozenset({Kind.REGISTER, Kind.REGNWL, Kind.CONNWL})
_SECURE_MODES = {
    Kind.REGISTER: ("2",),
    Kind.REGNWL: ("-2",),
    Kind.CONNWL: ("-2",),
    Kind.LOGIN: ("2", "3"),
}
_EITHER = ("2", "-2")


@dataclass(frozen=True)
class Credentials:
    """A CONNECT's client id, user name and password, taken apart; `check_form` finds faults.

    `client_id` is the part before the first bar, `extension` what stands between the bars.
    """

    kind: Kind
    product_key: str
    device_name: str
    client_id: str
    extension: dict[str, str]
    password: str = field(repr=False)
    host: str = ""  # The server name it dialled, as TLS tells; "" where it tells none.
    level: int = 4  # Of the MQTT protocol; 5 is MQTT 5.

    @property
    def is_registration(self) -> bool:
        """Tell whether it is signed with the ProductSecret and gets a reply pushed."""
        return self.kind in (Kind.REGISTER, Kind.REGNWL)

    @property
    def has_custom_rrpc(self) -> bool:
        """Tell whether bit 0 of `ext` announces RRPC on the device's own topics."""
        ext = self.extension.get("ext", "0")
        return ext.isdecimal() and len(ext) < _EXT and bool(int(ext) & 1)

    @property
    def has_ss(self) -> bool:
        """Tell whether `_ss=1` asks for topics without a SUBSCRIBE."""
        return self.extension.get("_ss") == "1"

    @property
    def sign_method(self) -> str:
        """Return the sign method in lower case; hmacmd5 where none is sent."""
        sent = self.extension.get("signmethod") or self.extension.get("signMethod")
        return (sent or "hmacmd5").lower()


def read(
    client_id: str, user_name: str, password: str, *, host: str = "", level: int = 4
) -> Credentials:
    """Take the three fields of a CONNECT apart, as far as they can be."""
    name, _, key = user_name.rpartition("&")
    plain, _, rest = client_id.partition("|")
    # Up to the last bar: nothing forbids one in a value.
    extension = _extension(rest.rpartition("|")[0] or rest)
    auth_type = extension.get("authType")
    return Credentials(
        kind=Kind(auth_type) if auth_type in _AUTH_TYPES else Kind.LOGIN,
        product_key=key,
        device_name=name,
        client_id=plain,
        extension=extension,
        password=password,
        host=host,
        level=level,
    )


def check_form(credentials: Credentials, settings: Settings, *, secure: bool) -> None:
    """Return if the fields have the documented form. Raises RefusedError 460 or 6292.

    `secure` tells whether the connection is TLS.
    """
    made, extension = credentials, credentials.extension
    if not made.product_key or not made.device_name:
        raise _malformed("the user name is not DeviceName&ProductKey")
    if not 1 <= len(made.client_id) <= 64:
        raise _malformed(f"{len(made.client_id)} characters before the first bar, not 1..64")
    if made.kind is Kind.LOGIN and "authType" in extension:
        raise _malformed(f"authType {extension['authType']!r} is not register, regnwl or connwl")
    _check_securemode(made, settings)
    if made.is_registration and not secure:
        raise _malformed("a registration needs TLS, the connection is plain TCP")
    if made.kind is Kind.LOGIN and extension.get("securemode") == "2" and not secure:
        raise _malformed("securemode 2 says TLS, the connection is plain TCP")
    if made.kind is Kind.CONNWL and not secure and not settings.connwl_over_tcp:
        raise _malformed("a DeviceToken needs TLS here, the connection is plain TCP")
    if made.kind is not Kind.CONNWL:
        check_signed(made)


def check_signed(credentials: Credentials) -> None:
    """Return if the signature can be checked. Raises RefusedError 460 or 6292."""
    method = credentials.sign_method
    if method not in SIGN_METHODS:
        raise RefusedError(Code.SIGN_METHOD, f"sign method {method!r} is not supported")
    if credentials.is_registration and not credentials.extension.get("random"):
        raise _malformed("a registration needs random")


def registration_is_signed(credentials: Credentials, product_secret: str) -> bool:
    """Tell whether the password is the registration's signature with the ProductSecret."""
    return _matches(credentials, product_secret, registration_content(credentials))


def login_is_signed(
    credentials: Credentials, device_secret: str, *, client_id_optional: bool
) -> bool:
    """Tell whether the password is the login's signature with the DeviceSecret.

    The timestamp is signed where it is sent, and never compared with a clock.
    """
    rest = login_content(credentials)
    if _matches(credentials, device_secret, f"clientId{credentials.client_id}{rest}"):
        return True
    return client_id_optional and _matches(credentials, device_secret, rest)


def token_matches(credentials: Credentials, token: str) -> bool:
    """Tell whether the password is the DeviceToken, as it is."""
    return hmac.compare_digest(credentials.password.encode(), token.encode())


def registration_content(credentials: Credentials) -> str:
    """Return what a registration signs."""
    return (
        f"deviceName{credentials.device_name}productKey{credentials.product_key}"
        f"random{credentials.extension.get('random', '')}"
    )


def login_content(credentials: Credentials) -> str:
    """Return what a login signs after its client id."""
    content = f"deviceName{credentials.device_name}productKey{credentials.product_key}"
    if "timestamp" in credentials.extension:
        content += f"timestamp{credentials.extension['timestamp']}"
    return content


def signature(sign_method: str, key: str, content: str) -> str:
    """Return HMAC(key, content) in lower-case hex, for a method of SIGN_METHODS."""
    return hmac.digest(key.encode(), content.encode(), SIGN_METHODS[sign_method]).hex()


def _check_securemode(made: Credentials, settings: Settings) -> None:
    modes = _SECURE_MODES[made.kind]
    if made.is_registration:
        if settings.registration_securemode == "either":
            modes = _EITHER
    elif settings.other_securemode == "ignore":
        return
    sent = made.extension.get("securemode", "missing")
    if sent not in modes:
        raise _malformed(f"securemode is {sent}; {made.kind} takes {' or '.join(modes)}")


def _matches(credentials: Credentials, key: str, content: str) -> bool:
    if not _HEX.fullmatch(credentials.password):
        return False
    expected = signature(credentials.sign_method, key, content)
    return hmac.compare_digest(credentials.password.lower(), expected)


def _extension(text: str) -> dict[str, str]:
    # Real clients put line breaks, blanks and trailing commas in here, in any order.
    extension = {}
    for item in text.split(","):
        name, equals, value = item.partition("=")
        if equals and name.strip():
            extension[name.strip()] = value.strip()
    return extension


def _malformed(reason: str) -> RefusedError:
    return RefusedError(Code.PARAMETER, reason)
