"""Updates over the air from a publish to the version that runs, on two slots of a real flash."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alink_sim import toolchain
from alink_sim.board import Board, firmware_image
from alink_sim.clock import ManualClock
from alink_sim.platform import Rules, Settings
from alink_sim.platform.state.event_log import Event
from tests.sim.conftest import Rig
from tests.waiting import PATIENCE, eventually

PROJECTS = Path(__file__).resolve().parents[3] / "examples" / "projects"
EXAMPLE = (PROJECTS / "firmware_update" / "firmware" / "main.py").read_text("utf-8")

# An image whose version is 2.0.0 and whose trial ends without a session.
BROKEN = EXAMPLE.replace("device.connect()", 'device.connect() if VERSION == "1.0.0" else reset()')
BROKEN = "from machine import reset\n" + BROKEN


def image(version: str, size: int = 48_000) -> bytes:
    frozen = {"version.py": f'VERSION = "{version}"\n'}
    return firmware_image.application("esp32", size=size, seed=len(version), frozen=frozen)


def lamp(rig: Rig, main: str = EXAMPLE, name: str = "dev-1") -> Board:
    """Burn a board with two slots, 1.0.0 in the first."""
    kind = "ESP32_GENERIC-OTA"
    return rig.board(name, main=main, board=kind, app=image("1.0.0"))


# A board whose clock is a module on its vfs.
FILES = """
import os
from alink import Device
from alink.ota import Ota
from alink.ota.file_target import File
import hours

device = Device.from_flash()

def ready(version):
    print("ready", version, os.listdir("/lib"))
    machine.reset()

import machine
ota = Ota(device, hours.VERSION, module="hours", target=File("/lib/hours.mpy"), on_ready=ready)
print("hours", hours.VERSION)
device.connect()
device.loop()
"""


class Cutter:
    """In front of the platform's files, on a separate address: connections end early or wait."""

    def __init__(self, port: int, after: list[int], held_at: int = 1 << 30) -> None:
        """The n-th connection is cut when `after[n]` bytes have come down; later ones are not.

        From byte `held_at` on, a connection waits until `released` is set.
        """
        self._port, self._after, self._held_at = port, after, held_at
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.2", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                board, _ = self._listener.accept()
                files = socket.create_connection(("127.0.0.1", self._port))
                limit = self._after.pop(0) if self._after else 1 << 30
                up = threading.Thread(target=_pump_up, args=(board, files), daemon=True)
                up.start()
                _pump(files, board, min(limit, self._held_at))
                if limit > self._held_at:
                    self.released.wait(PATIENCE)
                    _pump(files, board, limit - self._held_at)
                _end(board, files)
                up.join()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def _pump(source: socket.socket, sink: socket.socket, limit: int) -> None:
    with contextlib.suppress(OSError):
        while limit > 0 and (data := source.recv(min(4096, limit))):
            sink.sendall(data)
            limit -= len(data)


def _pump_up(board: socket.socket, files: socket.socket) -> None:
    _pump(board, files, 1 << 30)
    _end(board, files)


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def status(rig: Rig, name: str = "dev-1") -> tuple[str, int]:
    task = rig.platform.ota.tasks(rig.product_key, name)[-1]
    return task.status, task.progress


def seen(rig: Rig, *kinds: str) -> list[Event]:
    return [one for one in rig.platform.events(device_name="dev-1") if one.kind in kinds]


@pytest.mark.simulated("it finds the files at another address")
@pytest.mark.skipif(sys.platform != "linux", reason="a second loopback address")
def test_session_is_served_during_download(rig: Rig) -> None:
    cutter = Cutter(rig.platform.ota_port, [], held_at=30_000)
    with lamp(rig) as board:
        board.resolve(["*.aliyuncs.com 127.0.0.1", "localhost 127.0.0.2"])
        board.power_on()
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"))
        begun = rig.platform.expect("ota_progress", step=10)
        # The file does not go on before the device has posted.
        rig.platform.expect("property_posted", after=begun)
        cutter.released.set()
        board.expect("alink: update to 2.0.0 succeeded")
    cutter.close()


def test_published_version_runs_in_other_slot(rig: Rig) -> None:
    with lamp(rig) as board:
        board.power_on()
        board.expect("lamp 1.0.0")
        rig.platform.expect("ota_version", version="1.0.0")
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"))
        board.expect("lamp 2.0.0")
        rig.platform.expect("ota_task", status="SUCCEEDED")
        assert board.running == "ota_1"
        steps = [one.detail["step"] for one in seen(rig, "ota_progress")]
        assert steps == sorted(steps)
        assert steps[-1] == 100
        assert len(steps) <= 10
        # It is confirmed: the next reset does not go back.
        board.expect("alink: update to 2.0.0 succeeded")
        board.press_reset()
        board.expect("lamp 2.0.0")
        assert rig.kinds("dev-1").count("registered") == 1


def test_image_that_stays_offline_is_rolled_back(rig: Rig) -> None:
    with lamp(rig, BROKEN) as board:
        board.power_on()
        rig.platform.expect("ota_version", version="1.0.0")
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"))
        board.expect("lamp 2.0.0")
        board.expect("lamp 1.0.0")
        told = rig.platform.expect("ota_progress", step=-1)
        assert told.reason == "2.0.0 was installed, but 1.0.0 runs"
        assert status(rig)[0] == "FAILED"
        assert board.running == "ota_0"
        assert len(seen(rig, "ota_downloaded")) == 1
        # The next version is taken.
        rig.platform.ota.publish(rig.product_key, "1.0.0b", image("1.0.0b"))
        board.expect("lamp 1.0.0b")


def test_mqtt_batch_downloads_over_the_session(rig: Rig) -> None:
    with lamp(rig) as board:
        board.power_on()
        rig.platform.expect("ota_version", version="1.0.0")
        rules = Rules(protocol="MQTT")
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"), rules=rules)
        board.expect("alink: update to 2.0.0 succeeded")
        assert {one.detail["via"] for one in seen(rig, "ota_downloaded")} == {"mqtt"}
        assert status(rig) == ("SUCCEEDED", 100)


@pytest.mark.skipif(sys.platform != "linux", reason="a second loopback address")
def test_broken_download_resumes(make_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_rig(clock=clock)
    cutter = Cutter(rig.platform.ota_port, [30_000, 20_000])
    with lamp(rig) as board:
        board.resolve(["*.aliyuncs.com 127.0.0.1", "localhost 127.0.0.2"])
        board.power_on()
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"))
        rig.driver.expect(board, "alink: update to 2.0.0 succeeded", step=0.05)
        firsts = [one.detail["first"] for one in seen(rig, "ota_downloaded")]
        assert len(firsts) == 3
        assert firsts == sorted(set(firsts))
    cutter.close()


LATER = """
import time
asked = []
def later():
    if not asked:
        asked.append(time.ticks_ms())
    return time.ticks_ms() > asked[0] + 10000
"""


def test_expired_url_is_requested_again(make_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_rig(clock=clock, settings=Settings(ota_url_seconds=5))
    main = EXAMPLE.replace('"hour": 3', '"hour": 12').replace("== 1:", "== 12 and later():")
    main = LATER + main  # It counts from the offer on, however long the connect took.
    with lamp(rig, main) as board:
        board.power_on()
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0"))
        rig.driver.expect(board, "alink: update to 2.0.0 succeeded")
        kinds = [one.kind for one in seen(rig, "ota_download_refused", "ota_asked")]
        assert kinds[:2] == ["ota_download_refused", "ota_asked"]


def test_update_replaces_a_file_on_vfs(rig: Rig, tmp_path: Path) -> None:
    def module(version: str) -> bytes:
        source = tmp_path / "hours.py"
        source.write_text(f'VERSION = "{version}"\n', "utf-8")
        return toolchain.compile_mpy(source, name="hours.py")

    files = {"/lib/hours.mpy": module("1")}
    with rig.board("dev-1", main=FILES, files=files) as board:
        board.power_on()
        rig.platform.expect("ota_version", version="1", module="hours")
        rig.platform.ota.publish(rig.product_key, "2", module("2"), module="hours")
        board.expect("ready 2 ['alink', 'hours.mpy']")
        board.expect("hours 2")
        board.expect("alink: update to 2 succeeded")
        assert status(rig) == ("SUCCEEDED", 100)


def _first_run(board: Board, printed: int) -> str:
    lines = [one.text for one in board.lines[printed:]]
    return next((text for text in lines if text.startswith("lamp ")), "")


def _cut(rig: Rig, name: str, cut_at: int) -> tuple[str, int]:
    """Cut an update in an operation; return what ran when power came back, and its failures.

    The platform tries a failed update again at once. In the end each board has it.
    """
    with lamp(rig, name=name) as board:
        rules = Rules(retry_count=3)
        content = image("2.0.0", 9000)
        rig.platform.ota.publish(rig.product_key, "2.0.0", content, devices=[name], rules=rules)
        board.power_on(cut_at=cut_at)
        assert board.wait() == "cut", f"operation {cut_at} never came"
        printed = len(board.lines)
        board.power_on()
        rig.platform.expect("ota_task", device_name=name, status="SUCCEEDED")
        # A cut after the success was reported: the event is there before the board has booted.
        ran = eventually(lambda: _first_run(board, printed), board)
        progress = rig.platform.events(device_name=name, kind="ota_progress")
    return ran, [one.detail["step"] for one in progress].count(-1)


def test_update_succeeds_after_each_power_cut(
    rig: Rig, record_property: Callable[[str, object], None]
) -> None:
    with lamp(rig, name="dev-0") as board:
        board.power_on()
        rig.platform.expect("ota_version", version="1.0.0")
        before = board.flash_operations
        rig.platform.ota.publish(rig.product_key, "2.0.0", image("2.0.0", 9000))
        board.expect("succeeded")
        count = board.flash_operations
    # Some of each kind: tests/board/flash/test_ota_slots.py cuts them all. The builds share them.
    # One of the last is in the trial: the old image reports -1, and its platform pushes the retry
    # before the PUBACK, which follows a commit. `count` may have one operation after the trial.
    first = before + 1 + rig.interpreter.word_bits // 16
    cuts = [*range(first, count - 3, 8), count - 3, count - 2, count - 1]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda at: _cut(rig, f"dev-{at}", at), cuts))
    ran = [one for one, _ in results]
    assert set(ran) <= {"lamp 1.0.0", "lamp 2.0.0"}
    assert ("lamp 1.0.0", 1) in results
    record_property("counted", f"{rig.interpreter.name}: {len(ran)} cuts: {' '.join(ran)}")
