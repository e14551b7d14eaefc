"""connection.py: a packet leaves whole, or within its deadline not at all."""

from alink.errors import TransportError
from alink.session import connection
from check import raises


class Peer(connection.Connection):
    """A connection with its own clock; its socket takes the byte counts of `takes`, in order."""

    def __init__(self, takes, written=True):
        self.peer = "peer:1"
        self.written = written
        self.takes = takes
        self.taken = b""
        self.waits = []
        self.now = 0
        connection.ticks_ms = lambda: self.now
        self.end = 3000
        self.sock = self

    def write(self, view):
        count = self.takes.pop(0) if self.takes else None
        if count:
            self.taken += bytes(view[:count])
        return count

    def wait(self, ms, write=False):
        self.waits.append(ms)
        self.now += 4000 if self.takes else max(ms, 0)
        return bool(self.takes) and ms > 0


def test_immediate_send_does_not_wait():
    peer = Peer([6])
    peer.send(memoryview(b"packet"))
    assert peer.taken == b"packet"
    assert peer.waits == []


def test_a_packet_leaves_in_parts():
    peer = Peer([2, None, 3, 1])
    peer.send(memoryview(b"packet"))
    assert peer.taken == b"packet"
    assert peer.waits == [10000]


def test_trickling_peer_still_ends_at_the_deadline():
    peer = Peer([1, None, 1, None, 1, None, 1, None, 1, None, 1])
    raises(TransportError, peer.send, memoryview(b"packet"))
    assert peer.waits == [10000, 6000, 2000, -2000]


def test_first_packet_uses_the_rest_of_connect_time():
    peer = Peer([None], written=False)
    raises(TransportError, peer.send, memoryview(b"packet"))
    assert peer.waits == [3000]
    assert not peer.written
