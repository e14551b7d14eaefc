# `network` of an ESP32: a station that joins the network in range.
import machine
from _board import ticks, wifi

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
_JOIN_MS = 50


class _Station:
    def __init__(self):
        self._active = False
        self._status = STAT_IDLE
        self._since = 0
        self._ssid = ""

    def __call__(self, interface=STA_IF):
        return self

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
            if not on:
                self._status = STAT_IDLE
        return self._active

    def connect(self, ssid=None, password=None):
        if not self._active:
            raise OSError("Wifi Not Started")
        self._ssid = ssid
        self._since = ticks()
        self._status = _outcome(ssid, password)

    def disconnect(self):
        self._status = STAT_IDLE

    def status(self, what=None):
        if what == "rssi":
            return -55
        if self._status != STAT_IDLE and (ticks() - self._since) & 0x3FFFFFFF < _JOIN_MS:
            return STAT_CONNECTING
        return self._status

    def isconnected(self):
        return self.status() == STAT_GOT_IP

    def config(self, what=None, **settings):
        if what == "mac":
            return machine.unique_id()
        if what in ("ssid", "essid"):
            return self._ssid

    def ifconfig(self, *_):
        ip = "127.0.0.1" if self.isconnected() else "0.0.0.0"
        return ip, "255.0.0.0", ip, ip

    def scan(self):
        return []


def _outcome(ssid, password):
    # The first text line of the board's file `wifi` is the SSID in range, the second its password.
    # If the file is empty, any SSID and password work.
    wifi.seek(0)
    there = wifi.readline().rstrip("\n")
    if not there:
        return STAT_GOT_IP
    if there != ssid:
        return STAT_NO_AP_FOUND
    good = wifi.readline().rstrip("\n") == (password or "")
    return STAT_GOT_IP if good else STAT_WRONG_PASSWORD


WLAN = _Station()
WLAN.IF_STA = STA_IF
WLAN.IF_AP = AP_IF


def hostname(name=None):
    return "mpy-esp32"
