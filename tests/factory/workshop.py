"""A line without hardware: batches in a folder, simulated boards on ports, the real esptool."""

from __future__ import annotations

import hashlib
import itertools
from contextlib import ExitStack
from pathlib import Path

from alink_factory.batch import plan
from alink_factory.batch.plan import Plan
from alink_factory.job import job
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome
from alink_factory.ledger import Ledger, Station
from alink_formats import board as boards
from alink_formats.sources import boards_dir
from alink_sim.board import FlashFile, firmware_image
from alink_sim.board.serial import CablePull, PtyPort, Rfc2217Port, SerialBoard, WornFlash

SECRET = "TopSecret16Chars"
KEY = "a1B2c3D4e5F"
SIZE = 0x400000


class Workshop:
    """A folder with batch, ledger and boards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._macs = itertools.count(0xA0B765000001)
        self._ports = itertools.count()
        self._open = ExitStack()
        (folder / "product.secret").write_text(SECRET + "\n")

    def batch(
        self,
        *,
        name: str = "lamps",
        rows: str | None = None,
        count: int = 0,
        naming: str = 'scheme = "given"',
        board: str = "ESP32_GENERIC",
        layout: str = "factory",
        firmware: int = 0,
        more: str = "",
        product: str = "",
        secret: str = "file:product.secret",
    ) -> Path:
        """Write a batch file and return it; `firmware` is the size of the application, 0: none."""
        lines = [f'name = "{name}"', "[product]", f'key = "{KEY}"']
        lines += [f'secret = "{secret}"', product, "[device_name]", naming]
        lines += ["[board]", f'name = "{board}"', f'layout = "{layout}"', "[rows]"]
        if rows is not None:
            (self.folder / f"{name}.csv").write_text(rows)
            lines.append(f'file = "{name}.csv"')
        if count:
            lines.append(f"count = {count}")
        if firmware:
            definition = boards.load(boards_dir() / board)
            app = firmware_image.application(definition.chip, size=firmware)
            data = firmware_image.published(definition, app=app)
            (self.folder / f"{name}.bin").write_bytes(data)
            digest = hashlib.sha256(data).hexdigest()
            lines += ["[firmware]", f'image = "{name}.bin"', f'sha256 = "{digest}"']
        file = self.folder / f"{name}.toml"
        file.write_text("\n".join([*lines, more]) + "\n")
        return file

    def plan(self, **options: object) -> Plan:
        return plan.load(self.batch(**options))  # type: ignore[arg-type]

    def ledger(self, station: str = "bench-1") -> Ledger:
        made = Ledger(str(self.folder / "ledger.db"), station=Station(station, "mei"))
        self._open.callback(made.close)
        return made

    def order(self, plan: Plan, ledger: Ledger | None = None, **options: object) -> Order:
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        return Order(plan, ledger or self.ledger(), scratch, **options)  # type: ignore[arg-type]

    def flash(self, *, size: int = SIZE, stuck: dict[int, int] | None = None) -> FlashFile:
        path = self.folder / f"flash-{next(self._ports)}.bin"
        flash = FlashFile.create(path, size=size)
        return WornFlash(path, stuck=stuck) if stuck else flash

    def mac(self) -> str:
        return f"{next(self._macs):012x}"

    def pty(
        self,
        flash: FlashFile,
        *,
        mac: str | None = None,
        pull: CablePull | None = None,
        chip: str = "esp32",
        flash_id: int | None = None,
    ) -> PtyPort:
        """Plug a board in; unplugged at the end of the test."""
        board = SerialBoard(flash, mac=mac or self.mac(), chip=chip, flash_id=flash_id)
        port = PtyPort(board, self.folder / f"tty{next(self._ports)}", pull=pull)
        port.plug()
        self._open.callback(port.unplug)
        return port

    def rfc2217(self, flash: FlashFile, *, mac: str | None = None) -> Rfc2217Port:
        return self._open.enter_context(Rfc2217Port(SerialBoard(flash, mac=mac or self.mac())))

    def close(self) -> None:
        self._open.close()


def burn(order: Order, port: PtyPort | Rfc2217Port) -> Outcome:
    """Burn the board on a port."""
    name = port.url if isinstance(port, Rfc2217Port) else str(port.path)
    return job.burn(order, name, report=lambda _: None)


def burned(workshop: Workshop, **options: object) -> tuple[Order, FlashFile, str]:
    """Return an order with 60 KB of firmware, and the flash and port of a board burned with it."""
    rows = "DeviceName\nlamp-0001\nlamp-0002\n"
    order = workshop.order(workshop.plan(rows=rows, firmware=60_000, **options))
    flash = workshop.flash()
    port = workshop.pty(flash)
    assert burn(order, port).result == "done"
    return order, flash, str(port.path)
