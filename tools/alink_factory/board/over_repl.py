"""A board behind its REPL: it already runs MicroPython, and mpremote talks to it.

Layout `stock` only: the identity record goes into NVS, the files go into the vfs. The firmware and
the partition table stay as they are.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import PurePosixPath

from alink_factory.batch.plan import Plan
from alink_factory.board.board import EfuseKey, Prepared, tools
from alink_factory.board.mpremote import Mpremote, ReplContent
from alink_factory.errors import BatchError, BoardError
from alink_factory.image.flash_content import KEPT_FILES
from alink_formats import identity as identities
from alink_formats.identity import Identity, IdentityError

_AGAIN = "Plug the board in again. If it fails again, scrap it."


class ReplBoard:
    """Implements `Board`. `fresh` discards the credential, `full` copies unchanged files too.

    Raises BatchError if the batch has another layout than `stock`.
    """

    def __init__(self, mpremote: Mpremote, plan: Plan, *, fresh: bool, full: bool) -> None:
        if plan.batch.layout != "stock":
            raise BatchError(
                f"{plan.batch.file}: mpremote cannot change a partition table: write "
                'board.layout = "stock", or burn with esptool'
            )
        self.mac = ""
        self.seen = tools("mpremote")
        self._mpremote = mpremote
        self._plan = plan
        self._fresh = fresh
        self._full = full
        self._running: ReplContent
        self._identity: Identity
        self._record = b""

    def look(self) -> set[tuple[str, str]]:
        """Read partitions, records and files; return the owners that the records name."""
        self._running = running = self._mpremote.look()
        self.mac = running.mac
        if "fctry" in running.labels:
            raise BoardError(
                "identify",
                "the board has the layout factory, but the batch has the layout stock",
                advice="Burn it with esptool.",
                is_final=True,
            )
        return _owners(running)

    def prepare(self, identity: Identity, key: EfuseKey | None = None) -> Prepared:
        """Encode the identity record."""
        if key:
            raise BatchError('eFuses are burned with esptool: leave out "--via mpremote"')
        self._identity = identity
        self._record = identities.encode(identity)
        limit = identities.LIMITS["credential"]
        if len(self._record) > limit:
            raise BatchError(
                f"the identity record is {len(self._record)} bytes; the limit in NVS is {limit}: "
                "burn fewer roots (product.ca)"
            )
        return Prepared(identities.digest(self._record), f"firmware none; {self.seen}")

    def write(self) -> tuple[str, ...]:
        """Store the record, then copy the files whose SHA-256 differs."""
        running, fresh = self._running, self._fresh
        changed = {
            name: content
            for name, content in self._plan.files.items()
            if self._full or running.files.get(name) != _sha256(content)
        }
        is_new = running.cert != self._record
        if is_new or fresh:
            removed = list(KEPT_FILES) if fresh else []
            self._mpremote.store(self._record, forget=fresh, remove=removed)
        self._mpremote.copy(changed, folders=_new_folders(changed, running))
        return (*(["identity"] if is_new else []), *sorted(changed))

    def verify(self) -> None:
        """Compare the record in NVS and the SHA-256 of each file, then reset."""
        running = self._mpremote.look()
        read = None
        with contextlib.suppress(IdentityError):
            read = identities.decode(running.cert).identity
        if read != self._identity:
            raise BoardError(
                "verified",
                "the identity read back from NVS differs from the one written",
                advice=_AGAIN,
            )
        for name, content in self._plan.files.items():
            if running.files.get(name) != _sha256(content):
                raise BoardError(
                    "verified", f"{name} on the board differs from the file copied", advice=_AGAIN
                )
        self._mpremote.reset()

    def close(self) -> None:
        """Do nothing: mpremote closes the port after each run."""


def _owners(running: ReplContent) -> set[tuple[str, str]]:
    owners = set()
    for record in (running.cert, running.cred, *running.kept):
        with contextlib.suppress(IdentityError):
            owners.add(identities.owner(identities.decode(record).identity, running.mac))
    return owners


def _new_folders(files: dict[str, bytes], running: ReplContent) -> list[str]:
    # Folders that the board does not have yet, parents first.
    needed = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    return sorted(needed - {"/", *running.folders})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
