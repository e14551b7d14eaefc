"""How many texts the platform reads from MQTT packets: its work, not its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.platform.mqtt.packet_reader import PacketReader


def texts_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count the texts that are read from now on; return what tells how many."""
    read = 0
    reader = PacketReader.text

    def counted(self: Any) -> str:
        nonlocal read
        read += 1
        return reader(self)

    monkeypatch.setattr(PacketReader, "text", counted)
    return lambda: read
