"""Upload of a file to the platform over the session itself, block by block.

docs/reference/protocol.md, "Files of a device".
"""

import os
from binascii import hexlify

from micropython import const

from . import heap
from .errors import ProtocolError, RefusedError, TransportError

envelope = heap.load("envelope", True)

_TOPIC = "file/upload/mqtt/"
_TRIES = const(5)
_ANSWER_MS = const(10000)
_SLICE_MS = const(50)
_OFFLINE_MS = const(1000)
_DAMAGED = const(78121)
_COMPLETE = const(78124)
_TWICE = const(78126)


def upload(device, name, stream, size, block=1024, overwrite=True):
    """Return a generator of the milliseconds to wait, at whose end the platform has the file.

    `name`: 1 to 100 letters, digits, _ and dots. `stream`: an open binary file, or what has read
    and seek. `size`: its length in bytes, up to 16 MB. `block`: bytes of a message, 256 to 131072;
    it takes twice that of heap. It survives a lost session or reply. Raises TransportError
    after five tries without a reply, RefusedError with the platform's code (78123: there is a
    file of this name, and `overwrite` is False).
    """
    state = _Upload(device, name, size, "overwrite" if overwrite else "reject")
    device.subscribe("thing/" + _TOPIC + "send_reply", state.take)
    try:
        while not state.done:
            if not device.online():
                state.id = None  # The next session goes on with this upload.
                yield _OFFLINE_MS
                continue
            state.answer = None
            try:
                if state.id is None:
                    state.begin()
                else:
                    stream.seek(state.at)
                    state.send(stream.read(min(block, size - state.at)))
            except TransportError:
                continue
            waited = 0
            while state.answer is None and waited < _ANSWER_MS and device.online():
                yield _SLICE_MS
                waited += _SLICE_MS
            state.judge()
    finally:
        device._routes.pop(device.topic("thing/" + _TOPIC + "send_reply"), None)


class _Upload:
    def __init__(self, device, name, size, strategy):
        self._device = device
        self._name = name
        self._size = size
        self._strategy = strategy
        self._uid = hexlify(os.urandom(8)).decode()
        self._tries = 0
        self._count = 0  # Bytes of the block that is on its way.
        self._number = 0
        self.id = None
        self.at = 0
        self.answer = None  # (code, data, message) of the last request.
        self.done = False

    def begin(self):
        params = {
            "fileName": self._name,
            "fileSize": self._size,
            "conflictStrategy": self._strategy,
            "initUid": self._uid,
        }
        self._device.request(_TOPIC + "init", params, 0, self._begun)

    def send(self, data):
        self._count = len(data)
        self._number += 1
        params = {"uploadId": self.id, "offset": self.at, "bSize": len(data)}
        head = envelope.compact({"id": str(self._number), "params": params})
        check = heap.call("crc16", "crc", data)
        framed = len(head).to_bytes(2, "big") + head + data + check.to_bytes(2, "little")
        self._device.publish("thing/" + _TOPIC + "send", framed)

    def take(self, topic, payload):
        number, code, data, message = envelope.reply(payload)
        if number == self._number:
            self.answer = code, data or {}, message

    def judge(self):
        if self.answer is None or self.answer[0] == 0:
            self._tries += 1
            if self._tries == _TRIES and self._device.online():
                raise TransportError("no reply about %s at byte %d" % (self._name, self.at))
            return
        code, data, message = self.answer
        if code == 200 and "bSize" in data:
            self.at += self._count
            self.done = bool(data.get("complete"))
            if self.at >= self._size and not self.done:
                raise ProtocolError("%s is sent, and not complete" % self._name)
        elif code == 200:
            self.id, self.at = data["uploadId"], data.get("offset", 0)
            self._strategy = "append"  # From now on a new session goes on with this one.
        elif code == _TWICE:
            self.at += self._count
        elif code == _COMPLETE:
            self.done = True
        elif code != _DAMAGED or self._tries == _TRIES:
            raise RefusedError(code, "%s is refused: %d %s" % (self._name, code, message))
        self._tries = self._tries + 1 if code == _DAMAGED else 0

    def _begun(self, code, data, message):
        self.answer = code, data or {}, message
