"""The RPC endpoint: a signed request in, the response of its action out.

docs/reference/protocol.md, "Cloud API". HTTP and HTTPS on one port.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.https.http_server import HttpServer
from alink_sim.platform.openapi import batches, signature
from alink_sim.platform.openapi.actions import ACTIONS, VERSION
from alink_sim.platform.openapi.call import ApiAction, Call
from alink_sim.platform.openapi.errors import ApiError, GatewayError
from alink_sim.platform.openapi.gate import Gate
from alink_sim.platform.openapi.rendering import response
from alink_sim.platform.openapi.signature import Received
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.topics import topic_names

_FORM = "application/x-www-form-urlencoded"
_MAX_BODY = 16 << 20  # 10 000 names with nicknames, each character escaped.
_MAX_LINE = 256 << 10  # A message of 64 KB travels in the query.
_MAX_FIELDS = 50_000


class OpenApi:
    """Acknowledgments calls of the cloud API."""

    def __init__(self, core: Core) -> None:
        self.gate = Gate(core)
        self._core = core

    def server(self, *, tls: PortTls) -> HttpServer:
        """Return what serves it."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._respond)
        return HttpServer(self._core, app, tls=tls, tls_only=False, max_line_size=_MAX_LINE)

    def resume(self) -> None:
        """Go on with the batches acknowledged before the platform ended."""
        for application in self._core.registry.applications.values():
            batches.go_on(self._core, application)

    async def _respond(self, request: web.Request) -> web.Response:
        number = str(uuid.uuid4()).upper()
        told = _Told()
        try:
            received = await _received(request)
            told.parameters = {**received.query, **received.form}
            told.as_json = _wants_json(received, told.parameters)
            body = await self._carry_out(received, told)
        except GatewayError as error:
            self._note("api_refused", told, f"{error.code}: {error.reason}")
            document = {
                "RequestId": number,
                "Message": error.message,
                "Recommend": "https://api.aliyun.com/troubleshoot"
                f"?q={error.code}&product=Iot&requestId={number}",
                "HostId": request.host,
                "Code": error.code,
            }
            return response("Error", document, status=error.status, as_json=told.as_json)
        document = {"RequestId": number, **body}
        return response(f"{told.action}Response", document, status=200, as_json=told.as_json)

    async def _carry_out(self, received: Received, told: _Told) -> dict[str, Any]:
        told.action, version = signature.wanted(received)
        action = _known(received, told.action, version)
        claim = signature.claim(received)
        told.access_key_id = claim.access_key_id
        told.about = self._about(told.parameters)
        self.gate.check(claim)
        self.gate.check_rate(told.action, action.per_second)
        call = Call(self._core, self.gate, told.action, told.parameters)
        for name in action.needs:
            call.needed(name)
        try:
            response = await action.run(call)
            # All that the response says, a secret above all, is durable by then.
            await self._core.commits.settled()
        except GatewayError:
            raise
        except ApiError as error:
            self._note("api_refused", told, f"{error.code}: {error.message}")
            return _failed(error)
        except Exception as error:  # noqa: BLE001 (the caller is told to come again)
            # Its words may hold a row of the database: only the kind of failure is noted.
            self._note("platform_error", told, type(error).__name__)
            return _failed(ApiError("iot.system.SystemException"))
        self._note("api_called", told, "")
        return {"Success": True, "Code": "", **response}

    def _about(self, parameters: dict[str, str]) -> tuple[str, str]:
        """Return the ProductKey and DeviceName that a call names, "" where it names none."""
        if device := self._core.registry.device_of(parameters.get("IotId", "")):
            return device.product_key, device.name
        named = parameters.get("ProductKey", ""), parameters.get("DeviceName", "")
        topic = topic_names.names(parameters.get("TopicFullName", ""))
        return topic if topic[0] and topic[0] == named[0] else named

    def _note(self, kind: str, told: _Told, reason: str) -> None:
        product_key, device_name = told.about
        self._core.log.add(
            Event(
                time=self._core.clock.time(),
                kind=kind,
                product_key=product_key,
                device_name=device_name,
                reason=reason,
                detail={"action": told.action, "access_key_id": told.access_key_id},
            )
        )


@dataclass
class _Told:
    """The facts about a request so far; `about` is a ProductKey and a DeviceName."""

    parameters: dict[str, str] = field(default_factory=dict)
    as_json: bool = True
    action: str = ""
    access_key_id: str = ""
    about: tuple[str, str] = ("", "")


def _known(received: Received, action: str, version: str) -> ApiAction:
    if received.method not in ("GET", "POST"):
        raise GatewayError(405, "UnsupportedHTTPMethod", "This http method is not supported.")
    if received.path != "/" or action not in ACTIONS:
        raise GatewayError(
            404,
            "InvalidAction.NotFound",
            "Specified api is not found, please check your url and method.",
            reason=f"there is no action {action!r} here",
        )
    if version != VERSION:
        raise GatewayError(
            400,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
            reason=f"the version is {version!r}, not {VERSION}",
        )
    return ACTIONS[action]


def _failed(error: ApiError) -> dict[str, Any]:
    return {"Success": False, "Code": error.code, "ErrorMessage": error.message, **error.response}


async def _received(request: web.Request) -> Received:
    try:
        body = await request.read()
        "".join(request.headers.values()).encode()  # Raises ValueError: it was not UTF-8.
        is_form = request.content_type == _FORM
        return Received(
            method=request.method,
            path=request.rel_url.raw_path,
            query=_pairs(request.rel_url.raw_query_string),
            form=_pairs(body.decode()) if is_form else {},
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
    except (ValueError, web.HTTPRequestEntityTooLarge) as error:
        raise GatewayError(
            400, "InvalidParameter", "The request is not a UTF-8 form, or too long."
        ) from error


def _pairs(text: str) -> dict[str, str]:
    return dict(
        parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    )


def _wants_json(received: Received, parameters: dict[str, str]) -> bool:
    if wanted := parameters.get("Format"):
        return wanted.lower() == "json"
    return "application/json" in received.headers.get("accept", "")
