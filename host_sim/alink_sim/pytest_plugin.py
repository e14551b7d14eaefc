"""pytest fixtures for the platform and boards, which `pip install 'alink-sdk[pytest]'` brings.

    def test_it_reports_its_temperature(iot_platform, board):
        board.power_on()
        iot_platform.expect("property_posted", device_name=board.device_name)

See docs/how-to/test-firmware.md. To change the platform of a test, override `iot_clock`,
`iot_settings` or `product` in a conftest.py or a test file. Each fixture imports what it needs, so
that a run without these fixtures loads nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from alink_sim.board import Board
    from alink_sim.clock import Clock
    from alink_sim.factory_flash import FactoryFlash
    from alink_sim.lanes import Lane
    from alink_sim.platform import Platform, Product, Settings
    from alink_sim.qemu_board import QemuBoard, QemuFlash
    from alink_sim.real_board import RealBoard, RealFlash
    from alink_sim.sntp import SntpServer

_INSTANCE = "iot-pytest0001"  # An enterprise instance: only these have preregistration-free.
_SHOWN = 40  # Text lines of output in the report of a failed test.

_OPTIONS = {
    "alink_files": ("folder whose files every board gets, such as main.py", ""),
    "alink_thing": ("thing model of the product, a JSON file", ""),
    "alink_board": ("board definition, such as ESP32_GENERIC_S3", "ESP32_GENERIC"),
    "alink_layout": ("partition layout, factory or stock", "factory"),
    "alink_interpreter": ("MicroPython that boards run, unix64 or unix32", "unix64"),
    "alink_artifacts": ("folder for console, events and flash image of failed tests", ""),
}
_REAL = (
    ("--alink-port", "PORT", "run the tests on the real board at this serial port"),
    ("--alink-wifi", "SSID:PASSWORD", "Wi-Fi network that the board of a lane joins"),
    ("--alink-host", "NAME", "name of this computer in that network"),
)
_PLATFORM = pytest.StashKey["Platform"]()
_FLASH = pytest.StashKey["FactoryFlash | RealFlash | QemuFlash"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of pytest.ini or pyproject.toml; `-o name=value` overrides one."""
    for name, (text, default) in _OPTIONS.items():
        parser.addini(name, f"alink-sdk: {text} (default: {default or 'none'})", default=default)
    group = parser.getgroup("alink", "boards of alink-sdk")
    for option, metavar, text in _REAL:
        group.addoption(option, metavar=metavar, default="", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests that use the platform: `-m alink`, `-m "not alink"`."""
    config.addinivalue_line(
        "markers", "alink: uses the simulated platform; alink-sdk adds it by the fixtures"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test that uses the platform, by itself or through another fixture."""
    if "iot_platform" in getattr(item, "fixturenames", ()):
        item.add_marker("alink")


@pytest.fixture(scope="session")
def iot_ca(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Return the folder of the private CA; all workers of pytest-xdist share it."""
    from alink_sim.platform.state.ca import Authority

    base = tmp_path_factory.getbasetemp()
    home = (base.parent if hasattr(request.config, "workerinput") else base) / "alink-ca"
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Authority(home).server_context()
    return home


@pytest.fixture
def iot_clock() -> Clock:
    """Return the clock of platform and boards: the machine's, or your `ManualClock`."""
    from alink_sim.clock import SystemClock

    return SystemClock()


@pytest.fixture
def iot_settings() -> Settings:
    """Return the settings of the platform; override it to change one."""
    from alink_sim.platform import Settings

    return Settings()


@pytest.fixture
def iot_platform(
    request: pytest.FixtureRequest, iot_ca: Path, iot_clock: Clock, iot_settings: Settings
) -> Iterator[Platform]:
    """Yield a new, empty platform on free ports."""
    from alink_sim import lanes
    from alink_sim.platform import Platform

    lane = lanes.chosen(request.config)
    listen = lane.listen if lane else None
    with Platform(ca=iot_ca, clock=iot_clock, settings=iot_settings, listen=listen) as platform:
        request.node.stash[_PLATFORM] = platform
        _drive(iot_clock, platform, [], None)
        yield platform


@pytest.fixture
def iot_cloud(iot_platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return Alibaba's client of the cloud API (`alibabacloud_iot20180120`) for the platform."""
    from alink_sim.platform import cloud_client

    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)  # The client would use a proxy even for 127.0.0.1.
    endpoint = f"{iot_platform.host}:{iot_platform.openapi_port}"
    return cloud_client(endpoint, iot_platform.access_key)


@pytest.fixture
def product(request: pytest.FixtureRequest, iot_platform: Platform) -> Product:
    """Return a product on the platform: Dynamic Registration on, no devices.

    Its thing model is the file that the setting `alink_thing` names, if it names one.
    """
    from alink_sim.platform import Instance

    made = iot_platform.console.create_product(name="pytest", instance=Instance(_INSTANCE))
    if named := str(request.config.getini("alink_thing")):
        from alink_sim import thing_model
        from alink_sim.nearby import beside

        path = request.config.rootpath / named
        try:
            model = thing_model.document(path.read_bytes())
            iot_platform.console.set_thing_model(made.key, model)
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"alink_thing is {path}: {error}{beside(path)}") from error
    return made


@pytest.fixture
def factory_flash(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    iot_platform: Platform,
    iot_clock: Clock,
    product: Product,
) -> Iterator[FactoryFlash | RealFlash | QemuFlash]:
    """Yield a function that makes boards: burned, pre-registered, switched off.

    With `pytest --alink-port PORT` it burns the real board at that port, with ALINK_QEMU boards in
    an emulator.
    """
    from alink_sim import lanes

    if lane := lanes.chosen(request.config):
        with _remote(request, lane, tmp_path, iot_platform, iot_clock, product) as remote:
            yield remote
        return
    from alink_sim import toolchain
    from alink_sim.factory_flash import FactoryFlash
    from alink_sim.sntp import SntpServer

    chosen = {name: str(request.config.getini(name)) for name in _OPTIONS}
    files = _files(request.config)
    try:
        interpreter = toolchain.interpreter(chosen["alink_interpreter"])
        toolchain.umqtt_simple()
    except toolchain.ToolchainError as error:
        pytest.fail(str(error), pytrace=False)
    with SntpServer(clock=iot_clock) as ntp:
        flash = FactoryFlash(
            platform=iot_platform,
            product=product,
            interpreter=interpreter,
            clock=iot_clock,
            ntp=f"ntp.aliyuncs.com:{ntp.port}",
            home=tmp_path,
            files=files,
            board=chosen["alink_board"],
            layout=chosen["alink_layout"],
        )
        request.node.stash[_FLASH] = flash
        iot_platform.log.why_silent = flash.why_silent
        _drive(iot_clock, iot_platform, flash.boards, ntp)
        yield flash
        flash.power_off()


@contextmanager
def _remote(
    request: pytest.FixtureRequest,
    lane: Lane,
    scratch: Path,
    platform: Platform,
    clock: Clock,
    product: Product,
) -> Iterator[RealFlash | QemuFlash]:
    from alink_sim.clock import SystemClock
    from alink_sim.sntp import SntpServer

    if not isinstance(clock, SystemClock):
        pytest.skip(f"the time of a board of {lane.name} cannot be turned")
    board, layout = (str(request.config.getini(f"alink_{name}")) for name in ("board", "layout"))
    with SntpServer(clock=clock, host=platform.host) as ntp:
        flash = lane.flash(
            platform,
            product,
            ntp.port,
            scratch,
            files=_files(request.config),
            board=board,
            layout=layout,
        )
        request.node.stash[_FLASH] = flash
        yield flash
        flash.power_off()


def _files(config: pytest.Config) -> Path | None:
    if not (named := str(config.getini("alink_files"))):
        return None
    files = config.rootpath / named
    if not files.is_dir():
        from alink_sim.nearby import beside

        raise pytest.UsageError(f"alink_files is {files}, which is not a folder{beside(files)}")
    return files


@pytest.fixture
def board(
    factory_flash: FactoryFlash | RealFlash | QemuFlash,
) -> Board | RealBoard | QemuBoard:
    """Return a burned board, switched off; start it with `board.power_on()`."""
    return factory_flash()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the output of the boards and the events of the platform to a failed test."""
    report = yield
    if report.failed and (sentence := _missing_extra(call)):
        report.longrepr = sentence
    platform = item.stash.get(_PLATFORM, None)
    if report.failed and report.when != "teardown" and platform:
        flash = item.stash.get(_FLASH, None)
        boards = flash.boards if flash else []
        shown = [(f"console of {board.device_name}", board.tail(_SHOWN)) for board in boards]
        shown.append(("events of the platform", platform.log.tail(_SHOWN)))
        _show(report, shown, platform.mask.hide)
        if folder := str(item.config.getini("alink_artifacts")):
            from alink_sim import artifacts
            from alink_sim.board import Board

            simulated = [one for one in boards if isinstance(one, Board)]
            home = item.config.rootpath / folder
            saved = artifacts.save(home, item.nodeid, str(report.longrepr), platform, simulated)
            item.user_properties.append(("alink_artifacts", str(saved)))  # JUnit's XML has it.
            report.sections.append(("artifacts of alink", str(saved)))
    return report


def _missing_extra(call: pytest.CallInfo[None]) -> str | None:
    """Return the sentence for a package that a fixture needs and that is not installed."""
    from alink_formats import extras

    error = call.excinfo.value if call.excinfo and call.when == "setup" else None
    return extras.missing(error, own="sim") if isinstance(error, ModuleNotFoundError) else None


def _drive(clock: Clock, platform: Platform, boards: list[Board], ntp: SntpServer | None) -> None:
    """Let `run_until` of a clock that stands still move this platform and these boards."""
    from alink_sim.clock import ManualClock

    if isinstance(clock, ManualClock):
        from alink_sim.clock_driver import ClockDriver

        clock.driver = ClockDriver(clock, lambda: platform, boards, ntp)


def _show(
    report: pytest.TestReport, sections: list[tuple[str, str]], hide: Callable[[str], str]
) -> None:
    """Add sections to a report; hide secrets, because CI logs keep the output of firmware."""
    report.sections = [(title, hide(text)) for title, text in (*report.sections, *sections)]
    text = str(report.longrepr)
    if hide(text) != text:
        report.longrepr = hide(text)
