"""Write docs/coverage/stock_images.json: the modules of stock ESP32 images and their names.

    python tools/stock_images.py STUBS

STUBS is a checkout of Josverl/micropython-stubs. Its firmware stubs are lists that a program made
on a board with the published image, one folder for each version and board. The page of the
documentation marks images without a list as not verified.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

VERSIONS = ("1.24.1", "1.25.0", "1.26.0", "1.27.0", "1.28.0")
BOARDS = {
    "esp32": "ESP32_GENERIC",
    "esp32s3": "ESP32_GENERIC_S3",
    "esp32c3": "ESP32_GENERIC_C3",
}
TARGET = Path(__file__).resolve().parents[1] / "docs" / "coverage" / "stock_images.json"
# Copied onto the board by whoever listed it, or left over by its compiler.
_NOT_STOCK = ("argparse", "inspect", "logging", "machine.const")
# The program does not list these: what they are for would stop it. Read in the source of each
# version: ports/esp32/boards/manifest.py, the manifest of bundle-networking, mpconfigport.h.
_BY_SOURCE = ("_boot", "_webrepl", "upysh", "webrepl", "webrepl_setup")


def names(stub: str) -> list[str]:
    """Return the public names that the text of a stub defines."""
    found = set()
    for node in ast.parse(stub).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return sorted(name for name in found if name[0] != "_")


def listed(folder: Path) -> dict[str, list[str]]:
    """Return module → names of an image; old names such as `utime` are left out."""
    found = {}
    for file in folder.rglob("*.pyi"):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        found[module.removesuffix(".__init__")] = names(file.read_text("utf-8"))
    old = {name for name in found if name[0] == "u" and name[1:].partition(".")[0] in found}
    return {name: found[name] for name in found if name not in old | {*_NOT_STOCK}}


def main() -> int:
    """Read the checkout, write the file; return the exit code."""
    stubs = Path(sys.argv[1])
    commit = subprocess.run(
        ["git", "-C", str(stubs), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    images: dict[str, dict[str, list[str]]] = {}
    folders: dict[str, str | None] = {}
    for version in VERSIONS:
        for chip, board in BOARDS.items():
            name = f"micropython-v{version.replace('.', '_')}-esp32-{board}"
            folder = stubs / "stubs" / name
            image = f"{version} {chip}"
            folders[image] = name if folder.is_dir() else None
            if folder.is_dir():
                images[image] = listed(folder)
    modules: dict[str, dict[str, list[str]]] = {}
    for module in sorted({name for image in images.values() for name in image}):
        known = {name for image in images.values() for name in image.get(module, ())}
        modules[module] = {
            name: [image for image in images if name not in images[image].get(module, ())]
            for name in sorted(known, key=str.lower)
            if f"{module}.{name}" not in _NOT_STOCK
        }
    document = {
        "stubs": f"github.com/Josverl/micropython-stubs, commit {commit}",
        "images": folders,
        "by_source": _BY_SOURCE,
        "modules": modules,
    }
    TARGET.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
