"""esp32.NVS: errors of real firmware, bytes that the host can read, the wipe at boot."""

from __future__ import annotations

from alink_formats.identity import Identity, encode
from alink_formats.nvs_image import KeyValue
from tests.board.conftest import Bench, printed

IDENTITY = Identity(product_key="a1B2c3", product_secret="secret", device_name="dev-1")


def test_nvs_errors_match_real_firmware(bench: Bench):
    lines = bench.run(
        """
        from esp32 import NVS
        nvs = NVS("app")
        nvs.set_blob("blob", b"12345")
        for attempt in (
            lambda: nvs.get_i32("missing"),
            lambda: nvs.get_blob("missing", bytearray(9)),
            lambda: nvs.get_blob("blob", bytearray(4)),
            lambda: nvs.get_i32("blob"),
            lambda: nvs.erase_key("missing"),
            lambda: nvs.set_i32("sixteen_letters_", 1),
        ):
            try:
                attempt()
            except OSError as error:
                print(error.args)
        """
    )
    assert lines == [
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
        "(-4364, 'ESP_ERR_NVS_INVALID_LENGTH')",
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
        "(-4361, 'ESP_ERR_NVS_KEY_TOO_LONG')",
    ]


def test_full_partition_raises_not_enough_space(bench: Bench):
    lines = bench.run(
        """
        from esp32 import NVS
        nvs = NVS("app")
        try:
            for number in range(100):
                nvs.set_blob("k%d" % number, bytes(900))
        except OSError as error:
            print(error.args)
        data = bytearray(900)
        print(nvs.get_blob("k0", data))
        """
    )
    assert lines == ["(-4357, 'ESP_ERR_NVS_NOT_ENOUGH_SPACE')", "900"]


def test_nvs_survives_power_off_and_host_reads(bench: Bench):
    board = bench.board(
        """
        from esp32 import NVS
        nvs = NVS("app")
        try:
            boots = nvs.get_i32("boots")
        except OSError:
            boots = 0
        nvs.set_i32("boots", boots - 1)
        nvs.set_blob("text", "words")
        nvs.set_blob("big", bytes(5000))
        nvs.commit()
        buffer = bytearray(b"......")
        print(boots, nvs.get_blob("text", buffer), buffer)
        """
    )
    assert printed(board) == ["0 5 bytearray(b'words.')"]
    assert printed(board) == ["-1 5 bytearray(b'words.')"]
    assert {(r.namespace, r.key, r.value) for r in board.nvs()} == {
        ("app", "boots", -2),
        ("app", "text", b"words"),
        ("app", "big", bytes(5000)),
    }


def test_board_reads_nvs_of_espressif_generator(bench: Bench):
    board = bench.board(
        """
        from esp32 import NVS
        buffer = bytearray(200)
        print(buffer[:NVS("alink").get_blob("cert", buffer)].hex())
        """,
        layout="stock",
        identity=IDENTITY,
    )
    record = encode(IDENTITY)
    assert board.nvs() == [KeyValue("alink", "cert", "blob", record)]
    assert printed(board) == [record.hex()]


def test_full_nvs_is_wiped_at_boot(bench: Bench):
    board = bench.board(
        """
        from esp32 import NVS
        buffer = bytearray(200)
        try:
            print(NVS("alink").get_blob("cert", buffer))
        except OSError as error:
            print(error.args[0])
        """,
        layout="stock",
        identity=IDENTITY,
    )
    assert printed(board) == [str(len(encode(IDENTITY)))]
    board.fill_nvs()
    assert printed(board) == ["-4354"]
    assert board.nvs() == []


def test_nvs_calls_leave_heap_unchanged(bench: Bench):
    lines = bench.run(
        """
        import gc
        from esp32 import NVS
        nvs = NVS("app")
        nvs.set_blob("blob", bytes(500))
        gc.collect()
        before = gc.mem_alloc()
        for number in range(20):
            nvs.set_i32("n", number)
            nvs.set_blob("blob", bytes((number,)) * 500)
        gc.collect()
        print(gc.mem_alloc() - before)
        """
    )
    assert int(lines[0]) < 2 * 560  # Not 20: a stale word on the stack can keep one or two.
