"""wifi.py: a station that is active, idle, connecting, joined, or whose driver complains."""

import sys

from check import raises


class Station:
    def __init__(self, status=1000, error=None):
        self._status, self.error = status, error
        self.asked = []
        self.on = False

    def active(self, on=None):
        self.on = bool(on)

    def status(self):
        return self._status

    def isconnected(self):
        return self._status == 1010

    def connect(self, *arguments):
        if self.error:
            raise self.error
        self.asked.append(arguments)


class Network:
    STA_IF, STAT_CONNECTING = 0, 1001

    def __init__(self, station):
        self.WLAN = lambda interface: station


def join(station):
    said = []
    sys.modules["network"] = Network(station)
    sys.modules.pop("alink.boot.wifi", None)
    from alink.boot import wifi

    wifi.network = Network(station)
    wifi.join("plant", "secret123", said.append)
    return wifi, said


def test_active_but_idle_station_connects():
    station = Station()
    station.on = True
    join(station)
    assert station.asked == [("plant", "secret123")]


def test_connecting_station_is_left_alone():
    station = Station(status=1001)
    join(station)
    assert station.asked == []


def test_station_that_gave_up_connects_again():
    for status in (200, 201, 202, 203, 204):
        station = Station(status=status)
        wifi, _ = join(station)
        assert station.asked
        from alink.boot import wifi_state

        assert not wifi_state.text(wifi.status()).startswith("status")


def test_driver_error_is_logged_not_raised():
    wifi, said = join(Station(error=OSError("Wifi Internal State Error")))
    assert len(said) == 1 and "plant" in said[0] and "secret123" not in said[0]
    assert not wifi.isconnected()


def test_other_errors_are_not_hidden():
    raises(TypeError, join, Station(error=TypeError()))
