"""names.py: how sub-devices come to a gateway, from flash and by name."""

from time import ticks_ms

from alink.gateway.names import checked, keep, load
from alink.gateway.roster import EMPTY, NAMED, RELATED
from check import raises
from gatewayfake import Gateway

KEY = b"a1SubPk0001"
OLD, NEW = (KEY, b"sub-0001", b"s1"), (KEY, b"sub-0002", b"")


def test_invalid_names_are_refused():
    assert checked("a1SubPk0001", "meter-_@.:17") == (b"a1SubPk0001", b"meter-_@.:17")
    for key, name, what in (
        ("a1SubPk0001", "abc", "DeviceName"),
        ("a1SubPk0001", "d" * 33, "DeviceName"),
        ("a1SubPk0001", 'me"ter', "DeviceName"),
        ("", "meter-17", "ProductKey"),
        ("a1/b", "meter-17", "ProductKey"),
    ):
        assert what in str(raises(ValueError, checked, key, name))


class Kept(Gateway):
    """A gateway with sub-devices on flash, in slots 0 and 2."""

    def open(self):
        return self

    def read(self, slots=None):
        return [(0, OLD), (2, NEW)]


def test_burned_and_stored_sub_devices_are_loaded_unwanted():
    gateway = Kept(EMPTY, [])
    load(gateway, (b"\x0ba1SubPk0001secret", b"\x0ba1SubPk0002", b"\x00x"))
    assert gateway.products == {KEY: b"secret", b"": b"x"}  # Without a secret: skipped.
    book = gateway.roster
    assert [book.stage(slot) for slot in range(len(book))] == [RELATED, EMPTY, NAMED]
    assert not book.next(ticks_ms(), 9)[1]


def test_a_new_name_is_kept_and_wanted():
    gateway = Gateway(RELATED, [OLD])
    gateway._new = [NEW[:2]]
    keep(gateway)
    assert gateway.kept[1] == NEW
    assert gateway.roster.next(ticks_ms(), 1)[:2] == (RELATED, [0])
    assert gateway.roster.stage(1) == NAMED
    assert gateway.roster.is_wanted(1)


def test_sub_device_that_flash_rejects_is_refused():
    gateway = Gateway(RELATED, [OLD])
    gateway.full = True
    gateway._new = [NEW[:2]]
    keep(gateway)
    assert gateway.told == [("sub-0002", "refused", 0)]
    assert gateway.slot("a1SubPk0001", "sub-0002") is None
