"""Reports of a gateway about itself and its sub-devices in one message.

docs/reference/protocol.md, "TSL".
"""


def pack(device, properties=None, events=None, sub_devices=(), qos=0, on_reply=None):
    """Post {identifier: {"value": value, "time": ms}}, and events alike, of several devices.

    `sub_devices` has (sub-device, properties, events) of up to 20 that are online; one message
    has up to 200 properties and 20 events. `on_reply` as in `Device.request`.
    """
    params = {"properties": properties or {}, "events": events or {}}
    params["subDevices"] = [
        {
            "identity": {"productKey": one.product_key, "deviceName": one.device_name},
            "properties": values or {},
            "events": happened or {},
        }
        for one, values, happened in sub_devices
    ]
    return device.request("event/property/pack/post", params, qos, on_reply)
