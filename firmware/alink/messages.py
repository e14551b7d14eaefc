"""Requests, publications and subscriptions of a session, the same for every kind of device.

docs/reference/protocol.md, "TSL" and "Login".
"""

from . import heap


class Messages:
    """Requests, publications and subscriptions of one identity; `Device` is one of these."""

    def __init__(self):
        self.product_key = self.device_name = ""
        self.on_reply = self.thing = None
        self._calls = None
        self._link = None
        self._hooks = ()
        self._routes = {}  # Topic or filter, in bytes, to what takes (topic, payload).

    def online(self):
        """Return the number of this session, counted since power-up; 0 while offline."""
        return self._link.sessions if self._link and self._link.online else 0

    def post_properties(self, values, qos=0, on_reply=None):
        """Post {identifier: value}; see `request` (docs/reference/protocol.md, "TSL")."""
        return self.request("event/property/post", values, qos, on_reply)

    def request(self, what, params, qos=0, on_reply=None):
        """Send an Alink request on the topic `what` of the thing model; return its id (int).

        `on_reply(code, data, message)` is called with the platform's reply: code 200 is success,
        0 says that no reply came. Without it, `device.on_reply(id, code, message)` is called if it
        is set; else the reply is logged. False declines the reply. Raises TransportError when the
        device is not online.
        """
        if self._calls is None:
            self._calls = heap.load("calls", True).Calls(self._log)  # pyright: ignore[reportAttributeAccessIssue]
        return self._calls.request(self, what, params, qos, on_reply)

    def publish(self, topic, payload, qos=0, on_done=None):
        """Send bytes, or text as UTF-8, on a topic ("user/update", or a whole one that begins with
        a slash).

        At QoS 1 `on_done(True)` tells that the platform has it, False that the session ended
        first. Raises TransportError when the device is not online; TypeError or ValueError for a
        message that the platform does not take.
        """
        topic = self.topic(topic)
        if isinstance(payload, str):
            payload = payload.encode()
        if (
            not isinstance(payload, (bytes, bytearray, memoryview))
            or topic[0] != 0x2F
            or b"+" in topic
            or b"#" in topic
            or len(topic) > 128
            or len(payload) > 262144
            or (qos != 0 and qos != 1)  # noqa: PLR1714  A tuple would take heap.
            or (on_done and not callable(on_done))
            or self._link is None
        ):
            heap.call("wrong_arguments", "check_message", topic, payload, qos, on_done)
        self._link.publish(topic, payload, qos, on_done)  # pyright: ignore[reportAttributeAccessIssue]

    def subscribe(self, topic, handler):
        """Subscribe to a topic, or a filter with + and #; `handler(topic, payload)` gets bytes.

        It may be called before `connect`, and a subscription survives reconnects. An exception in
        a handler is logged. Returns the handler that it replaces, or None. Raises TypeError for
        a handler that cannot be called, or is async.
        """
        if type(handler) is not type(self.topic):  # The SDK's own are methods: no load for them.
            heap.call("wrong_names", "check_handler", None, "", "subscribe", handler)
        topic = self.topic(topic)
        former = self._routes.get(topic)
        self._routes[topic] = handler
        if self._link:
            self._link.subscribe(topic)
        return former

    def when_online(self, hook):
        """Call `hook()` as each session begins, and at once if the device is online."""
        self._hooks += (hook,)
        if self.online():
            hook()

    def is_duplicate(self):
        """Tell, inside a handler, whether the platform has sent this message before (DUP).

        At QoS 1 a message comes at least once: act on it again only where that does no harm.
        """
        return self._link.duplicate if self._link else False

    def topic(self, name):
        """Return a topic as bytes: this device's own ("user/...", "thing/..."), or as it is."""
        from .topics import whole

        return whole(name, self.product_key, self.device_name)

    def _hear_reply(self, topic, take):
        if topic not in self._routes:
            self.subscribe(topic, take)
