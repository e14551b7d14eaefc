"""The classes and functions of the firmware, with the signatures of MicroPython."""
