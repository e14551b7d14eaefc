"""substore.py: names and secrets in two generations; nothing that is damaged takes others down."""

import os
import struct
from binascii import crc32

from alink.errors import StoreError
from alink.gateway.storage import Storage
from check import raises

PATH = "subs.tmp"
A, B, NEW = PATH + ".a", PATH + ".b", PATH + ".new"
SUBS = [(b"a1SubPk0001", b"sub-%04d" % number, b"secret-%d" % number) for number in range(4)]
HEADER, SLOT = 16, 128


def _fresh():
    for name in (A, B, NEW):
        try:
            os.remove(name)
        except OSError:
            pass
    log = []
    return log, Storage(PATH, log.append)


def _again(log):
    return Storage(PATH, log.append)


def _bytes(name):
    with open(name, "rb") as file:
        return file.read()


def _write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def test_next_boot_reads_the_saved_sub_devices():
    log, store = _fresh()
    assert list(store.read()) == []
    store.save({0: SUBS[0], 2: SUBS[2]})
    for one in (store, _again(log)):
        assert one.count == 3
        assert list(one.read()) == [(0, SUBS[0]), (2, SUBS[2])]
        assert list(one.read([2])) == [(2, SUBS[2])]
        assert list(one.read([1, 9])) == []
    assert log == []


def test_change_keeps_other_sub_devices():
    log, store = _fresh()
    store.save({0: SUBS[0], 1: SUBS[1][:2] + (b"",)})
    store.save({1: SUBS[1], 2: SUBS[2]})
    store.save({0: None})
    assert list(_again(log).read()) == [(1, SUBS[1]), (2, SUBS[2])]


def test_the_longest_names_fit():
    log, store = _fresh()
    longest = (b"P" * 20, b"D" * 32, b"S" * 64)
    store.save({0: longest})
    assert list(_again(log).read()) == [(0, longest)]


def test_the_format_is_as_documented():
    _, store = _fresh()
    store.save({0: SUBS[0]})
    assert not os.listdir(".").count(B)
    data = _bytes(A)
    assert data[:12] == b"ALSB\x01\x00\x01\x00\x01\x00\x00\x00"
    assert len(data) == HEADER + SLOT
    record = data[HEADER:]
    assert record[:26] == b"\x0b\x08\x08a1SubPk0001" + bytes(9) + b"sub"
    assert record[23:55] == b"sub-0000" + bytes(24)
    assert record[55:119] == b"secret-0" + bytes(56)
    assert struct.unpack("<I", record[124:])[0] == crc32(record[:124])


def test_power_cut_in_write_keeps_former_generation():
    log, store = _fresh()
    store.save({0: SUBS[0]})
    store.save({1: SUBS[1]})
    whole = _bytes(B)
    for end in range(len(whole)):
        _write(NEW, whole[:end])
        assert len(list(_again(log).read())) == 2
    assert log == []


def _damaged():
    # Two generations, the newer one with a damaged slot 1; returns the log.
    log, store = _fresh()
    store.save({0: SUBS[0], 1: SUBS[1]})
    store.save({2: SUBS[2]})
    data = bytearray(_bytes(B))
    data[HEADER + SLOT + 30] ^= 0xFF
    _write(B, data)
    return log


def test_damaged_slot_is_repaired_from_older_generation():
    log = _damaged()
    assert list(_again(log).read()) == [(0, SUBS[0]), (1, SUBS[1]), (2, SUBS[2])]
    assert "slot 1" in log[0]
    del log[:]
    assert list(_again(log).read()) == [(0, SUBS[0]), (1, SUBS[1]), (2, SUBS[2])]
    assert log == []  # It was mended: the next boot finds nothing wrong.


def test_damaged_slot_is_read_even_if_repair_fails():
    log = _damaged()
    store = _again(log)

    def full(changes):
        raise StoreError("the vfs does not take the sub-devices")

    store.save = full
    assert list(store.read()) == [(0, SUBS[0]), (1, SUBS[1]), (2, SUBS[2])]
    assert "the vfs does not take" in log[-1]


def test_slot_damaged_in_both_generations_is_lost_alone():
    log, store = _fresh()
    store.save({0: SUBS[0], 1: SUBS[1]})
    store.save({2: SUBS[2]})
    for name in (A, B):
        data = bytearray(_bytes(name))
        data[HEADER + 30] ^= 0xFF
        _write(name, data)
    assert list(_again(log).read()) == [(1, SUBS[1]), (2, SUBS[2])]
    assert len(log) == 2


def test_every_damaged_byte_of_a_file_is_noticed():
    log, store = _fresh()
    store.save({0: SUBS[0]})
    store.save({0: SUBS[0]})
    data = _bytes(B)
    for at in range(len(data)):
        spoilt = bytearray(data)
        spoilt[at] ^= 0x01
        _write(B, spoilt)
        store = _again(log)
        assert list(store.read()) == [(0, SUBS[0])], at
        _write(B, data)
    os.remove(A)
    spoilt = bytearray(data)
    spoilt[HEADER + 20] ^= 0x01
    _write(B, spoilt)
    assert list(_again(log).read()) == []


def test_unwritable_vfs_raises_store_error():
    log, _ = _fresh()
    store = Storage("no-such-folder/subs", log.append)
    error = raises(StoreError, store.save, {0: SUBS[0]})
    assert "the vfs does not take the sub-devices" in str(error)
    assert list(store.read()) == []
