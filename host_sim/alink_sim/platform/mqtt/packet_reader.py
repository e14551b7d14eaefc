"""Reads fields off the front of an MQTT packet; a hostile one costs no more than its length."""

from __future__ import annotations

import struct

from alink_sim.platform.state.mqtt_reason import Reason


class ProtocolViolationError(ValueError):
    """A peer sent what the specification forbids; `reason` is the code of MQTT 5 for it."""

    def __init__(self, text: str, reason: Reason = Reason.MALFORMED_PACKET) -> None:
        super().__init__(text)
        self.reason = reason


class PacketReader:
    """A cursor in the body of a packet. All methods raise ProtocolViolationError at its end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def unpack(self, form: str) -> tuple[int, ...]:
        """Return numbers in the form of `struct`."""
        try:
            values = struct.unpack_from(form, self._body, self._at)
        except struct.error:
            raise ProtocolViolationError("a packet ends inside a field") from None
        self._at += struct.calcsize(form)
        return values

    def number(self) -> int:
        """Return a variable byte integer: 7 bits a byte, the lowest first, at most four bytes."""
        value = 0
        for shift in (0, 7, 14, 21):
            digit = self.unpack(">B")[0]
            value |= (digit & 0x7F) << shift
            if digit < 0x80:
                return value
        raise ProtocolViolationError("a variable byte integer has more than four bytes")

    def data(self) -> bytes:
        """Return bytes behind two bytes of length."""
        return self.take(self.unpack(">H")[0])

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if self._at + size > len(self._body):
            raise ProtocolViolationError("a packet ends inside a field")
        self._at += size
        return self._body[self._at - size : self._at]

    def text(self) -> str:
        """Return a text in UTF-8 behind two bytes of length."""
        try:
            text = self.data().decode()
        except UnicodeDecodeError:
            raise ProtocolViolationError("a text is not UTF-8") from None
        if "\0" in text:
            raise ProtocolViolationError("a text holds a NUL")
        return text

    def rest(self) -> bytes:
        """Return the rest of the body."""
        return self._body[self._at :]

    def left(self) -> bool:
        """Tell whether anything is left."""
        return self._at < len(self._body)
