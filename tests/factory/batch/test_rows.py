"""Rows of a batch: valid rows, and the sentence for each invalid one."""

from __future__ import annotations

import pytest

from alink_factory.batch import rows
from alink_factory.batch.batch_file import load
from alink_factory.errors import BatchError
from tests.factory.workshop import KEY, Workshop

TEMPLATE = 'scheme = "template"\ntemplate = "%s"'


def read(workshop: Workshop, **options):
    return rows.read(load(workshop.batch(**options)))


def errors(workshop: Workshop, **options) -> tuple[str, ...]:
    with pytest.raises(BatchError) as caught:
        read(workshop, **options)
    return caught.value.messages


def test_given_names_keep_file_order(workshop):
    found = read(workshop, rows="DeviceName,x-note\nlamp-2,first\n\nlamp-1,second\n")
    assert [(row.device_name, row.csv_line, row.product_key) for row in found] == [
        ("lamp-2", 2, KEY),
        ("lamp-1", 4, KEY),
    ]


def test_byte_order_mark_and_spaces_are_ignored(workshop):
    (row,) = read(workshop, rows="\ufeff Product Key , device_name \r\n a1Xyz , lamp-1 \r\n")
    assert (row.product_key, row.device_name) == ("a1Xyz", "lamp-1")


def test_a_counter_needs_no_file(workshop):
    found = read(workshop, count=3, naming=TEMPLATE % "lamp-{counter:04d}" + "\nstart = 7")
    assert [row.device_name for row in found] == ["lamp-0007", "lamp-0008", "lamp-0009"]


def test_name_from_mac_waits_for_the_board(workshop):
    found = read(
        workshop, rows='Mac\nA0:B7:65:12:34:56\n""\n-\n'.replace("-\n", ""),
        naming='scheme = "mac"',
    )  # fmt: skip
    assert [(row.device_name, row.mac) for row in found] == [("a0b765123456", "a0b765123456")]


def test_a_serial_number_or_imei_makes_the_name(workshop):
    found = read(workshop, rows="Imei\n868488076506128\n", naming=TEMPLATE % "m-{serial}")
    assert found[0].device_name == "m-868488076506128"


def test_row_key_survives_sorting_the_file(workshop):
    one = read(workshop, rows="DeviceName\nlamp-1\nlamp-2\n")
    other = read(workshop, rows="DeviceName\nlamp-2\nlamp-1\n")
    assert {row.key for row in one} == {row.key for row in other}


def test_gateways_name_their_products_and_sub_devices(workshop):
    found = read(
        workshop,
        rows="DeviceName,Kind,Gateway,SubProducts\ngate-1,gateway,,a1Sub a1Sub2\n"
        "sensor-1,subdevice,gate-1,\n",
    )
    assert found[0].sub_products == ("a1Sub", "a1Sub2")
    assert (found[1].kind, found[1].gateway) == ("subdevice", "gate-1")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("DeviceName\nlamp-1\nlamp-2\nlamp-1\n", "'lamp-1' is on line 2 and on line 4"),
        (
            "DeviceName,SerialNumber\nlamp-1,77\nlamp-2,77\n",
            "SerialNumber '77' is on line 2 and on line 3",
        ),
        (
            "DeviceName,Mac\nlamp-1,a0b765123456\nlamp-2,A0-B7-65-12-34-56\n",
            "Mac 'a0b765123456' is on line 2 and on line 3",
        ),
        ("DeviceName\nab\n", "line 2: DeviceName 'ab' has 2 characters; allowed: 4 to 32"),
        ("DeviceName\nlamp 1\n", "line 2: DeviceName 'lamp 1' has the wrong form; allowed: 4"),
        ("DeviceName\n" + "x" * 33 + "\n", "has 33 characters"),
        ("DeviceName,Mac\nlamp-1,12\n", "line 2: Mac is '12'; write 12 hexadecimal digits"),
        ("DeviceName,ProductKey\nlamp-1,a_b\n", "line 2: ProductKey 'a_b'"),
        ("DeviceName,Kind\nlamp-1,router\n", "Kind is 'router': use device, gateway or subdevice"),
        ("DeviceName,Gateway\nlamp-1,gate-9\n", "Gateway 'gate-9' is not a gateway of this batch"),
        ("Mac\na0b765123456\n", "line 2: DeviceName is missing"),
        ("Devicename,Secret\nlamp-1,x\n", "column 'Secret' is unknown: did you mean Device"),
        ("DeviceNam\nlamp-1\n", "'DeviceNam' is unknown: did you mean DeviceName? (yours begin"),
        ("SN,Imei\n1,2\n", "columns 'SN' and 'Imei' are one field: remove one, or begin it with"),
        ("DeviceName,DeviceName\nlamp-1,x\n", "column 'DeviceName' appears twice"),
        ("DeviceName\nlamp-1,lamp-2\n", "line 2: the cell 'lamp-2' has no column name"),
        ("DeviceName,,Mac\nlamp-1,note,\n", "line 2: the cell 'note' has no column name"),
        (",,\nlamp-1,,\n", "has no column names on its first line"),
        ("DeviceName,ProductSecret\nlamp-1,x\n", "column 'ProductSecret' holds a secret"),
        ("DeviceName,产品密钥\nlamp-1,x\n", "column '产品密钥' holds a secret"),
        ("SN,序列号\nlamp-1,x\n", "columns 'SN' and '序列号' are one field"),
        ('DeviceName,x-a\nlamp-1,"a\nlamp-2,b\n', "line 2 is not CSV (unexpected end of data)"),
        ('DeviceName,x-a\nlamp-1,\nlamp-2,"a"b\n', "line 3 is not CSV ("),
        ("PK\3\4\n", "lamps.csv is not a text file: save it as CSV UTF-8"),
        ("DeviceName,SN\nlamp-1,1\0\n", "line 2: the cell '1\\x00' has a control character"),
        ("DeviceName,SN\nlamp-1,1.2E+14\n", "'1.2E+14' was rounded: fill it in again, in a"),
        ("DeviceName,SN\nlamp-1,\uff11\uff12\n", "has full-width characters: write 12"),
        ("DeviceName,SN\nlamp-1,12\u200b\n", "'12\\u200b' has an invisible character"),
        ('DeviceName,SN\nlamp-1,"1\n2"\n', "'1\\n2' has an invisible character"),
        ("DeviceName;Mac\nlamp-1;\n", "'DeviceName;Mac': separate columns with commas"),
        ("DeviceName\n", "has no rows"),
        ("", "has no column names on its first line"),
    ],
)
def test_invalid_row_is_reported_with_its_line(workshop, table, says):
    assert any(says in error for error in errors(workshop, rows=table))


def test_empty_columns_of_excel_are_ignored(workshop):
    found = read(workshop, rows="DeviceName,,Mac,,\nlamp-1,,,,\nlamp-2,, ,,,,\n,,,,\n")
    assert [row.device_name for row in found] == ["lamp-1", "lamp-2"]


@pytest.mark.parametrize("header", ["设备名称,SN,MAC地址", "Device Name,Serial No,Mac_Address"])
def test_usual_names_of_columns_are_understood(workshop, header):
    (row,) = read(workshop, rows=f"{header}\nlamp-1,77,a0b765123456\n")
    assert (row.device_name, row.serial, row.mac) == ("lamp-1", "77", "a0b765123456")


def test_utf16_text_is_not_accepted_as_csv(workshop):
    file = workshop.batch(rows="")
    (workshop.folder / "lamps.csv").write_text("DeviceName\nlamp-1\n", encoding="utf-16")
    with pytest.raises(BatchError, match=r"lamps.csv is not UTF-8: save it as CSV UTF-8"):
        rows.read(load(file))


def test_all_errors_are_named_at_once(workshop):
    found = errors(workshop, rows="DeviceName\na\nlamp-1\nb\nlamp-1\n")
    assert len(found) == 3


def test_one_name_in_two_products_is_two_devices(workshop):
    found = read(workshop, rows="ProductKey,DeviceName\na1A,lamp-1\na1B,lamp-1\n,lamp-1\n")
    assert len({row.key for row in found}) == 3  # The ledger gives each to a board.


def test_a_row_shows_no_secret(workshop):
    (row,) = read(workshop, rows="DeviceName,DeviceSecret\nlamp-1,hunter2hunter2\n")
    assert row.device_secret == "hunter2hunter2"
    assert "hunter2" not in repr(row)
    assert "#" in repr(row)


@pytest.mark.parametrize(
    ("naming", "says"),
    [
        (
            'scheme = "imei"',
            "device_name.scheme is 'imei': use given, mac, scan, template or board",
        ),
        ('scheme = "template"', "device_name.template is missing"),
        (TEMPLATE % "lamp-{number}", "device_name.template has {number}"),
        (TEMPLATE % "lamp-{", "device_name.template 'lamp-{'"),
        (TEMPLATE % "lamp-{counter:q}", "device_name.template"),
        (TEMPLATE % "lamp", "'lamp' gives every board the same name: put a counter into it"),
    ],
)
def test_a_scheme_that_cannot_work_is_refused(workshop, naming, says):
    with pytest.raises(BatchError) as caught:
        load(workshop.batch(count=2, naming=naming))
    assert says in str(caught.value)
