"""The faults that a test or a scenario file has scripted, and which connection meets which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from alink_sim.platform.faults import file
from alink_sim.platform.faults.fault import FILE, TLS, Fault, FaultError
from alink_sim.platform.faults.scripted import Peer, Scripted


class Faults:
    """Scripted faults. Any thread may add and clear; the rest is the platform's loop's."""

    def __init__(self) -> None:
        self._scripted: tuple[Scripted, ...] = ()
        self._lock = threading.Lock()

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
        if not isinstance(fault, Fault):
            raise FaultError(f"fault is {fault!r}; write Fault(...) of alink_sim.platform")
        self.add_all([Scripted(fault, product, device, connection, times)])

    def load(self, path: Path) -> None:
        """Add what a scenario file declares; all of it or, with a FaultError, nothing."""
        self.add_all(file.read(path))

    def add_tables(self, tables: Iterable[Any], *, where: str) -> None:
        """Add tables of a scenario file, all or none; `where` names it in a FaultError."""
        self.add_all(file.parse({"fault": list(tables)}, where=where))

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

    def clear(self) -> None:
        """End all faults, on open connections too."""
        with self._lock:
            for one in self._scripted:
                one.is_over = True
            self._scripted = ()

    def of_connection(self, peer: Peer) -> list[Scripted]:
        """Return the faults that may strike the packets of an MQTT connection."""
        staged = (one for one in self._scripted if one.fault.packet not in (TLS, FILE))
        return [one for one in staged if one.meets(peer)]

    def of_handshake(self) -> Iterator[Fault]:
        """Yield the faults that strike a TLS handshake that begins now."""
        for one in self._scripted:
            if one.fault.packet == TLS and one.meets(None) and one.strike():
                yield one.fault

    def of_https(self, peer: Peer) -> Fault | None:
        """Return the fault that strikes a device's HTTPS request, None if none does."""
        return self._first_struck(peer, lambda fault: fault.kind == "throttle")

    def of_file(self, peer: Peer | None) -> Fault | None:
        """Return the fault that strikes a file on its way to a device, None if none does."""
        return self._first_struck(peer, lambda fault: fault.packet == FILE)

    def _first_struck(self, peer: Peer | None, is_wanted: Callable[[Fault], bool]) -> Fault | None:
        for one in self._scripted:
            if is_wanted(one.fault) and one.meets(peer) and one.strike():
                return one.fault
        return None
