"""Burned boards for a test: a product on a platform in, boards as the line leaves them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_formats.identity import SECRETS, Identity
from alink_sim.board import Board, sdk_files
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.clock import Clock
from alink_sim.platform import Platform, Product
from alink_sim.toolchain import Interpreter

_FIRST_MAC = 0xA0B765000001


@dataclass
class FactoryFlash:
    """Makes boards, one a call, in the folder `home`; `boards` are all it made.

    `files` is the folder whose contents lie in the root of every volume, over the SDK: main.py and
    what it imports. `ntp` is `host:port` of the time server that is burned.
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
        """Return a burned board, switched off; it is this product's unless `identity` says so.

        `main` is the source of another main.py, `files` maps more paths of the volume to contents,
        `app` is an image of `firmware_image` for its first slot (docs/reference/board.md, "Two
        slots").
        `pre_registered=False` leaves the DeviceName unknown to the platform. `identity` changes
        any field of `alink_formats.identity.Identity`, as `method="regnwl"`. `heap` is what
        -X heapsize takes; None gives the firmware all of an ESP32's first area.
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
        made = Board.create(
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
        self.boards.append(made)
        return made

    def power_off(self) -> None:
        """Switch every board off."""
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
            f"/{path.relative_to(self.files).as_posix()}": path.read_bytes()
            for path in self.files.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        if main is not None:
            found.pop("/main.py", None)
        return found
