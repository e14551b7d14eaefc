# A valve that speaks bytes: the script of its product translates them. See script.py.
import struct

from alink import Device, TransportError, report

REPORT, SET = 1, 2
state = {"level": 40, "number": 0}


def received(data):
    # A command of the cloud: its kind, its number, the level. The answer repeats the first two.
    kind, number, level = struct.unpack(">BIB", data)
    if kind != SET:
        return None
    state["level"] = level
    print("valve at", level)
    return struct.pack(">BIB", SET, number, 200)


device = Device.from_flash()
report.on_raw(device, received)
device.connect()
while True:
    state["number"] += 1
    try:
        report.raw(device, struct.pack(">BIB", REPORT, state["number"], state["level"]))
    except TransportError:
        pass  # Not online, or no longer: poll() logs in again.
    device.poll(60000)
