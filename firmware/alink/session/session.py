"""The online session: keep alive, subscribe, dispatch, notice the end of the link, come back.

`step()` is the engine. It blocks only for a connect, and returns how long the caller may wait
before the next one. The blocking face and the asyncio face of `Device` both drive it. `log_in`
begins and ends a session; it is loaded for that moment only.
"""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from time import ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..errors import TransportError, safely
from ..topics import find, shown

_PONG_MS = const(10000)  # Nothing received for this long after a PINGREQ: session is dead.
_FILTERS_A_PACKET = const(8)
_IN_FLIGHT = const(100)  # Messages that may wait for a PUBACK; `wrong_arguments` says so.
_MESSAGES_A_STEP = const(8)  # The caller feeds its watchdog and looks at its clock between two.
_LONGEST_MS = const(4500000)  # No wait is longer: what seems so is a tick count gone round.


class Session:
    """One device's session with the platform, across reconnects."""

    def __init__(self, way, device):
        """`way` is (endpoint, TLS context, identity, NTP hosts): (host, port); the context for
        it; the dict that `login_fields.login` takes; and the NtpHost of the certificate, for a
        clock that turns out to be wrong.

        Of a `device` it uses the settings keepalive, max_packet and feed, `_log`, `_routes` and
        `_hooks`. Routes are topics and filters (bytes), each subscribed in every session, to
        handlers that take (topic, payload). A handler gets None in place of a reply that is too
        long. Each hook is called as a session begins.
        """
        self.endpoint, self.tls, self.identity, self.ntp_host = way
        self.online = self.fresh = False
        self.duplicate = False  # Whether the current message came with DUP set.
        self.sessions = 0
        self.memory = None  # Of `backoff`.
        self.device, self.log = device, device._log
        self.default = None  # Takes (topic, payload) that no route does.
        self.waiting = {}
        self._client = self._pinged_at = None  # An MQTTClient, by `log_in.start`.
        self.due = None  # The ticks before which it does not connect again.

    def subscribe(self, *topics):
        """Ask for topics that are not in the routes yet, where there is a session."""
        if self.online:
            try:
                self.register(topics)
            except TransportError as error:
                self.lost(error)
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
            self.lost(error)
            raise
        if on_done and packet_id:
            self.waiting[packet_id] = on_done

    def step(self):
        """Do what is due; return the milliseconds after which there may be more to do.

        Raises RefusedError when the platform refuses the login: what then is the caller's policy.
        Raises MemoryError when the heap is short for a login; a later call tries again.
        """
        if not self.online:
            if self.due is not None:
                wait = ticks_diff(self.due, ticks_ms())
                if 0 < wait < _LONGEST_MS:
                    return wait
            wait = heap.call("session.log_in", "begin", self, ticks_ms)
            if wait:
                return wait
        try:
            if self.fresh:
                self.fresh = False
                heap.call("chip", "look", self)
                self.register(list(self.device._routes))
                for hook in self.device._hooks:
                    safely(self.log, "when_online", hook)
            more = self.receive()
            wait = self.idle(ticks_ms())
            return 0 if more else wait
        except Exception as error:
            # Bytes from a peer end at most this session, never the caller's loop.
            self.lost(error)
            return 0

    def wait(self, ms):
        """Wait up to `ms` for something to read; return at once when there is no session."""
        if self.online:
            self._client.connection.wait(ms)

    def close(self):
        """End the session in good order; never raises."""
        if self.online:
            try:
                self._client.write(b"\xe0\0")  # DISCONNECT.
            except TransportError:
                pass  # The peer learns it from the closed socket.
            self.discard()

    def discard(self):
        """End the session without a DISCONNECT: half a packet may have left, or come."""
        if self.online:
            self._client.connection.close()
            self.end()

    # Called by `log_in`

    def dial(self):
        """Return a fresh connection. Raises TransportError."""
        return heap.call("session.transport", "dial", self.endpoint, self.tls, self.device.feed)

    def acknowledged(self, packet_id, codes):
        """Call the handler of a QoS 1 publish; log refused filters of a subscribe."""
        handler = self.waiting.pop(packet_id, None)
        if callable(handler):
            safely(self.log, "on_done", handler, True)
        elif handler and codes and max(codes) & 0x80:
            heap.call("session.log_in", "refused", handler, codes, self.log)

    def register(self, filters):
        for at in range(0, len(filters), _FILTERS_A_PACKET):
            some = filters[at : at + _FILTERS_A_PACKET]
            self.waiting[self._client.subscribe(some)] = some

    def receive(self):
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
            handler = find(self.device._routes, topic) or self.default
            # A handler that waits for a reply gets None: the reply will not come.
            if handler and (payload is not None or topic.endswith(b"_reply")):
                safely(self.log, topic, handler, topic, payload)
            if not self.online:
                return False  # A handler closed us.
        return True

    def idle(self, now):
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
        ping_after = self.device.keepalive * 800  # 0.8 of it, in milliseconds.
        idle = max(ticks_diff(now, client.sent_at), ticks_diff(now, client.received_at))
        if idle >= ping_after:
            heap.call("chip", "look", self)
            client.write(b"\xc0\0")  # PINGREQ.
            self._pinged_at = now
            client.received_at = None
            return _PONG_MS
        return ping_after - idle

    def lost(self, error):
        if not self.online:
            return  # A handler has met the end already, or has closed us.
        self.discard()
        try:
            heap.call("session.log_in", "end", self, error, ticks_ms)
        except MemoryError:
            pass  # It has ended, but heap was too short to log it.

    def end(self):
        self.online = False
        handlers, self.waiting = self.waiting, {}
        for handler in handlers.values():
            if callable(handler):
                safely(self.log, "on_done", handler, False)
