"""The online session: keep alive, subscribe, dispatch, notice the end of the link, come back.

`step()` is the engine. It blocks only for a connect, and returns how long the caller may wait
before the next one. The blocking face and the asyncio face of `Device` both drive it. `log_in`
begins and ends a session; it is loaded for that moment only.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..errors import TransportError, safely
from ..topics import find, shown

_PONG_MS = const(10000)  # Nothing received for this long after a PINGREQ: session is dead.
_FILTERS_A_PACKET = const(8)
_IN_FLIGHT = const(100)  # Messages that may wait for a PUBACK; `wrong_arguments` says so.
_MESSAGES_A_STEP = const(8)  # The caller feeds its watchdog and looks at its clock between two.
_SHORT_MS = const(10000)  # Until heap that was short may be there.
_LONGEST_MS = const(4500000)  # No wait is longer: what seems so is a tick count gone round.


class Session:
    """One device's session with the platform, across reconnects."""

    def __init__(self, way, keepalive, max_packet, routes, hooks, feed, log):
        """`way` is (endpoint, TLS context, identity, NTP hosts): (host, port); the context for
        it; the dict that `login_fields.login` takes; and the NtpHost of the certificate, for a
        clock that turns out to be wrong.

        `keepalive` is in seconds, `max_packet` in bytes; `routes` are topics and filters
        (bytes), each subscribed in every session, to handlers that take (topic, payload). A
        handler gets None in place of a reply that is too long.

        Each of `hooks` is called as a session begins, `feed()` while a connect waits.
        """
        self._endpoint, self._tls, self.identity, self.ntp_host = way
        self.online = self._greets = False
        self.duplicate = False  # Whether the current message came with DUP set.
        self.sessions = 0
        self.memory = None  # Of `backoff`.
        self.log = log
        self.keepalive, self.max_packet = keepalive, max_packet
        self.feed = feed
        self._routes, self._hooks = routes, hooks
        self.otherwise = None  # Takes (topic, payload) that no route does.
        self._handlers = {}
        self._client = self._pinged_at = None
        self.until = None  # The ticks before which it does not connect again.

    def subscribe(self, *topics):
        """Ask for topics that are not in the routes yet, where there is a session."""
        if self.online:
            try:
                self._subscribe(topics)
            except TransportError as error:
                self._lost(error)
                raise

    def publish(self, topic, payload, qos=0, on_done=None):
        """Send a message; `on_done(True)` tells that a QoS 1 one was acknowledged, False not.

        Raises TransportError when there is no session, when it ends here, and when 100 messages
        wait for their acknowledgment.
        """
        if not self.online or (qos and len(self._client.in_flight) >= _IN_FLIGHT):
            heap.call("wrong_arguments", "refuse_publish", self.online)
        try:
            packet_id = self._client.publish(topic, payload, qos)
        except TransportError as error:
            self._lost(error)
            raise
        if on_done and packet_id:
            self._handlers[packet_id] = on_done

    def step(self):
        """Do what is due; return the milliseconds after which there may be more to do.

        Raises RefusedError when the platform refuses the login: what then is the caller's policy.
        """
        if not self.online:
            if self.until is not None:
                wait = ticks_diff(self.until, ticks_ms())
                if 0 < wait < _LONGEST_MS:
                    return wait
            wait = self._begin()
            if wait:
                return wait
        try:
            if self._greets:
                self._greet()
            more = self._receive()
            wait = self._keep_alive(ticks_ms())
            return 0 if more else wait
        except Exception as error:
            # Bytes from a peer end at most this session, never the caller's loop.
            self._lost(error)
            return 0

    def wait(self, ms):
        """Wait up to `ms` for something to read; return at once when there is no session."""
        if self.online:
            self._client.connection.wait(ms)

    def close(self):
        """End the session in good order; never raises."""
        if self.online:
            self._client.disconnect()
            self._end()

    def discard(self):
        """End the session without a DISCONNECT: half a packet may have left, or come."""
        if self.online:
            self._client.connection.close()
            self._end()

    # Called by `log_in`

    def dial(self):
        """Return a fresh connection. Raises TransportError."""
        return heap.call("session.transport", "dial", self._endpoint, self._tls, self.feed)

    def began(self, client):
        """Go on with an MQTTClient that is logged in."""
        self._client = client
        self.online = self._greets = True
        self.sessions += 1
        self._pinged_at = None

    def acknowledged(self, packet_id, codes):
        """Call the handler of a QoS 1 publish; log refused filters of a subscribe."""
        handler = self._handlers.pop(packet_id, None)
        if callable(handler):
            safely(self.log, "on_done", handler, True)
        elif handler:
            for topic, code in zip(handler, codes):
                if code & 0x80:
                    self.log("the platform refused the subscription to %s" % shown(topic))

    def _begin(self):
        try:
            return heap.call("session.log_in", "begin", self, ticks_ms)
        except MemoryError:
            self.log("no session: heap is short; next try in %d s" % (_SHORT_MS // 1000))
            return _SHORT_MS

    def _greet(self):
        self._greets = False
        heap.call("chip", "look", self)
        self._subscribe(list(self._routes))
        for hook in self._hooks:
            safely(self.log, "when_online", hook)

    def _subscribe(self, filters):
        for at in range(0, len(filters), _FILTERS_A_PACKET):
            some = filters[at : at + _FILTERS_A_PACKET]
            self._handlers[self._client.subscribe(some)] = some

    def _receive(self):
        # Returns whether more may have arrived than one step handles.
        client = self._client
        for _ in range(_MESSAGES_A_STEP):
            message = client.receive()
            if not message:
                return False
            topic, payload = message
            if payload is None:
                self.log("message on %s is too long; it was dropped" % shown(topic))
            self.duplicate = client.duplicate
            handler = find(self._routes, topic) or self.otherwise
            # A handler that waits for a reply gets None: the reply will not come.
            if handler and (payload is not None or topic.endswith(b"_reply")):
                safely(self.log, topic, handler, topic, payload)
            if not self.online:
                return False  # A handler closed us.
        return True

    def _keep_alive(self, now):
        if not self.online:
            return 0
        client = self._client
        if self._pinged_at is not None:
            if client.received_at is not None:
                self._pinged_at = None
            elif ticks_diff(now, self._pinged_at) >= _PONG_MS:
                raise TransportError("no PINGRESP within %d s" % (_PONG_MS // 1000))
            else:
                return _PONG_MS - ticks_diff(now, self._pinged_at)
        # Only what we send resets the server's timer; only what we receive shows that it lives.
        ping_after = self.keepalive * 800  # 0.8 of it, in milliseconds.
        idle = max(ticks_diff(now, client.sent_at), ticks_diff(now, client.received_at))
        if idle >= ping_after:
            heap.call("chip", "look", self)
            client.ping()
            self._pinged_at = now
            client.received_at = None
            return _PONG_MS
        return ping_after - idle

    def _lost(self, error):
        if not self.online:
            return  # A handler has met the end already, or has closed us.
        self.discard()
        try:
            heap.call("session.log_in", "end", self, error, ticks_ms)
        except MemoryError:
            pass  # It has ended, but heap was too short to log it.

    def _end(self):
        self.online = False
        handlers, self._handlers = self._handlers, {}
        for handler in handlers.values():
            if callable(handler):
                safely(self.log, "on_done", handler, False)
