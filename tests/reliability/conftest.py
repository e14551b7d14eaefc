"""Fixtures of tests/sim for boards that are cut off, slowed down and kept waiting."""

from __future__ import annotations

from tests.sim.conftest import clock, make_rig, rig

__all__ = ["clock", "make_rig", "rig"]
