"""Join the Wi-Fi network that was burned. The only file that imports `network`."""

import network

# What `status()` says on an ESP32, MicroPython 1.24 and later.
_STATES = {
    200: "the access point is gone",
    201: "no network of this name in range",
    202: "wrong password",
    203: "the access point refuses this board",
    204: "handshake timeout, often a wrong password",
    1000: "idle",
    1001: "connecting",
    1010: "waiting for an address",
}


def is_joined():
    """Return whether the station is connected and has an address."""
    return network.WLAN(network.STA_IF).isconnected()


def join(ssid, password, log):
    """Have the station join (str, str), unless it is about to; never raises for the driver.

    Whether the radio is active says nothing: boot.py, WebREPL, ESP-NOW or a soft reset may have
    switched it on without a network.
    """
    station = network.WLAN(network.STA_IF)
    try:
        station.active(True)
        if station.status() != network.STAT_CONNECTING:
            station.connect(ssid, password)
    except OSError as error:
        log("Wi-Fi %s: the driver says %r; trying again" % (ssid, error))


def state():
    """Return what the station does, or why it failed, in words."""
    status = network.WLAN(network.STA_IF).status()
    return _STATES.get(status, "status %s" % status)
