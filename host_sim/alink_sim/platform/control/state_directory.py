"""A platform's state directory: its owner, its ports, and the key of its control server."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Any, Self

from alink_formats import whole_file
from alink_sim.platform.state.folder import StateError, own

__all__ = ["StateDir", "StateError"]

_ADMIN_KEY = "admin.key"
_CONSOLE_KEY = "console.key"


class StateDir:
    """The directory that one running platform owns; `with` it to own it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Make the directory if it is not there, and own it. Raises StateError."""
        try:
            own(self.path)
            self._lock = os.open(self.path / "platform.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise StateError(
                f"the state directory {self.path} cannot be used ({error.strerror}): "
                "name another one with --state"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise StateError(
                f"another platform already serves {self.path}: stop it, or name another directory "
                "with --state"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._announcement.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)

    def announce(self, facts: dict[str, Any]) -> None:
        """Write where the platform listens, for `read_announcement` and for scripts."""
        whole_file.write(self._announcement, (json.dumps(facts, indent=2) + "\n").encode())

    def new_key(self) -> str:
        """Return a new key of the administration, kept where only its owner reads it."""
        key = secrets.token_hex(16)
        self._keep_key(_ADMIN_KEY, key)
        return key

    def keep_console_token(self, token: str) -> None:
        """Keep the token of the web console where only its owner reads it."""
        self._keep_key(_CONSOLE_KEY, token)

    def console_token(self) -> str:
        """Return the token of the web console. Raises StateError."""
        return self._read_key(_CONSOLE_KEY)

    def _keep_key(self, name: str, key: str) -> None:
        path = self.path / name
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(key)

    def key(self) -> str:
        """Return the key that the running platform wrote. Raises StateError."""
        return self._read_key(_ADMIN_KEY)

    def _read_key(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except OSError as error:
            raise StateError(
                f"the key in {self.path} cannot be read ({error.strerror}): run this as the user "
                "who runs the platform"
            ) from error

    def read_announcement(self) -> dict[str, Any]:
        """Return where the running platform listens. Raises StateError."""
        try:
            facts: dict[str, Any] = json.loads(self._announcement.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StateError(
                f"no platform serves {self.path}: start one with "
                f"`alink-sim platform --state {self.path}`"
            ) from error
        return facts

    @property
    def _announcement(self) -> Path:
        return self.path / "platform.json"
