"""network.py: which host and port a board dials, and whom it trusts there."""

from alink.boot import network
from alink.roots import aliyun, globalsign_r1, globalsign_r6

PRODUCT = {"ProductKey": b"a1B2c3D4e5F"}


def _endpoint(**fields):
    return network.endpoint(dict(PRODUCT, **fields))


def test_old_public_instance_host_has_product_and_region():
    assert _endpoint() == ("a1B2c3D4e5F.iot-as-mqtt.cn-shanghai.aliyuncs.com", 8883)
    host, _ = _endpoint(Region=b"ap-southeast-1")
    assert host == "a1B2c3D4e5F.iot-as-mqtt.ap-southeast-1.aliyuncs.com"


def test_an_instance_is_reached_by_its_id():
    host, _ = _endpoint(InstanceId=b"iot-06z00abc", Region=b"us-west-1")
    assert host == "iot-06z00abc.mqtt.iothub.aliyuncs.com"


def test_a_host_that_was_given_wins():
    assert _endpoint(Host=b"iot.example", InstanceId=b"iot-06z00abc")[0] == "iot.example"


def test_the_port_is_8883_unless_one_is_given():
    for number in (443, 1883, 8883):
        assert _endpoint(Port=bytes((number & 0xFF, number >> 8)))[1] == number


def test_each_port_trusts_only_its_own_roots():
    assert network.roots(8883) == [aliyun.DER]
    for port in (443, 1883):
        assert network.roots(port) == [globalsign_r1.DER, globalsign_r6.DER]
