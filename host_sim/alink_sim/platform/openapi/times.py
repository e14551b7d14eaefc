"""Moments as the cloud API writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from alink_sim.platform.state.entities import Device, Product


def moment(thing: Product | Device, name: str) -> float | None:
    """Return when something happened to a thing, in seconds since 1970; see `entities.stamp`."""
    found: float | None = thing.documents.get("times", {}).get(name)
    return found


def milliseconds(seconds: float | None) -> int:
    """Return a moment in milliseconds since 1970, 0 for none."""
    return int((seconds or 0) * 1000)


def gmt(seconds: float | None) -> str:
    """Return a moment like "Mon, 23-Nov-2026 18:00:00 GMT", "" for none."""
    return _written(seconds, "%a, %d-%b-%Y %H:%M:%S GMT")


def utc(seconds: float | None) -> str:
    """Return a moment like "2026-11-23T18:00:00.000Z", "" for none."""
    rest = milliseconds(seconds) % 1000
    return _written(seconds, f"%Y-%m-%dT%H:%M:%S.{rest:03}Z")


def _written(seconds: float | None, form: str) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(form)
