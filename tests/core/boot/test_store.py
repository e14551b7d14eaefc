"""store.py over flash in RAM: two places, repairs, generations, the former partitions."""

import fakes
from alink.boot import record
from alink.boot.record import decode
from alink.errors import StoreError
from check import raises

CERTIFICATE = {
    "ProductKey": b"a1B2c3D4e5F",
    "ProductSecret": b"Pr0dSecretAbCdEf",
    "DeviceName": b"esp32-240AC4A1B2C3",
}
BURNED = record.encode(record.CERTIFICATE, 1, CERTIFICATE)
CREDENTIAL = {
    "ProductKey": b"a1B2c3D4e5F",
    "DeviceName": b"esp32-240AC4A1B2C3",
    "DeviceSecret": b"0123456789abcdef0123456789abcdef",
}


def _board(layout="factory"):
    board = fakes.Board(layout)
    if layout == "factory":
        board.burn(BURNED)
    else:
        board.nvs["cert"] = BURNED
        _remove_files()
    return board


def _remove_files():
    import os

    for name in ("/alink.cert", "/alink.cred"):
        try:
            os.remove(name)
        except OSError:
            pass


class _Store:
    """The two halves: `identity` reads, `store` writes."""

    def __init__(self, log):
        self._log = log

    def certificate(self):
        from alink.boot.identity import burned

        return burned(self._log)

    def credential(self, certificate):
        from alink.boot.identity import stored

        return stored(certificate, self._log)

    def save(self, fields):
        from alink.boot.store import save

        return save(fields, self._log)

    def forget(self):
        from alink.boot.store import forget

        forget()


def _store(log=None):
    return _Store(log.append if log is not None else print)


def test_the_certificate_is_read_from_fctry():
    _board()
    assert _store().certificate() == (CERTIFICATE, "fctry")


def test_unburned_board_reports_nothing_is_burned():
    fakes.Board()
    error = raises(StoreError, _store().certificate)
    assert "nothing is burned" in str(error), error


def test_a_damaged_certificate_names_place_and_field():
    board = fakes.Board()
    damaged = bytearray(BURNED)
    damaged[damaged.find(b"esp32")] = 0
    board.burn(bytes(damaged))
    error = raises(StoreError, _store([]).certificate)
    assert "fctry" in str(error) and "DeviceName is damaged" in str(error), error


def test_saved_credential_survives_loss_of_nvs():
    board = _board()
    assert _store().save(CREDENTIAL) == "cred and nvs"
    assert _store().credential(CERTIFICATE) == CREDENTIAL
    board.nvs.clear()
    assert _store().credential(CERTIFICATE) == CREDENTIAL


def test_a_wiped_nvs_is_filled_again_from_cred():
    board = _board()
    _store().save(CREDENTIAL)
    kept = board.nvs.pop("cred")
    _store().credential(CERTIFICATE)
    assert board.nvs["cred"] == kept


def test_an_erased_cred_is_filled_again_from_nvs():
    board = _board()
    _store().save(CREDENTIAL)
    board.flash.erase(0x1FE000)
    board.flash.erase(0x1FF000)
    assert _store().credential(CERTIFICATE) == CREDENTIAL
    board.nvs.clear()
    assert _store().credential(CERTIFICATE) == CREDENTIAL


def test_sectors_are_written_alternately_and_the_newest_wins():
    board = _board()
    for number in range(4):
        secret = b"secret-%d" % number
        _store().save(dict(CREDENTIAL, DeviceSecret=secret))
        assert _store().credential(CERTIFICATE)["DeviceSecret"] == secret
    generations = []
    for offset in (0x1FE000, 0x1FF000):
        data = bytearray(256)
        board.flash.read(offset, data)
        generations.append(decode(bytes(data), record.CREDENTIAL)[0])
    assert sorted(generations) == [3, 4]


def test_torn_newest_copy_falls_back_and_is_logged():
    board = _board()
    _store().save(CREDENTIAL)
    _store().save(dict(CREDENTIAL, DeviceSecret=b"newer"))
    board.nvs["cred"] = board.nvs["cred"][:20]
    for offset in (0x1FE000, 0x1FF000):
        data = bytearray(256)
        board.flash.read(offset, data)
        if b"newer" in data:
            board.flash.write(offset + 20, bytes(60))
    log = []
    assert _store(log).credential(CERTIFICATE) == CREDENTIAL
    assert [line for line in log if "unusable" in line]


def test_a_credential_of_another_name_is_not_ours():
    _board()
    _store().save(CREDENTIAL)
    assert _store().credential(dict(CERTIFICATE, DeviceName=b"other")) is None
    assert _store().credential(dict(CERTIFICATE, ProductSecret=b"corrected")) == CREDENTIAL


def test_a_credential_that_replaces_another_names_is_newer():
    _board()
    for _ in range(3):
        _store().save(CREDENTIAL)
    other = dict(CREDENTIAL, DeviceName=b"other")
    _store().save(other)
    assert _store().credential(dict(CERTIFICATE, DeviceName=b"other")) == other


def test_one_place_that_fails_is_reported_and_enough():
    board = _board()
    for place, kept in (("cred", "nvs"), ("nvs", "cred")):
        board.flash.fail = place
        log = []
        assert _store(log).save(CREDENTIAL) == kept
        assert [
            line for line in log if line.startswith("could not write the record to " + place)
        ], log
        board.flash.fail = None
        assert _store().credential(CERTIFICATE) == CREDENTIAL


def test_no_place_at_all_is_an_error():
    board = _board()
    board.flash.fail = "cred"

    class Broken(dict):
        def __setitem__(self, key, value):
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")

    board.nvs = Broken()
    raises(StoreError, _store([]).save, CREDENTIAL)


def test_a_repair_that_fails_is_not_fatal():
    board = _board()
    _store().save(CREDENTIAL)
    board.nvs.clear()
    board.flash.fail = "nvs"
    log = []
    assert _store(log).credential(CERTIFICATE) == CREDENTIAL
    assert [line for line in log if line.startswith("could not write the record to nvs")]


def test_stock_table_keeps_identity_without_flash_writes():
    factory = _board()
    _store().save(CREDENTIAL)
    stock = fakes.Board("stock")
    _remove_files()
    stock.flash.sectors = factory.flash.sectors
    writes = stock.flash.writes
    assert _store().certificate()[0] == CERTIFICATE
    assert _store().credential(CERTIFICATE) == CREDENTIAL
    assert stock.flash.writes == writes
    assert stock.nvs["cert"] == BURNED
    _remove_files()


def test_forget_leaves_no_credential():
    _board()
    _store().save(CREDENTIAL)
    _store().save(CREDENTIAL)
    _store().forget()
    assert _store().credential(CERTIFICATE) is None
    assert _store().certificate()[0] == CERTIFICATE


def test_attempts_are_counted_until_registration_is_allowed():
    _board()
    from alink import maintenance
    from alink.boot import copies

    assert copies.tries() == 0
    copies.set_tries(3)
    assert copies.tries() == 3
    maintenance.allow_registration()
    assert copies.tries() == 0


def test_a_large_credential_with_a_root_fits():
    _board()
    large = dict(CREDENTIAL, Ca=[b"\x30" * 1500])
    _store().save(large)
    assert _store().credential(CERTIFICATE) == large
