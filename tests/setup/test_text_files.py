"""Text files that people write, and terminals: no byte order mark, no encoding stops a program."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from alink_factory.batch import batch_file, board_tests, rows, secret
from alink_factory.cloud.client import AccessKey
from alink_factory.image import vfs
from alink_formats import board
from alink_formats.bytecode import compile_mpy
from alink_sim.platform.control import setup_file
from alink_sim.platform.faults import file as faults
from alink_sim.platform.openapi import keys
from alink_sim.platform.verbs import arguments, job, product
from alink_sim.thing_model import model

ROOT = Path(__file__).resolve().parents[2]
MARKED = "utf-8-sig"  # Reads a text with a byte order mark, and one without.

# Readers of texts that our own programs, or the system, have written: without a mark.
OWN = {
    "alink_factory/batch/begun.py": "the mark of a batch that has begun",
    "alink_factory/board/boot_check.py": "the version of the SDK in this package",
    "alink_factory/mes/delivery.py": "how far the outcomes of a batch were delivered",
    "alink_factory/ledger/network_share.py": "/proc/mounts",
    "alink_sim/platform/control/state_directory.py": "keys and addresses of a running platform",
    "alink_sim/toolchain/chip32.py": "C files of MicroPython",
    "alink_sim/toolchain/debian.py": "the interpreter's note in .cache",
    "alink_sim/toolchain/micropython.py": "the interpreter's note in .cache",
}
# Callees named `open` that open no text file.
NO_FILES = ("os", "webbrowser", "store", "opener", "vfs", "self", "tarfile", "zipfile", "_serial")


@cache
def modules() -> dict[str, list[ast.Call]]:
    """Return the calls in each module of our packages that deals with files."""
    found = {}
    for base in ("tools", "host_sim"):
        for path in sorted((ROOT / base).glob("alink_*/**/*.py")):
            text = path.read_text(encoding="utf-8")
            if "standins" in path.parts or not re.search(r"open\(|_text\(|FileText", text):
                continue  # MicroPython, or no files.
            nodes = ast.walk(ast.parse(text))
            name = path.relative_to(ROOT / base).as_posix()
            found[name] = [node for node in nodes if isinstance(node, ast.Call)]
    return found


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for module, found in modules().items():
        yield from ((module, call) for call in found if _called(call) in names)


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        owner = function.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return "" if name in NO_FILES else function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _words(call: ast.Call) -> list[str]:
    nodes = itertools.chain.from_iterable(map(ast.walk, call.args))
    values = (one.value for one in nodes if isinstance(one, ast.Constant))
    return [value for value in values if isinstance(value, str) and value]


def _encoding(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "encoding":
            value = keyword.value
            return str(value.value) if isinstance(value, ast.Constant) else "named"
    texts = [word for word in _words(call) if "utf" in word]
    return texts[0] if texts else ""


def _mode(call: ast.Call) -> str:
    words = [word for word in _words(call) if set(word) <= set("rwax+bt")]
    return words[-1] if words else "r"


def readers() -> Iterator[tuple[str, str]]:
    """Yield module and encoding of each reader of a text file."""
    for name, call in calls("read_text"):
        yield name, _encoding(call)
    for name, call in calls("open", "fdopen"):
        if not set(_mode(call)) & set("bwax"):
            yield name, _encoding(call)
    for name, call in calls("Option", "Argument"):
        if any(keyword.arg in ("encoding", "errors") for keyword in call.keywords):
            yield name, _encoding(call)


# They read bytes, JSON or a ZIP, and decode them.
DECODED = {"alink_sim/platform/control/setup_file.py", "alink_sim/thing_model/model.py"}


def test_every_reader_takes_a_byte_order_mark():
    """A new reader names utf-8-sig and has a case below, or is in OWN with its reason."""
    assert {name for name, encoding in readers() if encoding != MARKED} == set(OWN)
    assert {name for name, encoding in readers() if encoding == MARKED} == set(READERS) - DECODED


def test_every_writer_names_its_encoding():
    for name, call in calls("open", "fdopen", "write_text"):
        is_writer = _called(call) == "write_text" or bool(set(_mode(call)) & set("wax"))
        if is_writer and "b" not in _mode(call):
            assert _encoding(call), f"{name}:{call.lineno}"


# Each reader, with a file that a person wrote

Write = Callable[[str, str], Path]  # Name and text of a file.
RULES = """
def raw_data_to_protocol(data): return {}
def protocol_to_raw_data(body): return b""
"""
BATCH = """
[product]
key = "a1B2c3D4e5F"
secret = "file:product.secret"
[rows]
file = "rows.csv"
"""


def _rows(write: Write) -> Any:
    write("product.secret", "s" * 16)
    write("rows.csv", "DeviceName\nlamp-0001\n")
    return rows.read(batch_file.load(write("batch.toml", BATCH)))


def _private(path: Path) -> Path:
    path.chmod(0o600)
    return path


def _board(write: Write) -> Any:
    for path in (ROOT / "boards" / "ESP32_GENERIC").iterdir():
        if path.is_file():
            made = write(path.name, path.read_text(encoding="utf-8"))
    found = board.load(made.parent)
    return found.layouts


def _setup(write: Write) -> Any:
    write("thing.json", json.dumps(THING))
    write("script.py", RULES)
    text = '[[product]]\nkey = "a1B2c3D4e5F"\nthing = "thing.json"\nscript = "script.py"\n'
    (found,) = setup_file.read(write("setup.toml", text)).products
    return found.fields, found.thing, found.script is not None


def _option(write: Write) -> Any:
    app = typer.Typer()

    @app.command()
    def show(secret_file: arguments.SecretFile = None) -> None:
        typer.echo(repr(arguments.content(secret_file)))

    file = write("secret", "fedcba9876543210\n")
    filed = CliRunner().invoke(app, ["--secret-file", str(file)])
    piped = CliRunner().invoke(app, ["--secret-file", "-"], input=file.read_bytes())
    assert filed.output == piped.output
    return filed.output


THING = {"properties": [{"identifier": "a", "dataType": {"type": "int", "specs": {}}}]}
READERS: dict[str, Callable[[Write], Any]] = {
    "alink_factory/batch/board_tests.py": lambda write: board_tests.script(
        board_tests.BoardTest("supply", file=write("supply.py", "print(1)\n"))
    ),
    "alink_factory/batch/batch_file.py": lambda write: batch_file.load(write("b.toml", BATCH)),
    "alink_factory/batch/rows.py": _rows,
    "alink_factory/batch/secret.py": lambda write: secret.read(
        f"file:{write('product.secret', 'two')}", what="ProductSecret", folder=Path()
    ),
    "alink_factory/cloud/client.py": lambda write: AccessKey.find(
        _private(write("key.json", '{"id": "i", "secret": "s"}'))
    ),
    "alink_formats/board.py": _board,
    "alink_sim/platform/control/setup_file.py": _setup,
    "alink_sim/platform/openapi/keys.py": lambda write: keys.kept(
        write(keys.FILE, '{"AccessKeyId": "i", "AccessKeySecret": "s"}').parent
    ),
    "alink_sim/platform/toml_or_json.py": lambda write: [
        faults.read(write("f.toml", '[[fault]]\nkind = "refuse"\n')),
        faults.read(write("f.json", '{"fault": [{"kind": "refuse"}]}')),
    ],
    "alink_sim/platform/verbs/arguments.py": _option,
    "alink_sim/platform/verbs/job.py": lambda write: job._read(write("d.json", '{"a": 1}')),
    "alink_sim/platform/verbs/product.py": lambda write: product._text(write("s.py", RULES)),
    "alink_sim/thing_model/model.py": lambda write: model.read(
        write("thing.json", json.dumps(THING))
    ),
}


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Write]:
    """Return a function that writes files in an encoding."""

    def writer(encoding: str) -> Write:
        def write(name: str, text: str) -> Path:
            path = tmp_path / name
            path.write_text(text, encoding=encoding)
            return path

        return write

    return writer


@pytest.mark.parametrize("reader", READERS)
def test_byte_order_mark_changes_nothing(written: Callable[[str], Write], reader: str):
    wanted = READERS[reader](written("utf-8"))
    assert READERS[reader](written(MARKED)) == wanted
    assert wanted


def test_sources_for_boards_lose_their_mark(written: Callable[[str], Write], tmp_path: Path):
    plain = written("utf-8")("main.py", "print(1)\n").read_bytes()
    bytecode = compile_mpy(written("utf-8")("m.py", "print(1)\n"), name="m.py")
    file = written(MARKED)("main.py", "print(1)\n")
    assert file.read_bytes() != plain
    assert vfs.files(tmp_path)["/main.py"] == plain
    assert compile_mpy(written(MARKED)("m.py", "print(1)\n"), name="m.py") == bytecode


# Output

PROGRAMS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROGRAMS = PROGRAMS["project"]["scripts"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_output_a_terminal_cannot_show_is_escaped(program: str):
    module, _, main = PROGRAMS[program].partition(":")
    package = module.partition(".")[0]
    script = (
        f"from {package} import cli; cli.app = lambda: print(chr(0x6E29))\n"
        f"from {module} import {main}; {main}()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\u6e29\n", "")
