"""The wheel of this checkout works in another folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory):
    """Return a folder with the files that pip would install."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_wheel_contains_device_files_not_importable(site):
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


def test_every_package_says_that_it_is_typed(site):
    packages = {path.parent.name for path in site.glob("alink_*/__init__.py")}
    assert {path.parent.name for path in site.glob("*/py.typed")} == packages


def test_wheel_brings_documented_device_stubs(site):
    stubs = site / "alink-stubs"
    assert "Serve the session for `ms` milliseconds" in (stubs / "device.pyi").read_text("utf-8")
    names = {path.relative_to(stubs) for path in stubs.rglob("*")}
    source = ROOT / "tools" / "alink-stubs"
    assert names == {path.relative_to(source) for path in source.rglob("*")}


def test_wheel_brings_text_of_each_license(site):
    (info,) = site.glob("alink_sdk-*.dist-info")
    assert "License-Expression: MIT AND GPL-2.0-or-later\n" in (info / "METADATA").read_text()
    gpl = info / "licenses" / "tools" / "alink_flasher" / "LICENSE"
    assert "GNU GENERAL PUBLIC LICENSE" in gpl.read_text()
    assert (info / "licenses" / "LICENSE").read_text().startswith("MIT License")
    for path in (site / "alink_flasher").glob("*.py"):
        assert path.read_text().startswith("# SPDX-License-Identifier: GPL-2.0-or-later\n")


def test_wheel_adds_its_pytest_fixtures(site):
    (names,) = site.glob("alink_sdk-*.dist-info/entry_points.txt")
    assert "[pytest11]\nalink = alink_sim.pytest_plugin\n" in names.read_text()


def test_console_brings_its_templates_and_texts(site):
    room = site / "alink_sim" / "platform" / "console"
    assert (room / "templates" / "base.html").is_file()
    assert (room / "static" / "console.js").is_file()
    texts = site / "alink_texts"
    assert (texts / "zh_CN.po").is_file()
    assert (texts / "zh_CN.platform.po").is_file()


def test_wheel_excludes_tests_and_setup(site):
    names = {path.name for path in site.iterdir()}
    assert {name if name == "alink-stubs" else name.partition("-")[0] for name in names} <= {
        "alink-stubs",
        "alink_sim",
        "alink_formats",
        "alink_factory",
        "alink_flasher",
        "alink_texts",
        "alink_sdk",
    }
