# `bluetooth` of an ESP32: scans and advertising; alink_sim/board/peripherals/ble.py is the air.
import _board
import _peripherals

_board.release(1)

FLAG_READ = 2
FLAG_WRITE_NO_RESPONSE = 4
FLAG_WRITE = 8
FLAG_NOTIFY = 16
FLAG_INDICATE = 32

BLE = _peripherals.find("bluetooth", "BLE")


def UUID(value):
    raise NotImplementedError("bluetooth.UUID is not simulated: only scans and advertising are")
