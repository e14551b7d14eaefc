"""Answer requests of the cloud at once (RRPC), and receive its broadcasts.

docs/reference/protocol.md, "TSL". Synchronous services are `Thing.service`s; this is for the rest.
"""


def on_request(device, topic, handler):
    """Reply to requests on a topic ("user/ask") with what `handler(payload)` returns.

    Both are bytes. It has at most 8 s. No reply is sent if it raises or returns None.
    """

    def take(asked_on, payload):
        answer = handler(payload)
        if answer is not None:
            device.publish(asked_on, answer)

    device.subscribe(b"/ext/rrpc/+" + device.topic(topic), take)


def on_system_request(device, handler, thing=None):
    """Reply to requests on the system topic; see `on_request`.

    Synchronous services may come the same way. A request for which the handler returns None goes
    to `thing`, the device's `Thing`, if it is given.
    """

    def take(asked_on, payload):
        answer = handler(payload)
        if answer is not None:
            device.publish(asked_on.replace(b"/rrpc/request/", b"/rrpc/response/"), answer)
        elif thing:
            thing.take(asked_on, payload)

    device.subscribe("rrpc/request/+", take)


def on_broadcast(device, handler, name=None):
    """Subscribe to broadcasts to the devices of the product; `handler(topic, payload)` gets them.

    With a name, these are the broadcasts on `/broadcast/PRODUCTKEY/name`; else those that every
    device that is online gets.
    """
    if name is None:
        device.subscribe("broadcast/request/+", handler)
    else:
        device.subscribe("/broadcast/%s/%s" % (device.product_key, name), handler)
