# `network` of an ESP32: a station that joins the network in range.
import _board
import machine
from _board import ticks, wifi

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
_JOIN_MS = 50


class _Station:
    def __init__(self):
        self._active = False
        self._since = 0
        self._ssid = self._password = ""
        self._asked = False  # Whether the driver has a network to join.
        self._joined = False
        self._reconnects = -1  # As on a stock image: for ever.

    def __call__(self, interface=STA_IF):
        return self

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
            if not on:
                self._asked = self._joined = False
        return self._active

    def connect(self, ssid=None, password=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        if self.status() == STAT_CONNECTING:
            raise OSError("Wifi Internal State Error")
        self._ssid, self._password = ssid, password
        self._since = ticks()
        self._asked, self._joined = True, False

    def disconnect(self):
        self._asked = self._joined = False

    def status(self, what=None):
        wifi.seek(0)  # RSSI, milliseconds that DHCP is late, 1 if the access point is off.
        rssi, late, _ = wifi.readline().split()
        if what == "rssi":
            return int(rssi)
        if not self._asked:
            return STAT_IDLE
        if (ticks() - self._since) & 0x3FFFFFFF < _JOIN_MS + int(late):
            return STAT_CONNECTING
        found = _outcome(self._ssid, self._password)
        if self._joined and found != STAT_GOT_IP:
            found = STAT_BEACON_TIMEOUT
            if not self._reconnects:
                self._asked = self._joined = False  # The driver gives up; else it joins again.
        if found == STAT_GOT_IP:
            self._joined = True
        return found

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def config(self, what=None, **settings):
        if what == "mac":
            return machine.unique_id()
        if what in ("ssid", "essid"):
            return self._ssid
        if what == "reconnects":
            return self._reconnects
        self._reconnects = settings.get("reconnects", self._reconnects)

    def ifconfig(self, *_):
        ip = "127.0.0.1" if self.isconnected() else "0.0.0.0"
        return ip, "255.0.0.0", ip, ip

    def scan(self):
        return []


def _outcome(ssid, password):
    # In the board's file `wifi`, the SSID in range is the second text line, and its password the
    # third. Without an SSID, any SSID and password work.
    wifi.seek(0)
    off = int(wifi.readline().split()[2]) == 1
    there = wifi.readline().rstrip("\n")
    if off or there not in ("", ssid):
        return STAT_NO_AP_FOUND
    if not there:
        return STAT_GOT_IP
    good = wifi.readline().rstrip("\n") == (password or "")
    return STAT_GOT_IP if good else STAT_WRONG_PASSWORD


WLAN = _Station()
WLAN.IF_STA = STA_IF
WLAN.IF_AP = AP_IF


def hostname(name=None):
    return "mpy-esp32"


__getattr__ = _board.rare("network")
