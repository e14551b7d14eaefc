"""The Alink JSON envelope: id, version, method, params up; id, code, data down. Pure.

docs/protocol.md, section "TSL".
"""

import json

from .errors import ProtocolError


def request(message_id, what, params):
    """Return the bytes of a request; `what` is the topic's tail ("event/property/post")."""
    return json.dumps(
        {
            "id": str(message_id),
            "version": "1.0",
            "params": params,
            "method": "thing." + what.replace("/", "."),
        },
        separators=(",", ":"),
    ).encode()


def reply(payload):
    """Return (id as int, code, data, message) of a reply. Raises ProtocolError."""
    try:
        body = json.loads(payload)
        return int(body["id"]), int(body["code"]), body.get("data"), body.get("message", "")
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError("not an Alink reply: %r" % error)
