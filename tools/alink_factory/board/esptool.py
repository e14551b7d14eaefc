"""A board behind esptool: identify its chip, read and write its flash.

The connection is opened by the first method and stays open until `reset` or `close`.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alink_factory.board.espefuse import Espefuse
from alink_factory.board.flasher import Flasher, has_reset_lines
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BoardError
from alink_factory.image.region import Region

OnProgress = Callable[[str, float], None]  # The step ("reading", "writing") and 0.0 to 1.0.

_PERCENT = re.compile(r"(?:Writing|Reading|Wrote|Read) .*?(\d+(?:\.\d+)?)%")
_NEXT = re.compile(r"Writing '(.*)' at 0x[0-9a-f]+\.\.\.$")


@dataclass(frozen=True)
class Chip:
    """A chip as esptool reports it: its name, MAC (12 hexadecimal digits), bytes of flash.

    `flash_size` is 0 if the flash is dead or not connected, which esptool does not report as an
    error. `kind` is its type, revision and features, in the words of this esptool.
    """

    name: str
    mac: str
    flash_size: int
    kind: str = ""


class Esptool:
    """One board on a port; the methods raise BoardError.

    Another board in the same port is an error, and it is not written: a jig is opened faster than
    a program notices. `scratch` is a private folder, shared by all ports, for the programs of
    `efuses` and `repl`. `stop` ends a running program.
    """

    def __init__(
        self,
        port: str,
        *,
        scratch: Path,
        baud: int = 460_800,
        stub: bool = True,
        on_progress: OnProgress | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.port = port
        self._scratch = scratch
        self._flasher = Flasher(port, baud=baud, stub=stub, stop=stop)
        self._on_progress = on_progress or _silent
        self._stop = stop
        self._chip: Chip | None = None  # The first one on the port.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def identify(self) -> Chip:
        """Return the chip on the port."""
        return self._ask("identify", {"do": "identify"})[0]

    def read(self, offset: int, size: int) -> tuple[Chip, bytes]:
        """Return the chip and `size` bytes of its flash. Blank flash is compared by its MD5."""
        chip, reply = self._ask("reading", {"do": "read", "offset": offset, "size": size})
        data = b"\xff" * size if reply.get("is_blank") else base64.b64decode(reply["data"])
        if len(data) != size:
            raise BoardError(
                "reading",
                f"esptool returned {len(data)} of {size} bytes from {offset:#x}",
                advice="Check the cable, then plug the board in again.",
            )
        return chip, data

    def write(self, regions: Sequence[Region], *, full: bool = False) -> list[str]:
        """Write the regions that differ, or all with `full`; return their names.

        esptool compares the MD5 of each region before and after.
        """
        request = {"do": "write", "regions": _packed(regions), "is_full": full}
        sizes = {region.name: len(region.data) for region in regions}
        written: list[str] = self._ask("writing", request, sizes)[1]["written"]
        return written

    def differing(self, regions: Sequence[Region]) -> list[str]:
        """Return the names of the regions whose MD5 differs from that of the flash."""
        request = {"do": "compare", "regions": _packed(regions)}
        names: list[str] = self._ask("reading", request)[1]["differing"]
        return names

    def erase(self) -> None:
        """Set all of the flash to 0xFF."""
        self._ask("erasing", {"do": "erase"})

    def reset(self) -> None:
        """Let the board run, if the port has reset lines, and close the port."""
        self._ask("reading", {"do": "reset"})

    def close(self) -> None:
        """Close the port. The board stays in its loader."""
        self._flasher.close()

    def efuses(self) -> Espefuse:
        """Return the eFuses of the board; `identify`, `read` or `write` ran before."""
        self.close()  # espefuse opens the port itself.
        return Espefuse(
            self.port,
            chip=self._chip.name if self._chip else "auto",
            scratch=self._scratch,
            has_reset_lines=has_reset_lines(self.port),
            stop=self._stop,
        )

    def repl(self) -> Mpremote:
        """Return the prompt of the board, which runs."""
        return Mpremote(self.port, scratch=self._scratch, stop=self._stop)

    def _ask(
        self, step: str, request: dict[str, Any], sizes: dict[str, int] | None = None
    ) -> tuple[Chip, dict[str, Any]]:
        known = {"mac": self._chip.mac} if self._chip else {}
        progress = _Progress(step, self._on_progress, sizes or {})
        reply = self._flasher.ask(step, request | known, on_line=progress.hear)
        chip = Chip(
            name=reply["chip"].lower().replace("-", ""),
            mac=reply["mac"],
            flash_size=reply["flash_size"],
            kind=reply["kind"],
        )
        self._chip = self._chip or chip
        if chip.mac != self._chip.mac:
            raise BoardError(
                step,
                f"the board on the port changed from {self._chip.mac} to {chip.mac} during the "
                "job",
                advice="Plug in both again, one after the other; wait for green or red.",
                is_final=True,
            )
        return chip, reply


def identified(port: str, *, scratch: Path) -> Chip:
    """Return the chip on a port, and close the port. Raises BoardError."""
    with Esptool(port, scratch=scratch) as esptool:
        return esptool.identify()


def _packed(regions: Sequence[Region]) -> list[dict[str, Any]]:
    return [
        {
            "offset": region.offset,
            "name": region.name,
            "data": base64.b64encode(region.data).decode(),
        }
        for region in regions
    ]


class _Progress:
    # The share of a step, from the text lines of esptool; `sizes` of the regions by name.

    def __init__(self, step: str, on_progress: OnProgress, sizes: dict[str, int]) -> None:
        self._step = step
        self._on_progress = on_progress
        self._sizes = sizes
        self._done = 0
        self._current = ""

    def hear(self, line: str) -> None:
        if percent := _PERCENT.search(line):
            self._report(float(percent[1]) / 100)
        elif following := _NEXT.match(line):
            self._done += self._sizes.get(self._current, 0)
            self._current = following[1]
            self._report(0.0)

    def _report(self, share: float) -> None:
        total = sum(self._sizes.values())
        size = self._sizes.get(self._current, total)
        self._on_progress(self._step, (self._done + share * size) / total if total else share)


def _silent(_step: str, _share: float) -> None:
    # Progress is not shown.
    return
