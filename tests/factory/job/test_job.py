"""One board, one transaction, by the real esptool on simulated boards."""

from __future__ import annotations

import pytest

from alink_factory.image import flash_content, vfs
from alink_factory.job import job, verify
from alink_factory.job.progress import Progress
from alink_factory.ledger.claims import STATES
from alink_formats import app_image, identity, nvs_image
from alink_formats.board import load
from alink_formats.identity import Identity
from alink_formats.nvs_generator import generate
from alink_formats.partitions import PartitionTable
from alink_formats.sources import boards_dir
from alink_sim.board.serial import CablePull, PtyPort, SerialBoard
from tests.factory.workshop import KEY, SECRET, Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
FCTRY, CRED, NVS = 0x1FB000, 0x1FE000, 0x9000
FIRST = "a0b765123456"


def certificate(flash) -> Identity:
    return identity.decode(flash.read(FCTRY, 0x3000)).identity


def credential(name: str = "lamp-0001", key: str = KEY) -> bytes:
    kept = Identity(product_key=key, device_name=name, device_secret="given0by0the0cloud")
    return identity.encode(kept, kind="credential", generation=3)


def story(order) -> list[str]:
    return [entry.what for entry in order.ledger.entries()]


@pytest.mark.parametrize("stub", [True, False])
def test_a_blank_board_becomes_the_first_row(workshop: Workshop, stub):
    plan = workshop.plan(rows=ROWS, firmware=60_000)
    order = workshop.order(plan, stub=stub)
    flash = workshop.flash()
    outcome = burn(order, workshop.pty(flash, mac=FIRST))
    assert (outcome.result, outcome.device_name) == ("done", "lamp-0001"), outcome
    burned = certificate(flash)
    assert (burned.product_key, burned.product_secret, burned.device_name) == (
        KEY, SECRET, "lamp-0001",
    )  # fmt: skip
    assert PartitionTable.from_binary(flash.read(0x8000, 0xC00)) == plan.board.table("factory")
    assert plan.firmware
    assert app_image.read(flash.read(0x1000, 0x7000)).flash_size == 4 << 20
    assert app_image.read(flash.read(0x10000, 0x1EB000)) == plan.firmware.app
    place = plan.board.table("factory").find("vfs")
    assert vfs.read(flash.read(place.offset, place.size), place) == plan.files
    assert flash.read(NVS, 0x6000) == b"\xff" * 0x6000
    assert story(order) == [s for s in STATES if s not in ("booted", "tested")]
    assert not list(order.scratch.iterdir())


@pytest.mark.parametrize(
    ("board", "chip", "size"),
    [
        ("ESP32_GENERIC_S3", "esp32s3", 8 << 20),
        ("ESP32_GENERIC_C3", "esp32c3", 4 << 20),
        ("ESP32_GENERIC_C6-OTA", "esp32c6", 8 << 20),
        ("ESP32_GENERIC_S2", "esp32s2", 4 << 20),
    ],
)
def test_vfs_extends_to_the_end_of_flash(workshop, board, chip, size):
    plan = workshop.plan(rows=ROWS, board=board, firmware=30_000)
    flash = workshop.flash(size=size)
    outcome = burn(workshop.order(plan), workshop.pty(flash, chip=chip))
    assert outcome.result == "done", outcome
    table = PartitionTable.from_binary(flash.read(0x8000, 0xC00), flash_size=size)
    assert table.find("vfs").end == size
    start = plan.board.firmware_offset
    assert app_image.read(flash.read(start, 0x8000 - start)).flash_size == size
    place = table.find("fctry")
    burned = identity.decode(flash.read(place.offset, place.size)).identity
    assert burned.device_name == "lamp-0001"


def test_over_the_network_with_its_own_reset_lines(workshop):
    flash = workshop.flash()
    order = workshop.order(workshop.plan(rows=ROWS))
    port = workshop.rfc2217(flash)
    assert burn(order, port).result == "done"
    assert certificate(flash).device_name == "lamp-0001"
    assert port._board.resets[-1] == "run"


def test_a_stock_board_has_its_certificate_in_nvs(workshop):
    plan = workshop.plan(rows=ROWS, layout="stock")
    flash = workshop.flash()
    assert burn(workshop.order(plan), workshop.pty(flash)).result == "done"
    (record,) = nvs_image.dump(flash.read(NVS, 0x6000))
    assert isinstance(record.value, bytes)
    assert (record.key, identity.decode(record.value).identity.device_name) == (
        "cert", "lamp-0001",
    )  # fmt: skip
    assert flash.read(FCTRY, 0x5000) == b"\xff" * 0x5000


def test_board_with_two_slots_boots_the_written_slot(workshop):
    plan = workshop.plan(rows=ROWS, board="ESP32_GENERIC-OTA", firmware=30_000)
    flash = workshop.flash()
    place = plan.board.table("factory").find("otadata")
    flash.burn(place.offset, bytes(place.size))
    assert burn(workshop.order(plan), workshop.pty(flash)).result == "done"
    assert flash.read(place.offset, place.size) == b"\xff" * place.size
    slot = plan.board.table("factory").find("ota_0")
    assert plan.firmware
    assert app_image.read(flash.read(slot.offset, slot.size)) == plan.firmware.app


def test_unchanged_regions_are_written_only_with_full(workshop):
    plan = workshop.plan(rows=ROWS, firmware=30_000)
    flash = workshop.flash()
    order = workshop.order(plan)
    first = burn(order, workshop.pty(flash, mac=FIRST))
    everything = ("boot-loader", "table", "application", "identity", "vfs")
    assert first.written == everything
    (workshop.folder / "product.secret").write_text("Corrected0Secret")
    # The ledger lets go of it, as after a repair; the board still carries the row.
    held = order.ledger.find(mac=FIRST)
    assert held
    order.ledger.retire(held, what="wiped", reason="repair")
    corrected = workshop.order(workshop.plan(rows=ROWS, firmware=30_000), order.ledger)
    second = burn(corrected, workshop.pty(flash, mac=FIRST))
    assert second.written == ("identity",)
    assert certificate(flash).product_secret == "Corrected0Secret"
    held = order.ledger.find(mac=FIRST)
    assert held
    order.ledger.retire(held, what="wiped", reason="repair")
    full = workshop.order(corrected.plan, order.ledger, full=True)
    assert burn(full, workshop.pty(flash, mac=FIRST)).written == everything


@pytest.mark.parametrize("fresh", [False, True])
def test_credential_is_kept_unless_fresh(workshop, fresh):
    flash = workshop.flash()
    flash.burn(CRED, credential())
    flash.burn(NVS, generate({"cred": credential()}, size=0x6000))
    order = workshop.order(workshop.plan(rows=ROWS), fresh=fresh)
    assert burn(order, workshop.pty(flash)).result == "done"
    kept = flash_content.nvs_blobs(flash.read(NVS, 0x6000)).get("cred")
    assert (flash.read(CRED, 0x1000).startswith(credential()), kept == credential()) == (
        (not fresh,) * 2
    )


@pytest.mark.parametrize("fresh", [False, True])
def test_stock_credential_moves_into_new_nvs_unless_fresh(workshop, fresh):
    flash = workshop.flash()
    old = Identity(product_key=KEY, product_secret="old", device_name="lamp-0001")
    records = {"cert": identity.encode(old), "cred": credential()}
    flash.burn(NVS, generate(records, size=0x6000))
    order = workshop.order(workshop.plan(rows=ROWS, layout="stock"), fresh=fresh)
    assert burn(order, workshop.pty(flash)).result == "done"
    blobs = flash_content.nvs_blobs(flash.read(NVS, 0x6000))
    assert identity.decode(blobs["cert"]).identity.product_secret == SECRET
    assert blobs.get("cred") == (None if fresh else credential())


def test_stock_credential_in_vfs_is_kept(workshop):
    plan = workshop.plan(rows=ROWS, layout="stock")
    flash = workshop.flash()
    place = plan.board.table("stock").find("vfs")
    old = Identity(product_key=KEY, product_secret="old", device_name="lamp-0001")
    flash.burn(NVS, generate({"cert": identity.encode(old)}, size=0x6000))
    files = {"/alink.cred": credential(), "/data.txt": b"x"}
    flash.burn(place.offset, vfs.region(files, place).data)
    assert burn(workshop.order(plan), workshop.pty(flash)).result == "done"
    files = vfs.read(flash.read(place.offset, place.size), place)
    assert files["/alink.cred"] == credential()
    assert "/data.txt" not in files


@pytest.mark.parametrize("name", ["lamp-0002", "pump-0815"])
def test_vfs_copies_identify_board_without_nvs(workshop, name):
    plan = workshop.plan(rows=ROWS, layout="stock")
    flash = workshop.flash()
    place = plan.board.table("stock").find("vfs")
    kept = {"/alink.cred": credential(name)}
    old = Identity(product_key=KEY, product_secret="old", device_name=name)
    files = plan.files | kept | {"/alink.cert": identity.encode(old)}
    flash.burn(place.offset, vfs.region(files, place).data)
    before = flash.read(0, flash.size)
    outcome = burn(workshop.order(plan), workshop.pty(flash))
    if name == "lamp-0002":
        assert (outcome.result, outcome.device_name) == ("done", name), outcome
        now = vfs.read(flash.read(place.offset, place.size), place)
        assert now["/alink.cred"] == kept["/alink.cred"]
    else:
        assert "another identity: pump-0815" in outcome.detail
        assert flash.read(0, flash.size) == before


@pytest.mark.parametrize("where", ["fctry", "cred", "nvs"])
def test_board_with_another_identity_is_not_overwritten(workshop, where):
    flash = workshop.flash()
    other = Identity(product_key="a1Other", product_secret="x", device_name="pump-0815")
    if where == "fctry":
        flash.burn(FCTRY, identity.encode(other))
    elif where == "cred":
        flash.burn(CRED + 0x1000, credential("pump-0815", "a1Other"))
    else:
        flash.burn(NVS, generate({"cert": identity.encode(other)}, size=0x6000))
    before = flash.read(0, flash.size)
    order = workshop.order(workshop.plan(rows=ROWS))
    outcome = burn(order, workshop.pty(flash))
    assert (outcome.result, outcome.is_final) == ("failed", True)
    assert "another identity: pump-0815 of a1Other" in outcome.detail
    assert "wipe" in outcome.advice
    assert flash.read(0, flash.size) == before
    assert order.ledger.claims() == []
    assert story(order) == ["refused"]


def test_board_of_lost_ledger_gets_its_row(workshop):
    plan = workshop.plan(rows=ROWS)
    flash = workshop.flash()
    flash.burn(FCTRY, identity.encode(plan.identity(plan.rows[1])))
    outcome = burn(workshop.order(plan), workshop.pty(flash))
    assert (outcome.result, outcome.device_name) == ("done", "lamp-0002")


def test_a_copy_of_a_finished_board_is_refused(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    flash = workshop.flash()
    assert burn(order, workshop.pty(flash)).result == "done"
    copy = workshop.flash()
    copy.burn(0, flash.read(0, flash.size))
    outcome = burn(order, workshop.pty(copy))
    assert (
        "the board carries lamp-0001, but the ledger has lamp-0001 on another board"
        in outcome.detail
    )


def test_a_finished_board_is_recognised_and_left_alone(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    flash = workshop.flash()
    assert burn(order, workshop.pty(flash, mac=FIRST)).result == "done"
    before, lines = flash.read(0, flash.size), len(order.ledger.entries())
    outcome = burn(order, workshop.pty(flash, mac=FIRST))
    assert (outcome.result, outcome.device_name) == ("already", "lamp-0001")
    assert (flash.read(0, flash.size), len(order.ledger.entries())) == (before, lines)


def test_copied_flash_with_the_same_mac_is_refused(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    flash = workshop.flash()
    assert burn(order, workshop.pty(flash, mac=FIRST)).result == "done"
    copy = workshop.flash(size=2 * flash.size)  # All that esptool tells of this other board.
    copy.burn(0, flash.read(0, flash.size))
    outcome = burn(order, workshop.pty(copy, mac=FIRST))
    assert (outcome.result, outcome.is_final) == ("failed", True)
    assert "carries lamp-0001 and its MAC, but it is another chip: ESP32" in outcome.detail
    assert outcome.detail.endswith(", 4MB")
    assert "two boards have this MAC" in outcome.advice
    refused = [one for one in order.ledger.entries() if one.what == "failed"]
    assert len(refused) == 1
    assert order.ledger.find(mac=FIRST).state == "done"
    assert burn(order, workshop.pty(flash, mac=FIRST)).result == "already"


def test_finished_mac_with_blank_flash_is_refused(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    assert burn(order, workshop.pty(workshop.flash(), mac=FIRST)).result == "done"
    outcome = burn(order, workshop.pty(workshop.flash(), mac=FIRST))
    assert "is finished as lamp-0001, but its flash does not contain lamp-0001" in outcome.detail


def test_verify_names_each_damaged_region(workshop):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=30_000))
    flash = workshop.flash()
    port = workshop.pty(flash, mac=FIRST)
    assert burn(order, port).result == "done"

    def bad() -> list[str]:
        seen = verify.check(order.plan, order.ledger, order.esptool(str(port.path)))
        return [one.what for one in seen if not one.is_good]

    assert bad() == []
    table = order.plan.board.table("factory")
    for offset in (0x1000, 0x8000, 0x10000, table.find("vfs").offset):
        rot(flash, offset + 16)
    assert bad() == ["table", "boot-loader", "application", "vfs"]
    rot(flash, FCTRY + 16)
    assert bad() == ["identity"]
    again = burn(order, port)
    assert "is finished as lamp-0001, but its flash does not contain lamp-0001" in again.detail


def test_verify_reports_different_product_secret(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    port = workshop.pty(workshop.flash(), mac=FIRST)
    assert burn(order, port).result == "done"
    (workshop.folder / "product.secret").write_text("Corrected0Secret")
    corrected = workshop.plan(rows=ROWS)
    seen = verify.check(corrected, order.ledger, order.esptool(str(port.path)))
    assert [one.what for one in seen if not one.is_good] == ["identity"]


def test_verify_accepts_a_scanned_board(workshop):
    order = workshop.order(workshop.plan(count=2, naming='scheme = "scan"'))
    order.serials.add("1001")
    port = workshop.pty(workshop.flash(), mac=FIRST)
    assert burn(order, port).device_name == "1001"
    seen = verify.check(order.plan, order.ledger, order.esptool(str(port.path)))
    assert [one.what for one in seen if not one.is_good] == []


def rot(flash, offset: int) -> None:
    # The next bit that is one becomes zero.
    byte = 0
    while not byte:
        offset += 1
        (byte,) = flash.read(offset, 1)
    flash.write(offset, bytes((byte & (byte - 1),)))


def test_slow_board_keeps_its_scanned_number(workshop):
    order = workshop.order(workshop.plan(count=2, naming='scheme = "scan"'))
    slow, fast = workshop.pty(workshop.flash()), workshop.pty(workshop.flash())
    order.serials.add("1001")
    order.serials.add("1002")

    def first(now: Progress) -> None:
        # The second board appears and is done before the first one is read.
        if now.name == "identify" and now.serial and fast.path.exists():
            assert burn(order, fast).device_name == "1002"
            fast.unplug()

    outcome = job.burn(order, str(slow.path), report=first)
    assert (outcome.result, outcome.device_name) == ("done", "1001")
    assert not fast.path.exists()


def test_finished_board_returns_its_scanned_number(workshop):
    order = workshop.order(workshop.plan(count=2, naming='scheme = "scan"'))
    order.serials.add("1001")
    held = workshop.pty(workshop.flash())
    assert burn(order, held).device_name == "1001"
    order.serials.forget(str(held.path))
    order.serials.add("1002")
    assert burn(order, held).result == "already"
    assert burn(order, workshop.pty(workshop.flash())).device_name == "1002"


@pytest.mark.parametrize(
    ("serials", "says", "advice"),
    [
        ([], "no serial number was scanned", "Scan it, then plug the board in again."),
        (["1001"], "1001 is already on the board", "Scan the board's own serial number"),
    ],
)
def test_board_without_scan_fails_at_once(workshop, serials, says, advice):
    order = workshop.order(workshop.plan(count=2, naming='scheme = "scan"'))
    order.serials.add("1001")
    assert burn(order, workshop.pty(workshop.flash())).device_name == "1001"
    for serial in serials:
        order.serials.add(serial)
    flash = workshop.flash()
    outcome = burn(order, workshop.pty(flash))
    assert says in outcome.detail
    assert advice in outcome.advice
    assert outcome.is_final
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_extra_board_of_full_batch_is_not_written(workshop):
    order = workshop.order(workshop.plan(rows="DeviceName\nlamp-0001\n"))
    assert burn(order, workshop.pty(workshop.flash())).result == "done"
    flash = workshop.flash()
    outcome = burn(order, workshop.pty(flash))
    assert "every row of lamps that fits this board is taken" in outcome.detail
    assert flash.read(0, flash.size) == b"\xff" * flash.size


@pytest.mark.parametrize(
    ("board", "says"),
    [
        ({"flash_id": 0xFFFFFF}, "it is dead or not soldered"),
        ({"flash_id": 0x000000}, "it is dead or not soldered"),
        ({"chip": "esp32c3"}, "the chip is esp32c3, but the batch is for esp32"),
    ],
)
def test_wrong_board_is_refused_before_claiming_row(workshop, board, says):
    order = workshop.order(workshop.plan(rows=ROWS))
    outcome = burn(order, workshop.pty(workshop.flash(), **board))
    assert (outcome.result, outcome.is_final) == ("failed", True)
    assert says in outcome.detail
    assert story(order) == ["refused"]


def test_a_flash_of_another_size_is_refused(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    outcome = burn(order, workshop.pty(workshop.flash(size=2 << 20)))
    assert "the flash has 2MB, but ESP32_GENERIC comes with 4MB, 8MB, 16MB" in outcome.detail


def test_worn_flash_keeps_row_until_scrapped(workshop):
    plan = workshop.plan(rows=ROWS, more="[line]\nattempts = 2")
    order = workshop.order(plan)
    worn = workshop.flash(stuck={FCTRY + 20: 0x7F})
    first = burn(order, workshop.pty(worn, mac=FIRST))
    assert first.detail == "the flash differs from the data written"
    assert not first.is_final
    second = burn(order, workshop.pty(worn, mac=FIRST))
    assert second.is_final
    scrap = f"alink-burn scrap {order.plan.batch.file.name} --mac {FIRST} --reason …"
    assert second.advice == f"Put it aside and run `{scrap}`."
    other = burn(order, workshop.pty(workshop.flash()))
    assert other.device_name == "lamp-0002"


@pytest.mark.parametrize("pull_after", [60, 30_000, 60_000, 100_000])
def test_board_continues_after_pulled_cable(workshop, pull_after):
    plan = workshop.plan(rows=ROWS, firmware=60_000)
    order = workshop.order(plan)
    flash = workshop.flash()
    outcome = burn(order, workshop.pty(flash, mac=FIRST, pull=CablePull(after=pull_after)))
    assert outcome.result == "failed"
    assert "\n" not in outcome.detail
    assert "plug the board in again" in outcome.advice
    again = burn(order, workshop.pty(flash, mac=FIRST))
    assert (again.result, again.device_name) == ("done", "lamp-0001")
    assert certificate(flash).device_name == "lamp-0001"
    assert len(order.ledger.claims()) == 1


@pytest.mark.parametrize("state", STATES[:-1])
def test_same_row_continues_after_any_interrupted_step(workshop, state):
    plan = workshop.plan(rows=ROWS)
    lost = workshop.ledger()
    claim = lost.claim("lamps", plan.rows, mac=FIRST)
    assert claim
    for step in STATES[1 : STATES.index(state) + 1]:
        claim = lost.advance(claim, step)
    flash = workshop.flash()
    order = workshop.order(plan)
    outcome = burn(order, workshop.pty(flash, mac=FIRST))
    assert (outcome.result, outcome.device_name, outcome.detail) == ("done", "lamp-0001", "")
    claim = order.ledger.find(mac=FIRST)
    assert claim
    assert claim.attempts == 2


@pytest.mark.parametrize("step", ["claimed", "writing", "written"])
def test_board_exchanged_during_job_fails(workshop, step):
    plan = workshop.plan(rows=ROWS)
    order = workshop.order(plan)
    port = workshop.pty(workshop.flash(), mac=FIRST)
    other = PtyPort(SerialBoard(workshop.flash(), mac="b" * 12), port.path)
    jig = [port, other]  # The first one is in it.

    def change(now: Progress) -> None:
        if now.name == step and len(jig) > 1:
            jig.pop(0).unplug()
            other.plug()

    outcome = job.burn(order, str(port.path), report=change)
    other.unplug()
    assert (outcome.result, outcome.is_final) == ("failed", True)
    assert f"the board on the port changed from {FIRST} to {'b' * 12}" in outcome.detail


def test_same_mac_on_two_ports_fails(workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    order.busy[FIRST] = "ttyUSB7"
    outcome = burn(order, workshop.pty(workshop.flash(), mac=FIRST))
    assert outcome.detail == f"the board on ttyUSB7 has the same MAC {FIRST}"
    assert order.busy == {FIRST: "ttyUSB7"}


def test_removed_row_of_begun_board_is_reported(workshop):
    plan = workshop.plan(rows=ROWS)
    order = workshop.order(plan)
    order.ledger.claim("lamps", plan.rows, mac=FIRST)
    shorter = workshop.order(workshop.plan(rows="DeviceName\nlamp-0002\n"), order.ledger)
    outcome = burn(shorter, workshop.pty(workshop.flash(), mac=FIRST))
    assert "begun as lamp-0001, but the batch no longer has that row" in outcome.detail
    assert outcome.advice == "Put the row back into the file."


def test_no_image_is_in_a_file(workshop, monkeypatch):
    from alink_factory.board import program

    commands: list[str] = []

    class Program(program.Program):
        def __init__(self, arguments, **options):
            commands.extend(arguments)
            super().__init__(arguments, **options)

    monkeypatch.setattr(program, "Program", Program)
    order = workshop.order(workshop.plan(rows=ROWS, firmware=30_000))
    order.scratch.rmdir()
    assert burn(order, workshop.pty(workshop.flash())).result == "done"
    assert commands
    assert SECRET not in " ".join(commands)
    assert not order.scratch.exists()


def test_blocks_behind_new_vfs_are_not_read(workshop):
    place = load(boards_dir() / "ESP32_GENERIC").table("factory").find("vfs")
    plan = workshop.plan(rows=ROWS)
    # A vfs after long use: many versions of many files fill it.
    old = {f"/old/{n}.bin": bytes(3000) for n in range(200)}
    stale = bytearray(vfs.region(old, place).data.ljust(place.size, b"\xa5"))
    new = vfs.region(plan.files, place).data
    assert len(new) < place.size // 2
    stale[: len(new)] = new
    assert vfs.read(bytes(stale), place) == plan.files
