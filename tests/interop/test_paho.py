"""Eclipse paho-mqtt, unmodified, registers, logs in and posts over TLS."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alink_sim.platform import Platform, Product
from tests.interop.credentials import Credentials, login, login_with, registration
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop


class Client:
    """A running paho client whose callbacks become a queue."""

    def __init__(self, platform: Platform, credentials: Credentials) -> None:
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=credentials.client_id,
            reconnect_on_failure=False,
        )
        self.paho.username_pw_set(credentials.user, credentials.password)
        self.paho.tls_set(ca_certs=str(platform.ca_pem))
        self.paho.on_connect = lambda _c, _u, _f, reason, _p: self.put("connect", reason.value)
        self.paho.on_disconnect = lambda _c, _u, _f, reason, _p: self.put("end", reason.value)
        self.paho.on_subscribe = lambda _c, _u, _m, codes, _p: self.put(
            "suback", [code.value for code in codes]
        )
        self.paho.on_publish = lambda _c, _u, number, _r, _p: self.put("puback", number)
        self.paho.on_message = lambda _c, _u, message: self.put(
            "message", (message.topic, json.loads(message.payload))
        )

    def put(self, kind: str, what: Any) -> None:
        self.said.put((kind, what))

    def expect(self, kind: str) -> Any:
        """Return what comes next, which has to be of this kind."""
        got, what = self.said.get(timeout=PATIENCE)
        assert got == kind, f"{got} {what} instead of {kind}"
        return what


@contextmanager
def connected(platform: Platform, credentials: Credentials) -> Iterator[Client]:
    client = Client(platform, credentials)
    client.paho.connect("localhost", platform.mqtt_tls_port, keepalive=60)
    client.paho.loop_start()
    try:
        yield client
    finally:
        client.paho.disconnect()
        client.paho.loop_stop()


def test_paho_registers_pre_registered_device_and_logs_in(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "paho-1")
    with connected(platform, registration(product, "paho-1", "register")) as client:
        assert client.expect("connect") == 0
        topic, answer = client.expect("message")
    assert topic == "/ext/register"
    assert answer["deviceSecret"] == device.secret

    prefix = f"/sys/{product.key}/paho-1/thing/event/property"
    with connected(platform, login(product, device)) as client:
        assert client.expect("connect") == 0
        client.paho.subscribe(f"{prefix}/post_reply", qos=1)
        assert client.expect("suback") == [1]
        body = json.dumps({"id": "42", "params": {"temperature": 21.5}})
        client.paho.publish(f"{prefix}/post", body, qos=1)
        assert {client.said.get(timeout=PATIENCE)[0] for _ in "12"} == {"puback", "message"}
        assert platform.console.device(product.key, "paho-1").status == "Online"
    assert platform.console.device(product.key, "paho-1").properties == {"temperature": 21.5}


def test_paho_registers_with_regnwl_and_logs_in(platform, product):
    with connected(platform, registration(product, "paho-2", "regnwl")) as client:
        assert client.expect("connect") == 0
        topic, answer = client.expect("message")
    assert topic == "/ext/regnwl"
    with connected(platform, login_with(product, "paho-2", answer)) as client:
        assert client.expect("connect") == 0


def test_paho_is_refused_with_a_wrong_secret(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "paho-3")
    device.secret = "0" * 32
    with connected(platform, login(product, device)) as client:
        # paho names CONNACK 4 by the code that MQTT 5 has for it.
        assert client.expect("connect") == 134
    assert platform.expect("login_refused", device_name="paho-3").code == 6600


def test_second_login_disconnects_first_client(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "paho-4")
    with connected(platform, login(product, device)) as older:
        assert older.expect("connect") == 0
        with connected(platform, login(product, device)) as newer:
            assert newer.expect("connect") == 0
            assert older.expect("end") != 0
