"""The claim on a database: one platform serves it, for as long as it serves.

Two registries on one database would undo each other's changes. A file is claimed by a lock on the
file itself, whatever path or URL led to it; a PostgreSQL schema by an advisory lock of the
connection that also carries every write, so that no write outlives its claim.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from alink_sim.platform.state.tables import CLAIM

_WAIT_MILLISECONDS = 2000  # The server needs a moment to notice that the last one was killed.
_LOCK_NOT_AVAILABLE = "55P03"
_TAKEN = "another platform already serves this database: stop it, or name another one"

# Files that this process has claimed, by device and inode. Closing a second descriptor of the same
# file would drop the locks that SQLite holds on it (POSIX), so none is opened.
_CLAIMED: set[tuple[int, int]] = set()


class StoreError(RuntimeError):
    """The database cannot be used; the text says why and what to do."""


class ClaimLostError(StoreError):
    """The database is another platform's by now, or is not there any more: this one must end."""


class DatabaseClaim(Protocol):
    """The claim that a store holds while it serves."""

    def sign(self) -> None:
        """Write into the database who serves it, where that is needed."""

    def check(self) -> None:
        """Return if the claim holds, or was taken again. Raises ClaimLostError, StoreError."""

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that commits only under the claim."""

    def release(self) -> None:
        """Give the claim up."""


class MemoryClaim:
    """A database in memory, which no other process can reach."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def sign(self) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Return: it always holds."""

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction."""
        with self._engine.begin() as connection:
            yield connection

    def release(self) -> None:
        """Do nothing."""


class FileClaim:
    """An SQLite file, created if it is not there. Raises StoreError, OSError."""

    def __init__(self, path: Path) -> None:
        """DatabaseClaim the file; secrets lie in it, so that only its owner may read it."""
        self._path = path
        if _identity(path) in _CLAIMED:
            raise StoreError(_TAKEN)
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise StoreError(_TAKEN) from error
        except OSError:
            os.close(self._file)
            raise
        found = os.fstat(self._file)
        self._mine = found.st_dev, found.st_ino
        _CLAIMED.add(self._mine)
        self._engine: sa.Engine | None = None

    def serve(self, engine: sa.Engine) -> None:
        """Take the engine that opens the file."""
        self._engine = engine

    def sign(self) -> None:
        """Do nothing: the lock lasts as long as the file is open."""

    def check(self) -> None:
        """Return if the path still leads to the claimed file. Raises ClaimLostError."""
        if _identity(self._path) != self._mine:
            raise ClaimLostError(
                f"the database file {self._path} was removed or replaced while a platform served "
                "it: put it back, and start the platform again"
            )

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction. Raises ClaimLostError."""
        assert self._engine  # noqa: S101 (`serve` comes first)
        self.check()
        with self._engine.begin() as connection:
            yield connection

    def release(self) -> None:
        """Close the file; its connections are closed before."""
        _CLAIMED.discard(self._mine)
        os.close(self._file)


class SchemaClaim:
    """A PostgreSQL schema. Raises StoreError, SQLAlchemyError."""

    def __init__(self, engine: sa.Engine) -> None:
        """DatabaseClaim the schema that the engine's URL leads to."""
        self._engine = engine
        self._token = ""
        self._is_lost = False
        self._connection: sa.Connection | None = self._locked()
        if self._connection is None:
            raise StoreError(_TAKEN)

    def sign(self) -> None:
        """Write into the database who serves it, once its tables are there."""
        self._token = secrets.token_hex(16)
        with self.transaction() as connection:
            connection.execute(CLAIM.delete())
            connection.execute(CLAIM.insert().values(token=self._token))

    def check(self) -> None:
        """Return if the lock is held; a connection that was lost is opened and locked again.

        Raises ClaimLostError where another platform has the schema, or had it meanwhile.
        """
        if self._connection is not None:
            try:
                self._connection.execute(sa.select(1))
                self._connection.rollback()
            except sa.exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._connection.close()
                self._connection = None
        if self._connection is None:
            self._connection = self._claimed_again()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield the claimed connection in a transaction. Raises as `check` does."""
        self.check()
        assert self._connection  # noqa: S101 (`check` has returned)
        with self._connection.begin():
            yield self._connection

    def release(self) -> None:
        """End the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.invalidate()  # Else it would go back to the pool, with the lock.
            self._connection.close()
            self._connection = None

    def _claimed_again(self) -> sa.Connection:
        """Return a fresh connection with the lock, if no other platform claimed the schema."""
        fresh = None if self._is_lost else self._locked()
        if fresh is not None:
            found = fresh.scalar(sa.select(CLAIM.c.token)) if self._token else ""
            fresh.rollback()
            if found == self._token:
                return fresh
            fresh.invalidate()
            fresh.close()
        self._is_lost = True
        raise ClaimLostError(
            "the connection to the database was lost, and another platform serves the database by "
            "now: stop that one before you start this one again"
        )

    def _locked(self) -> sa.Connection | None:
        """Return a connection that has the lock, None where it could not be had in time."""
        connection = self._engine.connect()
        connection.execute(sa.text(f"SET LOCAL lock_timeout = {_WAIT_MILLISECONDS}"))
        key = sa.func.hashtext("alink-sim platform " + sa.func.current_schema())
        try:
            connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
        except sa.exc.OperationalError as error:
            connection.close()
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            return None
        connection.commit()  # The lock is the session's; an open transaction would hinder.
        return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
