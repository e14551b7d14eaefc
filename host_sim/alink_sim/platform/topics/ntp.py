"""The time by MQTT: a device's own stamp comes back beside ours.

docs/reference/protocol.md, "NTP".
"""

from __future__ import annotations

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform.compact import compact


def reply(payload: bytes, *, now: float) -> bytes | None:
    """Return the reply to a request at `now` (seconds since 1970); None if it is not a request.

    Every number is a string of milliseconds: the SDKs in the field read no other.
    """
    try:
        sent = bounded_json.loads(payload)["deviceSendTime"]
    except (JsonError, TypeError, KeyError):
        return None
    stamp = str(round(now * 1000))
    return compact({"deviceSendTime": str(sent), "serverRecvTime": stamp, "serverSendTime": stamp})
