"""Plots over time as SVG: points in, a picture with axes out, which needs no script.

Colors come from the stylesheet by class, so a plot follows the theme. A series differs from
another by its dashes too, and the picture has a text that says what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from alink_sim.platform.console.local_time import local

_WIDTH, _HEIGHT = 440, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 22
_MOST_POINTS = 400
_STEPS = 3  # Grid lines above the lowest one.

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One line of a plot: points as (seconds since 1970, value), oldest first."""

    name: str
    points: Sequence[Point]


def chart(
    title: str,
    *series: Series,
    words: Callable[[str], str],
    unit: str = "",
    from_zero: bool = False,
) -> Markup:
    """Return a plot of one or more series; "" where none has a point. `words` translates."""
    lines = [Series(one.name, _thinned(one.points)) for one in series]
    values = [value for one in lines for _, value in one.points]
    times = [at for one in lines for at, _ in one.points]
    if not values:
        return Markup("")
    low, high = _bounds(min(values), max(values), from_zero=from_zero)
    start, end = min(times), max(times)
    plot = _Plot(low, high, start, end if end > start else start + 1.0)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH, _HEIGHT, _summary(title, lines, unit, words)
        ),
        *plot.grid(),
        *(plot.line(number, one) for number, one in enumerate(lines)),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


class _Plot:
    """The scales of one picture."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._high, self._start, self._end = low, high, start, end

    def grid(self) -> list[Markup]:
        parts = []
        for step in range(_STEPS + 1):
            value = self._low + (self._high - self._low) * step / _STEPS
            y = self._y(value)
            parts.append(
                Markup(
                    '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                    '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
                ).format(_LEFT, _WIDTH - _RIGHT, y, y, _LEFT - 6, y + 4, _number(value))
            )
        for at, anchor in ((self._start, "start"), (self._end, "end")):
            parts.append(
                Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                    self._x(at), _HEIGHT - 6, anchor, f"{local(at):%H:%M:%S}"
                )
            )
        return parts

    def line(self, number: int, series: Series) -> Markup:
        if not series.points:
            return Markup("")
        places = " ".join(f"{self._x(at):.1f},{self._y(value):.1f}" for at, value in series.points)
        at, value = series.points[-1]
        return Markup(
            '<polyline class="line line-{}" points="{}"/>'
            '<circle class="dot line-{}" cx="{:.1f}" cy="{:.1f}" r="2.5"/>'
        ).format(number, places, number, self._x(at), self._y(value))

    def _x(self, at: float) -> float:
        share = (at - self._start) / (self._end - self._start)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _bounds(low: float, high: float, *, from_zero: bool) -> tuple[float, float]:
    """Return round ends of the value axis."""
    low = min(low, 0.0) if from_zero else low
    if high <= low:
        return (low, low + _STEPS) if from_zero else (low - 1.0, low - 1.0 + _STEPS)
    step = 10.0 ** math.floor(math.log10((high - low) / _STEPS))
    step = next(step * by for by in (1, 2, 5, 10) if (high - low) / (step * by) <= _STEPS)
    bottom = math.floor(low / step) * step
    top = bottom + step * _STEPS
    return bottom, top if top >= high else math.ceil(high / step) * step


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return at most as many points as the picture can show, the newest among them."""
    finite = [point for point in points if math.isfinite(point[1])]
    every = max(1, math.ceil(len(finite) / _MOST_POINTS))
    return finite[::-1][::every][::-1]


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _summary(title: str, series: Sequence[Series], unit: str, words: Callable[[str], str]) -> str:
    ends = [
        words("%(name)s: %(last)s (%(low)s to %(high)s)")
        % {
            "name": one.name,
            "last": _number(one.points[-1][1]) + unit,
            "low": _number(min(value for _, value in one.points)),
            "high": _number(max(value for _, value in one.points)),
        }
        for one in series
        if one.points
    ]
    return f"{title}. {'; '.join(ends)}"
