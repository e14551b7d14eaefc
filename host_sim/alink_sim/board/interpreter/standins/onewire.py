# `onewire` of an ESP32; alink_sim/board/peripherals/one_wire.py is the bus.
import _board
import _peripherals

_board.release(1)


class OneWireError(Exception):
    pass


OneWire = _peripherals.find("onewire", "OneWire")
