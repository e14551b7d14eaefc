"""Draw a flowchart of Mermaid's simplest form as SVG, so that the site needs no script.

It reads `flowchart TD` with nodes `n0["text"]` and arrows `n0 --> n1` (solid) and `n0 -.-> n1`
(dotted). An arrow points down: from a module to what it imports.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from html import escape

_NODE = re.compile(r'(\w+)\["([^"]+)"\]')
_ARROW = re.compile(r"(\w+) (-->|-\.->) (\w+)")
_CHAR, _HEIGHT, _GAP, _FLOOR = 7.4, 26, 18, 74  # Pixels.


@dataclass(frozen=True)
class Flowchart:
    """Texts by node, and arrows as (from, to, is dotted)."""

    texts: dict[str, str]
    arrows: tuple[tuple[str, str, bool], ...]

    @classmethod
    def parse(cls, source: str) -> Flowchart:
        """Return the chart of a Mermaid source."""
        return cls(
            texts=dict(_NODE.findall(source)),
            arrows=tuple((a, b, kind != "-->") for a, kind, b in _ARROW.findall(source)),
        )

    def floors(self) -> list[list[str]]:
        """Return the nodes floor by floor, the importing ones first; circles are cut open."""
        below = defaultdict(set)
        for start, end, _ in self.arrows:
            below[start].add(end)
        heights: dict[str, int] = {}

        def height(node: str, path: tuple[str, ...]) -> int:
            if node not in heights:
                steps = [height(one, (*path, node)) for one in below[node] if one not in path]
                heights[node] = 1 + max(steps, default=-1)
            return heights[node]

        for node in self.texts:
            height(node, (node,))
        floors: list[list[str]] = [[] for _ in range(1 + max(heights.values(), default=0))]
        for node in self.texts:
            floors[-1 - heights[node]].append(node)
        return self._untangled(floors)

    def _untangled(self, floors: list[list[str]]) -> list[list[str]]:
        """Return the floors, each sorted by where its nodes' importers are."""
        place: dict[str, float] = {}
        for floor in floors:
            middle = {
                node: _mean([place[a] for a, b, _ in self.arrows if b == node and a in place])
                for node in floor
            }
            floor.sort(key=lambda node: middle[node])
            place.update({node: at / len(floor) for at, node in enumerate(floor)})
        return floors


def svg(source: str) -> str:
    """Return the picture of a Mermaid flowchart; colors are those of the text around it."""
    chart = Flowchart.parse(source)
    floors = chart.floors()
    widths = {node: len(text) * _CHAR + 16 for node, text in chart.texts.items()}
    totals = [sum(widths[node] + _GAP for node in floor) for floor in floors]
    width, height = max(totals, default=0) + _GAP, len(floors) * _FLOOR
    middle: dict[str, tuple[float, float]] = {}
    shapes = []
    for number, (floor, total) in enumerate(zip(floors, totals, strict=True)):
        left = (width - total + _GAP) / 2
        top = 10 + number * _FLOOR
        for node in floor:
            middle[node] = (left + widths[node] / 2, top)
            shapes.append(_box(left, top, widths[node], chart.texts[node]))
            left += widths[node] + _GAP
    lines = [_line(middle[a], middle[b], dotted) for a, b, dotted in chart.arrows]
    return (
        f'<svg class="flowchart" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        'role="img" xmlns="http://www.w3.org/2000/svg">' + "".join([*lines, *shapes]) + "</svg>"
    )


def _box(left: float, top: float, width: float, text: str) -> str:
    return (
        f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{_HEIGHT}" rx="4"/>'
        f'<text x="{left + width / 2:.0f}" y="{top + 17}">{escape(text)}</text>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], dotted: bool) -> str:  # noqa: FBT001
    (x1, y1), (x2, y2) = start, end
    y1 += _HEIGHT
    bend = (y2 - y1) / 2
    style = ' class="dotted"' if dotted else ""
    path = (
        f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f} {x2:.0f},{y2:.0f}"
    )
    return f'<path{style} d="{path}"/><circle cx="{x2:.0f}" cy="{y2:.0f}" r="2.5"/>'


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.5
