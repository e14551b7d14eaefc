"""Files that are replaced in one step."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alink_formats import whole_file


def test_file_is_replaced_and_nothing_stays(tmp_path):
    file = tmp_path / "mark"
    file.write_bytes(b"old")
    whole_file.write(file, b"new")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "mark"
    file.write_bytes(b"old")

    def write_half(self, data):
        with self.open("wb") as partial:
            partial.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OSError, match="No space left"):
        whole_file.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_threads_write_one_file_whole(tmp_path):
    file = tmp_path / "mark"
    texts = [bytes([65 + n]) * 100_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: whole_file.write(file, text), texts))
    assert file.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [file]
