"""The device's log in the cloud's console, while the cloud wants it.

docs/reference/protocol.md, "Remote config, tags, log".
"""

import json
import time

from micropython import const

from . import heap

compact = heap.load("envelope", True).compact


LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_KEPT = const(8)  # Lines that wait for a session; the oldest give way.
_LONGEST = const(4096)


class CloudLog:
    """Lines for the console. `wanted` is what the cloud has switched on or off."""

    def __init__(self, device, level="INFO"):
        """`level`: what is less severe never leaves the board."""
        self.wanted = False
        self._device = device
        self.set_level(level)
        self._lines = []
        device.subscribe("thing/config/log/push", self._pushed)
        device.when_online(self._ask)

    def set_level(self, level):
        """Change the level; the cloud can change it too, by a property or a config.

        Raises ValueError for a level that does not exist.
        """
        self._least = _rank(level)

    def write(self, level, module, text, code="", context=""):
        """Send a line, or keep it for the next session; `context` is of your own choice."""
        if _rank(level) < self._least:
            return
        line = {
            "utcTime": "%04d-%02d-%02dT%02d:%02d:%02d.000+0000" % time.gmtime()[:6],
            "logLevel": level,
            "module": str(module),
            "code": str(code),
            "traceContext": str(context),
            "logContent": str(text)[:_LONGEST],
        }
        self._lines = self._lines[1 - _KEPT :] + [line]
        self._send()

    def _ask(self):
        wanted = {"getType": "content", "configScope": "device"}
        self._device.request("config/log/get", wanted, 0, self._answered)

    def _answered(self, code, data, message):
        if code == 200:
            self._obey(data)

    def _pushed(self, topic, payload):
        body = json.loads(payload)
        answer = {"id": body["id"], "code": 200, "data": {}}
        self._device.publish(topic + b"_reply", compact(answer))
        self._obey(body["params"])

    def _obey(self, data):
        self.wanted = bool(data["content"]["mode"])
        self._send()

    def _send(self):
        if self.wanted and self._lines and self._device.online():
            self._device.request("log/post", self._lines, 0, False)
            self._lines = []


def _rank(level):
    if level not in LEVELS:
        raise ValueError("the level is %r; allowed are %s" % (level, ", ".join(LEVELS)))
    return LEVELS.index(level)
