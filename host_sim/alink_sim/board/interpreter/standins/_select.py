# `select.select` of an ESP32.
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, poll

import _board

_board.release(1)


def select(readers, writers, failing, timeout=None):
    # Wait `timeout` seconds; return the three lists of the streams that are ready.
    wanted = poll()
    events = {}
    for streams, event in ((readers, POLLIN), (writers, POLLOUT), (failing, 0)):
        for stream in streams:
            events[id(stream)] = stream, events.get(id(stream), (stream, 0))[1] | event
    for stream, event in events.values():
        wanted.register(stream, event)
    ready = {
        id(one[0]): one[1] for one in wanted.poll(-1 if timeout is None else int(timeout * 1000))
    }

    def of(streams, event):
        return [stream for stream in streams if ready.get(id(stream), 0) & event]

    return (
        of(readers, POLLIN | POLLHUP | POLLERR),
        of(writers, POLLOUT | POLLERR),
        of(failing, POLLERR),
    )
