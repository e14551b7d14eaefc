"""Lanes: which boards the tests of a run use. Simulated ones, unless the run names others.

    pytest --alink-port PORT                     a board at a serial port
    ALINK_QEMU=… ALINK_FIRMWARE=… pytest         MicroPython for ESP32 in an emulator

docs/reference/pytest-fixtures.md, "Lanes".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from alink_sim.platform import Listen, Platform, Product
    from alink_sim.qemu_board import QemuFlash
    from alink_sim.real_board import RealFlash

QEMU, FIRMWARE = "ALINK_QEMU", "ALINK_FIRMWARE"


@dataclass(frozen=True)
class Lane:
    """A lane that is not simulated. `name` is what chose it."""

    name: str
    port: str
    qemu: str
    firmware: str
    host: str
    wifi: str

    @property
    def listen(self) -> Listen | None:
        """Return where the platform has to listen for its boards; None: on 127.0.0.1."""
        from alink_sim.platform import Listen

        if self.qemu:
            return Listen(san=(self.host,))  # The emulator leads its name for us to 127.0.0.1.
        return Listen(host="0.0.0.0", san=(self.host,)) if self.host else None

    def flash(
        self,
        platform: Platform,
        product: Product,
        ntp_port: int,
        scratch: Path,
        *,
        files: Path | None = None,
        board: str = "ESP32_GENERIC",
        layout: str = "factory",
    ) -> RealFlash | QemuFlash:
        """Return what burns the boards of a test, with `scratch` as its folder.

        `files` is a folder whose files each board gets; `board` and `layout` are those of an
        emulated board.
        """
        if self.port:
            from alink_sim.real_board import RealFlash

            return RealFlash(
                platform, product, ntp_port, scratch, self.host, self.wifi, files, port=self.port
            )
        from alink_sim.qemu_board import QemuFlash

        return QemuFlash(
            platform,
            product,
            ntp_port,
            scratch,
            self.host,
            self.wifi,
            files,
            qemu=self.qemu,
            firmware=Path(self.firmware),
            board=board,
            layout=layout,
        )


def chosen(config: pytest.Config) -> Lane | None:
    """Return the lane that this run names, None for simulated boards.

    Raises UsageError for half a lane.
    """
    port, wifi, host = (
        str(config.getoption(f"alink_{name}")) for name in ("port", "wifi", "host")
    )
    if port:
        if hasattr(config, "workerinput"):
            raise pytest.UsageError("--alink-port is one board: run pytest without -n")
        return Lane("--alink-port", port, "", "", host, wifi)
    qemu, firmware = os.environ.get(QEMU, ""), os.environ.get(FIRMWARE, "")
    if not qemu and not firmware:
        return None
    if not qemu or not Path(firmware).is_file():
        raise pytest.UsageError(
            f"{QEMU} is {qemu!r} and {FIRMWARE} is {firmware!r}: set both, a command that starts "
            "QEMU for ESP32 and the file of a MicroPython image"
        )
    from alink_sim.qemu_board import HOST

    return Lane(QEMU, "", qemu, firmware, host or HOST, wifi)
