"""`alink-burn new`: questions, files, and nothing overwritten."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.batch import batch_file, pin, rows
from alink_factory.cli import app
from tests.factory.workshop import KEY, SECRET

CSV = ["lamps", KEY, "", SECRET, "", "", "given", "none", "y", "1234"]


def new(folder: Path, answers: list[str], *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["new", str(folder), *options], input="\n".join(answers) + "\n")
    return done.exit_code, done.output


def test_answers_become_a_batch_that_loads(tmp_path: Path):
    code, output = new(tmp_path, CSV)
    assert code == 0, output
    batch = batch_file.load(tmp_path / "lamps.toml")
    assert (batch.product_key, batch.common.region, batch.boot_check) == (KEY, "cn-shanghai", True)
    assert (batch.board, batch.layout, batch.naming.scheme) == (
        "ESP32_GENERIC",
        "factory",
        "given",
    )
    secret = tmp_path / "lamps.secret"
    assert secret.read_text() == SECRET + "\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert SECRET not in output + (tmp_path / "lamps.toml").read_text()
    assert (tmp_path / "lamps.csv").read_text() == "DeviceName,SerialNumber\n"
    assert pin.is_right("1234", batch.pin)
    assert "1234" not in (tmp_path / "lamps.toml").read_text().replace(batch.pin, "")
    assert f"Next: alink-burn plan {tmp_path / 'lamps.toml'}" in output


def test_counted_batch_needs_no_csv_and_no_secret(tmp_path: Path):
    image = tmp_path / "micropython.bin"
    image.write_bytes(b"image")
    options = ["--name", "lamps", "--product-key", KEY, "--region", "cn-beijing"]
    options += ["--board", "ESP32_GENERIC_C3", "--layout", "stock", "--scheme", "counter"]
    options += ["--prefix", "tube-", "--count", "12", "--image", str(image)]
    code, output = new(tmp_path, ["", "n", ""], *options)
    assert code == 0, output
    batch = batch_file.load(tmp_path / "lamps.toml")
    assert [row.device_name for row in rows.read(batch)][::11] == ["tube-000001", "tube-000012"]
    assert batch.secrets == {KEY: "none"}
    assert batch.firmware
    assert batch.firmware.sha256 == hashlib.sha256(b"image").hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lamps.toml", "micropython.bin"]


def test_wrong_answers_are_asked_again(tmp_path: Path):
    answers = ["la mps", "lamps", "no-key!", KEY, "cn_shanghai", "", "a secret", SECRET]
    answers += ["ESP32_GENERC", "ESP32_GENERIC", "", "scan", "absent.bin", "none", "y", "12", ""]
    code, output = new(tmp_path, answers)
    assert code == 0, output
    for sentence in (
        "'la mps': write 1 to 64 letters",
        "ProductKey: 'no-key!' has the wrong form; allowed: 1 to 20 letters and digits",
        "Region: 'cn_shanghai': did you mean cn-shanghai?",
        "ProductSecret has the wrong form; allowed: 1 to 64 printable characters",
        "the PIN has 2 characters; the minimum is 4",
        "did you mean ESP32_GENERIC?",
        "absent.bin: this file does not exist",
    ):
        assert sentence in output
    assert batch_file.load(tmp_path / "lamps.toml").naming.scheme == "scan"
    assert (tmp_path / "lamps.csv").read_text() == "SerialNumber\n"


def test_prefix_that_no_name_can_have_is_refused(tmp_path: Path):
    options = ["--name", "lamps", "--product-key", KEY, "--region", "cn-beijing"]
    options += ["--board", "ESP32_GENERIC", "--layout", "factory", "--scheme", "counter"]
    code, output = new(tmp_path, ["", "la mp-", "lamp-", "12", "none", "y", ""], *options)
    assert code == 0, output
    assert "'la mp-': a DeviceName has the wrong form; allowed: 4 to 32 letters" in output
    assert rows.read(batch_file.load(tmp_path / "lamps.toml"))[0].device_name == "lamp-000001"


@pytest.mark.parametrize("name", ["lamps.toml", "lamps.csv", "lamps.secret"])
def test_nothing_is_overwritten(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine")
    done = CliRunner().invoke(app, ["new", str(tmp_path)], input="\n".join(CSV))
    assert f"{name} exists: choose another name" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
