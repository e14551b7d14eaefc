"""The SDK is compiled once for each version of a source."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alink_formats import bytecode_cache
from alink_formats.bytecode import compile_mpy


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The files that were compiled; the cache is empty."""
    monkeypatch.setenv("ALINK_CACHE", str(tmp_path / "cache"))
    seen: list[str] = []
    real = subprocess.run

    def run(command, **options):
        seen.append(command[3])
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_unchanged_source_is_compiled_once(runs, tmp_path):
    source = tmp_path / "m.py"
    source.write_text("X = 1\n")
    first = bytecode_cache.compiled(source, name="alink.m")
    assert bytecode_cache.compiled(source, name="alink.m") == first
    assert runs == ["alink.m"]
    bytecode_cache.compiled(source, name="alink.other")
    source.write_text("X = 2\n")
    assert bytecode_cache.compiled(source, name="alink.m") != first
    assert runs == ["alink.m", "alink.other", "alink.m"]
    assert compile_mpy(source, name="alink.m") == bytecode_cache.compiled(source, name="alink.m")


def test_damaged_file_of_cache_is_compiled_again(runs, tmp_path):
    source = tmp_path / "m.py"
    source.write_text("X = 1\n")
    first = bytecode_cache.compiled(source, name="alink.m")
    (kept,) = (tmp_path / "cache" / "mpy").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert bytecode_cache.compiled(source, name="alink.m") == first
    kept.write_bytes(b"")
    assert bytecode_cache.compiled(source, name="alink.m") == first
    assert len(runs) == 3


def test_cache_that_cannot_be_written_is_ignored(runs, tmp_path):
    source = tmp_path / "m.py"
    source.write_text("X = 1\n")
    (tmp_path / "cache").write_text("a file, not a folder")
    first = bytecode_cache.compiled(source, name="alink.m")
    assert bytecode_cache.compiled(source, name="alink.m") == first
    assert len(runs) == 2
