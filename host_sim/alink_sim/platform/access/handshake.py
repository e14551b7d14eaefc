"""The TLS of every port, and the scripted faults of its handshakes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from alink_sim.platform.core import Core
from alink_sim.platform.faults.fault import TLS, Fault


@dataclass(frozen=True)
class PortTls:
    """The TLS contexts of a port: `flawed` makes one whose certificate has a flaw."""

    context: ssl.SSLContext
    flawed: Callable[[str], ssl.SSLContext]


async def context(core: Core, tls: PortTls) -> ssl.SSLContext:
    """Return the context for a TLS handshake that begins now, later if a fault delays it.

    Raises ConnectionAbortedError where a fault cuts the connection before the handshake.
    """
    chosen = tls.context
    for fault in core.faults.of_handshake():
        core.note_fault(fault, None, on=TLS)
        if fault.flaw:
            loop = asyncio.get_running_loop()
            chosen = await loop.run_in_executor(None, tls.flawed, fault.flaw)
        else:
            await _hinder(core, fault)
    return chosen


async def _hinder(core: Core, fault: Fault) -> None:
    if fault.kind == "cut":
        raise ConnectionAbortedError(0, "cut by a scripted fault")
    loop = asyncio.get_running_loop()
    released = loop.create_future()
    if fault.kind == "delay":
        core.clock.call_later(loop, fault.seconds or 0.0, lambda: _release(released))
    await released  # A mute one waits until the listener gives up.


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
