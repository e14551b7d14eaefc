"""Run scenarios on one platform with simulated boards; record the steps of each board."""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alink_formats import partitions
from alink_formats.identity import Identity
from alink_sim.board import Board, BoardError, beside_standins, firmware_image, sdk_files
from alink_sim.clock import SystemClock
from alink_sim.demo import steps
from alink_sim.demo.copies import credential_is_whole
from alink_sim.demo.scenarios import Cut, Obstacle, Scenario, Secret
from alink_sim.demo.steps import Progress
from alink_sim.platform import Instance, Platform
from alink_sim.sntp import SntpServer
from alink_sim.toolchain import Interpreter

_INSTANCE = "iot-demo0001"
_MAC = 0xA0B765000000
_KEY_BLOCK = 0
_TIMES = ("never registered", "registered once", "registered twice", "registered three times")

# A twin that stops before it stores its credential, to count flash operations up to there.
_STOPS_BEFORE_STORING = """
from alink import Device

def log(text):
    print(text)
    while "registered by" in text:
        pass

Device.from_flash(log=log).connect()
"""

_SCRUBS = """
from alink import Device

device = Device.from_flash(scrub=True)
device.connect()
device.post_properties({"temperature": 21.5})
device.loop()
"""


@dataclass(frozen=True)
class World:
    """The platform, time server and files that all boards of a run share."""

    platform: Platform
    ntp: str
    interpreter: Interpreter
    files: dict[str, bytes]
    products: dict[str, tuple[str, str]]  # Method (or "off") to ProductKey, ProductSecret.
    home: Path


def play(
    scenarios: Sequence[Scenario],
    *,
    interpreter: Interpreter,
    at_once: int,
    on_change: Callable[[list[Progress]], None],
) -> list[Progress]:
    """Run every scenario, `at_once` boards at a time; return the progress of each.

    `on_change` gets all of them after each change.
    """
    lines = [Progress(one.number, one.title, one.layout) for one in scenarios]
    lock = threading.Lock()

    def changed() -> None:
        with lock:
            on_change(lines)

    with _world(interpreter) as world, ThreadPoolExecutor(at_once) as pool:
        runs = [
            pool.submit(_Run(world, scenario, line, index, changed).play)
            for index, (scenario, line) in enumerate(zip(scenarios, lines, strict=True))
        ]
        for run in runs:
            run.result()
    return lines


@contextmanager
def _world(interpreter: Interpreter) -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory(prefix="alink-demo-") as folder,
        Platform(state=Path(folder) / "platform") as platform,
        SntpServer(clock=SystemClock()) as ntp,
    ):
        products = {}
        for method, switched_on in (("register", True), ("regnwl", True), ("off", False)):
            product = platform.console.create_product(
                name=f"demo {method}",
                dynamic_registration=switched_on,
                instance=Instance(_INSTANCE),
            )
            products[method] = (product.key, product.secret)
        yield World(
            platform=platform,
            ntp=f"ntp.aliyuncs.com:{ntp.port}",
            interpreter=interpreter,
            files=sdk_files(),
            products=products,
            home=Path(folder),
        )


class _Run:
    """One board, from burning to the end of its scenario."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        progress: Progress,
        index: int,
        changed: Callable[[], None],
    ) -> None:
        self._world = world
        self._scenario = scenario
        self._progress = progress
        self._changed = changed
        self._mac = f"{_MAC + index:012x}"
        self._name = f"esp32-{self._mac.upper()}"
        method = "off" if scenario.obstacle is Obstacle.SWITCHED_OFF else scenario.method
        self._product_key, self._product_secret = world.products[method]
        self._kept = False  # Whether a credential survived the power cut.
        self._start = 0.0

    def play(self) -> None:
        """Burn the board, power it on and follow it; a wrong ending does not raise."""
        scenario = self._scenario
        self._start = time.monotonic()
        self._progress.began = True
        self._changed()
        main = _SCRUBS if scenario.secret is Secret.SCRUBBED else None
        board = self._burn(f"board-{scenario.number}", self._name, main=main)
        self._step(steps.BURNED)
        try:
            if scenario.cut in (Cut.FIRST_COPY, Cut.SECOND_COPY):
                self._cut_power(board)
            board.power_on()
            self._step(steps.BOOTED)
            if scenario.ends_online:
                self._follow(board)
            else:
                self._expect_refusal(board)
        except BoardError as error:
            lines = str(error).splitlines()
            self._end(f"{lines[0]} {lines[-1].strip()}", as_expected=False)
        finally:
            board.power_off()

    # Preparing

    def _burn(self, folder: str, name: str, *, main: str | None = None) -> Board:
        scenario, platform = self._scenario, self._world.platform
        device_secret = ""
        if scenario.method == "register" and scenario.obstacle is not Obstacle.UNKNOWN_NAME:
            device = platform.console.add_device(self._product_key, name)
            device_secret = "" if scenario.registers else device.secret
        if scenario.obstacle is Obstacle.FIVE_CLIENT_IDS:
            for _ in range(5):
                platform.console.issue_client_id(self._product_key, name)
        board = Board.create(
            self._world.home / folder,
            interpreter=self._world.interpreter,
            **self._chip(),
            layout=scenario.layout,
            identity=self._identity(name, device_secret),
            damage="DeviceName" if scenario.obstacle is Obstacle.DAMAGED else None,
            files=self._world.files if main is None else sdk_files(main=main),
            mac=self._mac,
        )
        self._prepare_secret(board)
        return board

    def _chip(self) -> dict[str, Any]:
        heap = beside_standins(self._world.interpreter, grown=True)
        if self._scenario.secret is not Secret.IN_EFUSE:
            return {"heap": heap}
        return {
            "heap": heap,
            "board": "ESP32_GENERIC_C3",
            "app": firmware_image.application("esp32c3"),  # The firmware reads its chip there.
        }

    def _prepare_secret(self, board: Board) -> None:
        if board.efuses and self._scenario.secret is Secret.IN_EFUSE:
            board.efuses.burn_key(_KEY_BLOCK, self._product_secret.encode())
        if self._scenario.secret is Secret.SCRUBBED:
            table = board.table().with_writable("fctry")
            board.flash.burn(partitions.OFFSET, table.to_binary())

    def _identity(self, name: str, device_secret: str) -> Identity | None:
        obstacle, platform = self._scenario.obstacle, self._world.platform
        if obstacle is Obstacle.NOTHING_BURNED:
            return None
        secret = self._product_secret
        if self._scenario.secret is Secret.IN_EFUSE:
            secret = f"efuse:{_KEY_BLOCK}"
        if obstacle is Obstacle.WRONG_SECRET:
            secret = secret[::-1]
        return Identity(
            product_key=self._product_key,
            product_secret="" if device_secret else secret,
            device_name=name,
            device_secret=device_secret,
            instance_id=_INSTANCE,
            port=platform.mqtt_tls_port,
            ntp_host=self._world.ntp,
            method=self._scenario.method,
            ca=(platform.ca_der,),
        )

    # Power cuts

    def _cut_power(self, board: Board) -> None:
        if self._scenario.cut is Cut.FIRST_COPY:
            cut_at = self._operations("X", steps.REGISTERED, main=_STOPS_BEFORE_STORING) + 2
        else:
            cut_at = self._operations("Y", steps.POSTED) - 1
        board.power_on(cut_at=cut_at)
        board.expect(steps.OUTPUT[steps.REGISTERED])
        if board.wait() != "cut":
            raise BoardError(f"power was not cut in flash operation {cut_at}")
        self._kept = credential_is_whole(board, self._product_key, self._name)
        copy = "the first" if self._scenario.cut is Cut.FIRST_COPY else "the second"
        survived = "the other is whole" if self._kept else "none is whole, so it registers again"
        self._progress.notes.append(
            f"power failed in flash operation {cut_at}, in {copy} copy of the credential: "
            f"{survived}"
        )

    def _operations(self, twin: str, step: str, *, main: str | None = None) -> int:
        """Return the number of flash operations of a twin of this board up to a step."""
        name = twin + self._name[1:]
        board = self._burn(f"twin-{self._scenario.number}", name, main=main)
        board.power_on()
        board.expect(steps.OUTPUT[step])
        operations = board.flash_operations
        board.power_off()
        return operations

    # Following

    def _follow(self, board: Board) -> None:
        wanted = [steps.CLOCK, steps.LOGGED_IN, steps.POSTED]
        if self._scenario.registers and not self._kept:
            wanted[1:1] = [steps.REGISTERED, steps.STORED]
        for step in wanted:
            board.expect(steps.OUTPUT[step])
            self._step(step)
        before = self._registrations()
        self._reboot(board)
        board.expect(steps.OUTPUT[steps.LOGGED_IN])
        self._step(steps.AGAIN)
        expected = 1 if self._scenario.registers else 0
        if self._scenario.cut in (Cut.FIRST_COPY, Cut.SECOND_COPY) and not self._kept:
            expected = 2
        after = self._registrations()
        self._progress.notes.append(_TIMES[after])
        is_good = self._has_secret_where_expected(board) and before == after == expected
        self._end("; ".join(self._progress.notes), as_expected=is_good)

    def _has_secret_where_expected(self, board: Board) -> bool:
        if not self._scenario.secret:
            return True
        board.power_off()
        is_absent = self._product_secret.encode() not in board.flash.read(0, board.flash.size)
        note = self._scenario.secret if is_absent else "the ProductSecret is in its flash"
        self._progress.notes.append(note)
        return is_absent

    def _reboot(self, board: Board) -> None:
        if self._scenario.cut is Cut.WIPED_NVS:
            board.power_off()
            board.fill_nvs()
            board.power_on()
            self._progress.notes.append("nvs was full; the firmware wiped it at boot")
        else:
            board.press_reset()
        self._step(steps.REBOOTED)

    def _expect_refusal(self, board: Board) -> None:
        line = board.expect(re.compile(self._scenario.output))
        online = self._world.platform.events(device_name=self._name, kind="online")
        reasons = self._world.platform.events(device_name=self._name, kind="registration_refused")
        self._progress.reason = reasons[-1].reason if reasons else ""
        self._end(line.text.removeprefix("alink: "), as_expected=not online)

    def _registrations(self) -> int:
        events = self._world.platform.events(device_name=self._name, kind="registered")
        return len(events)

    def _step(self, name: str) -> None:
        self._progress.steps[name] = time.monotonic() - self._start
        self._changed()

    def _end(self, text: str, *, as_expected: bool) -> None:
        self._progress.ended = text
        self._progress.as_expected = as_expected
        self._changed()
