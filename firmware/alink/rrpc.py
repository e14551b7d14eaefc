"""Answer requests of the cloud at once (RRPC), and receive its broadcasts.

docs/reference/protocol.md, "TSL". Synchronous services are `Thing.service`s; this is for the rest.
"""


def on_request(device, topic, handler):
    """Have `handler(payload)` called for each question on a topic ("user/ask"); both ways bytes.

    It has at most 8 s to return the answer. One that raises, or returns None, answers nothing.
    """

    def take(asked_on, payload):
        answer = handler(payload)
        if answer is not None:
            device.publish(asked_on, answer)

    device.subscribe(b"/ext/rrpc/+" + device.topic(topic), take)


def on_system_request(device, handler, thing=None):
    """Have `handler(payload)` called for each question on the system topic; see `on_request`.

    Synchronous services may come the same way: what the handler returns None for, `thing`, the
    device's `Thing`, gets where it is given.
    """

    def take(asked_on, payload):
        answer = handler(payload)
        if answer is not None:
            device.publish(asked_on.replace(b"/rrpc/request/", b"/rrpc/response/"), answer)
        elif thing:
            thing.take(asked_on, payload)

    device.subscribe("rrpc/request/+", take)


def on_broadcast(device, handler, name=None):
    """Have `handler(topic, payload)` called with each broadcast to the devices of the product.

    With a name, these are the broadcasts on `/broadcast/PRODUCTKEY/name`; else those that every
    device that is online gets.
    """
    if name is None:
        device.subscribe("broadcast/request/+", handler)
    else:
        device.subscribe("/broadcast/%s/%s" % (device.product_key, name), handler)
