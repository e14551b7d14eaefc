"""A power cut in a flash operation: half of it is written, and nothing after it."""

from __future__ import annotations

import pytest

from tests.board.conftest import Bench, printed

WRITE = """
import machine
from esp32 import Partition
cred = Partition.find(Partition.TYPE_DATA, label="cred")[0]
print("begin")
try:
    cred.ioctl(6, 0)
    cred.writeblocks(0, bytes(64), 0)
    print("done")
finally:
    print("finally")
"""


def test_cut_writes_half_and_skips_finally(bench: Bench):
    board = bench.board(WRITE)
    assert printed(board) == ["begin", "done", "finally"]
    assert board.flash_operations == 2
    seen = len(board.lines)
    board.power_on(cut_at=2)
    assert board.wait() == "cut"
    assert [line.text for line in board.lines[seen:]] == ["begin"]
    assert board.flash_operations == 2
    offset = board.table().find("cred").offset
    assert board.flash.read(offset, 64) == bytes(32) + b"\xff" * 32


def test_cut_erases_half_a_sector(bench: Bench):
    board = bench.board(WRITE)
    offset = board.table().find("cred").offset
    board.flash.burn(offset, bytes(4096))
    board.power_on(cut_at=1)
    assert board.wait() == "cut"
    assert board.flash.read(offset, 4096) == b"\xff" * 2048 + bytes(2048)


def test_flash_operation_count_survives_resets(bench: Bench):
    board = bench.board(
        """
        import machine
        from esp32 import Partition
        Partition("cred").writeblocks(0, b"x", machine.reset_cause())
        if machine.reset_cause() == 1:
            machine.reset()
        """
    )
    printed(board)
    assert board.flash_operations == 2
    printed(board)
    assert board.flash_operations == 2


def test_power_cut_loses_rtc_time(bench: Bench):
    board = bench.board(
        """
        import machine, time
        print(time.gmtime()[0], machine.reset_cause())
        machine.RTC().datetime((2026, 1, 1, 0, 0, 0, 0, 0))
        machine.RTC().memory(b"x")
        from esp32 import Partition
        Partition("cred").writeblocks(0, b"xx", 0)
        """
    )
    board.power_on(cut_at=1)
    assert board.wait() == "cut"
    assert [line.text for line in board.lines] == ["2000 1"]
    assert printed(board) == ["2000 1"]


@pytest.mark.parametrize("place", ["nvs", "file"])
def test_every_cut_leaves_old_or_new_value(bench: Bench, place):
    if place == "nvs":
        put = "NVS('app').set_blob('value', value)"
        get = "buffer = bytearray(400); buffer = buffer[:NVS('app').get_blob('value', buffer)]"
    else:
        put = "open('/v.new', 'wb').write(value) and os.rename('/v.new', '/v')"
        put = f"f = open('/v.new', 'wb'); f.write(value); f.close(); {put.split(' and ')[1]}"
        get = "buffer = open('/v', 'rb').read()"
    main = f"""
import machine, os
from esp32 import NVS
def put(value):
    {put}
try:
    {get}
    print("found", len(buffer), len(set(buffer)) == 1)
except OSError:
    print("found nothing")
put(b"n" * 300)
print("put")
"""
    first = main.replace('put(b"n" * 300)', 'put(b"o" * 200)')
    board = bench.board(first)
    printed(board)
    vfs = board.table().find("vfs")
    nvs = board.table().find("nvs")
    # The second run overwrites; its main.py is in the vfs of another board.
    second = bench.board(main)
    before = [(p.offset, board.flash.read(p.offset, p.size)) for p in (nvs,)]
    if place == "file":
        files = dict(second.files) | {"/v": b"o" * 200}
        second = bench.board(main, files=files)
        before = []
    base = [(vfs.offset, second.flash.read(vfs.offset, vfs.size)), *before]

    def restore() -> None:
        for offset, content in base:
            second.flash.burn(offset, content)

    restore()
    assert printed(second)[0] == "found 200 True"
    operations = second.flash_operations
    assert operations > 4
    outcomes = set()
    for cut_at in range(1, operations + 1):
        restore()
        second.power_on(cut_at=cut_at)
        assert second.wait() == "cut"
        found = printed(second)[0]
        assert found in ("found 200 True", "found 300 True"), f"cut {cut_at} of {operations}"
        outcomes.add(found)
    # NVS erases the old value after the new one counts; a rename is the last operation of all.
    assert outcomes == {"found 200 True"} | ({"found 300 True"} if place == "nvs" else set())
