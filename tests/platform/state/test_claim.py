"""The claim of a platform on its database, and databases that are missing or damaged."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from alink_sim.platform import Platform, StoreError
from alink_sim.platform.state.store import ClaimLostError, Store
from tests import postgres
from tests.waiting import PATIENCE

DEEP = 974
PROGRAM = str(Path(sys.executable).with_name("alink-sim"))


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def state(tmp_path: Path, ca: Path) -> Path:
    """A state folder that a platform has served and left, with a product and a device."""
    folder = tmp_path / "state"
    with Platform(state=folder, ca=ca) as platform:
        platform.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")
        platform.console.add_device("a1B2c3D4e5F", "dev-1")
    shutil.copytree(ca, folder / "ca")
    return folder


def served(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `alink-sim platform` on a folder where it cannot serve; return how it ended."""
    ports = ("--mqtt-port", "0", "--mqtt-tls-port", "0")
    return subprocess.run(
        [PROGRAM, "platform", "--state", str(state), *ports, *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line on stderr of a start that failed."""
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("alink-sim: ")
    return line


# Missing, empty, damaged


@pytest.mark.parametrize("state_of_file", ["missing", "empty"])
def test_lost_database_is_reported_and_not_created(state: Path, state_of_file: str):
    database = state / "platform.db"
    if state_of_file == "empty":
        os.truncate(database, 0)
    else:
        database.unlink()
    line = sentence(served(state))
    assert f"{database} is {state_of_file}, and {state} has been served before" in line
    assert "restore it from a backup" in line
    assert not database.exists() or database.stat().st_size == 0


def test_empty_database_in_new_folder_is_accepted(tmp_path: Path, ca: Path):
    (tmp_path / "platform.db").touch(mode=0o600)
    tmp_path.chmod(0o700)
    with Platform(state=tmp_path, ca=ca) as platform:
        platform.console.create_product()


def test_served_folder_accepts_another_database(state: Path, ca: Path):
    with Platform(state=state, ca=ca, database_url=f"sqlite:///{state / 'other.db'}") as platform:
        assert platform.console.products() == []


def spoil_header(database: Path) -> None:
    with database.open("r+b") as file:
        file.write(b"not a database at all")


def spoil_pages(database: Path) -> None:
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))


def cut(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [spoil_header, spoil_pages, cut])
def test_damaged_file_is_reported_and_unchanged(state: Path, spoil: Callable[[Path], None]):
    database = state / "platform.db"
    spoil(database)
    before = digest(database)
    line = sentence(served(state))
    assert str(database) in line
    assert digest(database) == before


ROWS = {
    "UPDATE devices SET documents = '{'": "table devices, row a1B2c3D4e5F/dev-1, column documents",
    "UPDATE devices SET properties = ''": "table devices, row a1B2c3D4e5F/dev-1, column prop",
    "UPDATE devices SET client_ids = '[{}]'": "table devices, row a1B2c3D4e5F/dev-1",
    "UPDATE devices SET client_ids = '7'": "table devices, row a1B2c3D4e5F/dev-1",
    "UPDATE devices SET properties = '[1]'": "table devices, row a1B2c3D4e5F/dev-1",
    "UPDATE products SET documents = 'null'": "table products, row a1B2c3D4e5F",
    "INSERT INTO ota_jobs VALUES ('j1', '{}')": "table ota_jobs, row j1",
    "INSERT INTO ota_tasks VALUES ('t1', '[]')": "table ota_tasks, row t1",
    "INSERT INTO ota_firmwares VALUES ('f1', '{\"files\": 7}')": "table ota_firmwares, row f1",
}


@pytest.mark.parametrize("statement", ROWS)
def test_damaged_row_is_named(state: Path, ca: Path, statement: str):
    database = state / "platform.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()
    before = digest(database)
    with pytest.raises(StoreError) as caught:
        Platform(state=state, ca=ca)
    assert ROWS[statement] in str(caught.value)
    assert "is damaged" in str(caught.value)
    assert digest(database) == before


@pytest.mark.parametrize("column", ["properties", "documents"])
def test_too_deep_row_is_reported_and_served(state: Path, ca: Path, column: str):
    """Platforms of before took JSON of any depth, and never started again."""
    deep = '{"a":' + "[" * DEEP + "]" * DEEP + ',"b":{"reported":1}}'
    with closing(sqlite3.connect(state / "platform.db")) as connection:
        update = {
            "properties": "UPDATE devices SET properties = ?",
            "documents": "UPDATE devices SET documents = ?",
        }
        connection.execute(update[column], (deep,))
        connection.commit()
    with Platform(state=state, ca=ca) as platform:
        device = platform.console.device("a1B2c3D4e5F", "dev-1")
        assert getattr(device, column)["b"] == {"reported": 1}
        reason = platform.expect("state_repaired").reason
        assert f"table devices, row a1B2c3D4e5F/dev-1, column {column}" in reason
        assert f"nested {DEEP + 1} levels deep" in reason
        platform.console.disable_device("a1B2c3D4e5F", "dev-1")  # It can be written.
    with Platform(state=state, ca=ca) as platform:
        assert not platform.events(kind="state_repaired")


# One platform at a time


def aliases(database: Path) -> Iterator[str]:
    """Yield URLs that lead to one file."""
    yield f"sqlite:///{database}"
    yield f"sqlite:///{database.parent}/../{database.parent.name}/{database.name}"
    link = database.parent / "link.db"
    link.symlink_to(database)
    yield f"sqlite:///{link}"
    hard = database.parent / "hard.db"
    hard.hardlink_to(database)
    yield f"sqlite:///{hard}"


def test_file_is_served_once_whatever_leads_to_it(tmp_path: Path):
    database = tmp_path / "one.db"
    first = Store(f"sqlite:///{database}")
    for url in aliases(database):
        with pytest.raises(StoreError, match="another platform already serves this database"):
            Store(url)
    first.close()
    Store(f"sqlite:///{database}").close()


def test_file_is_not_served_from_two_state_folders(tmp_path: Path, ca: Path):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with Platform(state=tmp_path / "one", ca=ca, database_url=url):
        line = sentence(served(tmp_path / "two", "--db", url))
        assert "another platform already serves this database: stop it" in line


def test_file_that_is_replaced_ends_its_platform(tmp_path: Path):
    database = tmp_path / "one.db"
    store = Store(f"sqlite:///{database}")
    store.check()
    database.rename(tmp_path / "old.db")
    with pytest.raises(ClaimLostError, match="was removed or replaced"):
        store.check()
    database.write_bytes((tmp_path / "old.db").read_bytes())
    with pytest.raises(ClaimLostError, match="was removed or replaced"):
        store.write({})
    store.close()


def end_connections(url: str, name: str) -> None:
    """End a store's connections as a server does that restarts."""
    with psycopg.connect(url, autocommit=True) as operator:
        assert operator.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name = %s",
            (name,),
        ).fetchall()


def test_claim_is_taken_again_after_the_server_restarted():
    url = postgres.fresh_database()
    store = Store(url + "&application_name=claim_again")
    end_connections(url, "claim_again")
    store.check()
    with pytest.raises(StoreError, match="another platform already serves"):
        Store(url)
    end_connections(url, "claim_again")
    store.write({})
    with pytest.raises(StoreError, match="another platform already serves"):
        Store(url)
    store.close()


@pytest.mark.parametrize("stays", [True, False])
def test_claim_taken_by_another_platform_stays_lost(stays: bool):
    url = postgres.fresh_database()
    store = Store(url + "&application_name=claim_lost")
    end_connections(url, "claim_lost")
    other = Store(url)
    if not stays:
        other.close()
    for _ in range(2):
        with pytest.raises(ClaimLostError, match="another platform serves the database by now"):
            store.write({})
    store.close()
    other.close()


def test_platform_without_its_database_stops_with_error(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'one.db'}"
    program = subprocess.Popen(
        [
            *(PROGRAM, "platform", "--json", "--ecdsa"),
            *("--state", str(tmp_path / "state"), "--db", url),
            *("--mqtt-port", "0", "--mqtt-tls-port", "0"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout
        assert program.stderr
        assert json.loads(program.stdout.readline())["pid"] == program.pid
        (tmp_path / "one.db").unlink()
        assert program.wait(PATIENCE) == 2
        said = program.stderr.read()
        assert re.fullmatch(r"alink-sim: the database file .* was removed or replaced .*\n", said)
    finally:
        program.kill()
        program.communicate()
