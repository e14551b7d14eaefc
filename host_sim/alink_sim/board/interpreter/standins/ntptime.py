# `ntptime` of an ESP32. The true time comes from the board's clock, and no packet is sent.
from time import gmtime

import _board
import machine
import network

_board.release(2)

host = "pool.ntp.org"
timeout = 1


def time():
    if not network.WLAN(network.STA_IF).isconnected():
        raise OSError(-202)
    return _board.now() // 1000 - 946684800


def settime():
    now = gmtime(time())
    machine.RTC().datetime(now[:3] + (now[6] + 1,) + now[3:6] + (0,))
