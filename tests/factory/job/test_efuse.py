"""Batches with the secret in an eFuse block: the real espefuse burns it, once."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.board.mpremote import Mpremote
from alink_factory.cli import app
from alink_factory.errors import BatchError
from alink_factory.job import export
from alink_factory.job.order import Order
from alink_formats import identity
from alink_sim.board import Board
from alink_sim.board.serial import Rfc2217Port, SerialBoard
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from tests.factory import boards
from tests.factory.workshop import KEY, SECRET, Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
WHERE = '[secret]\nwhere = "efuse"\n'
FCTRY = 0x1FB000
C3 = "ESP32_GENERIC_C3"


def blank(workshop: Workshop) -> tuple[Board, SerialBoard]:
    return boards.blank(workshop.folder, board=C3)


def order(workshop: Workshop, **batch: object) -> Order:
    options: dict[str, object] = {"rows": ROWS, "board": C3, "more": WHERE, **batch}
    return workshop.order(workshop.plan(**options), burns_efuses=True)


@pytest.fixture
def signs(monkeypatch: pytest.MonkeyPatch) -> list[Board]:
    """The board whose unit signs in place of the prompt; append it."""
    running: list[Board] = []

    def sign(_: Mpremote, block: int, text: str) -> str:
        efuses = running[-1].efuses
        assert efuses
        return hmac.digest(efuses.key(block), text.encode(), "sha256").hex()

    monkeypatch.setattr(Mpremote, "sign", sign)
    return running


def test_key_is_burned_and_protected_once(workshop: Workshop, signs: list[Board]):
    board, serial = blank(workshop)
    signs.append(board)
    line = order(workshop, firmware=30_000)
    with boards.pty(board, serial, download=True) as port:
        done = burn(line, port)
        assert done.result == "done", done
        assert board.efuses
        assert board.efuses.key(0) == SECRET.encode().ljust(32, b"\0")
        assert (board.efuses.purpose(0), board.efuses.is_read_protected(0)) == (8, True)
        content = (board.directory / "efuse.bin").read_bytes()
    (claim,) = line.ledger.claims()
    line.ledger.advance(claim, "written")
    with boards.pty(board, serial, download=True) as port:
        again = burn(line, port)
        assert again.result == "done", again
        assert (board.directory / "efuse.bin").read_bytes() == content
    assert identity.decode(board.flash.read(FCTRY, 0x3000)).identity.product_secret == "efuse:0"
    assert SECRET.encode() not in board.flash.read(0, board.flash.size)
    written = [one.detail for one in line.ledger.entries() if one.what == "written"]
    assert written[0].split()[-3:] == [
        "BLOCK_KEY0",
        "with",
        "#" + identity.fingerprint(SECRET)[1:],
    ]
    assert "BLOCK_KEY0" not in written[1]
    assert SECRET.encode() not in (workshop.folder / "ledger.db").read_bytes()
    assert not list(line.scratch.iterdir())


def test_board_with_another_key_is_refused(workshop: Workshop, signs: list[Board]):
    board, serial = blank(workshop)
    signs.append(board)
    assert board.efuses
    board.efuses.burn_key(0, b"AnotherSecret123")
    board.efuses.write(board.efuses._base + 0, 0x01800100)
    board.efuses.write(board.efuses._base + 4, 0)
    board.efuses.write(board.efuses._base + 0x1CC, 0x5A5A)
    board.efuses.write(board.efuses._base + 0x1D4, 2)
    with boards.pty(board, serial, download=True) as port:
        failed = burn(order(workshop), port)
    assert failed.detail == "eFuse block 0 signs with another key than this batch's"
    assert failed.is_final


@pytest.mark.parametrize(("purpose", "value"), [(5, b"x"), (0, b"half-burned")])
def test_block_in_use_is_left_alone(workshop: Workshop, purpose: int, value: bytes):
    board, serial = blank(workshop)
    assert board.efuses
    board.efuses.burn_key(0, value, purpose=purpose, protect=False)
    before = (board.directory / "efuse.bin").read_bytes()
    with boards.pty(board, serial, download=True) as port:
        failed = burn(order(workshop), port)
    assert "eFuse block 0 is in use" in failed.detail
    assert (board.directory / "efuse.bin").read_bytes() == before


def test_nothing_is_burned_without_consent(workshop: Workshop):
    batch = workshop.batch(rows=ROWS, board=C3, more=WHERE)
    asked = CliRunner().invoke(app, ["flash", str(batch), "--port", "/dev/null"])
    assert str(asked.exception).endswith("That cannot be undone: add --burn-efuses")
    line = workshop.order(workshop.plan(rows=ROWS, board=C3, more=WHERE))
    board, serial = blank(workshop)
    with boards.pty(board, serial, download=True) as port:
        assert "was not agreed to" in burn(line, port).detail
    assert not (board.directory / "efuse.bin").exists()
    assert board.flash.read(FCTRY, 16) == b"\xff" * 16


def test_plan_rehearses_on_a_virtual_chip(workshop: Workshop):
    batch = workshop.batch(rows=ROWS, board=C3, more=WHERE)
    shown = CliRunner().invoke(app, ["plan", str(batch)])
    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.output.split())
    assert "the ProductSecret in BLOCK_KEY0, hmacsha256; it cannot be undone" in text
    assert SECRET not in shown.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"board": "ESP32_GENERIC"}, "the esp32 of ESP32_GENERIC has no HMAC unit"),
        ({"product": 'sign_method = "hmacmd5"'}, "an eFuse key signs hmacsha256 only"),
        ({"more": '[secret]\nwhere = "efuses"\n'}, "secret.where is 'efuses'"),
        ({"more": '[secret]\nwhere = "efuse"\nblock = 6\n'}, "block"),
        ({"secret": "none"}, 'but product.secret is "none": keep one of them'),
    ],
)
def test_impossible_efuse_batch_is_refused(workshop: Workshop, options, sentence: str):
    given = {"rows": ROWS, "board": C3, "more": WHERE, **options}
    with pytest.raises(BatchError) as caught:
        workshop.plan(**given)
    assert sentence in str(caught.value)


def test_secret_longer_than_a_block_is_refused(workshop: Workshop):
    (workshop.folder / "product.secret").write_text("x" * 33)
    with pytest.raises(BatchError, match="has 33 characters; a key block holds 32"):
        workshop.plan(rows=ROWS, board=C3, more=WHERE)


def test_exported_image_names_the_block(workshop: Workshop):
    line = order(workshop)
    made = export.export(line.plan, line.ledger, row="lamp-0001", mac="", flash_size=4 << 20)
    assert SECRET.encode() not in made.data
    assert b"efuse:0" in made.data


@pytest.mark.usefixtures("quick_rfc2217")
def test_burned_board_signs_and_is_online(workshop: Workshop, tmp_path: Path):
    ntp = SntpServer()
    ntp.start()
    with Platform(state=tmp_path / "platform") as platform:
        product = boards.product(platform, ntp, tmp_path)
        platform.console.add_device(KEY, "lamp-0001")
        secret = platform.console.product(KEY).secret
        line = order(workshop, firmware=4_000, product=product, secret="file:product.secret")
        board, serial = blank(workshop)
        with Rfc2217Port(serial) as port:
            done = burn(line, port)  # mpremote asks the prompt for a signature.
            assert done.result == "done", done
            # Before the key, three calls of espefuse, and the reading back.
            assert (serial.counts.resets, serial.counts.stubs) == (5, 2)
            serial.reset(download=False)
            board.expect("alink: online at ")
        assert secret.encode() not in board.flash.read(0, board.flash.size)
        kinds = [event.kind for event in platform.events(device_name="lamp-0001")]
        assert "registered" in kinds
    ntp.stop()
