"""A reply that is too long to be received, for `max_packet` or for the heap: loaded for one."""

from . import heap


def end(calls, topic):
    """Tell whoever waits for a reply on a topic that it will not come."""
    for number in list(calls.waiting):
        device, what, _ = calls.waiting[number]
        if device.topic("thing/" + what) + b"_reply" == topic:
            calls.reply(number, 0, None, "the reply is too long")
    heap.unload("missed")
