"""The programs of examples/applications, driven through the pins of the board."""

from __future__ import annotations

import importlib.util
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alink_formats.bytecode import compile_mpy
from alink_sim.board import Board
from alink_sim.board.sensors import Bme280, Dht22, Ds18b20, HcSr04
from alink_sim.clock import ManualClock
from alink_sim.factory_flash import FactoryFlash
from alink_sim.platform import Platform, Product
from tests.waiting import eventually

APPLICATIONS = Path(__file__).resolve().parents[2] / "examples" / "applications"


@pytest.fixture
def application(factory_flash: FactoryFlash) -> Callable[..., Board]:
    """Return a function that burns a board with a program, switched off."""

    def burn(name: str, port: int = 0, **options: Any) -> Board:
        main = (APPLICATIONS / f"{name}.py").read_text("utf-8")
        main = main.replace("PORT = 8080", f"PORT = {port}")
        return factory_flash("dev-1", main=main, **options)

    return burn


def test_dht_logger_writes_and_posts(
    iot_platform: Platform, application: Callable[..., Board]
) -> None:
    board = application("dht_logger")
    sensor = Dht22(temperature=-3.5, humidity=60)
    board.pin(15).attach(sensor)
    board.power_on()
    iot_platform.expect("property_posted", values={"temperature": -3.5, "humidity": 60.0})
    sensor.temperature = 4.0
    iot_platform.expect("property_posted", values={"temperature": 4.0, "humidity": 60.0})
    board.pin(15).parts.clear()
    board.expect("no sensor: 116")
    assert board.vfs_files()["/log.csv"].startswith(b"1,-3.5,60.0\n")


def test_relay_follows_cloud_and_button(
    iot_platform: Platform, product: Product, application: Callable[..., Board]
) -> None:
    board = application("relay")
    board.power_on()
    iot_platform.expect("online")
    iot_platform.expect("subscribed")
    assert board.pin(26).level == 1
    iot_platform.cloud.set_properties(product.key, "dev-1", {"relay": 1})
    eventually(lambda: board.pin(26).level == 0, board)
    board.pin(0).set(0)
    iot_platform.expect("property_posted", values={"relay": 0})
    assert [change.level for change in board.pin(26).history] == [1, 0, 1]


def test_neopixel_clock_shows_the_time(application: Callable[..., Board]) -> None:
    board = application("neopixel_clock")
    board.power_on()
    eventually(lambda: board.pin(13).pixels, board)
    lit = {color for pixel in board.pin(13).pixels for color in range(3) if pixel[color]}
    assert (len(board.pin(13).pixels), lit) == (12, {0, 1, 2})


def test_button_with_debounce(iot_platform: Platform, application: Callable[..., Board]) -> None:
    board = application("button")
    board.power_on()
    board.expect("ready")
    for level in (0, 1, 0, 1, 0):  # It bounces.
        board.pin(4).set(level)
    iot_platform.expect("event_posted", values={"count": 1})
    board.pin(4).set(1)
    board.pin(4).set(0)
    board.pin(4).set(1)  # Too short.
    board.pin(4).set(0)
    iot_platform.expect("event_posted", values={"count": 2})


def test_bme280_weather_is_posted(
    iot_platform: Platform, application: Callable[..., Board]
) -> None:
    board = application("bme280_weather")
    board.i2c(0).attach(0x76, Bme280(temperature=-12.3, pressure=950.5, humidity=33))
    board.power_on()
    iot_platform.expect(
        "property_posted", values={"temperature": -12.3, "pressure": 950.5, "humidity": 33.0}
    )


def test_gps_position_is_posted(iot_platform: Platform, application: Callable[..., Board]) -> None:
    board = application("gps")
    board.power_on()
    board.expect("ready")
    board.uart(2).send(b"$GPGGA,no,checksum*00\r\n")
    board.uart(2).send(b"$GPGGA,123519,4807.038,N,01131.000,W,1,08,0.9,545.4,M,46.9,M,,*55\r\n")
    iot_platform.expect("property_posted", values={"latitude": 48.1173, "longitude": -11.5167})


def test_ble_scanner_counts_devices_near(
    iot_platform: Platform, application: Callable[..., Board]
) -> None:
    board = application("ble_scanner")
    board.ble.add("0a0b0c0d0e0f", name="far", rssi=-90)
    board.ble.add("0102030405ff", name="near", rssi=-40)
    board.power_on()
    iot_platform.expect("property_posted", values={"near": 2, "name": "near"})
    board.ble.advertisers.clear()
    iot_platform.expect("property_posted", values={"near": 0, "name": ""})


def test_web_server_switches_the_lamp(
    iot_platform: Platform, application: Callable[..., Board]
) -> None:
    spec = importlib.util.find_spec("microdot.microdot")
    assert spec
    assert spec.origin
    files = {"/lib/microdot.mpy": compile_mpy(Path(spec.origin), name="microdot.py")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    board = application("web_server", port, files=files)
    board.power_on()
    iot_platform.expect("online")
    page = f"http://127.0.0.1:{port}/lamp"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(page, timeout=60).read() == b'{"lamp": 0}'
    assert opener.open(f"{page}/1", data=b"", timeout=60).read() == b'{"lamp": 1}'
    iot_platform.expect("property_posted", values={"lamp": 1})
    assert board.pin(2).level == 1


def test_servo_turns_to_the_angle(
    iot_platform: Platform, product: Product, application: Callable[..., Board]
) -> None:
    board = application("servo")
    board.power_on()
    iot_platform.expect("property_posted", values={"angle": 90})
    iot_platform.cloud.set_properties(product.key, "dev-1", {"angle": 45})

    def pulse() -> float:
        pwm = board.pin(18).pwm
        return round(pwm.pulse_us) if pwm else 0

    eventually(lambda: pulse() == 1000, board)


def test_ranger_posts_distance_and_loss(
    iot_platform: Platform, application: Callable[..., Board]
) -> None:
    board = application("ranger")
    ranger = HcSr04(trigger=board.pin(5), echo=board.pin(18), cm=73.5)
    board.power_on()
    iot_platform.expect("property_posted", values={"distance": 73.5})
    ranger.cm = None
    iot_platform.expect("event_posted", event="lost")


def test_one_wire_thermometers(iot_platform: Platform, application: Callable[..., Board]) -> None:
    board = application("one_wire")
    warm, cold = Ds18b20(21.5, serial=7), Ds18b20(-4.25, serial=9)
    board.pin(4).attach(warm)
    board.pin(4).attach(cold)
    board.power_on()
    iot_platform.expect("property_posted", values={"t7": 21.5, "t9": -4.25})


class TestOnManualClock:
    """A sensor that sleeps for ten minutes."""

    @pytest.fixture
    def iot_clock(self, tmp_path: Path) -> Iterator[ManualClock]:
        clock = ManualClock(tmp_path / "clock")
        yield clock
        clock.close()

    def test_sensor_that_sleeps(
        self, iot_platform: Platform, iot_clock: ManualClock, application: Callable[..., Board]
    ) -> None:
        board = application("sleep_sensor")
        board.adc(35).set_volts(1.6)
        board.power_on()
        iot_platform.expect("property_posted", values={"volts": 3.2, "wakes": 1, "timer": 0})
        eventually(lambda: board.asleep, board)
        board.adc(35).set_volts(1.55)
        iot_clock.advance(600)
        iot_platform.expect("property_posted", values={"volts": 3.1, "wakes": 2, "timer": 1})
