"""A PostgreSQL server for tests: started when the first test wants one, the same for a whole run.

Debian's programs run under an unprivileged user (root may not run a server); data and socket lie
in a temporary folder. At the end of the run, even of a killed one, the server stops and its
folder is removed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

REQUIRE = "ALINK_REQUIRE_POSTGRES"

_FOLDER = "ALINK_TEST_POSTGRES"  # Of this run; workers of xdist inherit it.
_USERS = ("postgres", "nobody")
_ROLE = "alink"
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=200"
# It waits for the end of its input, which is the end of the run.
_KEEPER = 'cat; "$2/pg_ctl" stop --pgdata "$1/data" --mode immediate; rm -rf "$1"'


def begin() -> int:
    """Prepare a run, in its main process; return what that process holds open while it lives."""
    folder = Path(tempfile.mkdtemp(prefix="alink-pg-"))
    os.environ[_FOLDER] = str(folder)
    os.mkfifo(folder / "run")
    return os.open(folder / "run", os.O_RDWR)


def end(held: int) -> None:
    """End the run: a server that was started goes away, with its data."""
    os.close(held)
    folder = Path(os.environ.pop(_FOLDER))
    if not (folder / "data").exists():
        shutil.rmtree(folder)


def fresh_database() -> str:
    """Return the URL of a new, empty schema: a new database would take 0.1 s.

    Skips by name with the reason where there is no PostgreSQL, and fails where CI wants it.
    """
    if reason := missing_reason():
        if os.environ.get(REQUIRE):
            pytest.fail(reason, pytrace=False)
        pytest.skip(f"postgresql: {reason}")
    folder = Path(os.environ[_FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two workers at once: the second finds it started.
        if not (folder / "data").exists():
            _start(folder)
    name = f"test_{uuid.uuid4().hex}"
    url = f"postgresql://{_ROLE}@/postgres?host={folder}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{url}&options=-csearch_path%3D{name}"


def _start(folder: Path) -> None:
    programs = _programs()
    user = _user()
    if user:
        for path in (folder, folder / "run"):
            os.chown(path, user.pw_uid, user.pw_gid)
    as_user: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    )

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [f"{programs}/{program}", "--pgdata", f"{folder}/data", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            **as_user,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("initdb", "--no-sync", "--username", _ROLE, "--auth", "trust", "--encoding", "UTF8")
    # Its output keeps no pipe of ours open.
    options = f"{_OPTIONS} -k {folder}"
    run("pg_ctl", "start", "--wait", "--log", f"{folder}/log", "--options", options)
    with (folder / "run").open("rb", buffering=0) as alive:
        subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", str(folder), str(programs)],
            stdin=alive,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            **as_user,
        )


def missing_reason() -> str:
    if _programs() is None:
        return "there is no server program: make system installs it on Debian"
    if os.geteuid() == 0 and _user() is None:
        return f"root may not run a server, and there is no user {' or '.join(_USERS)}"
    return ""


def _programs() -> Path | None:
    """Return the folder of the server's programs: Debian keeps them out of PATH."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    newest = max(debian, key=lambda program: int(program.parts[-3]), default=None)
    return newest and newest.parent


def _user() -> pwd.struct_passwd | None:
    """Return the user that runs the server; None for the user of the tests."""
    if os.geteuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in _USERS if name in known), None)
