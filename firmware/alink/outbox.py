"""Messages that must not be lost: a queue, bounded in bytes, that outlives sessions and reboots.

Each is sent at QoS 1 until the platform has acknowledged it: at least once, in order. With a path
the queue is also a journal on the vfs: a record for each message, and one when it is done.
"""

import os
import struct
from binascii import crc32

from micropython import const

from . import heap
from .errors import AlinkError, TransportError

envelope = heap.load("envelope", True)

_WINDOW = const(4)  # Messages on the way at once.
_FIRST_ID = const(0x1000000)  # Message ids: none that `Device.request` gives in a lifetime.
_HEAD = "<HHI"  # Lengths of topic and payload, CRC-32 of both; a done record: 0, count, CRC.
_HEADER = const(8)


class Outbox:
    """A queue of messages to the platform. `dropped` counts those that a newer one replaced."""

    def __init__(self, device, limit=8192, path=None, drop=False):
        """`limit` is in bytes, with 8 for each message. `path` is a file on the vfs; without one
        a reset loses the queue. `drop`: when full, the oldest gives way; else `put` raises.
        """
        self._device = device
        self._limit = limit
        self._path = path or ""
        self._drop = drop
        self._queue = []  # [topic, payload, on_done], the oldest first.
        self._sent = 0  # Number of messages on their way.
        self._number = 0
        self.size = 0
        self.dropped = 0
        if path:
            self._load()
        device.when_online(self._begin)

    def __len__(self):
        return len(self._queue)

    def post_properties(self, values, on_done=None):
        """Queue a property post: {identifier: value, or {"value": value, "time": ms}}."""
        self._number += 1
        what = "event/property/post"
        if self._device.thing:
            self._device.thing.check(values)
        # Its PUBACK is what ends it: no reply is waited for.
        payload = envelope.request(_FIRST_ID + self._number, what, values, 0)
        self.put("thing/" + what, payload, on_done)

    def put(self, topic, payload, on_done=None):
        """Queue a message (bytes, or text); `on_done(True)` tells that the platform has it, False
        that it was dropped.

        Raises AlinkError when the queue is full, or the message larger than all of it; TypeError
        or ValueError as `Device.publish`: a message that cannot be sent would hold up the others.
        """
        topic = self._device.topic(topic)
        if isinstance(payload, str):
            payload = payload.encode()
        if (
            not isinstance(payload, (bytes, bytearray, memoryview))
            or topic[0] != 0x2F
            or b"+" in topic
            or b"#" in topic
            or len(topic) > 128
            or (on_done and not callable(on_done))
        ):
            heap.call("wrong_arguments", "check_message", topic, payload, 1, on_done)
        payload = bytes(payload)
        size = _HEADER + len(topic) + len(payload)
        if size > self._limit or not (self._drop or self.size + size <= self._limit):
            raise AlinkError(
                "the outbox has no room for %d bytes: %d of %d are taken"
                % (size, self.size, self._limit)
            )
        while self.size + size > self._limit:
            self._give_way()
        self._append(topic, payload)
        self._queue.append([topic, payload, on_done])
        self.size += size
        self._send()

    def _begin(self):
        self._sent = 0  # Messages without a PUBACK in the last session go again.
        self._send()

    def _send(self):
        while self._device.online() and self._sent < min(_WINDOW, len(self._queue)):
            message = self._queue[self._sent]
            self._sent += 1
            try:
                self._publish(message)
            except TransportError:
                return  # The next session sends again.

    def _publish(self, message):
        session = self._device.online()

        def ended(acknowledged):
            if acknowledged and session == self._device.online() and message in self._queue:
                self._remove(self._queue.index(message), True)
                self._send()

        self._device.publish(message[0], message[1], 1, ended)

    def _give_way(self):
        # The oldest that is not on its way; else the oldest.
        self.dropped += 1
        self._remove(self._sent if self._sent < len(self._queue) else 0, False)

    def _remove(self, at, acknowledged):
        topic, payload, on_done = self._queue.pop(at)
        self.size -= _HEADER + len(topic) + len(payload)
        if at < self._sent:
            self._sent -= 1
        self._note_done(at)
        if on_done:
            on_done(acknowledged)

    # The journal

    def _load(self):
        try:
            with open(self._path, "rb") as file:
                whole = self._replay(file)
        except OSError:
            return  # The journal does not exist yet.
        if not whole:
            self._rewrite()  # Power failed in the last record; what is behind it would be lost.

    def _replay(self, file):
        # Returns whether the journal ends with a whole record.
        while True:
            head = file.read(_HEADER)
            if len(head) < _HEADER:
                return not head
            topic_size, size, crc = struct.unpack(_HEAD, head)
            if not topic_size:
                if crc != crc32(head[:4]) or size >= len(self._queue):
                    return False
                topic, payload, _ = self._queue.pop(size)
                self.size -= _HEADER + len(topic) + len(payload)
                continue
            topic, payload = file.read(topic_size), file.read(size)
            if crc != crc32(topic + payload):
                return False
            self._queue.append([topic, payload, None])
            self.size += _HEADER + topic_size + size

    def _append(self, topic, payload):
        self._write("ab", _record(topic, payload))

    def _note_done(self, at):
        if not self._path:
            return
        if not self._queue:
            self._write("wb", b"")
        elif os.stat(self._path)[6] > 2 * self._limit:
            self._rewrite()
        else:
            head = struct.pack("<HH", 0, at)
            self._write("ab", head + struct.pack("<I", crc32(head)))

    def _rewrite(self):
        path, new = self._path, self._path + ".new"
        try:
            with open(new, "wb") as file:
                for topic, payload, _ in self._queue:
                    file.write(_record(topic, payload))
            os.rename(new, path)
        except OSError as error:
            self._give_up(error)

    def _write(self, mode, data):
        if self._path:
            try:
                with open(self._path, mode) as file:
                    file.write(data)
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error):
        # A full or damaged vfs must not stop the messages.
        self._device._log("the outbox is in RAM only: %s: %s" % (self._path, error))
        self._path = ""


def _record(topic, payload):
    head = struct.pack(_HEAD, len(topic), len(payload), crc32(topic + payload))
    return head + topic + payload
