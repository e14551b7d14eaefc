"""pack.py: a gateway and its sub-devices in one message."""

from alink.pack import pack
from online import BASE, Device


def test_pack_names_each_sub_device():
    gateway, sub = Device(), Device()
    sub.product_key, sub.device_name = "a1Subs00000", "meter-1"
    one = {"t": {"value": 5, "time": 1}}
    pack(gateway, one, None, [(sub, None, {"hot": {"value": {}, "time": 1}})])
    topic, body = gateway.last()
    assert topic == BASE + "event/property/pack/post"
    assert body["params"] == {
        "properties": one,
        "events": {},
        "subDevices": [
            {
                "identity": {"productKey": "a1Subs00000", "deviceName": "meter-1"},
                "properties": {},
                "events": {"hot": {"value": {}, "time": 1}},
            }
        ],
    }
