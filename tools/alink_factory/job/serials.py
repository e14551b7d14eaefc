"""Scanned serial numbers, and the boards that get them."""

from __future__ import annotations

from collections import deque


class Serials:
    """Scanned serial numbers, each for the next board that is plugged in.

    A board gets its number when it appears, however slowly it is read. So a faster second board
    cannot take the number of the first one.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._taken: dict[str, str] = {}  # By port.

    def add(self, serial: str) -> None:
        """Add a scanned number to the queue."""
        self._waiting.append(serial)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The numbers that no board has yet, oldest first."""
        return tuple(self._waiting)

    def take_back(self) -> str:
        """Remove the last scan from the queue and return it, "" if the queue is empty."""
        return self._waiting.pop() if self._waiting else ""

    def take(self, port: str) -> str:
        """Return the number of the board on a port: the oldest free one, or "".

        A board that appeared before its scan gets no later one, however often it is tried:
        the operator scans the next board then.
        """
        if port not in self._taken:
            try:
                self._taken[port] = self._waiting.popleft()
            except IndexError:
                self._taken[port] = ""
        return self._taken[port]

    def give_back(self, port: str) -> None:
        """Return a number to the front of the queue: the board on the port does not need it."""
        if serial := self.forget(port):
            self._waiting.appendleft(serial)

    def forget(self, port: str) -> str:
        """Return the number of a board that is finished; the next board gets a new one."""
        return self._taken.pop(port, "")
