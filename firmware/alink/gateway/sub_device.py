"""A sub-device of a gateway: what a `Device` sends and hears, over the gateway's connection.

docs/how-to/gateway.md. `Thing`, `Shadow`, `report` and the like take one as they take a `Device`.
"""

from micropython import const

from ..errors import RefusedError, TransportError
from ..messages import Messages
from ..topics import find

_EVERY = const("+")  # For a DeviceName: every sub-device of the product, one handler for all.

# Subscribed for each sub-device that is online; the topics of other replies with their first
# request. `thing/disable` and the like are not subscribed: `thing/topo/change` tells the gateway.
REPLIES = "thing/event/+/post_reply"


class SubDevice(Messages):
    """One sub-device, made by its `Gateway`; or all sub-devices of a product.

    Of all of a product, `device_name` is, inside a handler, the one that the message is about.
    """

    def __init__(self, gateway, product_key, device_name):
        super().__init__()
        self.product_key, self.device_name = product_key, device_name
        self.gateway = gateway
        self._calls = gateway.replies()

    def online(self):
        """Return the number of the gateway's session in which this one is logged in, or 0."""
        return self.gateway.session_of(self.product_key, self.device_name)

    def connect(self):
        """Become online, and wait for it. Raises RefusedError when the platform refuses."""
        gateway = self.gateway
        gateway.add(self.product_key, self.device_name, True)
        while not self.online():
            gateway.poll(100)
            stage, code = gateway.status(self.product_key, self.device_name)
            if code or stage == "unknown":  # Flash has not taken its name.
                raise RefusedError(
                    code, "%s/%s refused: %d" % (self.product_key, self.device_name, code)
                )

    def close(self):
        """Log out; `connect`, or `Gateway.add`, logs in again."""
        self.gateway.drop(self.product_key, self.device_name)

    def publish(self, topic, payload, qos=0, on_done=None):
        """Send bytes on a topic, as `Device.publish`. Raises TransportError when not logged in."""
        if not self.online():
            raise TransportError(
                "%s/%s is not logged in; the message was not sent"
                % (self.product_key, self.device_name)
            )
        self.gateway.publish(self.topic(topic), payload, qos, on_done)

    def subscribe(self, topic, handler):
        """Subscribe to a topic or a filter, as `Device.subscribe`.

        For every sub-device of a product: from its next login on.
        """
        topic = self.topic(topic)
        former = self._routes.get(topic)
        self._routes[topic] = handler
        self.gateway.hold(self)
        if self.online():
            self.gateway.hear((topic,))
        return former

    def when_online(self, hook):
        """Call `hook()` after each login, and at once if it is logged in."""
        self.gateway.hold(self)
        super().when_online(hook)

    def is_duplicate(self):
        """Tell, inside a handler, whether the platform has sent this message before (DUP)."""
        return self.gateway.is_duplicate()

    def is_about(self, product_key, device_name):
        """Tell whether this is that sub-device, or stands for all of its product."""
        return self.product_key == product_key and self.device_name in (device_name, _EVERY)

    def filters(self, device_name):
        """Return the subscriptions of a sub-device, in bytes, without those to `REPLIES`."""
        other = ("/%s/%s" % (self.product_key, _EVERY)).encode()
        own = ("/%s/%s" % (self.product_key, device_name)).encode()
        return [name.replace(other, own, 1) for name in self._routes]

    def call(self, device_name, handler, *arguments):
        """Call a handler of something about a sub-device; until it returns, this has its name."""
        mine, self.device_name = self.device_name, device_name
        try:
            handler(*arguments)
        finally:
            self.device_name = mine

    def came(self):
        """Call the hooks: this one has logged in."""
        for hook in self._hooks:
            hook()

    def _hear_reply(self, topic, take):
        # `take` is not used: the gateway finds the handler of a reply by the id of its request.
        if not topic.endswith(b"/post_reply"):
            self.gateway.hear((topic,))

    def _log(self, text):
        self.gateway._log("%s: %s" % (self.device_name, text))


def route(gateway, topic, payload):
    """Pass a message to its sub-device; return whether it was handled."""
    product_key, device_name = names_in(topic)
    for sub in gateway.held:
        if sub.is_about(product_key, device_name):
            handler = find(sub._routes, topic)
            if handler:
                sub.call(device_name, handler, topic, payload)
                return True
    if not topic.endswith(b"_reply") or device_name == gateway.device_name:
        return False
    for sub in gateway.held:
        if sub.is_about(product_key, device_name):
            sub.call(device_name, gateway.replies().take, topic, payload)
            return True
    gateway.replies().take(topic, payload)
    return True


def names_in(topic):
    """Return (ProductKey, DeviceName) of a topic, "" for one that it does not have."""
    levels = topic.decode().split("/")
    if levels[1] == "ext" and levels[2] == "rrpc":
        levels = [""] + levels[4:]
    at = {"sys": 2, "shadow": 3, "ota": 4, "ext": 3}.get(levels[1], 1)
    return tuple((levels + [""] * 6)[at : at + 2])
