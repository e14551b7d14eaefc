"""Replies that do not come, or are too long for `max_packet` or the heap. Loaded for one."""

from time import ticks_diff, ticks_ms

from micropython import const

from alink.errors import TransportError

_OLD_MS = const(60000)  # No reply comes after this.


def end(calls, topic):
    """End each request that waits for a reply on this topic: code 0."""
    for number in list(calls.waiting):
        device, what, _, _ = calls.waiting[number]
        if device.topic("thing/" + what) + b"_reply" == topic:
            calls.reply(number, 0, None, "the reply is too long")


def make_room_for_one(calls):
    """Give up the oldest request if it is older than a minute, else raise TransportError."""
    number = min(calls.waiting)
    age = ticks_diff(ticks_ms(), calls.waiting[number][3])
    if 0 <= age < _OLD_MS:  # Negative after six days.
        raise TransportError(
            "%d requests wait for their reply; poll first, then send" % len(calls.waiting)
        )
    calls.reply(number, 0, None, "no reply came within %d s" % (_OLD_MS // 1000))
