"""Whether a client is read at the moment: it is not while anything holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Reading:
    """Pauses and resumes a transport; `transport` returns it, None once the connection ended."""

    def __init__(self, transport: Callable[[], asyncio.Transport | None]) -> None:
        self._transport = transport
        self._held_up_by: set[str] = set()

    def pause(self, why: str) -> None:
        """Read nothing until `go_on` for the same reason."""
        if not self._held_up_by and (transport := self._transport()):
            transport.pause_reading()
        self._held_up_by.add(why)

    def go_on(self, why: str) -> None:
        """Read again, unless another reason is left."""
        if why in self._held_up_by:
            self._held_up_by.remove(why)
            if not self._held_up_by and (transport := self._transport()):
                transport.resume_reading()
