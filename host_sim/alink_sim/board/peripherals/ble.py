"""The Bluetooth devices near a board, and what the board advertises."""

from __future__ import annotations

from dataclasses import dataclass

_NAME = 0x09  # The complete local name, in advertising data.


@dataclass(frozen=True)
class Advertiser:
    """A device that advertises: six bytes of address, dBm, and up to 31 bytes of data."""

    address: bytes
    rssi: int
    data: bytes


class BleAir:
    """The air around the board. A test adds devices and reads `advertising`."""

    def __init__(self) -> None:
        """Begin without devices."""
        self.advertisers: list[Advertiser] = []
        self.advertising: bytes | None = (
            None  # The bytes that the firmware advertises, None for nothing.
        )

    def add(
        self, address: str, *, name: str = "", rssi: int = -60, data: bytes | None = None
    ) -> Advertiser:
        """Add a device that advertises a name, or `data`; `address` is 12 hexadecimal digits."""
        encoded = name.encode()
        content = bytes((len(encoded) + 1, _NAME)) + encoded if data is None else data
        if len(content) > 31:
            raise ValueError(f"advertising data has {len(content)} bytes; the limit is 31")
        new = Advertiser(bytes.fromhex(address), rssi, content)
        self.advertisers.append(new)
        return new
