"""A board that is not simulated: what `RealBoard` and `QemuBoard` have in common.

docs/reference/pytest-fixtures.md, "Lanes". Both offer the part of `alink_sim.board.Board` that
does not need a simulation; the rest skips the test by name.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar

import pytest

from alink_formats.board_file import file_of_board
from alink_formats.identity import SECRETS, Identity
from alink_formats.sdk import sdk_files
from alink_sim.board import TextLine
from alink_sim.board.interpreter.console import Console
from alink_sim.patience import patience
from alink_sim.platform import Platform, Product

_SIMULATED = ("app", "board", "heap", "flash_size")  # Settings of a simulated board.


class RemoteBoard(ABC):
    """One board: power, console and keys."""

    lane: ClassVar[str]  # What chose this lane, for the reason of a skip.

    def __init__(self, *, device_name: str) -> None:
        self.device_name = device_name
        self._console = Console()

    @abstractmethod
    def power_on(self) -> None:
        """Start boot.py and main.py; what the program printed before is gone."""

    @abstractmethod
    def power_off(self) -> None:
        """Stop the program."""

    @abstractmethod
    def type(self, keys: bytes) -> None:
        """Send bytes to its serial port."""

    @property
    def lines(self) -> list[TextLine]:
        """Return every text line that it has printed since the first `power_on`."""
        return self._console.lines

    @property
    def ended(self) -> str:
        """Return "", as of a board that runs: a serial port does not show the end."""
        return ""

    @property
    def has_ended(self) -> bool:
        """Return False: a serial port does not show the end."""
        return False

    def tail(self, count: int = 20) -> str:
        """Return the last `count` text lines, each with its seconds since `power_on`."""
        return self._console.tail(count)

    def expect(self, what: str | re.Pattern[str], *, timeout: float | None = None) -> TextLine:
        """Return the next text line that contains a text or matches a pattern.

        Raises BoardError after `timeout` seconds (None: `patience`).
        """
        __tracebackhide__ = True  # pytest then shows the caller.
        return self._console.expect(what, timeout=patience() if timeout is None else timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    def __getattr__(self, name: str) -> NoReturn:
        """Skip the test: only a simulated board has a flash file, pins and a radio to drive."""
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"board.{name} needs a simulated board; {self.lane} runs another one")


AnyBoard = TypeVar("AnyBoard", bound=RemoteBoard)


@dataclass
class RemoteFlash(ABC, Generic[AnyBoard]):
    """Burn boards of a lane for a test, as `FactoryFlash` burns simulated ones.

    `host` is the name of this computer for the board, "" if names of the vendor lead here. `wifi`
    is SSID:PASSWORD, "" if the board joins its network by itself. `scratch` is a private folder.
    """

    platform: Platform
    product: Product
    ntp_port: int
    scratch: Path
    host: str = ""
    wifi: str = ""
    files: Path | None = None
    boards: list[AnyBoard] = field(default_factory=list)

    def __call__(
        self,
        device_name: str | None = None,
        *,
        main: str | None = None,
        files: Mapping[str, bytes] | None = None,
        pre_registered: bool = True,
        layout: str | None = None,
        **other: Any,
    ) -> AnyBoard:
        """Return a burned board, switched off.

        A setting of a simulated board skips the test, and so does a second board where one is.
        """
        self.check_settings(layout)
        for name in _SIMULATED:
            if other.pop(name, None) is not None:
                pytest.skip(f"{name} is a setting of a simulated board")
        name = device_name or f"board-{len(self.boards)}"
        burned = Identity(**{**self._identity(name), **other})
        for secret in SECRETS:
            self.platform.mask.learn(getattr(burned, secret))
        if pre_registered:
            self.platform.console.add_device(burned.product_key, name)
        own = {**self._own_files(main), **(files or {})}
        self.boards.append(self.burn(burned, {**sdk_files(main=main), **own}, layout))
        return self.boards[-1]

    @abstractmethod
    def check_settings(self, layout: str | None) -> None:
        """Skip the test if the lane cannot make another board, or not in this layout."""

    @abstractmethod
    def burn(
        self, burned: Identity, files: Mapping[str, bytes], layout: str | None, /
    ) -> AnyBoard:
        """Return a board with this certificate and these files. Raises BoardError."""

    def power_off(self) -> None:
        """Stop the program of each board."""
        for board in self.boards:
            board.power_off()

    def why_silent(self, _device_name: str | None) -> str:
        """Return "": a serial port does not show that a program has ended."""
        return ""

    def _identity(self, device_name: str) -> dict[str, Any]:
        at = self.host or "iot-auth.cn-shanghai.aliyuncs.com"
        ssid, _, password = self.wifi.partition(":")
        return {
            "product_key": self.product.key,
            "product_secret": self.product.secret,
            "device_name": device_name,
            "instance_id": self.product.instance,
            "host": self.host,
            "port": self.platform.mqtt_tls_port,
            "https_host": f"{at}:{self.platform.https_port}",
            "ntp_host": f"{self.host or 'ntp.aliyuncs.com'}:{self.ntp_port}",
            "ca": (self.platform.ca_der,),
            "wifi_ssid": ssid,
            "wifi_password": password,
        }

    def _own_files(self, main: str | None) -> dict[str, bytes]:
        if self.files is None:
            return {}
        found = {
            f"/{path.relative_to(self.files).as_posix()}": file_of_board(path)
            for path in self.files.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        return {name: data for name, data in found.items() if main is None or name != "/main.py"}
