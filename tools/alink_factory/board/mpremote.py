"""mpremote as a program: scripts and files for a board that already runs MicroPython.

A script for the board is a private file, never an argument: it may hold secrets, and any user of
the computer can see arguments.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_factory.board import program
from alink_factory.errors import BoardError
from alink_factory.image.flash_content import KEPT_FILES

_MARK = "alink-burn:"  # Starts each text line that a script prints for us.
_MUTE = "could not enter raw repl"
_TRIES = 3  # A board that was reset a moment ago boots, and its application joins the Wi-Fi.
_PAUSE = 2.0  # Seconds between two tries.
_AGAIN = "Check the cable, close other programs that have the port open, then try again."

# One fact a text line: the heap of a board is too small for one long text.
_LOOK = """
import binascii, hashlib, json, machine, os, sys
try:
    import esp32
except ImportError:
    esp32 = None
def say(**fact):
    print("%s" + json.dumps(fact))
def blob(key):
    size = 256
    while size <= 4096:
        buffer = bytearray(size)
        try:
            count = esp32.NVS("alink").get_blob(key, buffer)
            return binascii.hexlify(memoryview(buffer)[:count]).decode()
        except OSError as error:
            if error.args[0] != -0x110C:
                break
        size *= 2
    return ""
def content(name):
    try:
        with open(name, "rb") as file:
            return binascii.hexlify(file.read(4096)).decode()
    except OSError:
        return ""
def digest(name):
    found = hashlib.sha256()
    with open(name, "rb") as file:
        while True:
            count = file.readinto(part)
            if not count:
                return binascii.hexlify(found.digest()).decode()
            found.update(memoryview(part)[:count])
def walk(folder):
    for entry in os.ilistdir(folder or "/"):
        name = folder + "/" + entry[0]
        if entry[1] != 0x4000:
            say(file=name, digest=digest(name))
        elif name not in ("/rom", "/remote"):
            say(folder=name)
            walk(name)
say(
    platform="esp32" if esp32 else sys.platform,
    version=".".join(str(n) for n in sys.implementation[1][:3]),
    mac=binascii.hexlify(machine.unique_id()).decode(),
)
if esp32:
    say(labels=[part.info()[4] for part in esp32.Partition.find(1)])
    say(cert=blob("cert"))
    say(cred=blob("cred"))
for name in %r:
    say(kept=content(name))
part = bytearray(512)
walk("")
"""

_STORE = """
import binascii, esp32
nvs = esp32.NVS("alink")
nvs.set_blob("cert", binascii.unhexlify("%s"))
if %d:
    try:
        nvs.erase_key("cred")
    except OSError:
        pass
nvs.commit()
import os
for name in %r:
    try:
        os.remove(name)
    except OSError:
        pass
print("%s{}")
"""

# Twice: Wi-Fi of the application may use the SHA unit at the same time.
_SIGN = """
from alink.boot.efuse import hmac
made = [hmac(b"efuse:%d", b"hmacsha256", b"%s") for _ in range(2)]
print('%s{"signature": "' + (made[0].decode() if made[0] == made[1] else "") + '"}')
"""


@dataclass(frozen=True)
class ReplContent:
    """The content of a board that runs MicroPython. Its repr shows no secret.

    `labels` are the names of its data partitions, `cert` and `cred` the blobs in NVS, `kept` the
    contents of KEPT_FILES, `files` the SHA-256 of every file by path.
    """

    mac: str
    version: str
    labels: tuple[str, ...]
    cert: bytes = field(repr=False)
    cred: bytes = field(repr=False)
    kept: tuple[bytes, ...] = field(repr=False)
    files: Mapping[str, str]
    folders: tuple[str, ...]


class Mpremote:
    """One port; `scratch` is a private folder. The methods raise BoardError."""

    def __init__(self, port: str, *, scratch: Path, stop: threading.Event | None = None) -> None:
        self.port = port
        self._scratch = scratch
        self._stop = stop

    def look(self) -> ReplContent:
        """Return the content of the board; this interrupts its main.py."""
        said: dict[str, Any] = {}
        files: dict[str, str] = {}
        folders, kept = [], []
        for fact in self._script("reading", _LOOK % (_MARK, KEPT_FILES)):
            if "file" in fact:
                files[fact["file"]] = fact["digest"]
            elif "folder" in fact:
                folders.append(fact["folder"])
            elif "kept" in fact:
                kept.append(bytes.fromhex(fact["kept"]))
            else:
                said |= fact
        if said.get("platform") != "esp32":
            raise BoardError(
                "reading",
                f"MicroPython on {said.get('platform')} has no module esp32",
                advice="Take the board out: it is not an ESP32.",
                is_final=True,
            )
        return ReplContent(
            mac=said["mac"],
            version=said["version"],
            labels=tuple(said["labels"]),
            cert=bytes.fromhex(said["cert"]),
            cred=bytes.fromhex(said["cred"]),
            kept=tuple(kept),
            files=files,
            folders=tuple(folders),
        )

    def store(self, record: bytes, *, forget: bool, remove: list[str]) -> None:
        """Put the certificate into NVS; `forget` erases the credential, `remove` are files."""
        self._script("writing", _STORE % (record.hex(), forget, remove, _MARK))

    def copy(self, files: Mapping[str, bytes], *, folders: list[str]) -> None:
        """Create the `folders` and copy the files, all in one run."""
        words: list[str] = []
        written = []
        try:
            for folder in folders:
                words += ["+", "mkdir", f":{folder}"]
            for number, (name, content) in enumerate(sorted(files.items())):
                local = self._scratch / f"file-{number}"
                local.write_bytes(content)
                written.append(local)
                words += ["+", "cp", str(local), f":{name}"]
            if words:
                self._run("writing", words[1:])
        except OSError as error:
            raise BoardError(
                "writing", str(error), advice="Free space on the disk of this computer."
            ) from error
        finally:
            for local in written:
                local.unlink(missing_ok=True)

    def sign(self, block: int, text: str) -> str:
        """Return the hexadecimal signature of a text with the key in an eFuse block."""
        return str(self._script("verified", _SIGN % (block, text, _MARK))[0]["signature"])

    def run(self, step: str, text: str, *, timeout: float = math.inf) -> list[str]:
        """Run a script on the board for up to `timeout` seconds; return the lines it printed."""
        file = None
        try:
            # Ports at work share the folder; the file is readable for this user only.
            number, name = tempfile.mkstemp(suffix=".py", dir=self._scratch)
            file = Path(name)
            os.close(number)
            file.write_text(text, encoding="utf-8")
            return self._run(step, ["run", name], timeout=timeout)
        except OSError as error:
            raise BoardError(
                step, str(error), advice="Free space on the disk of this computer."
            ) from error
        finally:
            if file:
                file.unlink(missing_ok=True)

    def reset(self) -> None:
        """Reset the board."""
        self._run("reset", ["reset"])

    def _script(self, step: str, text: str) -> list[dict[str, Any]]:
        # Runs a script on the board and returns the facts it printed, at least one.
        lines = self.run(step, text)
        facts = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
        if not facts:
            raise BoardError(step, "the board did not respond", advice=_AGAIN)
        return [json.loads(fact) for fact in facts]

    def _run(self, step: str, command: list[str], *, timeout: float = math.inf) -> list[str]:
        """Run mpremote; a board that is mute at the first command gets more tries."""
        code, lines = 0, list[str]()
        for left in reversed(range(_TRIES if step == "reading" else 1)):
            code, lines = self._tried(step, command, timeout=timeout)
            if not code:
                return lines
            if not left or not any(_MUTE in line for line in lines):
                break
            (self._stop or threading.Event()).wait(_PAUSE)
        raise BoardError(step, _failure(self.port, lines), advice=_AGAIN)

    def _tried(self, step: str, command: list[str], *, timeout: float) -> tuple[int, list[str]]:
        lines: list[str] = []
        try:
            code = program.run(
                [sys.executable, "-m", "mpremote", "connect", self.port, *command],
                on_line=lines.append,
                stop=self._stop,
                timeout=timeout,
            )
        except program.ProgramStoppedError as error:
            raise BoardError(step, f"mpremote was ended: {error}", advice=_AGAIN) from error
        return code, lines


def _failure(port: str, lines: list[str]) -> str:
    lines = [line for line in lines if _MARK not in line]  # Facts hold secrets.
    text = "\n".join(lines)
    if "failed to access" in text or "no device" in text:
        return f"{port} cannot be opened"
    if _MUTE in text:
        return f"MicroPython on {port} does not respond: burn the firmware with esptool first"
    if "ENOSPC" in text or "Errno 28" in text:
        return "the vfs of the board is full"
    return f"mpremote failed: {lines[-1][:160]}" if lines else "mpremote failed without a message"
