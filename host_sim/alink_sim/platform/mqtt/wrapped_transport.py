"""A transport around another one: a subclass changes how it writes and how it closes."""

from __future__ import annotations

import asyncio
from typing import Any


class WrappedTransport(asyncio.Transport):
    """Hands everything on to `inner`, except `write` and `close`."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner

    def abort(self) -> None:
        """End at once."""
        self._inner.abort()

    def is_closing(self) -> bool:
        """Tell whether it ends, or has."""
        return self._inner.is_closing()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait to be sent."""
        return self._inner.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Take nothing more in."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Go on taking in."""
        self._inner.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the inner transport knows of its socket or TLS."""
        return self._inner.get_extra_info(name, default)
