# A gateway of Bluetooth thermometers: each one in range is a sub-device on the platform, one that
# was not heard in three scans is logged out.
import bluetooth
from bthome import measured

from alink import TransportError
from alink.gateway import Gateway

PRODUCT = "a1SubPk0001"  # The thermometers' product; add their DeviceNames there beforehand.
OURS = "cellar"  # Thermometers of neighbors have other names.
SCAN_MS, PAUSE_MS = 5000, 25000
MISSED = 3
SCAN_RESULT = 5

heard = {}  # What each thermometer has measured, by the address.
missed = {}  # Scans in a row that have not heard it, by the address.


def on_event(event, data):
    if event == SCAN_RESULT:
        _, address, _, _, payload = data
        name, values = measured(bytes(payload))
        if name == OURS and values:
            heard[bytes(address)] = values


def scan():
    heard.clear()
    radio.gap_scan(SCAN_MS, 100000, 30000)  # The rest of the time is for the Wi-Fi.
    gateway.poll(SCAN_MS)
    for address in set(missed) | set(heard):
        name = "tag-" + address.hex()
        if address in heard:
            if address not in missed:
                gateway.add(PRODUCT, name)
            missed[address] = 0
            post(gateway.sub_device(PRODUCT, name), heard[address])
        else:
            missed[address] += 1
            if missed[address] == MISSED:
                del missed[address]
                gateway.drop(PRODUCT, name)


def post(tag, values):
    if not tag.online():
        return
    try:
        tag.post_properties(values)
    except TransportError:
        pass  # The session has just ended: poll() logs in again, with all thermometers.


radio = bluetooth.BLE()
radio.active(True)
radio.irq(on_event)
gateway = Gateway.from_flash()
while True:
    scan()
    gateway.poll(PAUSE_MS)
