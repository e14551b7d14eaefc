"""The wheel of this checkout, unpacked elsewhere, finds what it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds what pip would have installed."""
    folder = tmp_path_factory.mktemp("wheel")
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT),
    ]
    # fmt: on
    subprocess.run(command, check=True, capture_output=True)
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(folder / "site")
    return folder / "site"


def test_device_package_comes_with_it_and_is_not_importable(site):
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from alink_sim import toolchain\n"
        "print(toolchain.checkout(), toolchain.firmware_dir())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=site
    )
    assert done.stdout.strip() == f"None {site}/alink_formats/_data/firmware"
    assert (site / "alink_formats" / "_data" / "firmware" / "alink" / "device.py").is_file()
    assert (site / "alink_formats" / "_data" / "boards" / "ESP32_GENERIC" / "board.json").is_file()
    assert not (site / "alink").exists()


def test_tests_and_set_up_stay_out_of_it(site):
    assert {path.name.partition("-")[0] for path in site.iterdir()} <= {
        "alink_sim",
        "alink_formats",
        "alink_factory",
        "alink_sdk",
    }
