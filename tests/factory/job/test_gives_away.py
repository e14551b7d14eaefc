"""Dumps of a board that is online give away what docs/explanation/security.md says."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest

from alink_factory.board.mpremote import Mpremote
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.job import export
from alink_formats.sources import firmware_dir
from alink_sim.board import Board
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop, burn

pytestmark = pytest.mark.interop

PAGE = firmware_dir().parent / "docs" / "explanation" / "security.md"
ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
SCRUBS = "from alink import Device\nDevice.from_flash(scrub=True).loop()\n"
WAYS: dict[str, dict[str, str]] = {
    "in flash": {"board": "ESP32_GENERIC_C3"},
    "`scrub = true`": {
        "board": "ESP32_GENERIC_C3",
        "more": '[secret]\nscrub = true\n[app]\nfolder = "app"\n',
    },
    '`secret = "none"`': {"board": "ESP32_GENERIC_C3", "secret": "none"},
    '`where = "efuse"`': {"board": "ESP32_GENERIC_C3", "more": '[secret]\nwhere = "efuse"\n'},
}


def forms(secret: str) -> list[bytes]:
    """Return a secret in every encoding that is searched for."""
    data = secret.encode()
    shifted = [base64.b64encode(b"\0" * n + data)[4 * (n > 0) : -4] for n in range(3)]
    return [
        data,
        data.hex().encode(),
        data.hex().upper().encode(),
        *shifted,
        secret.encode("utf-16-le"),
    ]


def found(content: bytes, secrets: dict[str, str]) -> str:
    """Return the names of the secrets in a dump, as the table has them."""
    names = [
        name for name, secret in secrets.items() if any(form in content for form in forms(secret))
    ]
    return ", ".join(names) or "nothing"


def partition(board: Board, name: str) -> bytes:
    place = board.table().with_vfs(board.flash.size).find(name)
    return board.flash.read(place.offset, place.size)


@pytest.mark.parametrize("way", WAYS)
def test_page_says_what_dumps_give_away(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
):
    monkeypatch.setenv("NO_PROXY", "*")
    ntp = SntpServer()
    ntp.start()
    with Platform(state=tmp_path / "platform") as platform:
        product = boards.product(platform, ntp, tmp_path)
        if "none" not in way:
            platform.console.add_device(KEY, "lamp-0001")
        (workshop.folder / "app").mkdir()
        (workshop.folder / "app" / "main.py").write_text(SCRUBS)
        plan = workshop.plan(rows=ROWS, firmware=60_000, product=product, **WAYS[way])
        key = AccessKey(platform.access_key.id, platform.access_key.secret)
        api = f"http://127.0.0.1:{platform.openapi_port}"
        cloud = Cloud(api, key, instance=boards.INSTANCE)
        line = workshop.order(plan, cloud=cloud, burns_efuses=True)
        image = export.export(
            plan, line.ledger, row="lamp-0001", mac="", flash_size=4 << 20, cloud=cloud
        )
        board, serial = boards.blank(workshop.folder, board=WAYS[way]["board"])
        monkeypatch.setattr(Mpremote, "sign", lambda _, block, text: _signed(board, block, text))
        with boards.pty(board, serial, download=True) as port:
            outcome = burn(line, port)
            assert outcome.result == "done", outcome
            serial.reset(download=False)
            board.expect("alink: online at ")
            if "scrub" in way:
                board.expect("alink: the ProductSecret was removed from this board")
        secrets = {
            "ProductSecret": platform.console.product(KEY).secret,
            "DeviceSecret": platform.console.device(KEY, "lamp-0001").secret,
        }
        log = "\n".join(line.text for line in board.lines) + repr(outcome) + repr(plan)
        dumps = {
            "flash": board.flash.read(0, board.flash.size),
            "NVS": partition(board, "nvs"),
            "vfs": partition(board, "vfs"),
            "merged image": image.data,
            "ledger": (workshop.folder / "ledger.db").read_bytes(),
            "logs": log.encode(),
        }
        row = [way, *(found(content, secrets) for content in dumps.values())]
        assert f"| {' | '.join(row)} |" in PAGE.read_text("utf-8")
    ntp.stop()


def _signed(board: Board, block: int, text: str) -> str:
    assert board.efuses
    return hmac.digest(board.efuses.key(block), text.encode(), "sha256").hex()


@pytest.mark.parametrize("number", range(7))
def test_search_finds_every_encoding(number: int):
    secret = "TopSecret16Chars"
    dump = b"\xff" * 100 + forms(secret)[number] + b"\0" * 100
    assert found(dump, {"ProductSecret": secret}) == "ProductSecret"
    assert found(b"\xff" * 200, {"ProductSecret": secret}) == "nothing"
