"""Every name of a stock image is simulated or refused with a sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from alink_sim.board.peripherals import modules
from alink_sim.board.peripherals.units.unit import Unit
from docs._ext import peripherals

# The stubs of MicroPython 1.25 for the ESP32; `make setup` unpacks them.
STUBS = Path(__file__).resolve().parents[3] / ".cache" / "typings"
# Names that the stubs take over from other ports, and names of types.
OTHER_PORTS = {
    "esp": {"set_native_code_location", "sleep_type"},
    "network": {"AbstractNIC", "WLANWiPy"},
    "machine": {"ATTN_0DB", "IDLE", "ID_T", "PinLike", "RTC_WAKE", "WLAN_WAKE"},
    "machine.Pin": {"drive", "mode", "pull"},
    "machine.I2C": {"readinto", "start", "stop", "write"},
}


def stub(module: str) -> dict[str, set[str]]:
    """Return the public names of a stub; those of a class have its methods."""
    found: dict[str, set[str]] = {}
    for node in ast.parse((STUBS / f"{module}.pyi").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = set()
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = set()
        elif isinstance(node, ast.ClassDef):
            found[node.name] = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    return {name: members for name, members in found.items() if name[0] != "_"}


@pytest.mark.parametrize("module", [name for name in modules.described() if name != "os"])
def test_every_name_of_stock_image_is_known(module):
    known = {*modules.names(module)} | {
        name.partition(".")[2]
        for name in (*modules.NOT_SIMULATED, *modules.LACKING)
        if name.startswith(f"{module}.")
    }
    assert set(stub(module)) - known == OTHER_PORTS.get(module, set())


def test_every_method_of_stock_image_is_known():
    units = [
        (f"{module}.{name}", stub(module).get(name, set()), entry)
        for module, names in modules.MODULES.items()
        for name, entry in names.items()
        if isinstance(entry, type) and issubclass(entry, Unit)
    ]
    assert len(units) > 10
    for name, methods, unit in units:
        public = {one for one in methods if one[0] != "_"}
        known = {*modules.methods(unit), *unit.refused}
        assert public - known == OTHER_PORTS.get(name, set()), name


def test_reference_lists_every_name():
    text = peripherals.tables()
    assert "| `Pin` | `init`, `irq`, `off`, `on`, `toggle`, `value`, `DRIVE_0`" in text
    assert "| `machine.SDCard` | " in text
    assert "| `DS18X20` |  |" in text
