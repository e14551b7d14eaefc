"""A reply that is too long for `max_packet`, or for the heap. Loaded for one such reply."""

from . import heap


def end(calls, topic):
    """End each request that waits for a reply on this topic: code 0."""
    for number in list(calls.waiting):
        device, what, _ = calls.waiting[number]
        if device.topic("thing/" + what) + b"_reply" == topic:
            calls.reply(number, 0, None, "the reply is too long")
    heap.unload("lost_replies")
