"""The Alink JSON envelope: id, version, method, params up; id, code, data down.

docs/reference/protocol.md, "TSL".
"""

import json

from alink import heap
from alink.errors import ProtocolError


def request(number, what, params, ack=1):
    """Return the bytes of a request; `what` is the topic's tail ("event/property/post").

    `ack` 0 asks the platform not to reply; no document says what it does without one. Raises
    TypeError or ValueError for what JSON cannot hold, or a property cannot be.
    """
    try:
        total = sum(params.values())
        if total - total:  # One of them is not finite.
            raise ValueError
    except Exception:  # Most programs send numbers only: no more than that is resident.
        heap.call("values", "check", what, params)
    body = {
        "id": str(number),
        "version": "1.0",
        "sys": {"ack": ack},
        "params": params,
        "method": "thing." + what.replace("/", "."),
    }
    return compact(body)


def compact(body):
    """Return the bytes of JSON without a blank."""
    return json.dumps(body, separators=(",", ":")).encode()


def reply(payload):
    """Return (id as int, code, data, message) of a reply. Raises ProtocolError."""
    try:
        body = json.loads(payload)
        return int(body["id"]), int(body["code"]), body.get("data"), body.get("message", "")
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("not an Alink reply: %r" % error)
