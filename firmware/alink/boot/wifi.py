"""Join the Wi-Fi network that was burned. The only file that imports `network`."""

import network


def joined(ssid, password):
    """Start joining (str, str) on the first call; return whether the station is connected."""
    station = network.WLAN(network.STA_IF)
    if station.isconnected():
        return True
    if not station.active():
        station.active(True)
        station.connect(ssid, password)
    return False
