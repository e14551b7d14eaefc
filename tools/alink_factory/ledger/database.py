"""The ledger's database: a file or a URL in, transactions out, each error one sentence."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, exc

from alink_factory.errors import LedgerError
from alink_factory.ledger import schema
from alink_factory.ledger.network_share import remote_type

_LOCK = sa.text("SELECT pg_advisory_xact_lock(1634494059)")
_READS = {"is_read": True, "postgresql_readonly": True}
_TIMEOUT = 180  # Seconds to wait while another station writes: a busy disk takes many.


class Database:
    """SQLite in a file, created if missing, or PostgreSQL by URL. Raises LedgerError.

    With `is_read_only` the file must exist, and nothing is written.
    """

    def __init__(self, where: str, *, is_read_only: bool = False) -> None:
        self._is_read_only = is_read_only
        self.where = where if "://" in where else f"sqlite:///{Path(where).expanduser()}"
        self._file: Path | None = None
        # SQLite's own wait polls and has a limit: with a slow disk, one port would stop the line.
        self._writing = threading.Lock()
        with self._explained(opens=True):
            self._engine = self._connect()
            self._inode = self._file_number()
            self._open()

    @property
    def shown(self) -> str:
        """The file or URL of the ledger, without a password."""
        if self._file:
            return str(self._file)
        try:
            return sa.make_url(self.where).render_as_string(hide_password=True)
        except exc.ArgumentError:
            return "the given URL"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads: it sees one state, and blocks no writer."""
        with self._explained():
            self._check_file()
            with self._engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection.execution_options(**_READS)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; without an exception it is on the disk at the end."""
        with self._explained():
            self._check_file()
            with self._writing, self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    # One writer at a time, so entries appear in the order of their numbers.
                    connection.execute(_LOCK)
                yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _connect(self) -> sa.Engine:
        url = sa.make_url(self.where)
        if url.get_backend_name() == "postgresql":
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")  # The driver that is installed.
            return sa.create_engine(url, pool_size=16, pool_pre_ping=True)
        if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
            raise exc.ArgumentError
        self._file = Path(str(url.database))
        if kind := remote_type(self._file):
            raise LedgerError(
                f"the ledger {self._file} is on a network share ({kind}), where SQLite cannot "
                "lock it: use a file of this computer, or a postgresql:// URL for several stations"
            )
        if self._is_read_only:
            if not self._file.exists():
                raise LedgerError(f"the ledger {self._file} does not exist: name the ledger")
            url = _read_only(self._file)
        else:
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        engine = sa.create_engine(url, pool_size=32, connect_args={"timeout": _TIMEOUT})
        if not self._is_read_only:
            event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _open(self) -> None:
        if self._is_read_only:
            with self.read() as connection:
                self._check_version(_version(connection))
            return
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Stations that start at the same time create the tables one after the other.
                connection.execute(_LOCK)
            if not sa.inspect(connection).has_table(schema.SCHEMA.name):
                schema.create(connection)
            found = _version(connection)
            if found is not None and found < schema.VERSION:
                schema.update(connection, found)
            else:
                self._check_version(found)

    def _check_version(self, found: int | None) -> None:
        if found is not None and found < schema.VERSION:
            raise LedgerError(
                f"the ledger {self.shown} has the older schema {found}: "
                "`alink-burn plan` updates it, with permission to write it"
            )
        if found != schema.VERSION:
            raise LedgerError(
                f"the ledger {self.shown} has schema {found}, but this alink-burn has "
                f"{schema.VERSION}: use the alink-burn that created the ledger"
            )

    def _check_file(self) -> None:
        # SQLite keeps writing to a file that was deleted or replaced: the entries would be lost.
        if self._file is None:
            return
        try:
            same = self._file_number() == self._inode
        except OSError as error:
            raise LedgerError(
                f"the ledger {self._file} is missing ({error.strerror}): "
                "put it back, then start again"
            ) from error
        if not same:
            raise LedgerError(
                f"the ledger {self._file} was replaced: restore it, then start again"
            )

    def _file_number(self) -> int:
        return self._file.stat().st_ino if self._file else 0

    @contextmanager
    def _explained(self, *, opens: bool = False) -> Iterator[None]:
        # An OSError of code that runs inside a transaction is that code's: a full disk under the
        # report is not a full disk under the ledger.
        try:
            yield
        except (exc.IntegrityError, LedgerError):
            raise
        except (exc.SQLAlchemyError, ImportError, OSError) as error:
            if isinstance(error, OSError) and not opens:
                raise
            raise LedgerError(self._sentence(error)) from error

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, exc.ArgumentError):
            return f"the ledger {self.shown}: use a file or a postgresql:// URL"
        if self._file and self._file.is_dir():
            return f"the ledger {self.shown} is a folder: name a file in it"
        cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        advice = "check that the server is running"
        if isinstance(error, OSError):
            cause, advice = str(error.strerror), "use a file in a folder that exists"
            if isinstance(error, PermissionError):
                advice = "this user has no permission to write it; name another file with --ledger"
            elif error.errno == errno.EROFS:
                advice = "its disk is read-only; name a file on another disk with --ledger"
        elif "locked" in cause:
            advice = "another program holds it; close that program, then start again"
        elif "full" in cause:
            advice = "free space on the disk, then start again"
        elif "I/O error" in cause:
            advice = "its disk is full or fails; free space, then start again"
        elif "readonly" in cause or "ermission" in cause:
            advice = "this user has no permission to write it, or its disk is read-only"
        elif "malformed" in cause or "not a database" in cause:
            advice = "restore it from a backup"
        return f"the ledger {self.shown} cannot be used ({cause}): {advice}"


def _version(connection: sa.Connection) -> int | None:
    return connection.execute(sa.select(schema.SCHEMA.c.version)).scalar()


def _read_only(file: Path) -> sa.URL:
    # SQLite wants to write its -shm file beside a ledger, unless it may assume that no one writes.
    query = {"mode": "ro", "uri": "true"}
    if not os.access(file.parent, os.W_OK) and not Path(f"{file}-wal").exists():
        query["immutable"] = "1"
    return sa.URL.create("sqlite", database=f"file:{quote(str(file.resolve()))}", query=query)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # We send BEGIN ourselves, see below.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # A board is written only after its row is on disk.
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads and then writes must hold the lock from its start.
    reads = connection.get_execution_options().get("is_read", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
