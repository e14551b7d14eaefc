"""RRPC: requests of the cloud with an immediate reply (docs/reference/protocol.md, "TSL").

A request goes out on `/sys/PK/DN/rrpc/request/MESSAGE` and its reply on `.../response/MESSAGE`,
or goes out on `/ext/rrpc/MESSAGE` + a topic and its reply on that same topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.sessions import Session

TIMEOUT_MS = range(1000, 8001)


class RrpcCode(StrEnum):
    """The result of an RRPC, in the cloud API's words."""

    SUCCESS = "SUCCESS"
    TIMEOUT = "TIMEOUT"
    OFFLINE = "OFFLINE"
    HALF_CONNECTED = "HALFCONN"


@dataclass(frozen=True)
class Rrpc:
    """An RRPC that has ended; `payload` is the reply, if one came."""

    code: RrpcCode
    message_id: str
    payload: bytes = b""


async def ask(
    core: Core, device: Device, payload: bytes, *, topic: str = "", timeout_ms: int = 5000
) -> Rrpc:
    """Send a request on the RRPC topic or on a custom topic, and wait for the reply.

    A custom topic reaches a session that logged in with `ext=1` only. Raises ValueError for a
    timeout outside 1000..8000 ms.
    """
    return await _ask(core, device, payload, lambda _: topic, timeout_ms)


async def call(
    core: Core, device: Device, service: str, inputs: Any, *, timeout_ms: int = 5000
) -> Rrpc:
    """Call a synchronous service and wait for its reply; raises as `ask` does.

    A product with a script exchanges its own bytes; then ScriptError is raised too.
    """
    script = core.scripts.get(device.product_key)
    what = "model/down_raw" if script else f"service/{service}"
    topic = f"/sys/{device.product_key}/{device.name}/thing/{what}"
    body = {
        "method": f"thing.service.{service}",
        "id": str(core.ids.long()),
        "params": inputs,
        "version": "1.0.0",
    }
    payload = script.write(compact(body)) if script else compact(body)
    got = await _ask(
        core, device, payload, lambda one: topic if one.custom_rrpc else "", timeout_ms
    )
    if script and got.payload:
        return replace(got, payload=compact(script.read(got.payload)))
    return got


async def _ask(
    core: Core,
    device: Device,
    payload: bytes,
    topic_in: Callable[[Session], str],
    timeout_ms: int,
) -> Rrpc:
    if timeout_ms not in TIMEOUT_MS:
        raise ValueError(f"an RRPC waits 1000..8000 ms, not {timeout_ms}")
    number = str(core.ids.long())
    sessions = core.sessions.of(device)
    if not sessions:
        return Rrpc(RrpcCode.OFFLINE, number)
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[bytes | None] = loop.create_future()
    timer = core.clock.call_later(loop, timeout_ms / 1000, lambda: _give_up(reply))
    for session in sessions:
        request, response = _topics(session, number, topic_in(session))
        session.waiting[response] = reply
        _send(core, session, request, payload)
    try:
        payload_back = await reply
    except TimeoutError:
        return Rrpc(RrpcCode.TIMEOUT, number)
    finally:
        timer.cancel()
        for session in sessions:
            session.waiting = {k: v for k, v in session.waiting.items() if v is not reply}
    if payload_back is None:
        return Rrpc(RrpcCode.HALF_CONNECTED, number)
    return Rrpc(RrpcCode.SUCCESS, number, payload_back)


def _send(core: Core, session: Session, request: str, payload: bytes) -> None:
    reason = ""
    if request.startswith("/ext/") and not session.custom_rrpc:
        reason = "it logged in without ext=1"
    elif not session.deliver(request, payload, qos=0):
        reason = "it has not subscribed to the topic"
    core.note("not_sent" if reason else "sent", session, topic=request, reason=reason)


def _topics(session: Session, number: str, topic: str) -> tuple[str, str]:
    if topic:
        both = f"/ext/rrpc/{number}{topic}"
        return both, both
    base = f"/sys/{session.product_key}/{session.device_name}/rrpc"
    return f"{base}/request/{number}", f"{base}/response/{number}"


def _give_up(reply: asyncio.Future[bytes | None]) -> None:
    if not reply.done():
        reply.set_exception(TimeoutError())
