"""The boards of a run: burned, powered, their output shown, restarted when a file changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from alink_formats.identity import Identity
from alink_sim.board import Board, beside_standins, sdk_files
from alink_sim.clock import Clock
from alink_sim.toolchain import Interpreter
from alink_sim.workbench.application import Application
from alink_sim.workbench.serial_port import FirstBoardPort, burn_loader
from alink_sim.workbench.world import INSTANCE, World

WIFI = ("home", "password")
"""The burned network; the access point takes any until the order `wifi network`."""

_FIRST_MAC = 0xA0B765200001
_LOOK = 0.25  # Seconds between two looks at files and boards.


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The boards of a run. `cut_at` is the flash operation that power fails in, None for none.

    `port` is the serial port of the first board, a path or "rfc2217", None without one.
    """

    count: int = 1
    method: str = "register"
    heap: str | None = None
    cut_at: int | None = None
    port: str | None = None
    board: str = "ESP32_GENERIC"
    layout: str = "factory"


class Fleet:
    """Boards that run one application; use it as a context.

    `show` gets the output of each board: its number from 0, and bytes. `tell` gets sentences.
    """

    def __init__(
        self,
        application: Application,
        plan: Plan,
        *,
        interpreter: Interpreter,
        clock: Clock,
        show: Callable[[int, bytes], None],
        tell: Callable[[str], None],
    ) -> None:
        self.boards: list[Board] = []
        self.product_key = ""
        self._application = application
        self._plan = plan
        self._interpreter = interpreter
        self._clock = clock
        self._show = show
        self._tell = tell
        self._port: FirstBoardPort | None = None
        self._closed = threading.Event()
        self._restarts = False
        self._ended: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self.power_off()

    def burn(self, world: World, product: tuple[str, str], ntp: str, home: Path) -> None:
        """Make and burn the boards; the platform knows their DeviceNames unless "regnwl"."""
        plan = self._plan
        self.product_key, secret = product
        files = {**sdk_files(), **self._application.files()}
        for number in range(plan.count):
            mac = f"{_FIRST_MAC + number:012x}"
            name = f"board-{number + 1}"
            if plan.method != "regnwl":
                world.operate("console.add_device", product_key=self.product_key, device_name=name)
            new = Board.create(
                home / name,
                interpreter=self._interpreter,
                layout=plan.layout,
                identity=Identity(
                    product_key=self.product_key,
                    product_secret=secret,
                    device_name=name,
                    instance_id=INSTANCE,
                    method=plan.method,
                    port=world.mqtt_tls_port,
                    https_host=f"iot-auth.cn-shanghai.aliyuncs.com:{world.https_port}",
                    ntp_host=ntp,
                    wifi_ssid=WIFI[0],
                    wifi_password=WIFI[1],
                    ca=(world.ca_der,),
                ),
                files=files,
                mac=mac,
                clock=self._clock,
                heap=plan.heap or beside_standins(self._interpreter),
                board=plan.board,
            )
            if plan.port and not number:
                burn_loader(new)
            self.boards.append(new)

    def power_on(self) -> None:
        """Switch all boards on that are off."""
        for number, board in enumerate(self.boards):
            if not board.has_ended:
                continue
            if self._plan.port and not number:
                self._plug(board, self._plan.port)
            else:
                board.power_on(cut_at=self._plan.cut_at, uart=self._output(number))
            self._ended.discard(number)

    def power_off(self) -> None:
        """Switch all boards off."""
        if self._port:
            self._port.unplug()
            self._port = None
        for board in self.boards:
            board.power_off()

    def reset(self, board: Board) -> None:
        """Press the reset button of a board; it also leaves the ROM loader."""
        port = self._port_of(board)
        if port:
            port.reset()
        else:
            board.press_reset()

    def download(self, board: Board) -> str:
        """Press reset while BOOT is held; return how esptool speaks to the ROM loader.

        Raises ValueError for a board without a serial port.
        """
        port = self._port_of(board)
        if port is None:
            raise ValueError(f"{board.device_name} has no serial port: start with --port PATH")
        return port.download()

    def watch(self, *, restart: bool) -> None:
        """Tell when a board ends, and with `restart` restart all when a file changes."""
        self._restarts = restart
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def _watch(self) -> None:
        stamp = self._application.stamp()
        while not self._closed.wait(_LOOK):
            self._tell_ends()
            with contextlib.suppress(FileNotFoundError):  # An editor replaces a file just now.
                new = self._application.stamp()
                if self._restarts and new != stamp:
                    stamp = new
                    self._reload()

    def _tell_ends(self) -> None:
        for number, board in enumerate(self.boards):
            outcome = board.ended
            if not outcome:
                self._ended.discard(number)
                continue
            if number in self._ended:
                continue
            self._ended.add(number)
            if outcome == "cut":
                self._tell(
                    f"{board.device_name}: power failed in flash operation "
                    f"{board.flash_operations}; `power on` starts it again"
                )
            elif outcome != "off":
                self._tell(f"{board.device_name} has ended: {outcome}")

    def _reload(self) -> None:
        self._tell("a file has changed: the boards restart")
        self.power_off()
        files = {**sdk_files(), **self._application.files()}
        for board in self.boards:
            board.replace_files(files)
        self.power_on()

    def _plug(self, board: Board, where: str) -> None:
        self._port = FirstBoardPort(board, where, mac=f"{_FIRST_MAC:012x}", show=self._output(0))
        self._port.plug()
        self._tell(f"serial port {self._port.name}: mpremote connect {self._port.name}")

    def _port_of(self, board: Board) -> FirstBoardPort | None:
        return self._port if board is self.boards[0] else None

    def _output(self, number: int) -> Callable[[bytes], None]:
        return lambda data: self._show(number, data)
