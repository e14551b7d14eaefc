"""The firmware's `scrub` on the real formats of flash: power is cut at each of its operations.

NVS and LittleFS are those of the simulated board, CPython runs the firmware's modules.
tests/sim/boot/test_scrub.py runs whole boards on MicroPython.
"""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from littlefs import LittleFS, lfs
from littlefs.errors import LittleFSError

from alink_formats import board as boards
from alink_formats import identity, littlefs, nvs, nvs_generator, partitions
from alink_formats.flash import SECTOR, MemoryFlash
from alink_formats.identity import Identity, SubProduct
from alink_formats.partitions import PartitionTable
from alink_formats.sources import boards_dir, firmware_dir
from alink_sim.board.flash.flash_file import PowerCutError

SECRET = "TopSecret16Chars"
SUB_SECRET = "SubProdSecret001"
VFS = 16 * SECTOR
LONG = Identity(
    product_key="a1B2c3D4e5F", product_secret=SECRET, device_name="lamp-0001", ca=(b"0" * 700,)
)
# Short enough for LittleFS to keep it in the log of its folder.
GATEWAY = replace(LONG, ca=(), sub_products=(SubProduct("a1Sub", SUB_SECRET),))
KEPT = "the ProductSecret is still on this board: "
REMOVED = "the ProductSecret was removed from this board"


class Chip(MemoryFlash):
    """A board's flash; power fails in operation `cut_at`, of which half is done."""

    cut_at = 0
    operations = 0

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        super().write(offset, data[: self._begin(len(data))])
        self._end()

    def erase(self, offset: int) -> None:
        half = self._begin(SECTOR)
        self.data[offset : offset + half] = b"\xff" * half
        self._end()

    @property
    def is_off(self) -> bool:
        return 0 < self.cut_at <= self.operations

    def _begin(self, size: int) -> int:
        if self.is_off:
            return 0
        self.operations += 1
        return size // 2 if self.operations == self.cut_at else size

    def _end(self) -> None:
        if self.is_off:
            raise PowerCutError


class Vfs:
    """The LittleFS of a chip, with the names of builtins and `os` that the firmware uses."""

    def __init__(self, chip: Chip, place: partitions.Partition) -> None:
        self._chip, self._at = chip, place.offset
        self._lfs = LittleFS(
            context=self,  # type: ignore[arg-type]
            block_size=SECTOR,
            block_count=place.size // SECTOR,
            read_size=32,
            prog_size=32,
            cache_size=128,
            lookahead_size=32,
            block_cycles=100,
        )
        self.rename = _with_oserror(self._lfs.rename)
        self.remove = _with_oserror(self._lfs.remove)

    @contextmanager
    def open(self, name: str, mode: str) -> Iterator[Any]:
        # Not the file object of the library: after an error it closes itself twice.
        handle = _with_oserror(lfs.file_open)(self._lfs.fs, name, mode)
        try:
            yield _File(self._lfs.fs, handle)
        finally:
            lfs.file_close(self._lfs.fs, handle)

    def read(self, _: object, block: int, offset: int, size: int) -> bytes:
        return self._chip.read(self._at + block * SECTOR + offset, size)

    def prog(self, _: object, block: int, offset: int, data: bytes) -> int:
        return self._tell(self._chip.write, block * SECTOR + offset, data)

    def erase(self, _: object, block: int) -> int:
        return self._tell(self._chip.erase, block * SECTOR)

    def _tell(self, operation: Callable[..., None], at: int, *more: bytes) -> int:
        try:
            operation(self._at + at, *more)
        except PowerCutError:
            return -5  # LittleFS takes a code, and hands it on.
        return 0

    def sync(self, _: object) -> int:
        return 0


class _File:
    def __init__(self, fs: Any, handle: Any) -> None:
        self._fs, self._handle = fs, handle

    def readinto(self, buffer: bytearray) -> int:
        data = lfs.file_read(self._fs, self._handle, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: bytearray) -> None:
        lfs.file_write(self._fs, self._handle, bytes(data))


def _with_oserror(function: Callable[..., Any]) -> Callable[..., Any]:
    # As MicroPython: an error of LittleFS is an OSError.
    def call(*given: Any) -> Any:
        try:
            return function(*given)
        except LittleFSError as error:
            raise OSError(error.code) from error

    return call


class Session:
    """What `scrub` takes of a session."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.log = self.said.append
        self.device = self
        self.fed = 0

    def feed(self) -> None:
        self.fed += 1


class Bench:
    """The firmware's boot modules over the flash of one board; `start` is a power-up."""

    def __init__(self, layout: str, burned: Identity) -> None:
        table = boards.load(boards_dir() / "ESP32_GENERIC").table(layout).partitions
        small = (replace(one, size=VFS) if one.name == "vfs" else one for one in table)
        self.table = PartitionTable(tuple(small))
        self.size = self.table.find("vfs").end
        record = identity.encode(burned)
        made = {"vfs": littlefs.build({"/main.py": b"pass"}, size=VFS)}
        if layout == "factory":
            made["fctry"] = record
        else:
            made["nvs"] = nvs_generator.generate(
                {"cert": record}, size=self.table.find("nvs").size
            )
        self.chip = Chip(self.size)
        for name, content in made.items():
            self.chip.write(self.table.find(name).offset, content)
        self.image = bytes(self.chip.data)

    def start(self, image: bytes, *, cut_at: int = 0) -> None:
        """Give the firmware's modules a board with this flash."""
        self.chip = chip = Chip(self.size, image)
        chip.cut_at = cut_at
        table, place = self.table, self.table.find("nvs")
        store = nvs.Nvs(chip, place.offset, place.size)
        for name in [name for name in sys.modules if name.startswith("alink.boot")]:
            del sys.modules[name]

        class Partition:
            TYPE_DATA = 1

            def __init__(self, entry: partitions.Partition) -> None:
                self._at, self._entry = entry.offset, entry

            @staticmethod
            def find(_: int, label: str) -> list[Partition]:
                return [Partition(table.find(label))] if table.has(label) else []

            def info(self) -> tuple[Any, ...]:
                return 1, 2, self._at, self._entry.size, self._entry.name, False

            def readblocks(self, block: int, buffer: bytearray, offset: int) -> None:
                assert block * SECTOR + offset + len(buffer) <= self._entry.size
                buffer[:] = chip.read(self._at + block * SECTOR + offset, len(buffer))

            def writeblocks(self, block: int, data: bytes, offset: int) -> None:
                chip.write(self._at + block * SECTOR + offset, data)

            def ioctl(self, operation: int, block: int) -> None:
                assert operation == 6
                chip.erase(self._at + block * SECTOR)

        class NVS:
            def __init__(self, namespace: str) -> None:
                self._space = store.open(namespace)

            def get_i32(self, key: str) -> int:
                return int.from_bytes(store.get(self._space, nvs.I32, key)[:4], "little")

            def set_i32(self, key: str, value: int) -> None:
                store.put(self._space, nvs.I32, key, value.to_bytes(4, "little"))

            def get_blob(self, key: str, buffer: bytearray) -> int:
                value = store.blob(self._space, key)
                if len(value) > len(buffer):
                    raise OSError(-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
                buffer[: len(value)] = value
                return len(value)

            def set_blob(self, key: str, value: bytes) -> None:
                store.put(self._space, nvs.BLOB, key, bytes(value))

            def erase_key(self, key: str) -> None:
                store.erase(self._space, key)

            def commit(self) -> None:
                pass

        def flash_read(offset: int, buffer: bytearray) -> None:
            buffer[:] = chip.read(offset, len(buffer))

        esp32: Any = types.ModuleType("esp32")
        esp32.Partition, esp32.NVS = Partition, NVS
        esp: Any = types.ModuleType("esp")
        esp.flash_read = flash_read
        sys.modules["esp32"], sys.modules["esp"] = esp32, esp
        if table.has("fctry"):
            return
        files: Any = _module("boot.stock_copies")
        files.os = vfs = Vfs(chip, table.find("vfs"))
        files.open = vfs.open

    def boot(self) -> dict[str, Any]:
        """Return the fields that a board finds at boot."""
        return dict(_module("boot.identity").identify({}, _silent))

    def register(self) -> bytes:
        """Return the flash of a board that was burned, has booted and has registered."""
        self.start(self.image)
        fields = self.boot()
        kept = {name: fields[name] for name in ("ProductKey", "DeviceName")}
        _module("boot.store").save(kept | {"DeviceSecret": b"d" * 32}, _silent)
        return bytes(self.chip.data)

    def scrub(self) -> list[str]:
        """Scrub and return the log."""
        session = Session()
        try:
            _module("boot.scrub").scrub(session)
        except (PowerCutError, LittleFSError):
            assert self.chip.is_off
        assert session.fed or REMOVED not in session.said
        return session.said

    def certificates(self) -> list[Identity]:
        """Return the certificates in this flash, as the host reads them."""
        if self.table.has("fctry"):
            place = self.table.find("fctry")
            return [identity.decode(self.chip.read(place.offset, place.size)).identity]
        place, vfs = self.table.find("nvs"), self.table.find("vfs")
        store = nvs.Nvs(Chip(self.size, bytes(self.chip.data)), place.offset, place.size)
        files = littlefs.read(self.chip.read(vfs.offset, vfs.size))
        records = store.blob(store.open("alink"), "cert"), files["/alink.cert"]
        return [identity.decode(record).identity for record in records]


def _module(name: str) -> Any:
    return importlib.import_module(f"alink.{name}")


def _silent(*_: str) -> None:
    pass


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bench]]:
    micropython: Any = types.ModuleType("micropython")
    micropython.const = lambda value: value
    package: Any = types.ModuleType("alink")  # Not its __init__, which imports a whole device.
    package.__path__, package.__version__ = [str(firmware_dir() / "alink")], "0"
    for name in ("alink", "micropython", "esp", "esp32", "vfs"):
        monkeypatch.setitem(sys.modules, name, package if name == "alink" else micropython)
    _module("heap").load = _module  # A step is imported, once a boot: see `Bench.start`.
    # A collection of pytest's own heap takes longer than a step.
    _module("heap").gc = types.SimpleNamespace(collect=_silent)
    yield Bench
    for name in [name for name in sys.modules if name.startswith("alink.")]:
        del sys.modules[name]


KINDS = pytest.mark.parametrize(
    ("layout", "burned"),
    [
        ("factory", LONG),
        ("factory", GATEWAY),
        ("stock", LONG),
        ("stock", GATEWAY),
    ],
    ids=["factory", "factory-gateway", "stock", "stock-gateway"],
)


@KINDS
def test_power_cut_at_every_operation_stays_whole(
    bench: type[Bench], layout: str, burned: Identity
) -> None:
    board = bench(layout, burned)
    registered = board.register()
    scrubbed = replace(burned, product_secret="")
    board.start(registered)
    assert board.scrub() == [REMOVED]
    operations = board.chip.operations
    assert board.certificates().count(scrubbed) == len(board.certificates())
    board.start(bytes(board.chip.data))
    assert board.scrub() == [], "it is done once"
    for cut in range(1, operations + 1):
        board.start(registered, cut_at=cut)
        board.scrub()
        board.start(bytes(board.chip.data))
        assert board.boot()["DeviceSecret"] == b"d" * 32, cut
        board.scrub()
        assert SECRET.encode() not in board.chip.data, cut
        assert set(board.certificates()) == {scrubbed}, cut
    assert operations > 5


def _copies(board: Bench, place: partitions.Partition) -> list[int]:
    # Offsets of the ProductSecret in a partition, each in its sector.
    content = board.chip.read(place.offset, place.size)
    return [found.start() % SECTOR for found in re.finditer(SECRET.encode(), content)]


def test_copies_in_files_and_in_logs_are_found(bench: type[Bench]) -> None:
    for burned, in_log in ((LONG, False), (GATEWAY, True)):
        board = bench("stock", burned)
        board.start(board.register())
        assert {at > 64 for at in _copies(board, board.table.find("vfs"))} == {in_log}
        assert _copies(board, board.table.find("nvs"))


def test_free_page_half_erased_is_erased(bench: type[Bench]) -> None:
    board = bench("stock", LONG)
    image = bytearray(board.register())
    page = board.table.find("nvs").end - SECTOR
    image[page + 3000 : page + 3000 + len(SECRET)] = SECRET.encode()
    board.start(bytes(image))
    assert board.scrub() == [REMOVED]
    assert SECRET.encode() not in board.chip.data


def test_file_that_looks_like_a_header_stays(bench: type[Bench]) -> None:
    board = bench("stock", LONG)
    board.start(board.register())
    files = _module("boot.stock_copies")
    content = b"in the middle ALNK\x01\x01\x20\x00\x01\x00\x00\x00 of a file" * 9
    with files.open("/notes", "wb") as file:
        file.write(content)
    assert board.scrub() == [REMOVED]
    place = board.table.find("vfs")
    assert littlefs.read(board.chip.read(place.offset, place.size))["/notes"] == content


def test_secret_in_an_efuse_stays(bench: type[Bench]) -> None:
    for layout in ("factory", "stock"):
        board = bench(layout, replace(LONG, product_secret="efuse:0"))
        board.start(board.register())
        assert board.scrub() == []
        assert {one.product_secret for one in board.certificates()} == {"efuse:0"}


def test_certificate_of_an_older_table_is_reported(bench: type[Bench]) -> None:
    board = bench("stock", LONG)
    image = bytearray(board.register())
    record = identity.encode(LONG)
    place = board.table.find("vfs").offset - 0x5000
    image[place : place + len(record)] = record
    board.start(bytes(image))
    (said,) = board.scrub()
    assert said == KEPT + "another partition table was here, and its certificate is left"


def test_board_burned_again_is_scrubbed_again(bench: type[Bench]) -> None:
    board = bench("stock", LONG)
    board.start(board.register())
    assert board.scrub() == [REMOVED]
    board.start(bytes(board.chip.data))
    (place, *_) = _module("boot.copies").cert()
    place.write(bytearray(identity.encode(LONG)))
    board.boot()  # It gives the file the certificate that is in NVS.
    assert board.scrub() == [REMOVED]
    assert SECRET.encode() not in board.chip.data


def test_scrubbed_board_cannot_register_again(bench: type[Bench]) -> None:
    for layout in ("factory", "stock"):
        board = bench(layout, LONG)
        board.start(board.register())
        assert board.scrub() == [REMOVED]
        board.start(bytes(board.chip.data))
        _module("boot.store").forget()
        with pytest.raises(Exception, match="ProductSecret is missing; burn the board's"):
            board.boot()


def test_failed_erase_keeps_the_new_certificate(bench: type[Bench]) -> None:
    board = bench("factory", LONG)
    board.start(board.register())
    usual, erased = board.chip.erase, []

    def erase(offset: int) -> None:
        erased.append(offset)
        if len(erased) == 2:
            raise OSError("flash timed out")
        usual(offset)

    board.chip.erase = erase  # type: ignore[method-assign]
    assert board.scrub() == [KEPT + "flash timed out"]
    board.start(bytes(board.chip.data))
    assert board.boot()["DeviceSecret"] == b"d" * 32
    assert board.scrub() == [REMOVED]
    assert board.certificates() == [replace(LONG, product_secret="")]


def test_certificate_of_several_sectors_is_written_again(bench: type[Bench]) -> None:
    burned = replace(LONG, ca=(b"0" * 3000, b"1" * 3000))
    board = bench("factory", burned)
    board.start(board.register())
    assert board.scrub() == [REMOVED]
    assert board.certificates() == [replace(burned, product_secret="")]


def test_file_that_is_not_written_keeps_the_secret(bench: type[Bench]) -> None:
    board = bench("stock", LONG)
    board.start(board.register())
    files = _module("boot.stock_copies")
    files.os = types.SimpleNamespace(rename=_refuse)
    assert board.scrub()[-1] == KEPT + "the new certificate is stored once only"
    board.start(bytes(board.chip.data))
    board.boot()
    assert board.scrub() == [REMOVED]
    assert SECRET.encode() not in board.chip.data


def _refuse(*_: str) -> None:
    raise OSError(28)


def test_scrubbed_gateway_still_knows_its_sub_products(bench: type[Bench]) -> None:
    for layout in ("factory", "stock"):
        board = bench(layout, GATEWAY)
        board.start(board.register())
        assert board.scrub() == [REMOVED]
        board.start(bytes(board.chip.data))
        (product,) = board.boot()["SubProduct"]
        assert product.endswith(SUB_SECRET.encode())
