# `sys` of an ESP32: _boot.py puts it in the place of the interpreter's own.
import sys
from collections import namedtuple
from sys import *
from sys import path, ps1, ps2

import uos

platform = "esp32"
implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))(
    sys.implementation[0],
    sys.implementation[1],
    uos.getenv("ALINK_MACHINE"),
    sys.implementation._mpy,
)
