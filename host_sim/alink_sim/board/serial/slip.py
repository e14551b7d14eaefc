"""SLIP (RFC 1055): each packet lies between two bytes 0xC0."""

from __future__ import annotations

_END, _ESC = b"\xc0", b"\xdb"
_ESC_END, _ESC_ESC = b"\xdb\xdc", b"\xdb\xdd"


def encode(packet: bytes) -> bytes:
    """Return the frame of a packet."""
    return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END


class SlipDecoder:
    """Decode a stream in pieces; bytes before the first 0xC0 also count as a packet."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that `data` completes, without empty ones."""
        *whole, self._partial = (self._partial + data).split(_END)
        return [frame.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC) for frame in whole if frame]
