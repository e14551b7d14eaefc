"""A file of an update over the session itself: asked for and answered, part by part.

docs/reference/protocol.md, "OTA". No second TLS connection: for boards that are short of memory.
"""

import json
import struct

from micropython import const

from .. import heap
from ..errors import ProtocolError, RefusedError, TransportError

compact = heap.load("envelope", True).compact

crc16 = heap.load("crc16")

_PART = const(1024)  # An answer takes heap for itself twice, each time in one piece.
_LEAST = const(256)  # The smallest part of the platform. Only the last one may be shorter.
_TRIES = const(5)
_ANSWER_MS = const(10000)
_SLICE_MS = const(50)
_OFFLINE_MS = const(1000)
_TOPIC = "thing/file/download"


def fetch(ota, fetched):
    """Yield the milliseconds to wait. Raises TransportError, ProtocolError or RefusedError."""
    device = ota.device
    came = []
    size = _PART
    answers = device.topic(_TOPIC + "_reply")

    def take(topic, payload):
        came.append(payload)  # None if heap was short for it.
        ota.wake()

    while answers in device._routes:
        yield _OFFLINE_MS  # The file of another module: an answer does not say whose it is.
    tries = 0
    try:
        while fetched.have < fetched.size:
            if tries == _TRIES:
                raise TransportError("no part at byte %d in %d tries" % (fetched.have, tries))
            tries += 1
            part, waited = None, 0
            try:
                if answers not in device._routes:
                    device.subscribe(answers, take)
                _ask(ota, fetched, size)
                while not came and waited < _ANSWER_MS << tries - 1 and device.online():
                    yield _SLICE_MS
                    waited += _SLICE_MS
                while came:
                    payload = came.pop(0)
                    if payload is None and size > _LEAST:
                        size //= 2
                        continue
                    if payload is None:
                        yield _ANSWER_MS << tries - 1  # It may be short for this moment only.
                        continue
                    part = part_of(payload, fetched.have)
                    if part:
                        fetched.take(part)
                        tries = 0
            except TransportError:
                tries -= 1
                yield _OFFLINE_MS  # The next session goes on.
            except MemoryError:
                yield _OFFLINE_MS  # It may be short for this moment only.
    finally:
        device._routes.pop(answers, None)


def _ask(ota, fetched, size):
    offer, at = ota.offer, fetched.have
    params = {
        "fileToken": "alink",
        "fileInfo": {"streamId": offer["streamId"], "fileId": offer["streamFileId"]},
        "fileBlock": {"size": min(size, fetched.size - at), "offset": at},
    }
    body = {"id": str(at), "version": "1.0", "params": params}
    ota.device.publish(_TOPIC, compact(body))


def part_of(payload, offset):
    """Return the bytes of an answer; b"" where they are damaged, or not those at `offset`.

    Raises RefusedError with the platform's code, ProtocolError if the payload is malformed.
    """
    try:
        end = 2 + (payload[0] << 8 | payload[1])
        head = json.loads(payload[2:end])
        code, data = int(head["code"]), head.get("data") or {}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ProtocolError("not a part of a file: %r" % error)
    if code != 200:
        raise RefusedError(code, "the platform refuses a part: %d %s" % (code, head.get("msg")))
    part = memoryview(payload)[end:-2]
    if data.get("bOffset") != offset or data.get("bSize") != len(part):
        return b""
    return part if struct.unpack("<H", payload[-2:])[0] == crc16.crc(part) else b""
