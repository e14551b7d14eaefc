"""Bytes of memory of a stock ESP32, by version of its firmware: what `heap="chip"` models.

Measured on the official ESP32_GENERIC images in an emulator: 1.26.1 (ESP-IDF 5.4.2) and 1.22.1
(ESP-IDF 5.0.4). docs/explanation/memory.md has the same figures as totals.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

from alink_formats.errors import ToolchainError

HEAP = "chip"  # The argument `heap` of a board for the newest version; "chip 1.22.1" for another.
ROM = 72 * 1024  # Heap of the stand-ins. chip_heap.c fills what they leave.


@dataclass(frozen=True)
class ChipMemory:
    """Bytes that the firmware has, takes and needs of ESP-IDF's heap."""

    regions: tuple[tuple[int, int, int], ...]
    """(size, free at the start of main.py, the part of it before a block that is in use), in the
    order in which ESP-IDF looks for a block.
    """
    first_area: int
    """MicroPython's first area, with the tables of its collector."""
    kept: int
    """Bytes of it that the firmware itself uses at the start of main.py."""
    wifi: tuple[int, ...]
    """Blocks of Wi-Fi and lwIP, from the first `active(True)` on."""
    tls_context: tuple[int, ...]
    tls_ca: tuple[int, ...]
    tls_wrap: tuple[int, ...]
    tls_handshake: tuple[int, int, int]
    """In the handshake: one block for its time, one that stays, one for its time."""
    tls_limits: tuple[int, int, int, int]
    """Bytes that must be free after wrap_socket to start, to receive, to verify, to agree on keys.

    With less, a connection raises in this order: -20864, 116, ValueError, -17040.
    """
    dns: int
    """With less free, a name has no address and a connect gets no response."""
    packet: int
    """With less free, no packet arrives and none leaves."""

    def literal(self) -> str:
        """Return the figures for standins/_two_heaps.py, in the order of the fields."""
        return repr(astuple(self))


# The two record buffers; the small blocks of the session find room in the small regions.
_TLS_WRAP = (16_720, 4_420, 900, 560, 500, 100)

_VERSIONS = {
    "1.26.1": ChipMemory(
        regions=(
            (15_072, 14_336, 0),
            (8_192, 7_424, 0),
            (7_288, 6_656, 0),
            (3_312, 2_588, 0),
            (168_952, 112_968, 2_376),
        ),
        first_area=57_344,
        kept=3_040,
        wifi=(*(1_636,) * 10, 6_656, 3_584, 2_048, 2_372, 8_192, 8_192, 1_356),
        tls_context=(300,),
        tls_ca=(1_200,),
        tls_wrap=_TLS_WRAP,
        tls_handshake=(4_000, 5_740, 2_050),
        tls_limits=(1_200, 6_300, 11_300, 13_300),
        dns=2_500,
        packet=1_000,
    ),
    "1.22.1": ChipMemory(
        regions=(
            (15_072, 14_336, 0),
            (8_192, 7_424, 0),
            (7_288, 6_656, 0),
            (3_312, 2_588, 0),
            (168_952, 112_900, 2_308),
        ),
        first_area=57_344,
        kept=3_008,
        wifi=(*(1_636,) * 10, 6_656, 3_584, 2_048, 2_300, 8_192, 4_904),
        tls_context=(300,),
        tls_ca=(1_200,),
        tls_wrap=_TLS_WRAP,
        tls_handshake=(4_000, 4_552, 2_224),
        tls_limits=(1_200, 6_300, 11_300, 13_300),
        dns=2_500,
        packet=1_000,
    ),
}


def of(heap: str) -> ChipMemory | None:
    """Return the memory that the argument `heap` of a board names; None for one fixed area.

    Raises ToolchainError for a version that was not measured.
    """
    name, _, version = heap.partition(" ")
    if name != HEAP:
        return None
    if not version:
        return next(iter(_VERSIONS.values()))
    if version not in _VERSIONS:
        raise ToolchainError(
            f"heap is {heap!r}, but the memory of {version} was not measured: use "
            + " or ".join(f'"{HEAP} {one}"' for one in _VERSIONS)
            + "."
        )
    return _VERSIONS[version]
