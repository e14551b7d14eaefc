"""Secrets of a batch: read from a file, the environment or a prompt; never an argument."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from alink_factory.errors import BatchError


def read(source: str, *, what: str, folder: Path) -> str:
    """Return the secret at `source`: "file:PATH", "env:NAME" or "prompt".

    `what` names it in messages and in the prompt, as in "ProductSecret of a1B2c3". A relative path
    starts at `folder`. Raises BatchError, which never shows the value.
    """
    kind, _, name = source.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name, "")
        where = f"the environment variable {name}"
    elif kind == "file" and name:
        path = folder / Path(name).expanduser()
        where = str(path)
        try:
            value = path.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not a UTF-8 text"
            raise BatchError(f"{what}: {where}: {reason}") from None
    elif source == "prompt":
        where = "the prompt"
        if not sys.stdin.isatty():
            raise BatchError(
                f"{what}: standard input is not a terminal: use file:PATH or env:NAME instead"
            )
        value = getpass.getpass(f"{what}: ")
    else:
        # The source may be the secret itself: the message does not repeat it.
        raise BatchError(f'{what}: write "file:PATH", "env:NAME" or "prompt", never the secret')
    if not value:
        raise BatchError(f"{what}: {where} is empty")
    return value
