# `esp` of an ESP32: raw access to flash.
import _board

flash_read = _board.read_into
flash_write = _board.write


def flash_erase(sector):
    _board.erase(sector * 4096)


def flash_size():
    return _board.flash.seek(0, 2)


__getattr__ = _board.rare("esp")
