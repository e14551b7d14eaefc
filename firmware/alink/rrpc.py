"""Questions of the cloud on topics of one's own, answered at once (RRPC).

docs/protocol.md, section "TSL". Synchronous services are `Thing.service`s; this is for the rest.
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


def on_broadcast(device, handler, name=None):
    """Have `handler(topic, payload)` called with what is told to all devices of the product.

    With a name, it is what comes on `/broadcast/PRODUCTKEY/name`; else what every device that is
    online gets.
    """
    if name is None:
        device.subscribe("broadcast/request/+", handler)
    else:
        device.subscribe("/broadcast/%s/%s" % (device.product_key, name), handler)
