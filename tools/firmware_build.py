"""`make firmware BOARD=…`: build MicroPython for an ESP32 with the SDK frozen in.

It prints each command, then runs it: in Espressif's container where Docker is installed, else with
ESP-IDF if its environment is active. With neither it only prints. docs/how-to/freeze-the-sdk.md.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from alink_formats import board

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(".cache", "firmware")  # In ROOT, where every command runs.
SOURCE = CACHE / "micropython"
MICROPYTHON = "v1.26.1"
IDF = "v5.4.2"  # MicroPython 1.26.1 is released with it.

Command = list[str]


def main(arguments: list[str] | None = None) -> int:
    """Print the commands and run them where a tool chain is. Return the exit code."""
    parser = argparse.ArgumentParser(prog="make firmware")
    parser.add_argument("board", nargs="?", default="", help="a folder of boards/")
    parser.add_argument(
        "--layout",
        default="stock",
        choices=("stock", "factory"),
        help="partition table of the image: MicroPython's, or ours with fctry and cred",
    )
    parser.add_argument("--print", action="store_true", dest="only_print", help="run nothing")
    options = parser.parse_args(arguments)
    known = sorted(file.parent.name for file in ROOT.glob("boards/*/board.json"))
    if options.board not in known:
        sys.stderr.write(
            f"make firmware: BOARD={options.board} is not a folder of boards/: "
            f"{', '.join(known)}\n"
        )
        return 2
    definition = board.load(ROOT / "boards" / options.board)
    docker = shutil.which("docker")
    commands = [] if (ROOT / SOURCE).is_dir() else [clone()]
    compiling = build(definition, layout=options.layout)
    commands += [in_container(compiling)] if docker else compiling
    can_run = docker or (shutil.which("idf.py") and os.environ.get("IDF_PATH"))
    for command in commands:
        sys.stdout.write(shlex.join(command) + "\n")
        sys.stdout.flush()
        if can_run and not options.only_print:
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
            if code:
                sys.stderr.write(
                    f"make firmware: {command[0]} ended with exit code {code}: "
                    "its message is above\n"
                )
                return 1
    if not can_run and not options.only_print:
        sys.stderr.write(
            f"make firmware: nothing was built. Install Docker, or activate ESP-IDF {IDF}, and "
            "run it again; or run these commands on a machine that has one of them.\n"
        )
    return 0


def clone() -> Command:
    """Return the command that fetches the source of MicroPython."""
    url = "https://github.com/micropython/micropython"
    return ["git", "clone", "--depth", "1", "--branch", MICROPYTHON, url, str(SOURCE)]


def build(definition: board.BoardDefinition, *, layout: str) -> list[Command]:
    """Return the commands of ESP-IDF's build; for the layout `factory` write its board folder."""
    name = definition.name.partition("-")[0]
    words = [
        f"BOARD={name}",
        f"FROZEN_MANIFEST={ROOT / 'boards' / definition.name / 'manifest.py'}",
    ]
    if layout == "factory":
        folder = ROOT / CACHE / definition.name
        write_board(folder, name, definition)
        words.append(f"BOARD_DIR={folder}")
    elif definition.variant:
        words.append(f"BOARD_VARIANT={definition.variant}")
    make = ["make", "-C", str(SOURCE / "ports" / "esp32"), *words]
    make.append(f"BUILD={ROOT / CACHE / f'build-{definition.name}-{layout}'}")
    return [["make", "-C", str(SOURCE / "mpy-cross")], [*make, "submodules"], make]


def write_board(folder: Path, name: str, definition: board.BoardDefinition) -> None:
    """Write a board folder for MicroPython's build: the stock board with our partition table."""
    folder.mkdir(parents=True, exist_ok=True)
    stock = f"boards/{name}"
    settings = [f"include({stock}/mpconfigboard.cmake)"]
    if definition.variant:
        settings.append(f"include({stock}/mpconfigvariant_{definition.variant}.cmake)")
    settings.append(f"list(APPEND SDKCONFIG_DEFAULTS {folder}/sdkconfig)")
    table = ROOT / "boards" / definition.name / "partitions.csv"
    files = {
        "mpconfigboard.cmake": settings,
        "mpconfigboard.h": [f'#include "{stock}/mpconfigboard.h"'],
        "sdkconfig": [
            "CONFIG_PARTITION_TABLE_CUSTOM=y",
            f'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="{table}"',
        ],
    }
    for file, lines in files.items():
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def in_container(commands: list[Command]) -> Command:
    """Return the command that runs `commands` in Espressif's container, as this user."""
    # fmt: off
    return [
        "docker", "run", "--rm", "--user", f"{os.getuid()}:{os.getgid()}", "--env", "HOME=/tmp",
        "--volume", f"{ROOT}:{ROOT}", "--workdir", str(ROOT), f"espressif/idf:{IDF}",
        "bash", "-c", " && ".join(shlex.join(command) for command in commands),
    ]
    # fmt: on


if __name__ == "__main__":
    sys.exit(main())
