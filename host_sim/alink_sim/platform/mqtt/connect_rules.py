"""The rules of a CONNECT before its secret is checked, and the CONNACK code of each refusal.

docs/reference/protocol.md, "MQTT profile" and "Undocumented".
"""

from __future__ import annotations

from alink_sim.platform.access import auth
from alink_sim.platform.access.auth import Credentials
from alink_sim.platform.core import Core
from alink_sim.platform.mqtt.framing import Connect
from alink_sim.platform.state.refusal import Code, RefusedError, VersionError

BAD_VERSION = 1
_MALFORMED, _REFUSED = 2, 4
_BY_SETTING = (Code.SWITCHED_OFF, Code.ACTIVATED, None)


def check(core: Core, connect: Connect, credentials: Credentials, *, secure: bool) -> None:
    """Return if a CONNECT has the documented form; `secure` is over TLS. Raises RefusedError."""
    settings = core.settings
    size = len(connect.client_id.encode())
    if size > settings.max_client_id:
        raise RefusedError(
            Code.PARAMETER, f"client id of {size} bytes; up to {settings.max_client_id} go"
        )
    if connect.has_will and not connect.will and settings.will == "refuse":
        raise RefusedError(Code.PARAMETER, "will messages are not supported")
    auth.check_form(credentials, settings, secure=secure)


def connack_code(core: Core, credentials: Credentials, refusal: RefusedError) -> int:
    """Return the CONNACK code of a refusal, as of MQTT 3.1.1."""
    if isinstance(refusal, VersionError):
        return BAD_VERSION
    if refusal.code is Code.PARAMETER:
        return _MALFORMED
    if refusal.code is Code.SIGN_METHOD:
        return core.settings.sign_method_code
    if credentials.is_registration and refusal.code in _BY_SETTING:
        return core.settings.refused_code
    return _REFUSED
