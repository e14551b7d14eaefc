"""Bootstrap: a device asks a worldwide host for the MQTT host of its instance."""

from __future__ import annotations

import json

import pytest

from alink_sim.platform import Instance, Platform
from tests.platform.http_requests import FORM, exchange, post, request
from tests.platform.wire import Party

PATH = "/auth/bootstrap"
# As the vendor's C SDK writes it.
SENT = "productKey={0}&deviceName={1}&clientId={0}.{1}&resources=mqtt"


def asked(platform: Platform, key: str, name: str) -> object:
    return post(platform, PATH, SENT.format(key, name).encode(), FORM)


def test_host_of_the_instance_is_returned(platform: Platform, party: Party):
    reply = asked(platform, party.product.key, party.name)
    host = f"{party.product.key}.iot-as-mqtt.cn-shanghai.aliyuncs.com"
    mqtt = {"host": host, "port": platform.mqtt_tls_port}
    assert reply == {"code": 200, "data": {"resources": {"mqtt": mqtt}}, "message": "success"}
    instance = Instance("iot-06z00abcd1234", region="cn-beijing")
    platform.console.create_product(key="a1Instance0", instance=instance)
    platform.console.add_device("a1Instance0", "dev-1")
    asked(platform, "a1Instance0", "dev-1")
    told = platform.expect("bootstrapped", device_name="dev-1", timeout=0)
    assert told.detail["host"] == "iot-06z00abcd1234.mqtt.iothub.aliyuncs.com"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (SENT.format("a1Missing00", "x"), 6250),
        (SENT.format("a1B2c3D4e5F", "absent"), 6100),
        ("productKey=a1B2c3D4e5F", 460),
        ("", 460),
    ],
)
def test_unknown_device_gets_a_code(platform: Platform, party: Party, body: str, code: int):
    assert post(platform, PATH, body.encode(), FORM)["code"] == code
    assert platform.expect("bootstrap_refused", timeout=0).code == code


def test_localhost_client_gets_localhost_as_host(platform: Platform, party: Party):
    sent = request(PATH, SENT.format(party.product.key, party.name).encode(), FORM)
    sent = sent.replace(b"Host: iot-auth.cn-shanghai.aliyuncs.com", b"Host: localhost:443")
    _, body = exchange(platform, sent)
    assert json.loads(body)["data"]["resources"]["mqtt"]["host"] == "localhost"


def test_region_has_a_public_host(platform: Platform):
    lines = "GET {} HTTP/1.1\r\nHost: iot-auth-global.aliyuncs.com\r\n\r\n"
    head, body = exchange(platform, lines.format(f"{PATH}/regionId/us-west-1").encode())
    assert head.startswith(b"HTTP/1.1 200")
    assert b'"host":"public.iot-as-mqtt.us-west-1.aliyuncs.com"' in body
    head, _ = exchange(platform, lines.format(f"{PATH}/regionId/mars").encode())
    assert head.startswith(b"HTTP/1.1 404")
