"""A reader who does what a page says: files are saved, commands run, programs put on boards."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from alink_formats import board as definitions
from alink_sim.board import Board, BoardProgram, beside_standins, firmware_image
from alink_sim.board.serial import PtyPort, SerialBoard
from alink_sim.factory_flash import FactoryFlash
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from alink_sim.toolchain import boards_dir, cache_dir, missing_reason
from tests import interpreters
from tests.docs.blocks import Block, matches
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
# What pages name and a test replaces.
SERIAL_PORT = "/dev/ttyUSB0"  # A simulated board is behind it.
COMPUTER = "192.168.1.10"  # The reader's computer, as boards reach it.
TIME_SERVER = "ntp.aliyun.com"
TLS_PORT = "8883"
IMAGE = "ESP32_GENERIC-20250911-v1.26.1.bin"  # The firmware image of MicroPython.
_BURNS = re.compile(r"^alink-burn (?:flash|run|update|wipe)", re.MULTILINE)


class PageError(AssertionError):
    """A block did not do what its page says; the text names the line."""


class Reader:
    """One reader in an empty folder; use it as a context."""

    def __init__(
        self, folder: Path, platform: Callable[[], Platform], flash: Callable[[], FactoryFlash]
    ) -> None:
        """`platform` and `flash` return what programs of boards run against, made on demand."""
        self._folder = folder
        self._platform, self._flash = platform, flash
        self._files: dict[str, bytes] = {}
        self._output = ""
        self._query: Block | None = None
        self._replaced: dict[str, str] = {}
        self._press_reset: Callable[[], None] = lambda: None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def do(self, block: Block) -> None:
        """Do what a block says. Raises PageError."""
        way = getattr(self, "_" + block.way.replace("-", "_"), None)
        if way is None:
            raise PageError(f"line {block.line}: mark this {block.language} block, or caption it")
        way(block)

    def _not_run(self, block: Block) -> None:
        if not block.argument:
            raise PageError(f"line {block.line}: not-run without a reason")

    def _file(self, block: Block) -> None:
        path = self._folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(block.text), "utf-8")
        if path.name != "main.py":
            self._files[f"/{path.name}"] = path.read_bytes()

    def _sh(self, block: Block) -> None:
        self._run(block, self._folder)

    def _checkout(self, block: Block) -> None:
        self._run(block, ROOT, PYTHON="true")  # Set-up has run; it must not run under a test.

    def _run(self, block: Block, folder: Path, **more: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._here(block.text)],
            cwd=folder,
            env={**self._environment(), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        self._output = done.stdout
        self._query = block if block.text.startswith("alink-sim admin") else None
        if done.returncode:
            raise PageError(f"line {block.line}: exit code {done.returncode}\n{done.stdout}")
        if _BURNS.search(block.text):
            self._press_reset()  # A pty has no reset lines.

    def _text(self, block: Block) -> None:
        """Find a text in the output of the last command; repeat a query until it is there."""
        end = time.monotonic() + PATIENCE
        while not matches(block.text, self._output) and time.monotonic() < end:
            if not self._query:
                break
            time.sleep(1)
            self._sh(self._query)
        if not matches(block.text, self._output):
            raise PageError(f"line {block.line}: not in the output\n{self._output}")

    def _background(self, block: Block) -> None:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self._here(block.text).strip()}"],
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        assert process.stdout
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        self._output = ""
        for line in process.stdout:
            self._output += line
            if self._here(block.argument) in line:
                break
        else:
            raise PageError(f"line {block.line}: it ended\n{self._output}")
        watchdog.cancel()

    def _board(self, block: Block) -> None:
        platform = self._platform()
        # In the two heaps of a chip, where its interpreter can be built.
        heap = "chip" if missing_reason("chip32") is None else None
        board = self._flash()(main=block.text, files=self._files, heap=heap)
        board.power_on()
        platform.expect(block.argument, device_name=board.device_name, timeout=PATIENCE)
        board.power_off()

    def _here(self, text: str) -> str:
        """Return a text of the page with the names of this reader's world in it."""
        makers = {
            SERIAL_PORT: self._plug_board_in,
            COMPUTER: lambda: "localhost",
            TIME_SERVER: self._serve_time,
            TLS_PORT: lambda: str(free_port()),
            IMAGE: self._download_image,
        }
        for name, make in makers.items():
            if name in text:
                if name not in self._replaced:
                    self._replaced[name] = make()
                text = text.replace(name, self._replaced[name])
        return text

    def _plug_board_in(self) -> str:
        interpreter = interpreters.require("unix64")
        folder = self._folder / "bench"
        board = Board.blank(folder, interpreter=interpreter, heap=beside_standins(interpreter))
        serial = SerialBoard(board.flash, chip="esp32", program=BoardProgram(board))
        port = self._stack.enter_context(PtyPort(serial, folder / "tty", download=True))
        self._press_reset = lambda: serial.reset(download=False)
        return str(port.path)

    def _serve_time(self) -> str:
        return f"localhost:{self._stack.enter_context(SntpServer()).port}"

    def _download_image(self) -> str:
        definition = definitions.load(boards_dir() / "ESP32_GENERIC")
        app = firmware_image.application(definition.chip, size=30_000)
        image = firmware_image.published(definition, app=app)
        (self._folder / IMAGE).write_bytes(image)
        return IMAGE

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if "PROXY" not in name.upper() and not name.startswith(("PYTEST_", "COV_"))
        }
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self._folder),
            "ALINK_CACHE": str(cache_dir()),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }


def free_port() -> int:
    """Return a TCP port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
