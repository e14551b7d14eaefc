# `sys` of an ESP32: _boot.py puts it in the place of the interpreter's own.
from collections import namedtuple
from sys import *
from sys import implementation as _own
from sys import path

import uos

platform = "esp32"
implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))(
    _own[0], _own[1], uos.getenv("ALINK_MACHINE"), _own._mpy
)
