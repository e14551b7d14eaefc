"""`make firmware`: the commands of the build, and the manifests under MicroPython's own tool."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from alink_formats.partitions import PartitionTable
from alink_sim import toolchain
from alink_sim.toolchain import chip32
from alink_sim.toolchain.micropython import prefix32

ROOT = Path(__file__).resolve().parents[2]
BOARDS = sorted(file.parent.name for file in ROOT.glob("boards/*/board.json"))


def make_firmware(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command with only the programs of the folder `path`."""
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "firmware_build.py", *words],
        env={"PATH": str(path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("name", BOARDS)
def test_each_board_prints_its_build(name, tmp_path):
    done = make_firmware(tmp_path, name)
    assert done.returncode == 0
    assert "nothing was built. Install Docker, or activate ESP-IDF v5.4.2" in done.stderr
    compile_all = shlex.split(done.stdout.splitlines()[-1])
    assert compile_all[:2] == ["make", "-C"]
    assert f"BOARD={name.partition('-')[0]}" in compile_all
    assert f"FROZEN_MANIFEST={ROOT}/boards/{name}/manifest.py" in compile_all
    assert ("BOARD_VARIANT=OTA" in compile_all) == (name == "ESP32_GENERIC-OTA")


def test_factory_layout_gets_its_own_board_folder(tmp_path):
    done = make_firmware(tmp_path, "ESP32_GENERIC-OTA", "--layout", "factory", "--print")
    assert (done.returncode, done.stderr) == (0, "")
    words = shlex.split(done.stdout.splitlines()[-1])
    (folder,) = (Path(word.partition("=")[2]) for word in words if word.startswith("BOARD_DIR="))
    cmake = (folder / "mpconfigboard.cmake").read_text("utf-8")
    assert "include(boards/ESP32_GENERIC/mpconfigvariant_OTA.cmake)" in cmake
    assert f"SDKCONFIG_DEFAULTS {folder}/sdkconfig" in cmake
    table = (folder / "sdkconfig").read_text("utf-8").split('FILENAME="')[1].partition('"')[0]
    text = Path(table).read_text("utf-8")
    names = [entry.name for entry in PartitionTable.from_csv(text, flash_size=4 << 20).partitions]
    assert {"fctry", "cred"} <= set(names)


def test_docker_runs_the_whole_build(tmp_path):
    program(tmp_path, "git", f"echo git >> {tmp_path}/ran")
    program(tmp_path, "docker", f'for word; do echo "$word"; done >> {tmp_path}/ran')
    done = make_firmware(tmp_path, "ESP32_GENERIC_C3")
    assert (done.returncode, done.stderr) == (0, "")
    ran = (tmp_path / "ran").read_text("utf-8").splitlines()
    assert "espressif/idf:v5.4.2" in ran
    assert ran[-1].count(" && ") == 2
    assert "ports/esp32 BOARD=ESP32_GENERIC_C3 " in ran[-1]


def test_failed_step_ends_the_build(tmp_path):
    program(tmp_path, "git", "exit 0")
    program(tmp_path, "docker", "exit 7")
    done = make_firmware(tmp_path, "ESP32_GENERIC")
    assert done.returncode == 1
    assert done.stderr == "make firmware: docker ended with exit code 7: its message is above\n"


def test_unknown_board_lists_the_boards(tmp_path):
    done = make_firmware(tmp_path, "ESP32")
    assert done.returncode == 2
    assert (
        "BOARD=ESP32 is not a folder of boards/: ESP32_GENERIC, ESP32_GENERIC-OTA" in done.stderr
    )


@pytest.mark.parametrize("name", BOARDS)
def test_manifest_tool_freezes_every_module(name, tmp_path, monkeypatch):
    reason = toolchain.missing_reason("chip32")
    if reason:
        pytest.skip(reason=reason)
    monkeypatch.syspath_prepend(chip32.manifest_tool(prefix32()).parent)
    tool = importlib.import_module("manifestfile")
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "manifest.py").write_text("", encoding="utf-8")
    manifest = tool.ManifestFile(
        tool.MODE_FREEZE, {"PORT_DIR": str(tmp_path), "MPY_DIR": str(tmp_path), "MPY_LIB_DIR": ""}
    )
    manifest.execute(str(ROOT / "boards" / name / "manifest.py"))
    sdk = {
        str(file.relative_to(ROOT / "firmware")) for file in (ROOT / "firmware").rglob("*/*.py")
    }
    assert {output.target_path for output in manifest.files()} == sdk | {"frozen_names.py"}
