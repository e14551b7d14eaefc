"""SLIP, RFC 1055: packets in, bytes between two 0xC0 out, and back."""

from __future__ import annotations

_END, _ESC = b"\xc0", b"\xdb"
_ESC_END, _ESC_ESC = b"\xdb\xdc", b"\xdb\xdd"


def encode(packet: bytes) -> bytes:
    """Return the frame of a packet."""
    return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END


class SlipDecoder:
    """Collects bytes as they come; what stands before the first 0xC0 counts as a packet too."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that `data` completes; empty ones are left out."""
        *whole, self._partial = (self._partial + data).split(_END)
        return [frame.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC) for frame in whole if frame]
