"""scrub.py: when a board may remove its ProductSecret, and when the secret stays."""

import fakes
from alink.boot import record

NAMES = {"ProductKey": b"a1B2c3D4e5F", "DeviceName": b"dev-1"}
FCTRY, CRED = 0x1FB000, 0x1FE000


class Session:
    feed = None

    def __init__(self):
        self.said = []
        self.device = self

    def log(self, text):
        self.said.append(text)


def _scrub(places, fail=None, **more):
    board = fakes.Board()
    fields = dict(NAMES, ProductSecret=b"Pr0dSecretAbCdEf", **more)
    board.burn(record.encode(record.CERTIFICATE, 1, fields))
    kept = record.encode(record.CREDENTIAL, 1, dict(NAMES, DeviceSecret=b"ds"))
    if "cred" in places:
        board.flash.write(CRED, kept)
    if "nvs" in places:
        board.nvs["cred"] = bytes(kept)
    board.flash.fail = fail
    from alink.boot import scrub

    link = Session()
    scrub.scrub(link)
    return board, link.said


def _holds_secret(board):
    content = bytearray(1024)
    board.flash.read(FCTRY, content)
    return b"Pr0dSecretAbCdEf" in content


def _certificate(board):
    content = bytearray(1024)
    board.flash.read(FCTRY, content)
    return record.decode(content, record.CERTIFICATE)[1]


def test_secret_goes_when_the_credential_is_stored_twice():
    for size in (1, 5, 9, 13, 14, 15, 16, 17):  # The padding of a record, before and after.
        board, said = _scrub(("cred", "nvs"), Ca=[b"r" * 700], WifiSsid=b"a" * size)
        assert not _holds_secret(board)
        assert said == ["the ProductSecret was removed from this board"]
        assert _certificate(board) == dict(NAMES, WifiSsid=b"a" * size, Ca=[b"r" * 700])
        assert "cert" not in board.nvs


def test_certificate_stays_while_the_credential_is_stored_once():
    for places in ((), ("cred",), ("nvs",)):
        board, said = _scrub(places)
        assert _holds_secret(board), places
        assert said[0].endswith("the credential is stored once only"), said


def test_gateway_keeps_its_sub_products():
    board, said = _scrub(("cred", "nvs"), SubProduct=[b"\x02pkps"])
    assert said == ["the ProductSecret was removed from this board"]
    assert _certificate(board) == dict(NAMES, SubProduct=[b"\x02pkps"])


def test_full_nvs_changes_nothing():
    board, said = _scrub(("cred", "nvs"), fail="nvs")
    assert _holds_secret(board)
    assert said[-1].endswith("nvs has no space for the new certificate"), said


def test_flash_that_does_not_erase_is_reported():
    usual = fakes._Partition.ioctl
    fakes._Partition.ioctl = lambda *_: None
    try:
        board, said = _scrub(("cred", "nvs"))
    finally:
        fakes._Partition.ioctl = usual
    assert _holds_secret(board)
    assert said[0].endswith("flash did not erase it"), said
    assert "cert" not in board.nvs
