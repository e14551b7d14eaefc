"""The HTTPS data channel: a token for a signature, messages up for a token; nothing comes down.

docs/reference/protocol.md, "HTTPS", "Data". The `code` is the result. Tokens
live in memory, so a restarted platform refuses old ones (20003) and devices request new ones.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiohttp import web

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.access import admission, auth, limits
from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.state.store import StoreError
from alink_sim.platform.topics import dispatch, topic_names

MAX_PAYLOAD = 128 * 1024

_VIA = "https"
_TOKENS = 16  # Of one device; an older one is not known any more.
_STRINGS = ("productKey", "deviceName", "clientId", "sign")
_TIMESTAMP = 20  # Digits.
_FRESH = 15 * 60  # Seconds that a timestamp may be off.


class HttpsCode(IntEnum):
    """The values of `code`."""

    SUCCESS = 0
    FAILED = 10000
    PARAMETER = 10001
    AUTH = 20000
    EXPIRED = 20001
    NO_TOKEN = 20002
    UNKNOWN_TOKEN = 20003
    NOT_KEPT = 20004
    NOT_PUBLISHED = 30001
    TOO_OFTEN = 40000


_MESSAGES = {
    HttpsCode.FAILED: "common error",
    HttpsCode.PARAMETER: "param error",
    HttpsCode.AUTH: "auth check error",
    HttpsCode.EXPIRED: "token is expired",
    HttpsCode.NO_TOKEN: "token is null",
    HttpsCode.UNKNOWN_TOKEN: "check token error",
    HttpsCode.NOT_KEPT: "update session error",
    HttpsCode.NOT_PUBLISHED: "publish message error",
    HttpsCode.TOO_OFTEN: "request too many",
}


class _DeclinedError(Exception):
    def __init__(self, response: HttpsCode, reason: str, code: Code | None = None) -> None:
        super().__init__(reason)
        self.response = response
        self.code = code


@dataclass(frozen=True)
class _Token:
    device: Device
    credentials: Credentials
    until: float


class HttpsChannel:
    """The two requests of the channel, and the tokens it has given out."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tokens: dict[str, _Token] = {}

    async def auth(self, request: web.Request) -> web.Response:
        """Give a token to a device that signs with its DeviceSecret."""
        return await self._answer(request, self._log_in, refused="login_refused")

    async def topic(self, request: web.Request) -> web.Response:
        """Take a message up to the topic that the path names."""
        return await self._answer(request, self._publish, refused="publish_refused")

    async def _answer(
        self,
        request: web.Request,
        act: Callable[[web.Request, list[Any]], Awaitable[dict[str, object]]],
        *,
        refused: str,
    ) -> web.Response:
        who: list[Any] = []  # The device, once it is known.
        try:
            info = await act(request, who)
        except _DeclinedError as no:
            self._note(refused, who, no.response, str(no), code=no.code)
            return self._refused(no.response)
        except Exception as error:  # noqa: BLE001 (the device is told to come again)
            # Its words may hold a row of the database: only the kind of failure is noted.
            self._note("platform_error", who, HttpsCode.FAILED, type(error).__name__)
            return self._refused(HttpsCode.FAILED)
        return _json(HttpsCode.SUCCESS, {"message": "success", "info": info})

    def _refused(self, response: HttpsCode) -> web.Response:
        status = self._core.settings.http_refused_status
        return _json(response, {"message": _MESSAGES[response]}, status=status)

    async def _log_in(self, request: web.Request, who: list[Any]) -> dict[str, object]:
        core = self._core
        body = await _object(request)
        credentials = _credentials(body)
        who.append(credentials)
        self._slow_down(credentials, "tokens", core.settings.http_tokens_a_minute, 60)
        _check_timestamp(credentials, core.clock.time())
        try:
            auth.check_signed(credentials)
            activates = core.settings.http_token_activates
            device, _ = await admission.log_in(
                core, credentials, activates=activates, over_mqtt=False
            )
        except RefusedError as refusal:
            raise _DeclinedError(HttpsCode.AUTH, refusal.reason, refusal.code) from refusal
        except StoreError as error:
            raise _DeclinedError(HttpsCode.NOT_KEPT, "the database takes nothing") from error
        if core.registry.gateway_of(device):
            raise _DeclinedError(HttpsCode.AUTH, "a sub-device speaks through its gateway only")
        token = secrets.token_hex(16)
        until = core.clock.time() + core.settings.http_token_seconds
        self._drop_tokens(device)
        self._tokens[token] = _Token(device, credentials, until)
        core.note("token_issued", credentials, via=_VIA)
        return {"token": token}

    async def _publish(self, request: web.Request, who: list[Any]) -> dict[str, object]:
        core = self._core
        token = self._token(request)
        session = Session(
            device=token.device,
            client_id=token.credentials.client_id,
            issued=None,
            send=_nowhere,
            end=_never,
        )
        who.append(session)
        self._slow_down(token.credentials, "messages", core.settings.http_messages_a_second, 1)
        if request.query_string:
            raise _DeclinedError(HttpsCode.PARAMETER, "the path has a query string")
        if request.content_type != "application/octet-stream":
            raise _DeclinedError(
                HttpsCode.PARAMETER,
                f"the Content-Type is {request.content_type}, not application/octet-stream",
            )
        payload = await request.read()
        if len(payload) > MAX_PAYLOAD:
            raise _DeclinedError(
                HttpsCode.PARAMETER, f"payload is {len(payload)} bytes; the limit is {MAX_PAYLOAD}"
            )
        topic = "/" + request.match_info["topic"]
        own = {"product_key": session.product_key, "device_name": session.device_name}
        if not topic_names.is_own(topic, **own) or {"+", "#"} & set(topic):
            response = HttpsCode(core.settings.http_foreign_topic)
            raise _DeclinedError(response, f"no right to topic {topic}")
        if reason := limits.topic_objection(core, topic):
            raise _DeclinedError(HttpsCode.NOT_PUBLISHED, reason)
        dispatch.publish(core, session, topic, payload)
        try:
            await core.commits.settled()
        except StoreError as error:
            raise _DeclinedError(HttpsCode.NOT_PUBLISHED, "the database takes nothing") from error
        return {"messageId": core.ids.long()}

    def _drop_tokens(self, device: Device) -> None:
        """Make room for a device's next token: those that expired go, and its oldest."""
        now = self._core.clock.time()
        mine = [token for token, one in self._tokens.items() if one.device is device]
        expired = [token for token in mine if self._tokens[token].until <= now]
        for token in {*expired, *mine[: max(0, len(mine) - _TOKENS + 1)]}:
            del self._tokens[token]

    def _token(self, request: web.Request) -> _Token:
        sent = request.headers.get("password", "")
        if not sent:
            raise _DeclinedError(HttpsCode.NO_TOKEN, "no header `password` with a token")
        token = self._tokens.get(sent)
        if token is None:
            raise _DeclinedError(HttpsCode.UNKNOWN_TOKEN, "no such token was given out")
        if token.until <= self._core.clock.time():
            raise _DeclinedError(HttpsCode.EXPIRED, "the token has expired")
        device = token.device
        if self._core.registry.devices.get((device.product_key, device.name)) is not device:
            raise _DeclinedError(HttpsCode.UNKNOWN_TOKEN, "the device of the token was removed")
        if not device.enabled:
            raise _DeclinedError(HttpsCode.UNKNOWN_TOKEN, "the device of the token is disabled")
        return token

    def _slow_down(self, who: Credentials, what: str, limit: int, seconds: float) -> None:
        if fault := self._core.faults.of_https(who):
            self._core.note_fault(fault, who, on=_VIA)
            raise _DeclinedError(
                HttpsCode.TOO_OFTEN, "a scripted fault throttles it", Code.TOO_OFTEN
            )
        name = "http", what, who.product_key, who.device_name
        now = self._core.clock.monotonic()
        if not self._core.rates.allow(name, limit=limit, seconds=seconds, now=now):
            raise _DeclinedError(
                HttpsCode.TOO_OFTEN, f"more than {limit} {what} in {seconds:g} s", Code.TOO_OFTEN
            )

    def _note(
        self, kind: str, who: list[Any], response: HttpsCode, reason: str, code: Code | None = None
    ) -> None:
        self._core.note(
            kind, who[0] if who else None, code=code, reason=reason, via=_VIA, answer=int(response)
        )


async def _object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise _DeclinedError(
            HttpsCode.PARAMETER,
            f"the Content-Type is {request.content_type}, not application/json",
        )
    try:
        body = bounded_json.loads(await request.read())
    except (JsonError, web.HTTPRequestEntityTooLarge) as error:
        raise _DeclinedError(HttpsCode.PARAMETER, "the body is not JSON, or too long") from error
    if not isinstance(body, dict):
        raise _DeclinedError(HttpsCode.PARAMETER, "the body is not a JSON object")
    for name in _STRINGS:
        if not isinstance(body.get(name), str) or not body[name]:
            raise _DeclinedError(HttpsCode.PARAMETER, f"{name} is missing, or no text")
    if len(body["clientId"]) > 64:
        raise _DeclinedError(HttpsCode.PARAMETER, "clientId has more than 64 characters")
    return body


def _credentials(body: dict[str, Any]) -> Credentials:
    extension = {"signmethod": str(body.get("signmethod") or "hmacmd5")}
    if "timestamp" in body:
        extension["timestamp"] = str(body["timestamp"])
    return Credentials(
        kind=Kind.LOGIN,
        product_key=body["productKey"],
        device_name=body["deviceName"],
        client_id=body["clientId"],
        extension=extension,
        password=body["sign"],
    )


def _check_timestamp(credentials: Credentials, now: float) -> None:
    sent = credentials.extension.get("timestamp")
    if sent is None:
        return
    if not sent.isdecimal() or len(sent) > _TIMESTAMP:
        raise _DeclinedError(HttpsCode.PARAMETER, "timestamp is not a number of milliseconds")
    if abs(int(sent) / 1000 - now) > _FRESH:
        raise _DeclinedError(HttpsCode.AUTH, "the timestamp is more than 15 minutes off")


def _json(response: HttpsCode, rest: dict[str, object], *, status: int = 200) -> web.Response:
    body = compact({"code": int(response), **rest})
    return web.Response(body=body, status=status, content_type="application/json")


def _nowhere(_topic: str, _payload: bytes, _qos: int, _sent: MessageProperties) -> None:
    """Deliver nothing: the channel goes up only."""


def _never(_reason: str, _why: Reason) -> None:
    """End nothing: a request is over by itself."""
