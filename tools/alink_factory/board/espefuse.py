"""espefuse as a program: burn a ProductSecret into an eFuse key block, once and for ever.

espefuse is part of esptool, GPL, and never imported. The key is in a private file, never an
argument and never printed: `burn-block-data` would print it, so only `burn-key` is used.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alink_factory.board import program
from alink_factory.board.board import EfuseKey
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BatchError, BoardError

KEY_SIZE = 32  # Bytes of a block; a shorter secret is followed by zeros.
PURPOSE = "HMAC_UP"

_STEP = "writing"


@dataclass(frozen=True)
class KeyBlock:
    """A key block of a chip: its purpose, and whether software can read and write it."""

    purpose: str
    is_readable: bool
    is_writable: bool
    is_blank: bool

    @property
    def is_ours(self) -> bool:
        """Return whether the block holds a key for the HMAC unit that software cannot read."""
        return self.purpose == PURPOSE and not self.is_readable and not self.is_writable


class Espefuse:
    """The eFuses of the board on a port. `scratch` is a private folder, `stop` ends a program.

    An empty `port` is espefuse's virtual chip, whose eFuses are gone afterwards.
    """

    def __init__(
        self,
        port: str,
        *,
        chip: str,
        scratch: Path,
        has_reset_lines: bool = True,
        stop: threading.Event | None = None,
    ) -> None:
        self._port = port
        self._chip = chip
        self._scratch = scratch
        self._has_reset_lines = has_reset_lines
        self._stop = stop

    def look(self, block: int) -> KeyBlock:
        """Return the state of a key block. Raises BoardError."""
        text = "\n".join(self._run(["summary", "--format", "json"]))
        try:
            found: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
            key = found[f"BLOCK_KEY{block}"]
            purpose = str(found[f"KEY_PURPOSE_{block}"]["value"])
            value = re.sub(r"[^0-9a-f?]", "", str(key["value"]))
            writes = next(key[name] for name in key if name.startswith("write"))
            return KeyBlock(purpose, key["readable"], writes, not value.strip("0"))
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise self._failed("it prints no summary of the eFuses") from error

    def burn(self, key: EfuseKey) -> None:
        """Burn a secret into a blank key block: HMAC_UP, protected from reads and writes.

        It cannot be undone. Raises BoardError.
        """
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            file = Path(folder) / "key"
            with open(file, "wb", opener=_private) as stream:
                stream.write(key.secret.encode().ljust(KEY_SIZE, b"\0"))
            self._run(["burn-key", f"BLOCK_KEY{key.block}", str(file), PURPOSE], confirmed=True)

    def _run(self, command: list[str], *, confirmed: bool = False) -> list[str]:
        lines: list[str] = []
        options = ["--chip", self._chip]
        if not self._port:
            options.append("--virt")
        else:
            before = "default-reset" if self._has_reset_lines else "no-reset"
            options += ["--port", self._port, "--before", before, "--after", "no-reset"]
        options += ["--do-not-confirm"] if confirmed else []
        try:
            code = program.run(
                [sys.executable, "-m", "espefuse", *options, *command],
                on_line=lines.append,
                stop=self._stop,
            )
        except program.ProgramStoppedError as error:
            raise self._failed(f"it was ended: {error}") from error
        if code:
            fatal = [line for line in lines if "error" in line.lower()] or lines
            raise self._failed(fatal[-1][:160] if fatal else "no message")
        return lines

    def _failed(self, why: str) -> BoardError:
        return BoardError(
            _STEP,
            f"espefuse failed: {why}",
            advice="Check the cable, then plug the board in again.",
        )


def ensure(espefuse: Espefuse, key: EfuseKey) -> bool:
    """Burn the secret unless the block holds a key already; return whether it was burned now.

    Raises BoardError if the block is used for something else.
    """
    block = key.block
    found = espefuse.look(block)
    if found.is_ours:
        return False
    if found.purpose != "USER" or not found.is_blank:
        raise BoardError(
            _STEP,
            f"eFuse block {block} is in use (purpose {found.purpose}) or was burned halfway",
            advice="Take the board out; another block needs another batch (secret.block).",
            is_final=True,
        )
    espefuse.burn(key)
    if not espefuse.look(block).is_ours:
        raise BoardError(
            _STEP,
            f"eFuse block {block} is not protected after it was burned",
            advice="Scrap the board and destroy it: it may give the ProductSecret away.",
            is_final=True,
        )
    return True


def prove(repl: Mpremote, key: EfuseKey) -> None:
    """Compare a signature of the running board with that of the key. Raises BoardError."""
    text = secrets.token_hex(16)
    expected = hmac.digest(key.secret.encode(), text.encode(), "sha256").hex()
    if repl.sign(key.block, text) != expected:
        raise BoardError(
            "verified",
            f"eFuse block {key.block} signs with another key than this batch's",
            advice="Take the board out: it was burned for another product.",
            is_final=True,
        )


def rehearse(chip: str, key: EfuseKey, *, scratch: Path) -> None:
    """Burn the secret into espefuse's virtual chip. Raises BatchError if that fails."""
    virtual = Espefuse("", chip=chip, scratch=scratch)
    try:
        virtual.burn(key)
    except BoardError as error:
        raise BatchError(f'[secret] where = "efuse": {error}') from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
