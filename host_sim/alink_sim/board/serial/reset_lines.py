"""DTR and RTS as boards wire them to EN and IO0: changes of the signals in, chip resets out.

Two transistors cross the signals: RTS alone pulls EN low, DTR alone pulls IO0 low, and both
together have no effect, because a host asserts both when it opens a port. A host changes one
signal after the other; meanwhile both are asserted, and a capacitor holds EN low.
"""

from __future__ import annotations

from alink_sim.board.serial.serial_board import SerialBoard


class ResetLines:
    """The two signals of a port; True means asserted."""

    def __init__(self, board: SerialBoard) -> None:
        self._board = board
        self._held = False
        self.dtr = False
        self.rts = False

    def set(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Change one signal or both; when EN rises, the chip reads IO0 and starts."""
        self.dtr = self.dtr if dtr is None else dtr
        self.rts = self.rts if rts is None else rts
        if self.rts and not self.dtr:
            self._held = True
        elif self._held and not self.rts:
            self._held = False
            self._board.reset(download=self.dtr)
