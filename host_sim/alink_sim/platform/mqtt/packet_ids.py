"""Packet ids of QoS 1 messages to a client, from the PUBLISH to its PUBACK."""

from __future__ import annotations

import itertools


class PacketIds:
    """The ids that are in use. A message goes out once, so an id may never come back."""

    def __init__(self) -> None:
        self._last = 0
        self._used: set[int] = set()

    def __len__(self) -> int:
        """Return how many are in use."""
        return len(self._used)

    def take(self) -> int:
        """Return an id, 1 to 65535, that is not in use; it is from now on."""
        ids = (number % 65535 + 1 for number in itertools.count(self._last))
        self._last = next(one for one in ids if one not in self._used)
        self._used.add(self._last)
        return self._last

    def give_back(self, packet_id: int) -> None:
        """Free an id; one that is not in use does no harm."""
        self._used.discard(packet_id)
