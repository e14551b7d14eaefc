"""A platform and simulated boards for scenario tests; each test has its own of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from alink_formats.identity import Identity
from alink_sim import lanes, toolchain
from alink_sim.board import Board, sdk_files
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.clock import Clock, ManualClock, SystemClock
from alink_sim.clock_driver import ClockDriver
from alink_sim.platform import Instance, Platform, Settings
from alink_sim.qemu_board import QemuFlash
from alink_sim.real_board import RealFlash
from alink_sim.sntp import SntpServer
from tests import interpreters
from tests.waiting import eventually

INSTANCE = "iot-test0001"
NO_CLOCK = "the time of a board of a lane cannot be turned"
SUB_PK, SUB_PS = "a1SubPk0001", "SubProdSecret001"  # Of sub-devices behind gateways.

# A board that loses power each time before anything is stored, as in a brown-out loop.
RESETS_BEFORE_STORING = """
import machine
from alink import Device

def log(text):
    print(text)
    if "registered by" in text:
        machine.reset()

Device.from_flash(log=log).connect()
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a lane, skip each test whose marker `simulated` says what its board needs to have."""
    if not lanes.chosen(config):
        return
    for item in items:
        if marker := item.get_closest_marker("simulated"):
            reason = f"it needs a simulated board: {marker.args[0]}"
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Rig:
    """A product on a platform, and the boards burned for it."""

    platform: Platform
    interpreter: toolchain.Interpreter
    folder: Path
    clock: Clock
    product_key: str
    product_secret: str
    time_server: SntpServer
    flash: RealFlash | QemuFlash | None = None  # On a lane (docs/reference/pytest-fixtures.md).
    boards: list[Board] = field(default_factory=list)  # All that were burned.

    def __post_init__(self) -> None:
        if isinstance(self.clock, ManualClock):
            self.driver = ClockDriver(
                self.clock, lambda: self.platform, self.boards, self.time_server
            )

    def __getattr__(self, name: str) -> NoReturn:
        """Skip a test that drives the clock, on a lane."""
        if name == "driver" and self.flash:
            pytest.skip(reason=NO_CLOCK)
        raise AttributeError(name)

    @property
    def ntp(self) -> str:
        """Return what a board is burned with for its time server."""
        return f"ntp.aliyuncs.com:{self.time_server.port}"

    def identity(self, name: str, **fields: object) -> Identity:
        """Return what a board of this product is burned with."""
        burned: dict[str, object] = {
            "product_key": self.product_key,
            "product_secret": self.product_secret,
            "device_name": name,
            "instance_id": INSTANCE,
            "port": self.platform.mqtt_tls_port,
            "ntp_host": self.ntp,
            "https_host": self.https_host,
            "ca": (self.platform.ca_der,),
        }
        return Identity(**(burned | fields))  # type: ignore[arg-type]

    @property
    def https_host(self) -> str:
        """Return what a board of this platform is burned with for HTTPS."""
        return f"iot-auth.cn-shanghai.aliyuncs.com:{self.platform.https_port}"

    def board(
        self,
        name: str,
        *,
        layout: str | None = None,
        register: bool = True,
        main: str | None = None,
        files: dict[str, bytes] | None = None,
        heap: str = "",
        board: str = "ESP32_GENERIC",
        flash_size: int | None = None,
        app: bytes | None = None,
        **fields: object,
    ) -> Board:
        """Burn a board; its DeviceName is registered on the platform unless told otherwise."""
        if self.flash:
            simulated = {"heap": heap or None, "flash_size": flash_size, "app": app}
            simulated["board"] = None if board == "ESP32_GENERIC" else board
            if register:
                self.platform.console.add_device(self.product_key, name)
            remote = self.flash(
                name,
                main=main,
                files=files,
                pre_registered=False,
                layout=layout,
                **simulated,
                **fields,
            )
            self.boards.append(cast("Board", remote))
            return self.boards[-1]
        if register:
            self.platform.console.add_device(self.product_key, name)
        # A board with one area has nothing to grow, and its heap is measured to the byte.
        given = sdk_files(main=main, boot=None if heap.startswith("chip") else "")
        made = Board.create(
            self.folder / name,
            interpreter=self.interpreter,
            layout=layout or "factory",
            identity=self.identity(name, **fields),
            files={**given, **(files or {})},
            clock=self.clock,
            heap=heap or beside_standins(self.interpreter),
            board=board,
            flash_size=flash_size,
            app=app,
        )
        self.boards.append(made)
        return made

    def off(self) -> None:
        """Take the power of every board away."""
        for board in self.boards:
            board.power_off()

    def kinds(self, name: str) -> list[str]:
        """Return the kinds of what the platform noted about a device."""
        return [event.kind for event in self.platform.events(device_name=name)]


def until_waiting(board: Board, clock: ManualClock, *, at_least: float = 0) -> None:
    """Return once the board waits for a moment `at_least` seconds ahead on the test's clock."""

    def waits() -> bool:
        waiting = board.waiting
        return waiting is not None and waiting.until > (clock.time() + at_least) * 1000

    eventually(waits, board)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[ManualClock]:
    """A clock that the test turns: `make_rig(clock=clock)`."""
    made = ManualClock(tmp_path / "clock")
    yield made
    made.close()


@pytest.fixture(params=interpreters.NAMES)
def interpreter(request: pytest.FixtureRequest) -> toolchain.Interpreter:
    """Return each interpreter; on a lane, whose boards have their own, the first one."""
    if lanes.chosen(request.config) and request.param != interpreters.NAMES[0]:
        pytest.skip(reason="the board of a lane has its own MicroPython: once is enough")
    return interpreters.require(request.param)


@pytest.fixture
def make_rig(
    request: pytest.FixtureRequest,
    interpreter: toolchain.Interpreter,
    tmp_path: Path,
    iot_ca: Path,
) -> Iterator[Callable[..., Rig]]:
    """Return a function that makes rigs; they stop after the test.

    Without a clock that the test turns, time passes by itself while the rig is idle.
    """
    stops: list[Callable[[], None]] = []
    lane = lanes.chosen(request.config)

    def make(
        *, clock: Clock | None = None, settings: Settings | None = None, **product: object
    ) -> Rig:
        turned = clock is not None
        if lane:
            if turned:
                pytest.skip(reason=NO_CLOCK)
            clock = SystemClock()
        elif clock is None:
            clock = ManualClock(tmp_path / "time", start=time.time())
            stops.append(clock.close)
        platform = Platform(
            state=tmp_path / "platform",
            ca=iot_ca,
            clock=clock,
            settings=settings,
            listen=lane.listen if lane else None,
        )
        platform.start()
        stops.append(platform.stop)
        ntp = SntpServer(clock=clock, host=platform.host)
        ntp.start()
        stops.append(ntp.stop)
        made = platform.console.create_product(instance=Instance(INSTANCE), **product)  # type: ignore[arg-type]
        rig = Rig(
            platform=platform,
            interpreter=interpreter,
            folder=tmp_path,
            clock=clock,
            product_key=made.key,
            product_secret=made.secret,
            time_server=ntp,
            flash=lane.flash(platform, made, ntp.port, tmp_path / "lane") if lane else None,
        )
        stops.append(rig.off)
        if not turned and not lane:
            rig.driver.start()
            stops.append(rig.driver.stop)
        return rig

    yield make
    for stop in reversed(stops):
        stop()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


@pytest.fixture
def make_gateway_rig(make_rig: Callable[..., Rig]) -> Callable[..., Rig]:
    """Return a function that makes rigs with a gateway product and a sub-device product."""

    def make(**wanted: Any) -> Rig:
        made = make_rig(node_type=1, **wanted)
        made.platform.console.create_product(key=SUB_PK, secret=SUB_PS)
        return made

    return make


@pytest.fixture
def gateway_rig(make_gateway_rig: Callable[..., Rig]) -> Rig:
    return make_gateway_rig()
