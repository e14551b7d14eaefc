"""Plots as SVG, to stand in a page: bars of counts, and columns over time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_BAR = 22  # Height of one bar with its gap.
_NAMES = 400  # Width of the names beside the bars.
_WIDTH = 960
_HEIGHT = 180  # Of the columns.
_INK = "#1f2933"
_GRID = "#cbd2d9"
_FILL = "#2f6f9f"
_LINE = "#c0392b"
_FONT = "font-family='sans-serif' font-size='12'"


def bars(counts: Sequence[tuple[str, int]], *, label: str) -> str:
    """Return a Pareto: a bar for each name, with its count and the cumulative share."""
    total = sum(count for _, count in counts)
    most = max((count for _, count in counts), default=1)
    room = _WIDTH - _NAMES - 130
    parts, sum_so_far = [], 0
    for number, (name, count) in enumerate(counts):
        sum_so_far += count
        y, width = number * _BAR, max(2.0, room * count / most)
        text = f"{count}  ·  {100 * sum_so_far / total:.0f} %"
        said = f"{escape(_cut(name))}<title>{escape(name)}</title>"
        parts += [
            f"<text x='{_NAMES - 8}' y='{y + 15}' text-anchor='end'>{said}</text>",
            f"<rect x='{_NAMES}' y='{y + 3}' width='{width:.1f}' height='16' fill='{_FILL}'/>",
            f"<text x='{_NAMES + width + 6:.1f}' y='{y + 15}'>{text}</text>",
        ]
    return _svg(parts, height=max(1, len(counts)) * _BAR, label=label)


def columns(points: Sequence[tuple[str, int]], *, label: str) -> str:
    """Return columns over time: a name and a count each, oldest first."""
    most = max((count for _, count in points), default=0) or 1
    left, bottom = 40, _HEIGHT - 22
    step = min(120, (_WIDTH - left - 10) / max(1, len(points)))
    parts = []
    for share in (0.0, 1.0) if most % 2 else (0.0, 0.5, 1.0):
        y = bottom - share * (bottom - 14)
        parts += [
            f"<line x1='{left}' y1='{y:.1f}' x2='{_WIDTH}' y2='{y:.1f}' stroke='{_GRID}'/>",
            f"<text x='{left - 6}' y='{y + 4:.1f}' text-anchor='end'>{share * most:g}</text>",
        ]
    every = max(1, len(points) // 10)
    for number, (name, count) in enumerate(points):
        x, height = left + number * step, (bottom - 14) * count / most
        parts.append(
            f"<rect x='{x + step * 0.1:.1f}' y='{bottom - height:.1f}' width='{step * 0.8:.1f}' "
            f"height='{height:.1f}' fill='{_FILL}'><title>{escape(name)}: {count}</title></rect>"
        )
        if number % every == 0:
            middle = x + step / 2
            parts.append(
                f"<text x='{middle:.1f}' y='{_HEIGHT - 5}' text-anchor='middle'>"
                f"{escape(name)}</text>"
            )
    return _svg(parts, height=_HEIGHT, label=label)


def values(points: Sequence[float], low: float | None, high: float | None, *, label: str) -> str:
    """Return the values of a test as marks on a line, with its limits in red."""
    known = [*points, *(limit for limit in (low, high) if limit is not None)]
    least, most = min(known), max(known)
    span = (most - least) or 1.0
    width, height = 260, 26

    def at(value: float) -> float:
        return 8 + (width - 16) * (value - least) / span

    parts = [f"<line x1='8' y1='13' x2='{width - 8}' y2='13' stroke='{_GRID}'/>"]
    shown = points[:: max(1, len(points) // 400)]  # More marks than that are one blot.
    parts += [
        f"<rect x='{at(value) - 1:.1f}' y='6' width='2' height='14' fill='{_FILL}' "
        "fill-opacity='0.5'/>"
        for value in shown
    ]
    parts += [
        f"<line x1='{at(limit):.1f}' y1='2' x2='{at(limit):.1f}' y2='24' stroke='{_LINE}' "
        "stroke-width='2'/>"
        for limit in (low, high)
        if limit is not None
    ]
    return _svg(parts, height=height, label=label, width=width)


def _cut(name: str) -> str:
    # A wide character takes the width of two narrow ones.
    width = 0
    for at, one in enumerate(name):
        width += 2 if ord(one) > 0x1100 else 1
        if width > 60:
            return f"{name[:at]}…"
    return name


def _svg(parts: Sequence[str], *, height: int, label: str, width: int = _WIDTH) -> str:
    return (
        f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='{escape(label)}' "
        f"fill='{_INK}' {_FONT}>{''.join(parts)}</svg>"
    )
