"""Scanned serial numbers: which board on which port gets which."""

from __future__ import annotations

from collections import deque


class Serials:
    """Scanned serial numbers, each for the next board that appears.

    A board has its number from the moment it appears, however long it takes to be read: two labels
    are never exchanged because the second board was faster.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._taken: dict[str, str] = {}  # By port.

    def add(self, serial: str) -> None:
        """Keep one."""
        self._waiting.append(serial)

    def take(self, port: str) -> str:
        """Return that of the board on a port: the oldest that no board has, or ""."""
        if port not in self._taken:
            try:
                self._taken[port] = self._waiting.popleft()
            except IndexError:
                return ""
        return self._taken[port]

    def give_back(self, port: str) -> None:
        """Keep the number for the next board: the one on the port needs none."""
        if serial := self.forget(port):
            self._waiting.appendleft(serial)

    def forget(self, port: str) -> str:
        """Return the number of a board that had its turn; the next one gets another."""
        return self._taken.pop(port, "")
