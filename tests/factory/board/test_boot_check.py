"""The boot check: a board resets and prints its identity."""

from __future__ import annotations

import pytest

from alink_factory.board import boot_check
from alink_factory.errors import BoardError
from alink_formats.identity import Identity
from alink_sim.board import firmware_image as images
from alink_sim.board.serial import PtyPort
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def _printing(workshop: Workshop, monkeypatch, main: str) -> tuple[PtyPort, str]:
    # A board that prints this when it is reset, as its reset lines would do.
    board, serial = boards.blank(workshop.folder)
    board.flash.burn(board.definition.firmware_offset, images.published(board.definition))
    from alink_sim.board import burn as burn_flash

    burn_flash(
        board.flash, board.definition, layout="stock", identity=None,
        files={"/main.py": main.encode()},
    )  # fmt: skip
    monkeypatch.setattr(boot_check, "_reset", lambda *_: serial.reset(download=False))
    port = boards.pty(board, serial, download=True)
    return port, str(port.path)


WHO = Identity(product_key=KEY, product_secret="x", device_name="lamp-0001")
SAYS = "print('alink: this is %s/%s, not registered yet, SDK %s')"


def test_board_that_prints_its_identity_has_booted(workshop: Workshop, monkeypatch):
    main = SAYS % (KEY, "lamp-0001", boot_check.sdk_version())
    port, path = _printing(workshop, monkeypatch, main)
    with port:
        assert boot_check.check(path, WHO) == f"lamp-0001, SDK {boot_check.sdk_version()}"


@pytest.mark.parametrize(
    ("main", "complaint"),
    [
        (SAYS % (KEY, "lamp-0009", "0.1.0"), "the board says it is lamp-0009"),
        (SAYS % ("a1Other", "lamp-0001", "0.1.0"), "it is lamp-0001 of a1Other"),
        (SAYS % (KEY, "lamp-0001", "0.0.1"), "the board runs SDK 0.0.1, but"),
        ("import not_there", "the application does not start"),
    ],
)
def test_wrong_boot_text_fails_at_once(workshop, monkeypatch, main, complaint):
    port, path = _printing(workshop, monkeypatch, main)
    with port, pytest.raises(BoardError, match=complaint):
        boot_check.check(path, WHO)


def test_a_board_without_firmware_is_red_at_once(workshop: Workshop, monkeypatch):
    board, serial = boards.blank(workshop.folder)
    monkeypatch.setattr(boot_check, "_reset", lambda *_: serial.reset(download=False))
    port = boards.pty(board, serial, download=True)
    with port, pytest.raises(BoardError, match="the firmware does not start"):
        boot_check.check(str(port.path), WHO)


def test_silent_board_is_reported_as_silent(workshop: Workshop, monkeypatch):
    port, path = _printing(workshop, monkeypatch, "pass")
    monkeypatch.setattr(boot_check, "_reset", lambda *_: None)
    with (
        port,
        pytest.raises(
            BoardError, match="did not print its identity within 0 s; it printed nothing"
        ),
    ):
        boot_check.check(path, WHO, timeout=0.1)
