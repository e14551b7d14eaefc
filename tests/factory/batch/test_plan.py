"""A batch is checked with all that it names, before the first board is touched."""

from __future__ import annotations

import hashlib

import pytest

from alink_factory.batch import plan as plans
from alink_factory.batch.batch_file import load
from alink_factory.errors import BatchError
from alink_formats import app_image
from alink_formats import board as boards
from alink_formats.sources import boards_dir
from alink_sim.board import firmware_image
from tests.factory.workshop import KEY, SECRET, Workshop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
REGNWL = 'region = "cn-shanghai"\nmethod = "regnwl"\ninstance_id = "iot-060a0001"'


def refused(workshop: Workshop, **options) -> str:
    with pytest.raises(BatchError) as caught:
        workshop.plan(**options)
    return str(caught.value)


def test_a_plan_builds_the_identity_of_each_row(workshop):
    plan = workshop.plan(rows=ROWS, product=REGNWL)
    first = plan.identity(plan.candidates(mac="a0b765123456")[0])
    assert (first.product_key, first.device_name, first.product_secret) == (
        KEY, "lamp-0001", SECRET,
    )  # fmt: skip
    assert (first.region, first.method) == ("cn-shanghai", "regnwl")
    assert SECRET not in repr(plan)


@pytest.mark.parametrize(
    "rows",
    [
        f"DeviceName,Kind,SubProducts\ngate-0001,gateway,{KEY}\nlamp-0001,device,\n",
        "DeviceName,Kind,Gateway\ngate-0001,gateway,\nlamp-0001,subdevice,gate-0001\n",
    ],
)
def test_sub_device_product_is_refused_with_regnwl(workshop, rows):
    says = "method regnwl is not for sub-devices"
    assert says in refused(workshop, rows=rows, product=REGNWL)
    workshop.plan(rows=rows)


def test_short_wifi_password_is_refused_unshown(workshop, monkeypatch):
    monkeypatch.setenv("WIFI", "12345")
    says = refused(workshop, rows=ROWS, product='wifi_ssid = "line"\nwifi_password = "env:WIFI"')
    assert "product.wifi_password has 5 characters; allowed: 8 to 63" in says
    assert "12345" not in says


def test_wrong_product_secret_is_one_error(workshop):
    (workshop.folder / "product.secret").write_text("two words")
    assert refused(workshop, rows=ROWS) == (
        f"ProductSecret of {KEY} (file:product.secret) has the wrong form; "
        "allowed: 1 to 64 printable characters"
    )


def test_an_editors_byte_order_mark_does_no_harm(workshop):
    file = workshop.batch(rows=ROWS)
    for path in (file, workshop.folder / "product.secret"):
        path.write_text(path.read_text(), encoding="utf-8-sig")
    plan = plans.load(file)
    assert plan.identity(plan.rows[0]).product_secret == SECRET


def test_device_secret_replaces_product_secret(workshop):
    plan = workshop.plan(rows="DeviceName,DeviceSecret\nlamp-0001,own0secret\n")
    identity = plan.identity(plan.rows[0])
    assert (identity.product_secret, identity.device_secret) == ("", "own0secret")


def test_gateway_carries_secrets_of_sub_products(workshop, monkeypatch):
    monkeypatch.setenv("SUB", "sub0secret")
    plan = workshop.plan(
        rows="DeviceName,Kind,SubProducts\ngate-0001,gateway,a1Sub\n",
        more='[secrets]\na1Sub = "env:SUB"',
    )
    (sub,) = plan.identity(plan.rows[0]).sub_products
    assert (sub.product_key, sub.product_secret) == ("a1Sub", "sub0secret")


def test_sub_devices_are_not_burned(workshop):
    plan = workshop.plan(
        rows="DeviceName,Kind,Gateway\ngate-0001,gateway,\nsense-001,subdevice,gate-0001\n"
    )
    assert [row.device_name for row in plan.candidates(mac="1" * 12)] == ["gate-0001"]


def test_board_gets_row_with_its_mac(workshop):
    plan = workshop.plan(
        rows="DeviceName,Mac\nlamp-1,\nlamp-2,a0b765123456\nlamp-3,b0b765123456\n"
    )
    names = [row.device_name for row in plan.candidates(mac="a0b765123456")]
    assert names == ["lamp-2", "lamp-1"]
    assert [row.device_name for row in plan.candidates(mac="c" * 12)] == ["lamp-1"]


def test_a_name_is_made_of_the_mac(workshop):
    plan = workshop.plan(count=5, naming='scheme = "template"\ntemplate = "lamp-{mac6}"')
    assert plan.candidates(mac="a0b765123456")[0].device_name == "lamp-123456"


def test_scanned_number_selects_row_or_becomes_name(workshop):
    listed = workshop.plan(
        rows="SerialNumber\n1001\n1002\n", naming='scheme = "scan"', name="listed"
    )
    assert [r.device_name for r in listed.candidates(mac="1" * 12, serial="1002")] == ["1002"]
    counted = workshop.plan(count=2, naming='scheme = "scan"', name="counted")
    assert counted.candidates(mac="1" * 12, serial="SN-77")[0].device_name == "SN-77"
    assert counted.candidates(mac="1" * 12) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"board": "ESP33"}, "name a folder of boards/"),
        ({"layout": "secure"}, "has no layout 'secure'"),
        ({"more": "[secrts]\nx = 1"}, "secrts is not a known key: did you mean secrets?"),
        ({"more": "[line]\nboot_chek = 1"}, "line.boot_chek is not a known key: did you mean"),
        ({"more": "[line]\nboot_check = 1"}, "line.boot_check is 1; write true or false"),
        ({"more": "[line]\nattempts = 0"}, "line.attempts is 0; allowed range is 1 to 99"),
        ({"more": "[line]\nattempts = '3'"}, "line.attempts is '3'; write a whole number"),
        ({"more": '[app]\nfolder = "nowhere"'}, "is not a folder"),
        ({"more": '[firmware]\nimage = "x.bin"'}, "firmware.sha256 is missing"),
        ({"more": '[firmware]\nimage = "x.bin"\nsha256 = "…"'}, "firmware.sha256 is '…'"),
        ({"product": 'ca = ["x.der"]'}, "x.der: No such file"),
        ({"product": 'sign_method = "md5"'}, "product.sign_method 'md5' is unknown"),
        ({"product": 'region = "cn_shanghai"'}, "product.region 'cn_shanghai' has the wrong form"),
        ({"product": 'region = "mars"\nmethod = "https"'}, "product: region is 'mars': use cn-"),
        ({"product": REGNWL.replace("cn-shanghai", "eu-central-1")}, "region is eu-central-1"),
        ({"product": 'host = "tls://a.example"'}, "product.host 'tls://a.example' has the"),
        ({"product": 'instance_id = "iot 1"'}, "product.instance_id 'iot 1' has the wrong form"),
        ({"product": 'ntp_host = "a, b"'}, "product.ntp_host 'a, b' has the wrong form"),
        ({"product": 'wifi_ssid = "' + "x" * 33 + '"'}, "has 33 characters; allowed: 1 to 32"),
        ({"product": 'ca = ["lamps.toml"]'}, "lamps.toml is not a certificate in DER"),
        ({"product": 'instance_kind = "old"'}, "instance_kind is 'old'; write"),
        ({"rows": "DeviceName,ProductKey\nlamp-1,a1Oth\n"}, "of a1Oth is missing (row on line 2)"),
        ({"naming": 'scheme = "scan"'}, "rows.count is missing"),
    ],
)  # fmt: skip
def test_invalid_batch_is_refused(workshop, options, says):
    options = {"rows": ROWS} | options
    if "naming" in options:
        options["rows"] = None
    assert says in refused(workshop, **options)


@pytest.mark.parametrize("name", ["main.py", "boot.py", "lamp.py"])
def test_an_application_that_does_not_compile_is_refused(workshop, name):
    (workshop.folder / "app").mkdir()
    (workshop.folder / "app" / name).write_text("print(")
    said = refused(workshop, rows=ROWS, more='[app]\nfolder = "app"')
    assert f"app/{name}" in said
    assert "SyntaxError" in said


def test_secret_in_batch_file_is_never_repeated(workshop):
    file = workshop.batch(rows=ROWS)
    file.write_text(file.read_text().replace("file:product.secret", "hunter2hunter2"))
    with pytest.raises(BatchError, match="never the secret") as caught:
        plans.load(file)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("env:ALINK_NOT_THERE", "the environment variable ALINK_NOT_THERE is empty"),
        ("file:nowhere", "nowhere: No such file or directory"),
        ("prompt", "standard input is not a terminal"),
    ],
)
def test_a_secret_that_is_not_there_is_named(workshop, source, says):
    file = workshop.batch(rows=ROWS)
    file.write_text(file.read_text().replace("file:product.secret", source))
    with pytest.raises(BatchError, match=says):
        plans.load(file)


def test_firmware_with_other_sha256_is_refused(workshop):
    file = workshop.batch(rows=ROWS, firmware=60_000)
    image = workshop.folder / "lamps.bin"
    image.write_bytes(image.read_bytes() + b"\xff")
    with pytest.raises(BatchError, match="correct one of them"):
        plans.load(file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-40_000], "the image is cut short"),
        (lambda data: data[:-1] + bytes((data[-1] ^ 1,)), "does not match its SHA-256"),
        (lambda data: data[:100] + bytes((data[100] ^ 1,)) + data[101:], "checksum"),
        (lambda data: b"\0" + data[1:], "first byte is not 0xE9"),
        (
            lambda data: data[:0x7000] + b"\xff" * 0xC00 + data[0x7C00:],
            "partition table is missing",
        ),
    ],
)
def test_a_damaged_firmware_is_refused(workshop, change, says):
    file = workshop.batch(rows=ROWS, firmware=60_000)
    image = workshop.folder / "lamps.bin"
    before = hashlib.sha256(image.read_bytes()).hexdigest()
    image.write_bytes(change(image.read_bytes()))
    after = hashlib.sha256(image.read_bytes()).hexdigest()
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(BatchError, match=says):
        plans.load(file)


def test_firmware_before_1_24_is_refused(workshop):
    file = workshop.batch(rows=ROWS, firmware=60_000)
    image = workshop.folder / "lamps.bin"
    former = image.read_bytes()
    board = boards.load(boards_dir() / "ESP32_GENERIC")
    app = firmware_image.application("esp32", size=60_000, version="v1.22.1")
    image.write_bytes(firmware_image.published(board, app=app))
    digests = [hashlib.sha256(data).hexdigest() for data in (former, image.read_bytes())]
    file.write_text(file.read_text().replace(*digests))
    with pytest.raises(BatchError, match=r"is MicroPython v1\.22\.1; the SDK needs v1\.24"):
        plans.load(file)
    assert app_image.read(app).version == "v1.22.1"


def test_firmware_for_another_chip_is_refused(workshop):
    file = workshop.batch(rows=ROWS, firmware=60_000, board="ESP32_GENERIC_S3")
    text = file.read_text().replace("ESP32_GENERIC_S3", "ESP32_GENERIC_C3")
    file.write_text(text)
    with pytest.raises(BatchError, match=r"it is for esp32s3: use an image for esp32c3"):
        plans.load(file)


def test_s3_image_in_an_esp32_batch_is_named(workshop):
    file = workshop.batch(rows=ROWS, firmware=60_000, board="ESP32_GENERIC_S3")
    file.write_text(file.read_text().replace("ESP32_GENERIC_S3", "ESP32_GENERIC"))
    with pytest.raises(BatchError, match=r"it is for esp32s3: use an image for esp32, or another"):
        plans.load(file)


BOARDS = [folder.name for folder in sorted(boards_dir().iterdir()) if folder.is_dir()]


@pytest.mark.parametrize("layout", ["factory", "stock"])
@pytest.mark.parametrize("board", BOARDS)
def test_application_larger_than_any_slot_is_refused(workshop, board, layout):
    # Of two slots the second is the smaller one in the layout "factory".
    slot = min(boards.load(boards_dir() / board).table(layout).slots, key=lambda slot: slot.size)
    options = {"rows": ROWS, "board": board, "layout": layout}
    assert workshop.plan(firmware=slot.size - 4096, **options).firmware
    assert f"limit of the slot {slot.name} is {slot.size}: use a smaller firmware" in refused(
        workshop, firmware=slot.size + 4096, **options
    )


def test_boot_loader_has_flash_size_of_board(workshop):
    plan = workshop.plan(rows=ROWS, firmware=60_000)
    for size in (4 << 20, 8 << 20, 16 << 20):
        (region, *_) = plan.recipe(size).build(plan.identity(plan.rows[0]), None).regions
        header = app_image.read(region.data)
        assert (region.name, header.flash_size) == ("boot-loader", size)


def test_name_in_another_batch_is_reported_before_burning(workshop):
    plan = workshop.plan(rows=ROWS)
    ledger = workshop.ledger()
    ledger.claim("earlier", plan.rows[1:], mac="a" * 12)
    assert plan.clashes(ledger) == [
        "line 3: DeviceName 'lamp-0002' is on board aaaaaaaaaaaa of batch earlier"
    ]


def test_malformed_toml_is_one_sentence(workshop):
    file = workshop.folder / "bad.toml"
    file.write_text("name = lamps")
    with pytest.raises(BatchError, match=r"bad.toml"):
        load(file)
    file.write_text('name = "lamps"', encoding="utf-16")
    with pytest.raises(BatchError, match=r"bad.toml is not UTF-8: save it as UTF-8"):
        load(file)
