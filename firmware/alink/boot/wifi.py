"""Join the Wi-Fi network that was burned. The only file that imports `network`."""

import network


def isconnected():
    """Return whether the station is connected and has an address."""
    return network.WLAN(network.STA_IF).isconnected()


def is_on():
    """Return whether the radio is active, as a station or as an access point."""
    return network.WLAN(network.STA_IF).active() or network.WLAN(network.AP_IF).active()


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


def status():
    """Return the number that the driver has for the station's state."""
    return network.WLAN(network.STA_IF).status()
