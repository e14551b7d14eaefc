"""Less frequent reports: many samples, history, tags, raw bytes; desired values.

docs/reference/protocol.md, "TSL" and "Remote config, tags, log". `on_reply` as in
`Device.request`.
"""


def batch(device, properties, events=None, qos=0, on_reply=None):
    """Post many samples: {identifier: [{"value", "time": ms}, ...]}, of events too."""
    params = {"properties": properties, "events": events or {}}
    return device.request("event/property/batch/post", params, qos, on_reply)


def history(device, properties, events=(), qos=0, on_reply=None):
    """Post samples of the past: lists of {identifier: {"value": value, "time": ms}}."""
    identity = {"productKey": device.product_key, "deviceName": device.device_name}
    params = [{"identity": identity, "properties": properties, "events": list(events)}]
    return device.request("event/property/history/post", params, qos, on_reply)


def desired(device, names, on_reply):
    """Ask for the desired values of properties; data is {name: {"value", "version"}}."""
    return device.request("property/desired/get", names, 0, on_reply)


def forget_desired(device, versions, on_reply=None):
    """Delete desired values that are fulfilled: {name: version}; a newer one is left alone."""
    params = {}
    for name, version in versions.items():
        params[name] = {"version": version}
    return device.request("property/desired/delete", params, 0, on_reply)


def tags(device, values, on_reply=None):
    """Set tags of this device: {key: text}."""
    params = [{"attrKey": key, "attrValue": values[key]} for key in values]
    return device.request("deviceinfo/update", params, 0, on_reply)


def forget_tags(device, keys, on_reply=None):
    """Delete tags of this device."""
    return device.request("deviceinfo/delete", [{"attrKey": key} for key in keys], 0, on_reply)


def raw(device, data, qos=0, on_reply=None):
    """Send bytes that the product's own script parses (a product with custom data format).

    `on_reply(data)` gets the bytes that the script makes of the platform's reply.
    """
    if on_reply:
        device.subscribe("thing/model/up_raw_reply", lambda topic, answer: on_reply(answer))
    device.publish("thing/model/up_raw", data, qos)


def on_raw(device, handler):
    """Handle bytes from the cloud with `handler(data)`; the bytes that it returns are the reply.

    Calls that the cloud waits for (RRPC) arrive here too. None sends no reply.
    """

    def take(topic, data):
        answer = handler(data)
        if answer is not None:
            device.publish(topic if topic.startswith(b"/ext/") else topic + b"_reply", answer)

    topic = device.topic("thing/model/down_raw")
    device.subscribe(topic, take)
    device.subscribe(b"/ext/rrpc/+" + topic, take)
