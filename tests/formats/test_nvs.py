"""NVS: the bytes of Espressif's generator, and no power cut that loses what was there."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys

import pytest
from esp_idf_nvs_partition_gen import nvs_partition_gen as espressif
from hypothesis import given, settings
from hypothesis import strategies as st

from alink_formats import nvs, nvs_image
from alink_formats.flash import SECTOR, MemoryFlash
from alink_formats.nvs_image import KeyValue

SIZE = 0x6000


def generate(records: list[KeyValue], *, size: int = SIZE) -> bytes:
    """Return what Espressif's generator makes of the records."""
    image = io.BytesIO()
    generator = espressif.nvs_open(image, size - SECTOR, version=0xFE)
    for record in records:
        espressif.write_entry(generator, record.namespace, "namespace", "", "")
        index = generator.written_namespaces[record.namespace]
        value, encoding = record.value, record.type
        if isinstance(value, bytes):
            value, encoding = value.hex(), "hex2bin"
        espressif.write_entry(generator, record.key, "data", encoding, str(value), index)
    espressif.nvs_close(generator)
    return image.getvalue()


def blob(key: str, value: bytes) -> KeyValue:
    return KeyValue("alink", key, "blob", value)


# ------------------------------------------------------------ the same bytes as the generator's


def test_burned_records_match_generator_bytes():
    records = [blob("cert", bytes(range(200))), KeyValue("alink", "n", "i32", -2)]
    assert nvs_image.build(records, size=SIZE) == generate(records)


def test_the_command_line_generator_agrees(tmp_path):
    rows, image = tmp_path / "in.csv", tmp_path / "out.bin"
    rows.write_text("key,type,encoding,value\nalink,namespace,,\ncert,data,hex2bin,00ff10\n")
    command = [sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate"]
    subprocess.run([*command, str(rows), str(image), hex(SIZE)], check=True, capture_output=True)
    assert image.read_bytes() == nvs_image.build([blob("cert", b"\0\xff\x10")], size=SIZE)


@pytest.mark.parametrize("size", [3968, 3969, 4000, 4001, 5000, 8001, 12000])
def test_blob_of_several_chunks_matches_generator(size):
    records = [blob("a", b"\x5a" * size), blob("b", b"end")]
    assert nvs_image.build(records, size=SIZE) == generate(records)
    assert nvs_image.dump(generate(records)) == records


@pytest.mark.parametrize("filler", range(118, 127))
@pytest.mark.parametrize("kind", ["blob", "string", "i32"])
def test_last_entries_of_page_match_generator(filler, kind):
    records = [KeyValue("alink", f"n{number}", "u8", number) for number in range(filler)]
    values: dict[str, int | str | bytes] = {"blob": b"z" * 70, "string": "s" * 40, "i32": 7}
    records += [
        KeyValue("alink", "last", kind, values[kind]),
        KeyValue("alink", "after", "i32", 1),
    ]
    assert nvs_image.build(records, size=SIZE) == generate(records)
    assert nvs_image.dump(generate(records)) == records


_values = st.one_of(
    st.tuples(st.just("i32"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("u8"), st.integers(0, 255)),
    st.tuples(st.just("i64"), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("string"), st.text("abc ü", max_size=300)),
    st.tuples(st.just("blob"), st.binary(max_size=200)),
    st.tuples(
        st.just("blob"),
        st.builds(
            lambda byte, size: bytes((byte,)) * size, st.integers(0, 255), st.integers(0, 6000)
        ),
    ),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["alink", "app", "wifi"]), _values), min_size=1, max_size=40
    )
)
def test_random_contents_match_generator(contents):
    records = [
        KeyValue(namespace, f"key{number}", kind, value)
        for number, (namespace, (kind, value)) in enumerate(contents)
    ]
    image = nvs_image.build(records, size=0x40000)
    assert image == generate(records, size=0x40000)
    assert nvs_image.dump(image) == records


def test_values_too_large_are_refused_like_generator():
    records = [blob(f"k{number}", bytes(3900)) for number in range(6)]
    with pytest.raises(OSError, match="NOT_ENOUGH_SPACE"):
        nvs_image.build(records, size=SIZE)
    with pytest.raises(espressif.InsufficientSizeError):
        generate(records)


# -------------------------------------------------------------------------- as a board uses it


def opened(image: bytes = b"") -> tuple[nvs.Nvs, MemoryFlash, int]:
    flash = MemoryFlash(SIZE, image)
    store = nvs.Nvs(flash, 0, SIZE)
    return store, flash, store.open("alink")


def test_board_replaces_values_of_generator():
    store, flash, alink = opened(generate([blob("cert", b"old" * 100)]))
    assert store.blob(alink, "cert") == b"old" * 100
    store.put(alink, nvs.BLOB, "cert", b"new")
    assert nvs_image.dump(bytes(flash.data)) == [blob("cert", b"new")]


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (lambda store, ns: store.get(ns, nvs.I32, "missing"), -4354),
        (lambda store, ns: store.blob(ns, "number"), -4354),
        (lambda store, ns: store.erase(ns, "missing"), -4354),
        (lambda store, ns: store.put(ns, nvs.I32, "sixteen_letters_", bytes(4)), -4361),
        (lambda store, ns: store.open("sixteen_letters_"), -4361),
        (lambda store, ns: store.put(ns, nvs.BLOB, "b", bytes(20001)), -4366),
    ],
)
def test_errors_are_the_negative_numbers_of_esp_idf(call, number):
    store, _, alink = opened()
    store.put(alink, nvs.I32, "number", bytes(4))
    with pytest.raises(OSError) as caught:
        call(store, alink)
    assert caught.value.errno == number


def test_full_partition_keeps_its_values():
    store, flash, alink = opened()
    kept = []
    with contextlib.suppress(OSError):
        for number in range(100):
            value = bytes((number,)) * 500
            store.put(alink, nvs.BLOB, f"k{number}", value)
            kept.append(blob(f"k{number}", value))
    with pytest.raises(OSError, match="NOT_ENOUGH_SPACE"):
        store.put(alink, nvs.BLOB, "one more", bytes(500))
    assert 30 < len(kept) < 100
    assert nvs_image.dump(bytes(flash.data)) == kept


def test_an_equal_value_is_not_written_again():
    store, flash, alink = opened()
    store.put(alink, nvs.BLOB, "b", b"same")
    store.put(alink, nvs.I32, "n", b"\1\0\0\0")
    before = bytes(flash.data)
    store.put(alink, nvs.BLOB, "b", b"same")
    store.put(alink, nvs.I32, "n", b"\1\0\0\0")
    assert flash.data == before


def test_a_key_may_change_its_type():
    store, flash, alink = opened()
    store.put(alink, nvs.I32, "k", b"\1\0\0\0")
    store.put(alink, nvs.BLOB, "k", b"blob")
    store.put(alink, nvs.STRING, "k", b"text\0")
    assert nvs_image.dump(bytes(flash.data)) == [KeyValue("alink", "k", "string", "text")]


def test_thousands_of_changes_lose_nothing():
    store, flash, alink = opened()
    store.put(alink, nvs.BLOB, "keep", b"kept" * 30)
    for number in range(2000):
        store.put(alink, nvs.BLOB, "turn", number.to_bytes(2, "big") * 60)
    sequences = [
        int.from_bytes(flash.read(page + 4, 4), "little") for page in range(0, SIZE, SECTOR)
    ]
    assert max(sequence for sequence in sequences if sequence != 0xFFFFFFFF) > 50
    expected = {("keep", b"kept" * 30), ("turn", (1999).to_bytes(2, "big") * 60)}
    assert {(r.key, r.value) for r in nvs_image.dump(bytes(flash.data))} == expected


def test_newer_version_differs_from_no_free_page():
    full = bytearray(generate([blob("cert", b"x")]))
    for page in range(SECTOR, SIZE, SECTOR):
        full[page : page + 64] = full[:64]
        full[page : page + 4] = b"\xfc\xff\xff\xff"
    with pytest.raises(OSError, match="NO_FREE_PAGES") as caught:
        nvs_image.dump(bytes(full))
    assert caught.value.errno == -0x110D
    newer = bytearray(b"\xff" * SIZE)
    header = bytes(4) + b"\xfd" + b"\xff" * 19
    newer[:32] = b"\xfe\xff\xff\xff" + header + nvs.crc(header).to_bytes(4, "little")
    with pytest.raises(OSError, match="NEW_VERSION_FOUND") as caught:
        nvs_image.dump(bytes(newer))
    assert caught.value.errno == -0x1110


class Recorder(MemoryFlash):
    """Flash that notes its operations."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.notes: list[tuple[int, int]] = []

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.notes.append((offset, len(data)))
        super().write(offset, data)


def test_blob_is_written_in_esp_idf_order():
    flash = Recorder(SIZE)
    store = nvs.Nvs(flash, 0, SIZE)
    alink = store.open("alink")
    assert flash.notes == [(0, 32), (64, 32), (32, 4)]  # page header, entry, its two bits
    flash.notes.clear()
    store.put(alink, nvs.BLOB, "b", bytes(516))
    assert flash.notes == [
        (0x60, 32), (0x20, 4),  # entry 1: the chunk
        (0x80, 512), (0x24, 4), (0x20, 4),  # 16 entries of data, marked from the last word on
        (0x280, 32), (0x24, 4),  # the rest of it
        (0x2A0, 32), (0x24, 4),  # the index
    ]  # fmt: skip
    flash.notes.clear()
    store.put(alink, nvs.BLOB, "b", b"x")
    written = [(0x2C0, 32), (0x24, 4), (0x2E0, 32), (0x24, 4), (0x300, 32), (0x24, 4)]
    assert flash.notes == [*written, (0x24, 4), (0x24, 4), (0x20, 4)]  # old index, old chunk


def test_blob_skips_nearly_full_page():
    store, flash, alink = opened()
    for number in range(116):
        store.put(alink, nvs.I32, f"n{number}", bytes(4))
    store.put(alink, nvs.BLOB, "b", bytes(1000))  # 8 entries are left, less than a tenth
    first_chunk = flash.read(SECTOR + 64, 32)
    assert first_chunk[8:10] == b"b\0"
    assert int.from_bytes(first_chunk[24:26], "little") == 1000
    assert store.blob(alink, "b") == bytes(1000)


# ---------------------------------------------------------------------------------- power cuts


class Cut(Exception):
    """Power failed."""


class FailingFlash(MemoryFlash):
    """Flash whose `cut_at`-th operation is done half."""

    def __init__(self, content: bytes, cut_at: int = 0) -> None:
        super().__init__(len(content), content)
        self.cut_at = cut_at
        self.operations = 0

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.operations += 1
        half = self.operations == self.cut_at
        super().write(offset, data[: len(data) // 2] if half else data)
        if half:
            raise Cut

    def erase(self, offset: int) -> None:
        self.operations += 1
        if self.operations == self.cut_at:
            self.data[offset : offset + SECTOR // 2] = b"\xff" * (SECTOR // 2)
            raise Cut
        super().erase(offset)


def overwrite(content: bytes, new: KeyValue, cut_at: int = 0) -> FailingFlash:
    flash = FailingFlash(content, cut_at)
    store = nvs.Nvs(flash, 0, len(content))
    if isinstance(new.value, bytes):
        store.put(store.open(new.namespace), nvs.BLOB, new.key, new.value)
    else:
        number = int(new.value).to_bytes(4, "little")
        store.put(store.open(new.namespace), nvs.I32, new.key, number)
    return flash


def nearly_full_pages() -> bytes:
    """A partition whose next write has to free a page, which still holds something."""
    store, flash, alink = opened()
    step = 0
    while len(store._free) > 1 or store._next() < 124:
        step += 1
        store.put(alink, nvs.I32, "n0", step.to_bytes(4, "little"))
        if step % 60 == 0:
            store.put(alink, nvs.I32, f"keep{step}", b"kept")
        if step == 500:
            store.put(alink, nvs.BLOB, "b", b"old" * 30)
    return bytes(flash.data)


def test_power_cut_partition_frees_a_page():
    content = nearly_full_pages()
    flash = overwrite(content, blob("b", b"new"))
    freed = [page for page in range(0, SIZE, SECTOR) if flash.read(page, 4) == b"\xff" * 4]
    (page,) = freed
    assert content[page : page + 4] == b"\xfc\xff\xff\xff"
    held = nvs.Nvs(MemoryFlash(SIZE, content), 0, SIZE)
    assert sum(held._bits(page // SECTOR, index) == 2 for index in range(126)) > 1


_BASES = {
    "fresh": lambda: generate([blob("b", b"old" * 30), KeyValue("alink", "n0", "i32", 5)]),
    "turning": nearly_full_pages,
}


@pytest.mark.parametrize("base", _BASES)
@pytest.mark.parametrize(
    "new", [blob("b", b"new" * 40), blob("b", b"n" * 5000), KeyValue("alink", "n0", "i32", 77)],
    ids=["blob", "chunks", "number"],
)  # fmt: skip
def test_power_cut_leaves_old_or_new_value(base, new):
    content = _BASES[base]()
    before = {(r.key, r.type, r.value) for r in nvs_image.dump(content)}
    operations = overwrite(content, new).operations
    assert operations > 2
    kept = {item for item in before if item[0] != new.key}
    outcomes = set()
    for cut_at in range(1, operations + 1):
        flash = FailingFlash(content)
        with pytest.raises(Cut):
            flash = overwrite_until_cut(flash, new, cut_at)
        after = {(r.key, r.type, r.value) for r in nvs_image.dump(bytes(flash.data))}
        assert after - {(new.key, new.type, new.value)} <= before
        assert kept <= after
        assert len(after) == len(before), f"cut {cut_at} of {operations}: {after}"
        outcomes.add((new.key, new.type, new.value) in after)
        again = overwrite(bytes(flash.data), new)
        done = {(r.key, r.type, r.value) for r in nvs_image.dump(bytes(again.data))}
        assert done == kept | {(new.key, new.type, new.value)}
    assert outcomes == {False, True}


def overwrite_until_cut(flash: FailingFlash, new: KeyValue, cut_at: int) -> FailingFlash:
    flash.cut_at = cut_at
    store = nvs.Nvs(flash, 0, len(flash.data))
    namespace = store.open(new.namespace)
    value = new.value if isinstance(new.value, bytes) else int(new.value).to_bytes(4, "little")
    store.put(namespace, nvs.BLOB if isinstance(new.value, bytes) else nvs.I32, new.key, value)
    return flash


def test_a_cut_while_repairing_a_cut_loses_nothing():
    content = nearly_full_pages()
    new = blob("b", b"new" * 40)
    before = {(r.key, r.value) for r in nvs_image.dump(content)}
    for cut_at in range(1, overwrite(content, new).operations + 1):
        flash = FailingFlash(content)
        with pytest.raises(Cut):
            overwrite_until_cut(flash, new, cut_at)
        broken = bytes(flash.data)
        repair = FailingFlash(broken)
        nvs.Nvs(repair, 0, SIZE)
        for second in range(1, repair.operations + 1):
            flash = FailingFlash(broken, second)
            with pytest.raises(Cut):
                nvs.Nvs(flash, 0, SIZE)
            after = {(r.key, r.value) for r in nvs_image.dump(bytes(flash.data))}
            assert after - {("b", new.value)} <= before
            assert len(after) == len(before)
