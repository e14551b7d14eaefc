"""esptool as a program: identify a chip, read and write its flash; its errors as sentences.

esptool is GPL and is never imported. Each run identifies the chip and does one thing; all regions
of an image go into one run.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alink_factory.board import program
from alink_factory.board.espefuse import Espefuse
from alink_factory.board.esptool_failures import failure
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BoardError
from alink_factory.image.region import Region

OnProgress = Callable[[str, float], None]  # The step ("reading", "writing") and 0.0 to 1.0.

_CHIP = re.compile(r"Connected to (ESP[\w-]+) on")
_MAC = re.compile(r"MAC:\s+([0-9a-f:]{17})")
_TYPE = re.compile(r"Chip\s+type:\s+(.+)")
_FEATURES = re.compile(r"Features:\s+(.+)")
_SIZE = re.compile(r"(?:Auto-d|D)etected flash size: (\d+)(KB|MB)")
_DEAD = "Failed to communicate with the flash chip"
_PERCENT = re.compile(r"(?:Writing|Reading|Wrote|Read) .*?(\d+(?:\.\d+)?)%")
_NEXT = re.compile(r"Writing '(.*)' at 0x[0-9a-f]+\.\.\.$")
_SKIPPED = re.compile(r"'(.*)' at 0x[0-9a-f]+ already in flash")


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
    """One board on a port. `chip` is esptool's name or "auto"; the methods raise BoardError.

    Another board in the same port is an error: a jig is opened faster than a program starts.
    `scratch` is a private folder, shared by all ports; the methods remove their files. `stop` ends
    a running program.
    """

    def __init__(
        self,
        port: str,
        *,
        scratch: Path,
        baud: int = 460_800,
        chip: str = "auto",
        stub: bool = True,
        on_progress: OnProgress | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.port = port
        self._scratch = scratch
        self._baud = baud
        self._chip = chip
        self._stub = stub
        self._on_progress = on_progress or _silent
        self._stop = stop
        self._mac = ""  # Of the first board on the port.
        self._found = ""  # Its chip.

    def identify(self) -> Chip:
        """Return the chip on the port."""
        return self._run("identify", ["flash-id"]).chip

    def read(self, offset: int, size: int, *, reset: bool = False) -> tuple[Chip, bytes]:
        """Return the chip and `size` bytes of its flash; `reset` lets the board run afterwards."""
        with _folder(self._scratch) as folder:
            file = folder / "read"
            arguments = ["read-flash", "--flash-size", "detect", hex(offset), hex(size), str(file)]
            done = self._run("reading", arguments, reset=reset)
            data = file.read_bytes() if file.exists() else b""
        if len(data) != size:
            raise BoardError(
                "reading",
                f"esptool returned {len(data)} of {size} bytes from {offset:#x}",
                advice="Check the cable, then plug the board in again.",
            )
        return done.chip, data

    def write(self, regions: Sequence[Region], *, full: bool = False) -> list[str]:
        """Write the regions that differ, or all with `full`; return their names.

        esptool compares the MD5 of each region before and after.
        """
        with _folder(self._scratch) as folder:
            files = {str(_saved(folder, region)): region for region in regions}
            arguments = ["write-flash", "--flash-size", "keep"]
            arguments += [] if full else ["--skip-flashed"]
            for file, region in files.items():
                arguments += [hex(region.offset), file]
            sizes = {file: len(region.data) for file, region in files.items()}
            done = self._run("writing", arguments, sizes=sizes)
        return [region.name for file, region in files.items() if file not in done.skipped]

    def erase(self) -> None:
        """Set all of the flash to 0xFF."""
        self._run("erasing", ["erase-flash"])

    def efuses(self) -> Espefuse:
        """Return the eFuses of the board; `identify`, `read` or `write` ran before."""
        return Espefuse(
            self.port,
            chip=self._found,
            scratch=self._scratch,
            has_reset_lines=has_reset_lines(self.port),
            stop=self._stop,
        )

    def repl(self) -> Mpremote:
        """Return the prompt of the board, which runs."""
        return Mpremote(self.port, scratch=self._scratch, stop=self._stop)

    def _run(
        self,
        step: str,
        command: Sequence[str],
        *,
        reset: bool = False,
        sizes: dict[str, int] | None = None,
    ) -> _Transcript:
        said = _Transcript(step, self._on_progress, sizes or {})
        options = ["--port", self.port, "--chip", self._chip, "--baud", str(self._baud)]
        options += _resets(self.port, last=reset) + ([] if self._stub else ["--no-stub"])
        try:
            code = program.run(
                [sys.executable, "-m", "esptool", *options, *command],
                on_line=said.hear,
                stop=self._stop,
            )
        except program.ProgramStoppedError as error:
            raise BoardError(
                step, f"esptool was ended: {error}", advice="Plug the board in again."
            ) from error
        if code:
            raise failure(step, self.port, said.lines)
        self._check_same(step, said.chip.mac)
        self._found = said.chip.name
        return said

    def _check_same(self, step: str, mac: str) -> None:
        # The write is done, but the board turns red instead of green.
        self._mac = self._mac or mac
        if mac != self._mac:
            raise BoardError(
                step,
                f"the board on the port changed from {self._mac} to {mac} during the job",
                advice="Plug in both again, one after the other; wait for green or red.",
                is_final=True,
            )


class _Transcript:
    # The output of one run.

    def __init__(self, step: str, on_progress: OnProgress, sizes: dict[str, int]) -> None:
        self.lines: list[str] = []
        self.skipped: set[str] = set()
        self._step = step
        self._on_progress = on_progress
        self._sizes = sizes
        self._done = 0
        self._current = ""

    @property
    def chip(self) -> Chip:
        text = "\n".join(self.lines)
        name, mac, size = _CHIP.search(text), _MAC.search(text), _SIZE.search(text)
        if not name or not mac:
            raise BoardError(
                self._step,
                "esptool did not report a chip: it may not be version 5",
                advice="Run `alink-burn doctor`.",
                is_final=True,
            )
        unit = {"KB": 1024, "MB": 1024 * 1024}
        kind = [found[1].strip() for one in (_TYPE, _FEATURES) if (found := one.search(text))]
        return Chip(
            name=name[1].lower().replace("-", ""),
            mac=mac[1].replace(":", ""),
            flash_size=int(size[1]) * unit[size[2]] if size and _DEAD not in text else 0,
            kind=", ".join(kind),
        )

    def hear(self, line: str) -> None:
        if percent := _PERCENT.search(line):
            self._report(float(percent[1]) / 100)
            return
        self.lines.append(line)
        if following := _NEXT.match(line):
            self._turn(following[1])
        elif skipped := _SKIPPED.match(line):
            self.skipped.add(skipped[1])

    def _turn(self, file: str) -> None:
        self._done += self._sizes.get(self._current, 0)
        self._current = file
        self._report(0.0)

    def _report(self, share: float) -> None:
        total = sum(self._sizes.values())
        size = self._sizes.get(self._current, total)
        self._on_progress(self._step, (self._done + share * size) / total if total else share)


def has_reset_lines(port: str) -> bool:
    """Return whether a port has DTR and RTS; a pseudo terminal does not have them."""
    return not re.match(r"/dev/(pts/|ttys\d)", str(Path(port).resolve()))


def _resets(port: str, *, last: bool) -> list[str]:
    if not has_reset_lines(port):
        return ["--before", "no-reset", "--after", "no-reset-stub"]
    return ["--before", "default-reset", "--after", "hard-reset" if last else "no-reset"]


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            yield Path(folder)
    except OSError as error:
        raise BoardError(
            "imaged",
            f"{scratch}: {error.strerror}",
            advice=_disk_advice(error),
        ) from error


def _disk_advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on this computer's disk, then plug the board in again."
    return "Set TMPDIR to a folder that this user can write, then start again."


def _saved(folder: Path, region: Region) -> Path:
    path = folder / f"{region.offset:x}-{region.name}"
    with open(path, "wb", opener=_private) as file:
        file.write(region.data)
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _silent(_step: str, _share: float) -> None:
    # Progress is not shown.
    return
