"""DTR and RTS as boards wire them: two lines in, resets of the chip out.

Two transistors cross them, so that both asserted, as a host does when it opens a port, do nothing:
RTS alone pulls EN low, DTR alone IO0. A capacitor holds EN low for the moment in which a host that
changes one line after the other has both asserted.
"""

from __future__ import annotations

from alink_sim.board.serial.serial_board import SerialBoard


class ResetLines:
    """The two lines of a port; True is asserted."""

    def __init__(self, board: SerialBoard) -> None:
        self._board = board
        self._held = False
        self.dtr = False
        self.rts = False

    def set(self, *, dtr: bool | None = None, rts: bool | None = None) -> None:
        """Change one line or both; the chip starts when EN rises, and looks at IO0 then."""
        self.dtr = self.dtr if dtr is None else dtr
        self.rts = self.rts if rts is None else rts
        if self.rts and not self.dtr:
            self._held = True
        elif self._held and not self.rts:
            self._held = False
            self._board.reset(download=self.dtr)
