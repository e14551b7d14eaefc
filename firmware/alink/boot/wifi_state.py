"""The state of the Wi-Fi station, in words. Loaded only while it is not joined. Pure."""

# What `wifi.status()` returns on an ESP32, MicroPython 1.24 and later.
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


def text(status):
    """Return the words for a status (int)."""
    return _STATES.get(status, "status %s" % status)
