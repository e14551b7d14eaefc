"""Dumps of a board that is online give away what docs/explanation/security.md says."""

from __future__ import annotations

import base64
import hmac
import subprocess
import sys
from pathlib import Path

import pytest

from alink_factory.board.mpremote import Mpremote
from alink_factory.cloud.client import AccessKey, Cloud
from alink_factory.job import export, verify
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
SCRUB = '[secret]\nscrub = true\n[app]\nfolder = "app"\n'
WAYS: dict[str, dict[str, str]] = {
    "in flash": {},
    "`scrub = true`": {"more": SCRUB},
    "`scrub = true`, layout `stock`": {"more": SCRUB, "layout": "stock"},
    '`secret = "none"`': {"secret": "none"},
    '`where = "efuse"`': {"more": '[secret]\nwhere = "efuse"\n'},
}
C3 = "ESP32_GENERIC_C3"

# A thief's program at the prompt: it reads all that Python reads, and prints the names of the
# secrets in it. One text line each, so that no secret is on the cable of the test.
SEARCH = """
import esp, esp32, machine, os
secrets = %r
found = set()
def look(data):
    for name, forms in secrets:
        for form in forms:
            if form in data:
                found.add(name)
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        if kind == 0x4000:
            walk(folder + name + "/")
        else:
            with open(folder + name, "rb") as file:
                look(file.read())
walk("/")
buffer = bytearray(4096 + 64)
for at in range(0, esp.flash_size() - 64, 4096):
    esp.flash_read(at, memoryview(buffer)[:min(len(buffer), esp.flash_size() - at)])
    look(buffer)
for key in ("cert", "cred"):
    try:
        count = esp32.NVS("alink").get_blob(key, buffer)
        look(memoryview(buffer)[:count])
    except OSError:
        pass
words = [machine.mem32[0x60008800 + 0x9C + at] for at in range(0, 192, 4)]
look(b"".join([word.to_bytes(4, "little") for word in words]))
print("FOUND", ", ".join(sorted(found, reverse=True)) or "nothing")
"""


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
        plan = workshop.plan(rows=ROWS, firmware=60_000, product=product, board=C3, **WAYS[way])
        key = AccessKey(platform.access_key.id, platform.access_key.secret)
        api = f"http://127.0.0.1:{platform.openapi_port}"
        cloud = Cloud(api, key, instance=boards.INSTANCE)
        line = workshop.order(plan, cloud=cloud, burns_efuses=True)
        image = export.export(
            plan, line.ledger, row="lamp-0001", mac="", flash_size=4 << 20, cloud=cloud
        )
        board, serial = boards.blank(workshop.folder, board=C3)
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
            prompt = _at_the_prompt(str(port.path), workshop.folder, secrets)
        with boards.pty(board, serial, download=True) as port:
            checks = verify.check(plan, line.ledger, line.esptool(str(port.path)))
        assert all(one.is_good for one in checks), checks
        (seen,) = (one.seen for one in checks if one.what == "identity")
        assert seen.endswith(", scrubbed") is ("scrub" in way), seen
        log = "\n".join(line.text for line in board.lines) + repr(outcome) + repr(plan)
        dumps = {
            "flash": board.flash.read(0, board.flash.size),
            "NVS": partition(board, "nvs"),
            "vfs": partition(board, "vfs"),
            "merged image": image.data,
            "ledger": (workshop.folder / "ledger.db").read_bytes(),
            "logs": log.encode(),
        }
        row = [way, *(found(content, secrets) for content in dumps.values()), prompt]
        assert f"| {' | '.join(row)} |" in PAGE.read_text("utf-8")
    ntp.stop()


def _at_the_prompt(port: str, folder: Path, secrets: dict[str, str]) -> str:
    script = folder / "search.py"
    needles = [(name, forms(secret)) for name, secret in secrets.items()]
    script.write_text(SEARCH % (needles,))
    command = [sys.executable, "-m", "mpremote", "connect", port, "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("FOUND ")[1].strip()


def _signed(board: Board, block: int, text: str) -> str:
    assert board.efuses
    return hmac.digest(board.efuses.key(block), text.encode(), "sha256").hex()


@pytest.mark.parametrize("number", range(7))
def test_search_finds_every_encoding(number: int):
    secret = "TopSecret16Chars"
    dump = b"\xff" * 100 + forms(secret)[number] + b"\0" * 100
    assert found(dump, {"ProductSecret": secret}) == "ProductSecret"
    assert found(b"\xff" * 200, {"ProductSecret": secret}) == "nothing"
