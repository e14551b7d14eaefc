"""The faults that a test or a scenario file has scripted, and which connection meets which."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alink_sim.platform.access.auth import Credentials
from alink_sim.platform.faults import file
from alink_sim.platform.faults.fault import FILE, TLS, Fault
from alink_sim.platform.faults.scripted import Scripted
from alink_sim.platform.mqtt.faulty_connection import FaultyLine

if TYPE_CHECKING:
    from alink_sim.platform.core import Core


class Faults:
    """Scripted faults. Any thread may add and clear; the rest is the platform's loop's."""

    def __init__(self) -> None:
        self._scripted: tuple[Scripted, ...] = ()
        self._lock = threading.Lock()
        self._flawed: Callable[[str], ssl.SSLContext] | None = None

    def use(self, flawed: Callable[[str], ssl.SSLContext]) -> None:
        """Take what makes a TLS context whose certificate has a flaw."""
        self._flawed = flawed

    def add(
        self,
        fault: Fault,
        *,
        product: str | None = None,
        device: str | None = None,
        connection: int | None = None,
        times: int | None = None,
    ) -> None:
        """Let a fault strike from now on: whom is named, everybody and always if nothing is.

        `product` is a ProductKey, `device` a DeviceName. `connection` is the n-th CONNECT of these
        from now on (of a fault with "tls": the n-th TLS connection), a registration and the login
        behind it being two. `times` is how often it strikes at all. Raises FaultError.
        """
        self.add_all([Scripted(fault, product, device, connection, times)])

    def load(self, path: Path) -> None:
        """Add what a scenario file declares; all of it or, with a FaultError, nothing."""
        self.add_all(file.read(path))

    def add_all(self, scripted: Iterable[Scripted]) -> None:
        """Add faults with their targets, as a scenario file has them."""
        with self._lock:
            self._scripted = (*self._scripted, *scripted)

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults that may still strike, with whom they strike."""
        return [
            {
                "fault": str(one.fault),
                **{name: getattr(one, name) for name in file.SELECTORS},
            }
            for one in self._scripted
            if not one.is_over
        ]

    def throttles(self, core: Core, credentials: Credentials) -> bool:
        """Tell whether an HTTPS request of a device is to be answered that it is too often."""
        for one in self._scripted:
            if one.fault.kind == "throttle" and one.meets(credentials) and one.strike():
                core.note(
                    "fault", credentials, reason=str(one.fault), fault="throttle", on="https"
                )
                return True
        return False

    def of_file(self, core: Core, credentials: Credentials | None) -> Fault | None:
        """Return what strikes a file that a device is about to be sent, if anything does."""
        for one in self._scripted:
            if one.fault.packet == FILE and one.meets(credentials) and one.strike():
                fault = one.fault
                core.note("fault", credentials, reason=str(fault), fault=fault.kind, on=FILE)
                return fault
        return None

    def clear(self) -> None:
        """End all faults, on open connections too."""
        with self._lock:
            for one in self._scripted:
                one.is_over = True
            self._scripted = ()

    async def shake_hands(self, core: Core, tls: ssl.SSLContext) -> ssl.SSLContext:
        """Return what a TLS handshake that begins now is to be done with.

        Raises ConnectionAbortedError where it is not to begin.
        """
        for one in self._scripted:
            if one.fault.packet == TLS and one.meets(None) and one.strike():
                core.note("fault", reason=str(one.fault), fault=one.fault.kind, on=TLS)
                if one.fault.flaw and self._flawed:
                    loop = asyncio.get_running_loop()
                    tls = await loop.run_in_executor(None, self._flawed, one.fault.flaw)
                else:
                    await self._hinder(core, one.fault)
        return tls

    async def _hinder(self, core: Core, fault: Fault) -> None:
        if fault.kind == "cut":
            raise ConnectionAbortedError(0, "cut by a scripted fault")
        loop = asyncio.get_running_loop()
        released = loop.create_future()
        if fault.kind == "delay":
            core.clock.call_later(loop, fault.seconds or 0.0, lambda: _release(released))
        await released  # Where it is mute, until whoever waits for the handshake gives up.

    def meet(
        self,
        core: Core,
        credentials: Credentials,
        transport: asyncio.Transport,
        *,
        cut: Callable[[str], None],
        end: Callable[[str], None],
    ) -> FaultyLine | None:
        """Return the way out of a connection that faults strike, None if none does.

        `cut` ends the connection without a farewell; `end` ends only what the platform has of it.
        """
        staged = (one for one in self._scripted if one.fault.packet not in (TLS, FILE))
        met = [one for one in staged if one.meets(credentials)]
        if not met:
            return None
        return FaultyLine(transport, met, core=core, credentials=credentials, cut=cut, end=end)


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
