"""Write what the firmware of a simulated board can import, as MyST Markdown tables."""

from __future__ import annotations

from alink_sim.board.peripherals import modules
from alink_sim.board.peripherals.units.unit import Unit


def tables() -> str:
    """Return a table for each module, and one of the names that are refused."""
    parts = [_module(name) for name in modules.described()]
    advice = modules.refused()
    refused = [f"| `{name}` | {advice[name]} |" for name in sorted(advice)]
    head = ["## Not simulated", "", "| name | why, or what to use |", "|---|---|"]
    return "\n".join((*parts, *head, *refused, ""))


def _module(module: str) -> str:
    rows = [f"## `{module}`", "", "| name | members |", "|---|---|"]
    rows += [f"| `{name}` | {_members(module, name)} |" for name in modules.names(module)]
    return "\n".join((*rows, ""))


def _members(module: str, name: str) -> str:
    entry = modules.MODULES.get(module, {}).get(name)
    if not (isinstance(entry, type) and issubclass(entry, Unit)):
        return ""
    return ", ".join(f"`{one}`" for one in (*modules.methods(entry), *sorted(entry.constants)))
