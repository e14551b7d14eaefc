"""Dynamic registration over HTTPS: a form in, JSON out; pre-registered devices only.

docs/reference/protocol.md, "HTTPS". Asks `admission` what MQTT asks it. The HTTP status is 200,
unless a setting says otherwise: real clients look at the `code` in the body.
"""

from __future__ import annotations

from aiohttp import web

from alink_sim.platform.access import admission, auth
from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.core import Core
from alink_sim.platform.https import forms
from alink_sim.platform.state.packet_trace import ConnectionTrace
from alink_sim.platform.state.refusal import Code, RefusedError

_FIELDS = ("productKey", "deviceName", "random", "sign", "signMethod")
_FAILED = 500
_VIA = "https"
_MESSAGES = {
    Code.TOO_OFTEN: "too many requests",
    Code.PARAMETER: "request parameter error",
    Code.NO_DEVICE: "device not found",
    Code.DISABLED: "device is disabled",
    Code.NO_PRODUCT: "product not found",
    Code.SWITCHED_OFF: "dynamic registration is not enabled",
    Code.ACTIVATED: "device is already activated",
    Code.SIGN_METHOD: "sign method is not supported",
    Code.SIGNATURE: "signature check failed",
}


async def register(core: Core, request: web.Request) -> web.Response:
    """Return the response to a registration; its secret is at rest by then."""
    trace = core.trace.connection(secure=True, via=_VIA)
    response = await _answer(core, request, trace)
    if trace:
        trace.down(bytes(response.body or b""))  # type: ignore[arg-type]
        trace.end("")
    return response


async def _answer(core: Core, request: web.Request, trace: ConnectionTrace | None) -> web.Response:
    credentials = None
    try:
        fields = await forms.fields(request)
        credentials = _credentials(fields)
        if trace:
            trace.name(credentials, kind=credentials.kind)
            trace.up(0, await request.read())
        _check(core, fields, credentials)
        made = await admission.register(core, credentials)
    except RefusedError as refusal:
        code = refusal.code or Code.PARAMETER
        core.note("registration_refused", credentials, code=code, reason=refusal.reason, via=_VIA)
        settings = core.settings
        wire = settings.https_unknown_device if code is Code.NO_DEVICE else int(code)
        response = {"message": _MESSAGES[code]}
        return forms.response(wire, response, status=settings.https_refused_status)
    except Exception as error:  # noqa: BLE001 (the device is told to come again, whatever it was)
        # Its words may hold a row of the database: only the kind of failure is noted.
        core.note("platform_error", credentials, reason=type(error).__name__, via=_VIA)
        return forms.response(_FAILED, {"message": "system error"})
    core.note("registered", credentials, method=credentials.kind.value, via=_VIA)
    return forms.response(200, {"data": dict(made), "message": "success"})


def _check(core: Core, fields: dict[str, str], credentials: Credentials) -> None:
    for name in _FIELDS:
        if not fields.get(name):
            raise forms.malformed(f"{name} is missing")
    auth.check_signed(credentials)
    if fault := core.faults.of_https(credentials):
        core.note_fault(fault, credentials, on=_VIA)
        raise RefusedError(Code.TOO_OFTEN, "a scripted fault throttles it")
    if core.settings.rates != "documented":
        return
    limit = core.settings.https_registrations_a_minute
    identity = _VIA, credentials.product_key, credentials.device_name
    if not core.rates.allow(identity, limit=limit, seconds=60, now=core.clock.monotonic()):
        raise RefusedError(Code.TOO_OFTEN, f"more than {limit} registrations in a minute")


def _credentials(fields: dict[str, str]) -> Credentials:
    return Credentials(
        kind=Kind.REGISTER,
        product_key=fields.get("productKey", ""),
        device_name=fields.get("deviceName", ""),
        client_id="",
        extension={
            "random": fields.get("random", ""),
            "signmethod": fields.get("signMethod", ""),
        },
        password=fields.get("sign", ""),
    )
