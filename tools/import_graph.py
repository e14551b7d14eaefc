"""Draw who imports whom, from the code: `make graph` writes docs/explanation/import-graph.md.

`python tools/import_graph.py --root DIR` prints the page of another checkout instead, so that two
commits can be compared. Imports are read by grimp; nothing of the checkout is run.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path("docs/explanation/import-graph.md")
SOURCES = ("firmware", "host_sim", "tools")
PACKAGES = ("alink", "alink_formats", "alink_factory", "alink_sim")
# Heading of a picture; the packages in it; how many parts of a module's name name its room.
PICTURES: dict[str, dict[str, int]] = {
    "firmware/alink": {"alink": 2},
    "Host packages": {"alink_formats": 1, "alink_factory": 1, "alink_sim": 2},
    "alink_sim.platform": {"alink_sim.platform": 3},
    "alink_sim.board": {"alink_sim.board": 3},
    "alink_factory": {"alink_factory": 2},
    "alink_formats": {"alink_formats": 2},
}
TESTS = re.compile(r"^ *(?:async )?def test_(\w+)\(", re.MULTILINE)

# A module of the device loads the steps that it shares instead of importing them: `alink.heap`.
_LOADED = re.compile(r'^( *).*\bheap\.load\("([\w.]+)"', re.MULTILINE)

INTRODUCTION = """\
# Import graph

`make graph` writes this page from the code. A floor is the height of a module: a module that
imports no other module of its package is on floor 1, and every other module is one floor above the
highest module that it imports. A circle is a set of modules that import each other, at their top
or inside functions. On the board, `heap.load` counts as an import. In the pictures, a solid arrow
is an import at the top of a module, and a dotted arrow is an import inside a function or for types
only. A picture leaves out an arrow if a longer path has the same start and end. A room is a folder
or a module directly in the package.
"""


@dataclass(frozen=True)
class Graph:
    """Modules and their imports: `early` at the top of a module, `late` only inside functions."""

    early: Mapping[str, frozenset[str]]
    late: Mapping[str, frozenset[str]]

    def all(self) -> dict[str, frozenset[str]]:
        """Return the imports of each module, early and late."""
        return {name: self.early[name] | self.late[name] for name in self.early}

    def within(self, package: str) -> Graph:
        """Return the modules of one package and the imports among them."""
        names = {name for name in self.early if is_in(name, package)}
        return Graph(
            {name: self.early[name] & names for name in names},
            {name: self.late[name] & names for name in names},
        )


def is_in(name: str, package: str) -> bool:
    """Return whether a module is a package or lies in it."""
    return name == package or name.startswith(package + ".")


def source_file(root: Path, module: str) -> Path:
    """Return the file of a module; raise FileNotFoundError if the checkout has no such file."""
    for source in SOURCES:
        path = root.joinpath(source, *module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    raise FileNotFoundError(f"{root} has no module {module}")


def read_graph(root: Path) -> Graph:
    """Return the imports of the four packages in a checkout."""
    sys.path[:0] = [str(root / source) for source in SOURCES]
    try:
        graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    finally:
        del sys.path[: len(SOURCES)]
    early: dict[str, frozenset[str]] = {}
    late: dict[str, frozenset[str]] = {}
    for name in graph.modules:
        lines = source_file(root, name).read_text(encoding="utf-8").splitlines()
        imported = graph.find_modules_directly_imported_by(name)
        loaded = {f"alink.{match[2]}": match[1] for match in _LOADED.finditer("\n".join(lines))}
        early[name] = frozenset(
            other
            for other in imported
            for detail in graph.get_import_details(importer=name, imported=other)
            if not lines[detail["line_number"] - 1].startswith((" ", "\t"))
        ) | {other for other, indent in loaded.items() if not indent}
        late[name] = (frozenset(imported) | loaded.keys()) - early[name]
    return Graph(early, late)


def reachable(imports: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return for each node the nodes that a path of one arrow or more leads to."""
    reached: dict[str, set[str]] = {}
    for start in imports:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = set(imports[waiting.pop()]) - found
            found |= new
            waiting += new
        reached[start] = found
    return reached


def circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the sets of nodes that import each other, sorted."""
    reached = reachable(imports)
    found = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in imports
        if name in reached[name]
    }
    return sorted(map(list, found))


def floors(imports: Mapping[str, Iterable[str]]) -> int:
    """Return the number of floors; the nodes of a circle share one."""
    reached = reachable(imports)
    height: dict[str, int] = {}
    # A node outside a circle reaches more nodes, itself counted, than each node that it imports.
    for name in sorted(imports, key=lambda name: len(reached[name] | {name})):
        below = [height[other] for other in reached[name] if name not in reached[other]]
        height[name] = 1 + max(below, default=0)
    return max(height.values(), default=0)


def room(module: str, picture: Mapping[str, int], folders: set[str]) -> str | None:
    """Return the room of a module in a picture, or None if the picture does not show it.

    The files at the top of `alink` are one room, because they stay in the heap together.
    """
    for package, parts in picture.items():
        if is_in(module, package):
            name = ".".join(module.split(".")[:parts])
            if package == "alink" and name not in folders:
                return "alink/*.py"
            return name if name != package or parts == 1 else None
    return None


def arrows(graph: Graph, picture: Mapping[str, int]) -> dict[tuple[str, str], bool]:
    """Return the arrows between the rooms of a picture; True means an import at a module's top."""
    folders = {name.rpartition(".")[0] for name in graph.early}
    found: dict[tuple[str, str], bool] = {}
    for early, imports in ((True, graph.early), (False, graph.late)):
        for name, others in imports.items():
            for other in others:
                start, end = room(name, picture, folders), room(other, picture, folders)
                if start and end and start != end:
                    found[start, end] = found.get((start, end), False) or early
    return found


def shortened(found: Mapping[tuple[str, str], bool]) -> list[tuple[str, str]]:
    """Return the arrows without those that a longer path implies; those of circles stay."""
    names = {name for arrow in found for name in arrow}
    imports = {name: {end for start, end in found if start == name} for name in names}
    reached = reachable(imports)
    return sorted(
        (start, end)
        for start, end in found
        if start in reached[end]
        or not any(
            end in reached[other] and start not in reached[other] and other not in reached[end]
            for other in imports[start] - {end}
        )
    )


def drawing(graph: Graph, picture: Mapping[str, int]) -> Iterator[str]:
    """Yield the figures of a picture, and the picture as a Mermaid flowchart."""
    found = arrows(graph, picture)
    folders = {name.rpartition(".")[0] for name in graph.early}
    shown = sorted(filter(None, {room(name, picture, folders) for name in graph.early}))
    imports = {name: {end for start, end in found if start == name} for name in shown}
    ids = {name: f"n{number}" for number, name in enumerate(shown)}
    prefix = f"{next(iter(picture))}." if len(picture) == 1 else ""
    counts = f"Rooms: {len(shown)}. Floors of rooms: {floors(imports)}."
    yield f"{counts} Circles of rooms: {len(circles(imports))}.\n"
    yield "```mermaid"
    yield "flowchart TD"
    yield from (f'  {ident}["{name.removeprefix(prefix)}"]' for name, ident in ids.items())
    for start, end in shortened(found):
        yield f"  {ids[start]} {'-->' if found[start, end] else '-.->'} {ids[end]}"
    yield "```"


def package_row(root: Path, graph: Graph, package: str) -> str:
    """Return the row of one package in the table of figures."""
    counts = folder_counts(root, package)
    imports = graph.within(package).all()
    most = max(counts, key=lambda folder: (counts[folder], folder))
    # fmt: off
    cells = [
        f"`{package}`", sum(counts.values()), len(counts), f"{counts[most]} (`{most}`)",
        floors(imports), len(circles(imports)),
    ]
    # fmt: on
    return table_row(cells)


def folder_counts(root: Path, package: str) -> Counter[str]:
    """Return the number of Python files in each folder of a package, by its path."""
    folder = source_file(root, package).parent
    files = folder.rglob("*.py")
    return Counter(file.parent.relative_to(root).as_posix() for file in files)


def table_row(cells: Iterable[object]) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def words_in_test_names(root: Path) -> list[int]:
    """Return the number of words after `test_` in the name of each test below tests/."""
    return [
        len(name.split("_"))
        for path in (root / "tests").rglob("test_*.py")
        for name in TESTS.findall(path.read_text(encoding="utf-8"))
    ]


def page(root: Path) -> Iterator[str]:
    """Yield the lines of the page about the checkout in a folder."""
    graph = read_graph(root)
    opened = ["alink", "alink_sim", "alink_sim.platform", "alink_sim.board", *PACKAGES[1:3]]
    lengths = words_in_test_names(root)
    yield from INTRODUCTION.splitlines()
    yield ""
    yield "| package | files | folders | most files in one folder | floors | circles |"
    yield "|---|---|---|---|---|---|"
    yield from (package_row(root, graph, package) for package in opened)
    yield ""
    median, longest = statistics.median(lengths), max(lengths)
    yield f"A test's name has {median:g} words (median of tests/), the longest {longest}."
    for package in PACKAGES:
        for number, names in enumerate(circles(graph.within(package).all()), start=1):
            yield f"\nCircle {number} of `{package}`: " + ", ".join(f"`{name}`" for name in names)
    for heading, picture in PICTURES.items():
        yield f"\n## {heading}\n"
        yield from drawing(graph, picture)
    yield "\n## Files in each folder\n"
    yield "| folder | files |"
    yield "|---|---|"
    for package in PACKAGES:
        counts = folder_counts(root, package)
        yield from (table_row([f"`{folder}`", counts[folder]]) for folder in sorted(counts))


def main() -> int:
    """Write the page of this checkout, or print the page of another one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, help="print the page of the checkout in this folder")
    root = parser.parse_args().root
    text = "\n".join(page(root or ROOT)) + "\n"
    if root:
        sys.stdout.write(text)
    else:
        (ROOT / PAGE).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
