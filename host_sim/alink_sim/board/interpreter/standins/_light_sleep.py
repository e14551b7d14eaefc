# `machine.lightsleep`: it ends after its time, or when a pin wakes the chip.
import _board
import utime
from _board import wait
from _peripherals import ask

_board.release(1)


class _Wake:
    @staticmethod
    def poll(ms):
        utime.sleep_ms(min(ms, 5))
        return ask("wakes")


def lightsleep(ms=-1):
    wait(ms, 0, _Wake)


sleep = lightsleep
