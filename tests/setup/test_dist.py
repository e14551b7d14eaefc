"""`make dist`: the same bytes each time; its mip packages are complete and install."""

from __future__ import annotations

import ast
import functools
import http.server
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import dist
import mip_index
from alink_sim.board import Board, BoardProgram, burn, firmware_image
from alink_sim.board.serial import PtyPort, SerialBoard
from tests import interpreters
from tests.board.mpremote_runner import mpremote

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "firmware" / "alink"
VERSION = "0.1.0"
# Modules that the core imports only where a setting asks for them.
ON_DEMAND = {("device.py", "thing.py")}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("index")
    mip_index.write(SDK, folder, version=VERSION)
    return folder


@pytest.fixture
def address(index: Path) -> Iterator[str]:
    """Serve the index; yield its address."""
    handler = functools.partial(Quiet, directory=str(index))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def hashes(index: Path, kind: str, name: str) -> dict[str, str]:
    package = json.loads((index / "package" / kind / name / "latest.json").read_text())
    return dict(package["hashes"])


def test_archives_are_the_same_twice(tmp_path: Path):
    for folder in ("1", "2"):
        dist.build_archives(ROOT, tmp_path / folder)
    names = [path.name for path in (tmp_path / "1").iterdir()]
    assert sorted(name.partition("-")[2][-7:] for name in names) == [".tar.gz", "any.whl"]
    assert list(dist.differences(tmp_path / "1", tmp_path / "2")) == []


def test_index_is_the_same_twice(index: Path, tmp_path: Path):
    mip_index.write(SDK, tmp_path, version=VERSION)
    assert list(dist.differences(index, tmp_path)) == []


def test_difference_is_found(tmp_path: Path):
    for folder, content in (("1", "a"), ("2", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same").write_text("same")
        (tmp_path / folder / "other").write_text(content)
    (tmp_path / "2" / "more").write_text("")
    assert list(dist.differences(tmp_path / "1", tmp_path / "2")) == ["more", "other"]


def test_every_file_is_in_one_package():
    files = [file for one in mip_index.files_of(SDK).values() for file in one]
    assert sorted(files) == sorted(SDK.rglob("*.py"))
    assert all(mip_index.files_of(SDK).values())


def relative_imports(file: Path) -> Iterator[Path]:
    """Yield the files of the SDK that a file imports by `from . import …`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for one in (folder, *(folder / name.name for name in node.names)):
                yield from (
                    p for p in (one.with_suffix(".py"), one / "__init__.py") if p.is_file()
                )


@pytest.mark.parametrize("name", [mip_index.CORE, *mip_index.FEATURES])
def test_package_imports_only_itself_and_core(name: str):
    packages = mip_index.files_of(SDK)
    there = {*packages[mip_index.CORE], *packages[name]}
    assert [
        (file.name, other.name)
        for file in packages[name]
        for other in relative_imports(file)
        if other not in there and (file.name, other.name) not in ON_DEMAND
    ] == []


def test_index_has_sources_and_bytecode(index: Path):
    sources, bytecode = hashes(index, "py", "alink"), hashes(index, "6", "alink")
    assert {name.removesuffix(".py") for name in sources} == {
        name.removesuffix(".mpy") for name in bytecode
    }
    digest = bytecode["alink/device.mpy"]
    assert (index / "file" / digest[:2] / digest).read_bytes()[:2] == b"M\x06"


@pytest.mark.parametrize("mpy", [True, False])
def test_real_mip_installs_feature_with_core(address: str, tmp_path: Path, mpy: bool):
    interpreter = interpreters.require("unix64")
    code = f"import mip; mip.install('alink-shadow', index='{address}', target='lib', mpy={mpy})"
    for program in (code, "import sys; sys.path.insert(0, 'lib'); import alink.shadow"):
        done = subprocess.run(
            [*interpreter.command, "-X", "heapsize=8m", "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={},
        )
        assert "Error" not in done.stdout + done.stderr
        assert "not found" not in done.stdout
    there = {path.relative_to(tmp_path / "lib") for path in (tmp_path / "lib").rglob("*.*py")}
    suffix = ".mpy" if mpy else ".py"
    assert {
        Path("alink/shadow").with_suffix(suffix),
        Path("alink/device").with_suffix(suffix),
    } <= there
    assert not (tmp_path / "lib" / "alink" / "ota").exists()


@pytest.mark.interop
def test_mpremote_mip_installs_on_serial_board(address: str, index: Path, tmp_path: Path):
    board = Board.blank(tmp_path / "board", interpreter=interpreters.require("unix64"))
    burn(board.flash, board.definition, layout="factory", identity=None, files={})
    image = firmware_image.published(board.definition, table=board.definition.table("factory"))
    board.flash.burn(board.definition.firmware_offset, image)
    serial = SerialBoard(board.flash, program=BoardProgram(board))
    with PtyPort(serial, tmp_path / "port", download=False) as port:
        done = mpremote(port.path, "mip", "install", "--index", address, "alink-report")
        assert done.code == 0, done.text
        said = mpremote(port.path, "exec", "import alink.report; print(alink.report.__name__)")
    assert said.text.strip() == "alink.report", said.text
    installed = {name for name in board.vfs_files() if name.startswith("/lib/alink/")}
    wanted = {*hashes(index, "6", "alink"), *hashes(index, "6", "alink-report")}
    assert installed == {f"/lib/{name}" for name in wanted}


def test_version_of_index_is_that_of_sdk():
    text = (SDK / "__init__.py").read_text(encoding="utf-8")
    assert re.search(r'__version__ = "(.+)"', text)[1] == VERSION  # type: ignore[index]
