"""The vendor's Link SDK for Python, unmodified, registers each way it can and is served."""

from __future__ import annotations

import base64
import csv
import hashlib

import pytest

from alink_sim.platform import Platform, Product
from tests.interop.linkkit import HOME, LinkKit

pytestmark = pytest.mark.interop


def test_sdk_files_are_unmodified():
    (site,) = HOME.glob("lib/python*/site-packages")
    records = sorted(site.glob("*.dist-info/RECORD"))
    assert [record.parent.name for record in records] == [
        "aliyun_iot_linkkit-1.2.13.dist-info",
        "paho_mqtt-1.6.1.dist-info",
    ]
    checked = 0
    for record in records:
        for name, given, _size in csv.reader(record.read_text().splitlines()):
            if given:
                method, _, digest = given.partition("=")
                actual = hashlib.new(method, (site / name).read_bytes()).digest()
                assert base64.urlsafe_b64encode(actual).rstrip(b"=") == digest.encode(), name
                checked += 1
    assert checked > 10


def test_registers_over_https_and_logs_in(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "linkkit-1")
    with LinkKit(platform, product.key, "linkkit-1", product_secret=product.secret) as client:
        client.log_in()
        assert client.expect("on_device_dynamic_register") == [0, device.secret, None]
    assert platform.expect("registered", device_name="linkkit-1").detail["via"] == "https"
    assert platform.expect("online", device_name="linkkit-1").detail["tls"]


def test_https_refusal_reports_its_code(platform: Platform, product: Product):
    platform.console.add_device(product.key, "linkkit-2")
    with LinkKit(platform, product.key, "linkkit-2", product_secret="wrong") as client:
        client.call("connect_async")
        assert client.expect("on_device_dynamic_register") == [1, "signature check failed", None]
    assert platform.expect("registration_refused", device_name="linkkit-2").code == 6600


def test_registers_over_mqtt_and_logs_in(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "linkkit-3")
    new = {"product_secret": product.secret, "auth_type": "register"}
    with LinkKit(platform, product.key, "linkkit-3", **new) as client:
        client.log_in()
        assert client.expect("on_device_dynamic_register") == [0, device.secret, None]
    with LinkKit(platform, product.key, "linkkit-3", device_secret=device.secret) as client:
        client.log_in()
        assert platform.console.device(product.key, "linkkit-3").status == "Online"


def test_registers_with_regnwl_and_logs_in(platform, product):
    new = {"product_secret": product.secret, "auth_type": "regnwl"}
    with LinkKit(platform, product.key, "linkkit-4", **new) as client:
        client.log_in()
        code, *issued = client.expect("on_device_dynamic_register_nwl_reply")
    assert code == 0
    names = ("client_id", "username", "password")
    with LinkKit(
        platform, product.key, "linkkit-4", **dict(zip(names, issued, strict=True))
    ) as client:
        client.log_in()
    assert platform.expect("online", device_name="linkkit-4").detail["method"] == "connwl"


def test_mqtt_registration_refused_without_dynamic_registration(platform, product):
    platform.console.set_dynamic_registration(product.key, False)
    new = {"product_secret": product.secret, "auth_type": "regnwl"}
    with LinkKit(platform, product.key, "linkkit-5", **new) as client:
        client.call("connect_async")
        code, *issued = client.expect("on_device_dynamic_register_nwl_reply")
    assert code != 0
    assert issued == [None, None, None]


@pytest.fixture
def client(platform: Platform, product: Product):
    """The SDK, logged in."""
    device = platform.console.add_device(product.key, "linkkit-6")
    with LinkKit(platform, product.key, device.name, device_secret=device.secret) as client:
        client.call("thing_setup")
        client.log_in()
        yield client


def test_posted_properties_get_a_reply(platform, product, client):
    assert client.call("thing_post_property", {"temperature": 21.5}) == [0, "1"]
    assert client.expect("on_thing_prop_post") == ["1", 200, {}, "success", None]
    assert platform.console.device(product.key, "linkkit-6").properties == {"temperature": 21.5}


def test_publishes_and_receives_on_custom_topics(platform, product, client):
    topic = f"/{product.key}/linkkit-6/user/"
    code, number = client.call("subscribe_topic", topic + "get")
    assert code == 0
    assert client.expect("on_subscribe_topic")[0] == number
    platform.cloud.send(product.key, "linkkit-6", topic + "get", b"hello")
    assert client.expect("on_topic_message")[:2] == [topic + "get", "hello"]
    code, number = client.call("publish_topic", topic + "update", "hello")
    assert code == 0
    assert client.expect("on_publish_topic")[0] == number
    event = platform.expect("published", device_name="linkkit-6")
    assert event.detail["topic"] == topic + "update"


def test_properties_set_by_cloud_reach_sdk(platform, product, client):
    platform.cloud.set_properties(product.key, "linkkit-6", {"led": 1})
    assert client.expect("on_thing_prop_changed") == [{"led": 1}, None]
