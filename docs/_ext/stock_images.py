"""Write what stock ESP32 images have, and what of it is simulated, as MyST Markdown tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alink_sim.board.peripherals import modules

DATA = Path(__file__).parents[1] / "coverage" / "stock_images.json"


def read() -> dict[str, Any]:
    """Return the data; tools/stock_images.py writes it."""
    found: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return found


def tables() -> str:
    """Return the images with their sources, the modules, and the names of each module."""
    data = read()
    return "\n".join((*_images(data), *_modules(data), *_names(data), ""))


def _images(data: dict[str, Any]) -> Iterator[str]:
    yield "## The lists\n"
    yield "| version | chip | the list of its modules and names |\n|---|---|---|"
    for image, folder in data["images"].items():
        version, chip = image.split()
        source = (
            f"made on a board: `{folder}`" if folder else "**not verified**: none is published"
        )
        yield f"| {version} | {chip} | {source} |"
    yield f"\nThe folders are in `stubs/` of {data['stubs']}.\n"


def _modules(data: dict[str, Any]) -> Iterator[str]:
    yield "## Modules\n\n| module | on the simulated board |\n|---|---|"
    for module in sorted((*data["modules"], *data["by_source"])):
        source = " It is not in the lists but in the source." * (module in data["by_source"])
        why = modules.REFUSED_MODULES.get(module)
        what = f"not simulated: {why}." if why else "yes."
        yield f"| `{module}` | {what}{source} |"
    yield ""


def _names(data: dict[str, Any]) -> Iterator[str]:
    for module, names in data["modules"].items():
        if module in modules.REFUSED_MODULES or not names:
            continue
        special = [name for name in names if names[name] or _missing(module, name)]
        others = [f"`{name}`" for name in names if name not in special]
        yield f"## `{module}`\n"
        if others:
            yield f"In every list, and on the simulated board: {', '.join(others)}.\n"
        if special:
            yield "| name | in the lists | on the simulated board |\n|---|---|---|"
            for name in special:
                without = f"not in {', '.join(names[name])}" if names[name] else "all"
                yield f"| `{name}` | {without} | {_missing(module, name) or 'yes'} |"
            yield ""


def _missing(module: str, name: str) -> str:
    full = f"{module}.{name}"
    if why := modules.LACKING.get(full):
        return f"AttributeError: {why}"
    why = modules.NOT_SIMULATED.get(full)
    return f"not simulated: {why}" if why else ""
