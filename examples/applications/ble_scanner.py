# A presence detector: scan for Bluetooth devices, post how many are near and the nearest name.
import bluetooth
from micropython import const

from alink import Device, TransportError

SCAN_RESULT = const(5)
SCAN_DONE = const(6)
found = {}
done = False


def name_in(data):
    while len(data) > 1:
        size, kind = data[0], data[1]
        if kind == 9:
            return str(bytes(data[2 : 1 + size]), "utf-8")
        data = data[1 + size :]
    return ""


def on_event(event, data):
    global done
    if event == SCAN_RESULT:
        _, address, _, rssi, payload = data
        found[bytes(address)] = rssi, name_in(payload)
    elif event == SCAN_DONE:
        done = True


radio = bluetooth.BLE()
radio.active(True)
radio.irq(on_event)
device = Device.from_flash()
device.connect()
while True:
    found.clear()
    done = False
    radio.gap_scan(1000, 30000, 30000)
    while not done:
        device.poll(20)
    nearest = max(found.values()) if found else (0, "")
    try:
        device.post_properties({"near": len(found), "name": nearest[1]})
    except TransportError:
        pass  # Not online, or no longer.
    device.poll(1000)
