"""Certificates of sub-devices in files: our record, JSON and CSV, as other tools read them."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from alink_factory.cli import app
from alink_formats import identity
from tests.factory.workshop import Workshop

SUB = "a1SubProduct"
ROWS = f"""DeviceName,Kind,Gateway,ProductKey,SubProducts,DeviceSecret
gateway-1,gateway,,,{SUB},
meter-01,subdevice,gateway-1,{SUB},,
meter-02,subdevice,gateway-1,{SUB},,fedcba9876543210fedcba9876543210
"""


def exported(workshop: Workshop, row: str, form: str, *, more: str = "") -> tuple[int, str, bytes]:
    """Return exit code, output and content of the file that the verb writes."""
    (workshop.folder / "sub.secret").write_text("SubProdSecret001\n")
    batch = workshop.batch(rows=ROWS, more=more or f'[secrets]\n{SUB} = "file:sub.secret"\n')
    target = workshop.folder / f"{row}.{form}"
    words = ["sub-device", str(batch), row, "-o", str(target), "--format", form]
    done = CliRunner().invoke(app, words)
    if target.exists():
        assert target.stat().st_mode & 0o777 == 0o600
    text = done.output or str(done.exception)  # `main` prints what the program raises.
    return done.exit_code, text, target.read_bytes() if target.exists() else b""


def test_sub_device_is_written_in_three_formats(workshop: Workshop):
    code, text, data = exported(workshop, "meter-01", "record")
    assert (code, "SubProdSecret001" in text) == (0, False)
    burned = identity.decode(data).identity
    assert (burned.product_key, burned.device_name) == (SUB, "meter-01")
    assert burned.product_secret == "SubProdSecret001"
    assert json.loads(exported(workshop, "meter-01", "json")[2]) == {
        "productKey": SUB,
        "deviceName": "meter-01",
        "productSecret": "SubProdSecret001",
    }
    rows = csv.DictReader(exported(workshop, "meter-02", "csv")[2].decode().splitlines())
    assert list(rows) == [
        {
            "ProductKey": SUB,
            "DeviceName": "meter-02",
            "DeviceSecret": "fedcba9876543210fedcba9876543210",
        }
    ]
    assert [one.what for one in workshop.ledger().entries()] == ["exported"] * 3


@pytest.mark.parametrize(
    ("row", "form", "message"),
    [
        ("gateway-1", "record", "has no row 'gateway-1' of kind subdevice"),
        ("meter-01", "xml", "record, json, csv"),
    ],
)
def test_wrong_row_or_format_writes_no_file(workshop: Workshop, row, form, message):
    code, text, data = exported(workshop, row, form)
    assert (code, data) == (1, b"")
    assert message in " ".join(text.split())


def test_sub_device_without_a_secret_is_refused(workshop: Workshop):
    code, text, data = exported(workshop, "meter-01", "json", more=f'[secrets]\n{SUB} = "none"\n')
    assert (code, data) == (1, b"")
    assert "meter-01 has no secret to burn" in " ".join(text.split())
