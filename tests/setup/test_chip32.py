"""The interpreter with a chip's collector: built once, and one sentence where it cannot be."""

from __future__ import annotations

import shutil

import pytest

from alink_sim import toolchain
from alink_sim.toolchain import chip32


@pytest.fixture
def no_chip32(tmp_path, monkeypatch):
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path))
    monkeypatch.delenv("ALINK_CHIP32", raising=False)
    return tmp_path


def test_missing_compiler_names_the_package(no_chip32, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(toolchain.ToolchainError) as caught:
        chip32.install(no_chip32 / "unix32")
    assert str(caught.value) == (
        "The interpreter with a chip's two heaps is built here and gcc is not installed: install "
        "the package build-essential, then run `make interpreters`, or set ALINK_CHIP32 to one "
        "that you have built."
    )


def test_unbuilt_interpreter_names_the_command(no_chip32):
    assert toolchain.missing_reason("chip32") == (
        "chip32 was not built yet: run `make interpreters`."
    )


def test_changed_port_file_asks_for_a_build(no_chip32, monkeypatch):
    before = chip32.program(no_chip32)
    copy = no_chip32 / "port"
    shutil.copytree(chip32._PORT, copy)
    monkeypatch.setattr(chip32, "_PORT", copy)
    assert chip32.program(no_chip32) == before
    (copy / "chip_heap.c").write_text("int other;\n")
    assert chip32.program(no_chip32) != before


def test_failed_build_names_its_log(no_chip32):
    log = no_chip32 / "build.log"
    with pytest.raises(toolchain.ToolchainError, match=r"sh ended with exit code 3: read .*log"):
        chip32._run(log, "sh", "-c", "echo broken; exit 3")
    assert log.read_text() == "broken\n"
