"""The import graph in docs/ is drawn from the code, and its figures are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import import_graph

ROOT = Path(__file__).resolve().parents[2]
# d imports c and b, b and c import each other, b imports a.
IMPORTS = {"a": set(), "b": {"a", "c"}, "c": {"b"}, "d": {"b", "c"}}


def printed(root):
    """Return the page of a checkout, printed by a process without our modules."""
    command = [sys.executable, str(ROOT / "tools/import_graph.py"), "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def checkout(root, files):
    """Write a checkout with empty packages and the given files; return its folder."""
    empty = {
        f"{package}/__init__.py": ""
        for package in (
            "firmware/alink",
            "tools/alink_formats",
            "tools/alink_factory",
            "host_sim/alink_sim",
            "host_sim/alink_sim/platform",
            "host_sim/alink_sim/board",
        )
    }
    for name, text in (empty | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_committed_graph_is_fresh():
    assert printed(ROOT) == (ROOT / import_graph.PAGE).read_text(encoding="utf-8"), (
        "the import graph is old: run `make graph` and commit the page"
    )


def test_circle_shares_one_floor():
    assert import_graph.circles(IMPORTS) == [["b", "c"]]
    assert import_graph.floors(IMPORTS) == 3
    assert import_graph.circles({"a": {"b"}, "b": set()}) == []
    assert import_graph.floors({}) == 0


def test_implied_arrow_is_left_out():
    found = {("top", "middle"): True, ("middle", "low"): True, ("top", "low"): True}
    assert import_graph.shortened(found) == [("middle", "low"), ("top", "middle")]


def test_arrows_of_a_circle_stay():
    found = {("b", "c"): True, ("c", "b"): False, ("d", "b"): True, ("d", "c"): True}
    assert import_graph.shortened(found) == sorted(found)


def test_page_of_another_checkout(tmp_path):
    page = printed(
        checkout(
            tmp_path,
            {
                "firmware/alink/resident.py": "",
                "firmware/alink/boot/__init__.py": "from .. import resident\n",
                "firmware/alink/boot/one.py": "def f():\n    from . import two\n",
                "firmware/alink/boot/two.py": "from . import one\n",
                "firmware/alink/device.py": "def f():\n    from . import boot\n",
                "tests/test_x.py": "def test_one_two_three(): pass\n",
            },
        )
    )
    assert "| `alink` | 6 | 2 | 3 (`firmware/alink/boot`) | 3 | 1 |" in page
    assert "A test's name has 3 words (median of tests/), the longest 3." in page
    assert "Circle 1 of `alink`: `alink.boot.one`, `alink.boot.two`" in page
    drawn = page.partition("## firmware/alink")[2].partition("## Host")[0]
    assert drawn.splitlines()[2:-1] == [
        "Rooms: 2. Floors of rooms: 1. Circles of rooms: 1.",
        "",
        "```mermaid",
        "flowchart TD",
        '  n0["boot"]',
        '  n1["alink/*.py"]',
        "  n0 --> n1",
        "  n1 -.-> n0",
        "```",
    ]
