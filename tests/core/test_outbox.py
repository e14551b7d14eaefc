"""outbox.py: bounded, in order, at least once; the journal survives a cut at every byte."""

import os

from alink.errors import AlinkError, TransportError
from alink.outbox import Outbox
from check import raises

PATH = "outbox.tmp"


class Device:
    """A fake device for an outbox; `acknowledge` plays the platform."""

    def __init__(self):
        self.session = 0
        self.sent = []
        self.hooks = []
        self.log = []
        self.fails = False
        self.thing = None

    def online(self):
        return self.session

    def when_online(self, hook):
        self.hooks.append(hook)

    def topic(self, name):
        return name.encode()

    def publish(self, topic, payload, qos, on_done):
        if self.fails:
            self.session = 0
            raise TransportError("lost")
        assert qos == 1
        self.sent.append((payload, on_done))

    def begin(self, session):
        self.session = session
        self.sent = []
        for hook in self.hooks:
            hook()

    def end(self):
        self.session = 0
        for _, on_done in self.sent:
            on_done(False)

    def acknowledge(self):
        self.sent.pop(0)[1](True)

    def payloads(self):
        return [payload for payload, _ in self.sent]

    def _log(self, line):
        self.log.append(line)


def _no_file():
    try:
        os.remove(PATH)
    except OSError:
        pass


def test_offline_messages_leave_in_order_four_at_once():
    device = Device()
    outbox = Outbox(device)
    for number in range(6):
        outbox.put("/", b"%d" % number)
    assert device.sent == []
    device.begin(1)
    assert device.payloads() == [b"0", b"1", b"2", b"3"]
    device.acknowledge()
    assert device.payloads() == [b"1", b"2", b"3", b"4"]


def test_acknowledged_message_frees_its_space():
    device = Device()
    outbox = Outbox(device)
    ended = []
    outbox.put("/", b"x", ended.append)
    assert outbox.size == 10
    device.begin(1)
    device.acknowledge()
    assert ended == [True]
    assert (len(outbox), outbox.size) == (0, 0)


def test_unacknowledged_messages_are_sent_in_next_session():
    device = Device()
    outbox = Outbox(device)
    for number in range(3):
        outbox.put("/", b"%d" % number)
    device.begin(1)
    device.acknowledge()
    late = device.sent[0][1]
    device.end()
    device.begin(2)
    assert device.payloads() == [b"1", b"2"]
    late(True)  # Of the session that has ended: not of this message in this one.
    assert len(outbox) == 2


def test_publish_on_lost_session_is_retried():
    device = Device()
    outbox = Outbox(device)
    device.begin(1)
    device.fails = True
    outbox.put("/", b"x")
    device.fails = False
    device.begin(2)
    assert device.payloads() == [b"x"]


def test_full_outbox_raises_and_keeps_its_messages():
    outbox = Outbox(Device(), limit=25)
    outbox.put("/", b"a")
    outbox.put("/", b"b")
    assert "no room for 10 bytes: 20 of 25" in str(raises(AlinkError, outbox.put, "/", b"c"))
    assert (len(outbox), outbox.dropped) == (2, 0)


def test_drop_discards_the_oldest_waiting_message():
    device = Device()
    outbox = Outbox(device, limit=50, drop=True)
    ended = []
    for name in (b"a", b"b", b"c", b"d", b"e"):
        outbox.put("/", name, lambda ok, name=name: ended.append((name, ok)))
    device.begin(1)
    outbox.put("/", b"f")
    assert ended == [(b"e", False)]
    assert outbox.dropped == 1
    device.end()
    device.begin(2)
    device.acknowledge()
    assert device.payloads() == [b"b", b"c", b"d", b"f"]


def test_message_larger_than_outbox_is_always_refused():
    outbox = Outbox(Device(), limit=20, drop=True)
    outbox.put("/", b"a")
    raises(AlinkError, outbox.put, "/", bytes(12))
    assert len(outbox) == 1


def test_journal_restores_the_queue_after_reset():
    _no_file()
    device = Device()
    outbox = Outbox(device, path=PATH)
    for number in range(6):
        outbox.put("/", b"%d" % number)
    device.begin(1)
    device.acknowledge()
    device.acknowledge()
    again = Outbox(device, path=PATH)
    assert [payload for _, payload, _ in again._queue] == [b"2", b"3", b"4", b"5"]
    assert again.size == 40
    _no_file()


def test_journal_cut_anywhere_loses_only_last_record():
    _no_file()
    outbox = Outbox(Device(), path=PATH)
    for number in range(3):
        outbox.put("/", b"%d" % number)
    with open(PATH, "rb") as file:
        whole = file.read()
    for end in range(len(whole)):
        with open(PATH, "wb") as file:
            file.write(whole[:end])
        cut = Outbox(Device(), path=PATH)
        assert len(cut) == end // 10, end
        cut.put("/", b"next")
        assert len(Outbox(Device(), path=PATH)) == end // 10 + 1, end
    _no_file()


def test_journal_size_stays_bounded():
    _no_file()
    device = Device()
    outbox = Outbox(device, limit=100, path=PATH)
    device.begin(1)
    for number in range(3):
        outbox.put("/", b"%d" % number)
    for number in range(100):
        outbox.put("/", b"%d" % number)
        device.acknowledge()
        assert os.stat(PATH)[6] <= 220
    while device.sent:
        device.acknowledge()
    assert os.stat(PATH)[6] == 0
    _no_file()


def test_unwritable_vfs_is_logged_once_and_messages_continue():
    device = Device()
    outbox = Outbox(device, path="nowhere/outbox")
    outbox.put("/", b"a")
    outbox.put("/", b"b")
    assert len(device.log) == 1 and "in RAM only: nowhere/outbox" in device.log[0]
    device.begin(1)
    assert device.payloads() == [b"a", b"b"]
