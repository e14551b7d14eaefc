# `platform` of an ESP32: an image of ESP-IDF 5.4.2.
from sys import implementation

import _board

_board.release(3)

# The letters of the register `misa`, which MicroPython reads.
_RISCV = {"ESP32C3": "RV32CIMU", "ESP32C6": "RV32ACIMNUX"}.get(implementation._machine.split()[-1])


def platform(*_, **__):
    version = "%d.%d.%d" % implementation[1][:3]
    arch = "riscv" if _RISCV else "xtensa"
    return "MicroPython-%s-%s-IDFv5.4.2-with-newlib4.3.0" % (version, arch)


def libc_ver(*_, **__):
    return "newlib", "4.3.0"


def python_compiler():
    return "GCC 14.2.0"


if _RISCV:

    def processor():
        return _RISCV

else:

    def __getattr__(name):
        if name == "processor":
            raise AttributeError("platform.processor: only an image for RISC-V has it")
        raise AttributeError(name)
