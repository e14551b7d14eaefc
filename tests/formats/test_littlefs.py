"""The vfs, built and read on the host; tests/board mounts it with MicroPython."""

from __future__ import annotations

import pytest

from alink_formats import littlefs

SIZE = 64 * 4096
FILES = {"/main.py": b"print(1)\n", "/lib/alink/link.mpy": bytes(range(256)) * 40, "/empty": b""}


def test_files_come_back_as_they_went_in():
    assert littlefs.read(littlefs.build(FILES, size=SIZE)) == FILES


def test_the_same_files_give_the_same_bytes():
    again = dict(reversed(FILES.items()))
    assert littlefs.build(FILES, size=SIZE) == littlefs.build(again, size=SIZE)


def test_vfs_has_the_requested_size():
    assert len(littlefs.build(FILES, size=SIZE)) == SIZE


def test_file_too_large_for_vfs_is_named():
    with pytest.raises(littlefs.VfsError, match=r"/big \(300000 bytes\) does not fit"):
        littlefs.build({"/big": bytes(300000)}, size=SIZE)


@pytest.mark.parametrize("image", [b"\xff" * SIZE, bytes(SIZE)])
def test_invalid_vfs_is_refused(image):
    with pytest.raises(littlefs.VfsError, match="not a LittleFS vfs"):
        littlefs.read(image)
