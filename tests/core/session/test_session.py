"""session.py on a clock the test drives: keepalive, dead links, reconnects, subscriptions."""

import fakes
from alink import heap
from alink.errors import RefusedError, TransportError, VerifyError
from alink.session import mqtt, session
from check import raises

IDENTITY = {
    "ProductKey": b"pk",
    "DeviceName": b"dn",
    "ClientID": b"c",
    "DeviceToken": b"t",
}
SUBACK = b"\x90\x03\x00\x01\x01"


class Owner:
    """The part of a `Device` that a session uses."""

    max_packet = 1024
    feed = None

    def __init__(self, world, keepalive):
        self.keepalive = keepalive
        self._routes, self._hooks, self._log = world.routes, world.hooks, world.log.append


class World:
    """A link whose clock and connections the test owns."""

    def __init__(self, keepalive=60, connack=fakes.CONNACK):
        self.now = 0
        self.connack = connack
        self.connections = []
        self.messages = []
        self.log = []
        self.down = False
        self.shortages = 0
        session.ticks_ms = mqtt.ticks_ms = lambda: self.now
        self.hooks = []
        self.routes = {b"a": self.on_message}
        way = ("iot.example", 8883), None, IDENTITY, None
        self.link = session.Session(way, Owner(self, keepalive))
        self.link.dial = self.dial

    def dial(self):
        if self.down:
            raise TransportError("no address found for iot.example")
        connection = fakes.Connection()
        connection.answers = {0x10: self.connack, 0x82: SUBACK, 0xC0: b"\xd0\x00"}
        self.connections.append(connection)
        return connection

    def on_message(self, topic, payload):
        self.messages.append((topic, payload))

    def sent(self):
        return [packet[0] for packet in self.connections[-1].sent]

    def run(self, seconds):
        """Let the clock go on, in the steps that the link itself asks for."""
        end = self.now + int(seconds * 1000 + 0.5)  # Floats of 32 bits are coarse.
        while True:
            try:
                wait = self.link.step()
            except MemoryError:
                self.shortages += 1
                wait = 10000  # As `Device` waits.
            if self.now + wait > end:
                self.now = end
                return
            self.now += max(wait, 1)


def test_the_first_step_connects_and_subscribes():
    world = World()
    world.link.step()
    assert world.link.online
    assert world.sent() == [0x10, 0x82]
    assert world.connections[0].sent[1] == b"\x82\x06\x00\x01\x00\x01a\x01"


def test_pingreq_is_due_after_four_fifths_of_keepalive():
    world = World()
    world.run(47.9)
    assert world.sent() == [0x10, 0x82]
    world.run(0.2)
    assert world.sent() == [0x10, 0x82, 0xC0]


def test_incoming_messages_do_not_postpone_the_pingreq():
    world = World()
    world.run(30)
    world.connections[0].incoming = fakes.publish(b"a", b"m")
    world.run(18.1)
    assert world.messages == [(b"a", b"m")]
    assert world.sent() == [0x10, 0x82, 0xC0]


def test_replied_sends_postpone_the_pingreq():
    world = World()
    world.run(30)
    world.link.publish(b"t", b"m")
    world.connections[0].incoming = fakes.publish(b"t", b"reply")
    world.run(47)
    assert 0xC0 not in world.sent()
    world.run(2)
    assert 0xC0 in world.sent()


def test_an_answered_ping_keeps_the_link():
    world = World()
    world.run(600)
    assert world.link.online
    assert len(world.connections) == 1
    assert world.sent().count(0xC0) == 12


def test_unanswered_ping_ends_session_after_ten_seconds():
    world = World()
    world.link.step()
    world.connections[0].answers = {}
    world.run(57.9)
    assert world.link.online
    world.run(0.2)
    assert not world.link.online
    assert world.connections[0].closed
    assert [line for line in world.log if "no PINGRESP" in line]


def test_posting_into_a_dead_link_is_noticed_too():
    world = World()
    world.link.step()
    world.connections[0].answers = {}
    world.down = True
    for _ in range(6):
        world.run(10)
        if world.link.online:
            world.link.publish(b"t", b"m")
    assert not world.link.online


def test_a_lost_link_comes_back_and_subscribes_again():
    world = World()
    world.run(100)
    world.connections[0].error = TransportError("closed")
    world.run(5)
    assert world.link.online
    assert len(world.connections) == 2
    assert world.sent() == [0x10, 0x82]
    assert world.link.sessions == 2


def test_hour_long_outage_is_retried_with_growing_waits():
    world = World()
    world.run(100)
    world.down = True
    world.connections[0].error = TransportError("closed")
    world.run(3600)
    tries = len([line for line in world.log if line.startswith("no connection")])
    assert 10 <= tries <= 30, tries
    world.down = False
    world.run(400)
    assert world.link.online


def test_never_more_than_five_connects_in_any_minute():
    world = World(connack=b"")
    dials = []
    dial = world.dial

    def counted():
        dials.append(world.now)
        return dial()

    world.link.dial = counted
    world.run(1800)
    for start in dials:
        assert len([at for at in dials if start <= at < start + 60000]) <= 5


def test_sessions_that_push_each_other_out_are_recognised():
    world = World()
    for _ in range(3):
        world.run(5)
        while not world.link.online:
            world.run(1)
        world.connections[-1].error = TransportError("closed")
        world.link.step()
    assert [line for line in world.log if "second board with the same DeviceName" in line]
    before = len(world.connections)
    world.run(44)  # A minute less a quarter, and not quite.
    assert len(world.connections) == before
    world.run(32)
    assert len(world.connections) == before + 1


def test_refused_login_raises_its_code_and_waits():
    world = World(connack=b"\x20\x02\x00\x04")
    error = raises(RefusedError, world.link.step)
    assert error.code == 4
    assert not world.link.online
    assert world.connections[0].closed
    assert world.link.step() > 20000


def test_qos_1_publish_ends_acknowledged_or_failed():
    world = World()
    world.link.step()
    world.link.step()
    ended = []
    world.connections[0].answers[0x32] = b"\x40\x02\x00\x02"
    world.link.publish(b"t", b"m", 1, ended.append)
    assert ended == []
    world.link.step()
    assert ended == [True]
    world.connections[0].answers.pop(0x32)
    world.link.publish(b"t", b"m", 1, ended.append)
    world.connections[0].error = TransportError("closed")
    world.link.step()
    assert ended == [True, False]


def test_at_most_100_messages_await_acknowledgment():
    world = World()
    world.link.step()
    world.link.step()
    for _ in range(100):
        world.link.publish(b"t", b"m", 1)
    error = raises(TransportError, world.link.publish, b"t", b"m", 1)
    assert "100 messages wait" in str(error)
    world.link.publish(b"t", b"m", 0)
    world.connections[0].incoming = b"\x40\x02\x00\x05"
    world.link.step()
    world.link.publish(b"t", b"m", 1)
    assert world.link.online


def test_refused_subscription_is_logged():
    world = World()
    dial = world.dial

    def refusing():
        connection = dial()
        connection.answers[0x82] = b"\x90\x03\x00\x01\x80"
        return connection

    world.link.dial = refusing
    world.link.step()
    assert world.log[-1] == "the platform refused the subscription to a"


def test_publishing_while_offline_says_so():
    world = World()
    raises(TransportError, world.link.publish, b"t", b"m")


def test_a_handler_may_publish_from_inside():
    world = World()
    world.link.step()
    answered = []

    def handler(topic, payload):
        answered.append(world.link.publish(b"r", payload, 1))

    world.routes[b"a"] = handler
    world.connections[0].incoming = fakes.publish(b"a", b"1") + fakes.publish(b"a", b"2")
    world.link.step()
    assert len(answered) == 2
    assert world.sent() == [0x10, 0x82, 0x32, 0x32]


def test_wait_that_ended_days_ago_blocks_nothing():
    world = World()
    for _ in range(5):
        world.link.step()
        world.link.close()
    assert world.link.step() > 50000, "five connects in a minute"
    world.now += 700000000  # Enough for the difference of ticks to change its sign.
    world.link.step()
    assert world.link.online


def test_answer_to_subscribe_without_codes_is_ignored():
    for answer in (b"\x90\x02\x00\x01", b"\x40\x02\x00\x01"):
        world = World()
        world.link.step()
        connection = world.connections[0]
        world.link._client.in_flight.add(1)
        world.link.waiting[1] = [b"a"]
        connection.incoming += answer
        world.link.step()
        assert world.link.online, world.log


def test_close_never_raises():
    world = World()
    world.link.step()

    def send(view):
        raise TransportError("gone")

    world.connections[0].send = send
    world.link.close()
    assert world.connections[0].closed and not world.link.online


def test_close_says_disconnect():
    world = World()
    world.link.step()
    connection = world.connections[0]
    world.link.close()
    assert connection.sent[-1] == b"\xe0\x00"
    assert not world.link.online


def test_exact_route_is_preferred_to_a_filter():
    world = World()
    taken = []
    world.routes[b"a/#"] = lambda topic, payload: taken.append(("#", topic))
    world.routes[b"a/+/c"] = lambda topic, payload: taken.append(("+", topic))
    world.routes[b"a/b"] = lambda topic, payload: taken.append(("b", topic))
    world.link.step()
    for topic in (b"a/b", b"a/x/y/z", b"other"):
        world.connections[0].incoming += fakes.publish(topic, b"m")
    world.link.step()
    assert taken == [("b", b"a/b"), ("#", b"a/x/y/z")]


def test_handler_error_is_logged_and_session_continues():
    world = World()

    def wrong(topic, payload):
        raise KeyError("led")

    world.routes[b"a"] = wrong
    world.link.step()
    world.connections[0].incoming = fakes.publish(b"a", b"m")
    world.link.step()
    assert world.link.online
    assert [line for line in world.log if "the handler of a failed: KeyError" in line]


def test_hooks_run_as_each_session_begins():
    world = World()
    begun = []
    world.hooks += [lambda: 1 / 0, lambda: begun.append(world.link.sessions)]
    world.run(100)
    world.connections[0].error = TransportError("closed")
    world.run(5)
    assert begun == [1, 2]
    assert [line for line in world.log if "when_online failed: ZeroDivisionError" in line]


def test_a_message_that_was_sent_before_is_marked():
    world = World()
    marked = []
    world.routes[b"a"] = lambda topic, payload: marked.append(world.link.duplicate)
    world.link.step()
    plain = fakes.publish(b"a", b"m")
    world.connections[0].incoming = plain + bytes((plain[0] | 0x08,)) + plain[1:] + plain
    world.link.step()
    assert marked == [False, True, False]


def test_session_ended_inside_a_hook_ends_once():
    world = World()

    def into_the_void(*_):
        connection = world.connections[-1]
        connection.send = connection.readinto = lambda view: raises_closed()
        raises(TransportError, world.link.publish, b"t", b"m", 1)

    def raises_closed():
        raise TransportError("closed")

    world.hooks.append(into_the_void)
    world.run(40)
    ends = [line for line in world.log if line == "offline: closed"]
    assert len(ends) == world.link.sessions == 3
    pushed_out = "another session with this identity keeps pushing this one out"
    told = [at for at, line in enumerate(world.log) if line.startswith(pushed_out)]
    assert told == [len(world.log) - 1]  # After the third, not before.
    world.hooks.clear()
    world.run(1000)
    world.routes[b"a"] = into_the_void
    before = world.link.sessions
    world.connections[-1].incoming = fakes.publish(b"a", b"m")
    world.run(1)
    assert len([line for line in world.log if line == "offline: closed"]) == len(ends) + 1
    assert world.link.sessions == before


def test_slow_handlers_do_not_end_the_session():
    world = World()

    def slow(topic, payload):
        world.now += 5000

    world.routes[b"a"] = slow
    world.link.step()
    world.now = 48000
    world.link.step()
    assert world.sent()[-1] == 0xC0
    connection = world.connections[0]
    connection.incoming = fakes.publish(b"a", b"m") * 3 + connection.incoming
    world.link.step()
    assert world.now == 63000
    world.run(30)
    assert world.link.online and len(world.connections) == 1


def test_only_reply_handlers_learn_of_oversized_messages():
    world = World()
    world.routes[b"x/get_reply"] = world.on_message
    world.link.step()
    for topic in (b"a", b"x/get_reply"):
        world.connections[0].incoming += fakes.publish(topic, b"x" * 1500)
    world.connections[0].incoming += fakes.publish(b"a", b"after")
    world.link.step()
    assert sorted(world.messages, key=str) == [(b"a", b"after"), (b"x/get_reply", None)]
    assert "message on a is too long; it was dropped" in world.log
    assert world.link.online


def test_message_without_heap_is_dropped_alone():
    world = World()
    world.link.step()

    def short(what):
        if len(what) == 200:
            raise MemoryError
        return bytes(what)

    world.connections[0].incoming += fakes.publish(b"a", b"x" * 200) + fakes.publish(b"a", b"next")
    mqtt.bytes = short  # In place of the built-in one.
    try:
        world.link.step()
    finally:
        del mqtt.bytes
    assert world.messages == [(b"a", b"next")]
    assert "message on a is too long; it was dropped" in world.log


def test_failing_on_done_does_not_end_the_session():
    world = World()
    world.link.step()
    world.link.step()

    def wrong(arrived):
        raise KeyError("led")

    world.connections[0].answers[0x32] = b"\x40\x02\x00\x02"
    world.link.publish(b"t", b"m", 1, wrong)
    world.link.step()
    assert world.link.online
    assert "the handler of on_done failed: KeyError('led'" in world.log[-1]
    world.connections[0].answers.pop(0x32)
    ended = []
    world.link.publish(b"t", b"m", 1, wrong)
    world.link.publish(b"t", b"m", 1, ended.append)
    world.connections[0].error = TransportError("closed")
    world.link.step()
    assert ended == [False]
    assert not world.link.online


def test_subscribe_on_broken_connection_ends_the_session():
    world = World()
    world.link.step()

    def broken(view):
        raise TransportError("takes no bytes")

    world.connections[0].send = broken
    raises(TransportError, world.link.subscribe, b"b")
    assert not world.link.online
    assert "offline: takes no bytes" in world.log


def test_publish_without_heap_leaves_other_messages_intact():
    world = World()
    world.link.step()
    world.link.step()
    client = world.link._client

    def short(what):
        raise MemoryError("short")

    waiting = set(client.in_flight)
    mqtt.bytearray = short  # In place of the built-in one.
    try:
        raises(MemoryError, world.link.publish, b"t", b"lost", 1)
    finally:
        del mqtt.bytearray
    assert client.in_flight == waiting
    world.link.publish(b"t", b"m")
    assert world.connections[0].sent[-1] == b"\x30\x04\x00\x01tm"


def _short_once(world):
    # The next dial finds no heap.
    usual = world.link.dial

    def dial():
        world.link.dial = usual
        raise MemoryError("short")

    world.link.dial = dial


def test_session_waits_for_short_heap_and_retries():
    world = World()
    world.link.step()
    world.connections[0].error = TransportError("lost")
    _short_once(world)
    world.run(60)
    assert world.shortages == 1
    assert world.link.online and len(world.connections) == 2


def test_short_heap_at_first_session_costs_a_wait():
    world = World()
    _short_once(world)
    raises(MemoryError, world.link.step)
    world.run(60)
    assert world.link.online and len(world.connections) == 1


def test_short_heap_before_login_costs_a_wait():
    world = World()
    world.link.step()
    world.connections[0].error = TransportError("lost")
    usual, tries = heap.load, []

    def short(name, stays=False):
        if name == "session.log_in":
            tries.append(name)
            raise MemoryError
        return usual(name, stays)

    heap.load = short
    try:
        world.run(5)
    finally:
        heap.load = usual
    assert tries and world.shortages
    world.run(60)
    assert world.link.online


def test_refused_dates_ask_for_the_time_again():
    from alink.boot import clock

    def failing(error):
        def dial():
            raise error

        return dial

    world, asked = World(), []
    refused = VerifyError("the certificate has expired")
    refused.dates = True
    usual, clock.ask_time = clock.ask_time, lambda host, feed, log: asked.append(host)
    world.link.ntp_host = b"ntp.example"
    world.link.dial = failing(refused)
    try:
        assert world.link.step() > 0
        assert asked == [b"ntp.example"]
        world.link.dial = failing(TransportError("lost"))
        world.run(60)
    finally:
        clock.ask_time = usual
    assert len(asked) == 1


def test_undecodable_topic_does_not_end_the_loop():
    world = World()
    world.link.step()
    bad = b"\xff\xfe"
    world.routes[bad] = _failing
    world.connections[0].incoming = (
        fakes.publish(bad, b"m") + fakes.publish(bad, bytes(2000)) + fakes.publish(b"a", b"after")
    )
    world.link.step()
    assert world.messages == [(b"a", b"after")]
    assert [line for line in world.log if line.startswith("message on b'")]
    assert [line for line in world.log if line.startswith("the handler of b'")]


def test_unexpected_error_ends_the_session_only():
    for error in (ValueError("x"), TypeError(), KeyError("k"), OSError(5), UnicodeError()):
        world = World()
        world.link.step()
        world.connections[0].error = error
        world.run(60)
        assert world.link.online and len(world.connections) == 2
        assert [line for line in world.log if line.startswith("offline: ")]


def test_one_step_handles_a_bounded_number_of_messages():
    world = World()
    world.link.step()
    world.connections[0].incoming = fakes.publish(b"a", b"m") * 20
    assert world.link.step() == 0
    assert len(world.messages) == 8
    assert world.link.step() == 0
    assert world.link.step() > 0
    assert len(world.messages) == 20


def test_wrong_payload_type_leaves_the_stream_clean():
    world = World()
    world.link.step()
    for payload in ("text", 5, None, [1], {}):
        try:
            world.link.publish(b"t", payload, 1)
        except Exception:
            pass
    sent = len(world.connections[0].sent)
    world.link.publish(b"t", b"whole")
    assert world.connections[0].sent[-1] == b"\x30\x08\x00\x01twhole"
    assert len(world.connections[0].sent) >= sent + 1
    world.run(100)
    assert world.link.online and len(world.connections) == 1


def test_interrupted_write_closes_the_connection():
    world = World()
    world.link.step()

    def send(view):
        raise KeyboardInterrupt

    world.connections[0].send = send
    raises(KeyboardInterrupt, world.link.publish, b"t", b"m")
    assert world.connections[0].closed


def _failing(topic, payload):
    raise RuntimeError("handler")


def test_session_without_heap_ends_and_another_begins():
    world = World(keepalive=60)
    world.link.step()
    world.link.step()

    def short(packet):
        raise MemoryError("short")

    world.link._client.write = short
    world.run(48)
    assert "offline: short" in world.log
    world.run(60)
    assert world.link.online and len(world.connections) == 2


def test_session_end_without_heap_still_ends_it():
    world = World()
    world.link.step()
    world.link.step()
    usual = world.link.log

    def log(text):
        if text.startswith("offline"):
            raise MemoryError("short")
        usual(text)

    world.link.log = log
    world.connections[0].error = TransportError("lost")
    world.run(60)
    assert world.link.online and len(world.connections) == 2
