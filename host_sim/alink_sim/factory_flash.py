"""Burned boards for tests, in the state in which they leave the production line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_formats.board_file import file_of_board
from alink_formats.identity import SECRETS, Identity
from alink_sim.board import Board, sdk_files
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.clock import Clock
from alink_sim.platform import Platform, Product
from alink_sim.toolchain import Interpreter

_FIRST_MAC = 0xA0B765000001


@dataclass
class FactoryFlash:
    """Make one board a call, in the folder `home`; `boards` lists them.

    `files` is a folder with main.py and its imports; each board gets its content in the root of
    the vfs, beside the SDK. `ntp` is `host:port` of the time server to burn.
    """

    platform: Platform
    product: Product
    interpreter: Interpreter
    clock: Clock
    ntp: str
    home: Path
    files: Path | None = None
    board: str = "ESP32_GENERIC"
    layout: str = "factory"
    boards: list[Board] = field(default_factory=list)

    def __call__(
        self,
        device_name: str | None = None,
        *,
        main: str | None = None,
        files: Mapping[str, bytes] | None = None,
        pre_registered: bool = True,
        layout: str | None = None,
        board: str | None = None,
        app: bytes | None = None,
        heap: str | None = None,
        **identity: Any,
    ) -> Board:
        """Return a burned board of this product, switched off.

        `main` is the source of another main.py. `files` maps more paths in the vfs to contents.
        `app` is an image of `firmware_image` for the first slot (docs/reference/board.md, "Two
        slots"). With `pre_registered=False` the platform does not know the DeviceName. `identity`
        sets fields of `alink_formats.identity.Identity`, such as `method="regnwl"`. `heap` is the
        argument of -X heapsize; None gives the firmware an ESP32's whole first heap area.
        Raises IdentityError, RegistryError, VfsError or ToolchainError.
        """
        number = len(self.boards)
        mac = f"{_FIRST_MAC + number:012x}"
        name = device_name or f"esp32-{mac.upper()}"
        burned = Identity(**{**self._identity(name), **identity})
        for secret in SECRETS:
            self.platform.mask.learn(getattr(burned, secret))
        if pre_registered:
            self.platform.console.add_device(burned.product_key, burned.device_name)
        new = Board.create(
            self.home / f"board-{number}",
            interpreter=self.interpreter,
            layout=layout or self.layout,
            identity=burned,
            files={**sdk_files(main=main), **self._own_files(main), **(files or {})},
            mac=mac,
            clock=self.clock,
            heap=heap or beside_standins(self.interpreter),
            board=board or self.board,
            app=app,
        )
        self.boards.append(new)
        return new

    def why_silent(self, device_name: str | None) -> str:
        """Return why no board of this name, or no board for None, sends anything more.

        Return "" while one may. A board that the test switched off may be a step of the test.
        """
        names = {board.device_name for board in self.boards}
        if not names or (device_name is not None and device_name not in names):
            return ""
        boards = [one for one in self.boards if device_name in (None, one.device_name)]
        if not all(board.ended in ("halted", "crashed", "cut") for board in boards):
            return ""
        return "\n".join(
            f"board {one.device_name} has ended ({one.ended}), its last output:\n{one.tail()}"
            for one in boards
        )

    def power_off(self) -> None:
        """Switch all boards off."""
        for board in self.boards:
            board.power_off()

    def _identity(self, device_name: str) -> dict[str, Any]:
        return {
            "product_key": self.product.key,
            "product_secret": self.product.secret,
            "device_name": device_name,
            "instance_id": self.product.instance,
            "port": self.platform.mqtt_tls_port,
            "https_host": f"iot-auth.cn-shanghai.aliyuncs.com:{self.platform.https_port}",
            "ntp_host": self.ntp,
            "ca": (self.platform.ca_der,),
        }

    def _own_files(self, main: str | None) -> dict[str, bytes]:
        if self.files is None:
            return {}
        found = {
            f"/{path.relative_to(self.files).as_posix()}": file_of_board(path)
            for path in self.files.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        if main is not None:
            found.pop("/main.py", None)
        return found
