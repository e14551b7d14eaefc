"""A device for a fuzzer: the SDK's bytecode in a MicroPython process, fed over a pipe."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from alink_sim import toolchain
from alink_sim.board import sdk_files

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "firmware" / "upy" / "device_doors.py"
DOORS = ("log_in", "stream", "message", "register", "https", "time")
HEAP = "800k"  # All features at once, and long inputs; the heap of a board has its own tests.
PROCESSOR_SECONDS = 60.0  # For one batch: only a loop that counts no step comes near.

EMPTY: Mapping[str, bytes] = MappingProxyType({})


class DeviceFailure(AssertionError):
    """The SDK raised what it does not document, or did not end."""


@dataclass(frozen=True)
class Answer:
    """The result of a batch: steps of the longest input, bytes of allocated heap.

    `result` is what the door returned for the last input; None where the SDK refused it.
    """

    steps: int
    used: int
    result: bytes | None


class DeviceProcess:
    """One interpreter that feeds one door; use it in a `with` statement."""

    def __init__(
        self, interpreter: toolchain.Interpreter, door: str, files: Mapping[str, bytes] = EMPTY
    ) -> None:
        """`files` lie beside those of the SDK: a module in source is preferred to its bytecode."""
        self._interpreter = interpreter
        self._door = door
        self._files = files
        self._folder = tempfile.TemporaryDirectory(prefix="alink-fuzz-")

    def __enter__(self) -> Self:
        folder = Path(self._folder.name)
        for name, content in {**sdk_files(), **self._files}.items():
            path = folder / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        search = (folder / "lib", ROOT / "tests" / "core", toolchain.umqtt_simple(), ".frozen")
        self._process = subprocess.Popen(
            [*self._interpreter.command, "-X", f"heapsize={HEAP}", str(PROGRAM), self._door],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "MICROPYPATH": ":".join(map(str, search))},
        )
        said = self._line()
        if said != "ready":
            raise DeviceFailure(said)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def feed(self, inputs: Sequence[bytes]) -> Answer:
        """Feed a batch. Raises DeviceFailure with the input and the traceback."""
        assert self._process.stdin
        try:
            self._process.stdin.write(struct.pack(">H", len(inputs)))
            for data in inputs:
                self._process.stdin.write(struct.pack(">I", len(data)) + data)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # Its last output says why.
        said = self._line()
        try:
            answer = json.loads(said)
        except ValueError as error:
            raise DeviceFailure(f"the door {self._door} of the device ended: {said}") from error
        if answer["failed"]:
            number, traceback = answer["failed"]
            data = inputs[number][:2000]
            raise DeviceFailure(f"the door {self._door} failed for {data!r}\n{traceback}")
        result = answer["result"]
        return Answer(
            answer["steps"], answer["used"], None if result is None else bytes.fromhex(result)
        )

    def _line(self) -> str:
        # Waits for as long as the process uses its processor: a loaded machine is not a hang.
        assert self._process.stdout
        begun = self._processor_seconds()
        while not select.select([self._process.stdout], [], [], 0.2)[0]:
            if self._processor_seconds() - begun > PROCESSOR_SECONDS:
                self._process.kill()
                raise DeviceFailure(f"the door {self._door} of the device hangs")
        line = self._process.stdout.readline().decode(errors="replace").rstrip()
        if line.startswith(("{", "ready")):
            return line
        # A traceback: it ends the process, or the end of its input does.
        assert self._process.stdin
        self._process.stdin.close()
        return line + "\n" + self._process.stdout.read().decode(errors="replace")

    def _processor_seconds(self) -> float:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
