"""scrub.py: when a board may erase its certificate, and when the certificate stays."""

import fakes
from alink.boot import record

NAMES = {"ProductKey": b"a1B2c3D4e5F", "DeviceName": b"dev-1"}
FCTRY, CRED = 0x1FB000, 0x1FE000


class Session:
    feed = None

    def __init__(self):
        self.said = []

    def log(self, text):
        self.said.append(text)


def _scrub(places, **more):
    board = fakes.Board()
    fields = dict(NAMES, ProductSecret=b"Pr0dSecretAbCdEf", **more)
    board.burn(record.encode(record.CERTIFICATE, 1, fields))
    kept = record.encode(record.CREDENTIAL, 1, dict(NAMES, DeviceSecret=b"ds"))
    if "cred" in places:
        board.flash.write(CRED, kept)
    if "nvs" in places:
        board.nvs["cred"] = bytes(kept)
    from alink.boot import scrub

    link = Session()
    scrub.scrub(link)
    return board, link.said


def _holds_secret(board):
    content = bytearray(4096)
    board.flash.read(FCTRY, content)
    return b"Pr0dSecretAbCdEf" in content


def test_certificate_goes_when_the_credential_is_stored_twice():
    board, said = _scrub(("cred", "nvs"))
    assert not _holds_secret(board)
    assert said == ["the ProductSecret was removed from this board"]


def test_certificate_stays_while_the_credential_is_stored_once():
    for places in ((), ("cred",), ("nvs",)):
        board, said = _scrub(places)
        assert _holds_secret(board), places
        assert said[0].endswith("the credential is stored once only"), said


def test_certificate_of_a_gateway_stays():
    board, said = _scrub(("cred", "nvs"), SubProduct=[b"\x02pkps"])
    assert _holds_secret(board)
    assert said[0].endswith("a gateway needs the SubProducts of its certificate"), said


def test_flash_that_does_not_erase_is_reported():
    usual = fakes._Partition.ioctl
    fakes._Partition.ioctl = lambda *_: None
    try:
        board, said = _scrub(("cred", "nvs"))
    finally:
        fakes._Partition.ioctl = usual
    assert _holds_secret(board)
    assert said[0].endswith("flash did not erase it"), said
