"""MQTT 5 by third parties' clients, unmodified: Eclipse paho-mqtt and the Mosquitto programs."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from alibabacloud_iot20180120 import models
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from alink_sim.platform import Device, Platform, Product
from tests.interop.credentials import Credentials, login, registration
from tests.platform.api_calls import client as cloud_client
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop


class Client:
    """A running paho client of MQTT 5 whose callbacks become a queue."""

    def __init__(self, platform: Platform, credentials: Credentials) -> None:
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.paho = paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=credentials.client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        paho.username_pw_set(credentials.user, credentials.password)
        paho.tls_set(ca_certs=str(platform.ca_pem))
        paho.on_connect = lambda _c, _u, _f, reason, found: self.put("connect", reason, found)
        paho.on_disconnect = lambda _c, _u, _f, reason, found: self.put("end", reason, found)
        paho.on_subscribe = lambda _c, _u, _m, reasons, found: self.put("suback", reasons, found)
        paho.on_publish = lambda _c, _u, _m, reason, found: self.put("puback", reason, found)
        paho.on_message = lambda _c, _u, message: self.put("message", message, message.properties)

    def put(self, kind: str, what: Any, found: Any) -> None:
        self.said.put((kind, (what, found)))

    def expect(self, kind: str) -> Any:
        """Return what comes next and its properties; it has to be of this kind."""
        got, what = self.said.get(timeout=PATIENCE)
        assert got == kind, f"{got} {what} instead of {kind}"
        return what


@contextmanager
def connected(platform: Platform, credentials: Credentials, **properties: Any) -> Iterator[Client]:
    client = Client(platform, credentials)
    client.paho.connect(
        "localhost",
        platform.mqtt_tls_port,
        keepalive=60,
        properties=made(PacketTypes.CONNECT, **properties),
    )
    client.paho.loop_start()
    try:
        yield client
    finally:
        client.paho.disconnect()
        client.paho.loop_stop()


def made(packet: int, **values: Any) -> Properties:
    properties = Properties(packet)
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def pub(platform: Platform, product: Product, topic: str, **more: Any) -> None:
    """Send a message by the vendor's client of the cloud API."""
    request = models.PubRequest(
        iot_instance_id=product.instance,
        product_key=product.key,
        topic_full_name=topic,
        message_content="aGVsbG8=",
        qos=1,
        **more,
    )
    assert cloud_client(platform).pub(request).body.success


def test_paho_registers_asks_and_gets_a_response(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "five-1")
    with connected(platform, registration(product, "five-1", "register")) as client:
        assert client.expect("connect")[0] == 0
        message, _ = client.expect("message")
    assert json.loads(message.payload)["deviceSecret"] == device.secret

    user = f"/{product.key}/five-1/user"
    told = {"UserProperty": [("firmware", "1.2")], "TopicAliasMaximum": 5}
    with connected(platform, login(product, device), **told) as client:
        reason, found = client.expect("connect")
        assert reason == 0
        assert (found.MaximumQoS, found.MaximumPacketSize, found.TopicAliasMaximum) == (
            1,
            262144,
            20,
        )
        assert (found.ServerKeepAlive, found.SubscriptionIdentifierAvailable) == (60, 0)
        client.paho.subscribe(f"{user}/get", options=SubscribeOptions(qos=1))
        assert [one.value for one in client.expect("suback")[0]] == [1]
        asked = made(
            PacketTypes.PUBLISH,
            ResponseTopic=f"{user}/get",
            CorrelationData=b"request-1",
            UserProperty=[("unit", "°C")],
            TopicAlias=3,
        )
        client.paho.publish(f"{user}/ask", "21.5", qos=1, properties=asked)
        assert client.expect("puback")[0] == 0
        # The business server reads what came with the message, and answers.
        detail = platform.expect("message_properties", topic=f"{user}/ask").detail
        assert detail["user_properties"] == [["unit", "°C"]]
        answer = {"correlation_data": detail["correlation_data"], "content_type": "text/plain"}
        prop = models.PubRequestUserProp(key="code", value="200")
        for shown in (f"{user}/get", ""):  # paho leaves the alias to its user.
            pub(platform, product, detail["response_topic"], user_prop=[prop], **answer)
            message, found = client.expect("message")
            assert (message.topic, message.payload) == (shown, b"hello")
            assert (found.TopicAlias, found.CorrelationData) == (1, b"request-1")
            assert (found.ContentType, found.UserProperty) == ("text/plain", [("code", "200")])
        client.paho.publish("/other/device/user/x", "", qos=1)
        reason, found = client.expect("puback")
        assert (reason.value, "no right" in found.ReasonString) == (0x87, True)


def test_paho_learns_the_reason_of_a_refusal(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "five-2")
    with connected(platform, login(product, device)) as older:
        assert older.expect("connect")[0] == 0
        with connected(platform, login(product, device)) as newer:
            assert newer.expect("connect")[0] == 0
            reason, found = older.expect("end")
            assert (reason.value, reason.getName()) == (0x8E, "Session taken over")
            assert "logged in elsewhere" in found.ReasonString
    device.secret = "0" * 32
    with connected(platform, login(product, device)) as client:
        assert client.expect("connect")[0].value == 0x86


def mosquitto(
    program: str, platform: Platform, product: Product, device: Device, *more: str
) -> subprocess.CompletedProcess[str]:
    if not shutil.which(program):
        pytest.skip(reason=f"{program} is not installed: make system installs it on Debian")
    who = login(product, device)
    command = [
        program,
        "-h",
        "localhost",
        "-p",
        str(platform.mqtt_tls_port),
        "-V",
        "5",
        "-k",
        "60",
    ]
    command += ["--cafile", str(platform.ca_pem)]
    command += ["-i", who.client_id, "-u", who.user, "-P", who.password]
    return subprocess.run(
        [*command, *more], capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_mosquitto_sends_properties_and_learns_reasons(platform: Platform, product: Product):
    device = platform.console.add_device(product.key, "five-3")
    topic = f"/{product.key}/five-3/user/update"
    sent = mosquitto(
        "mosquitto_pub",
        *(platform, product, device, "-t", topic, "-q", "1", "-m", "hello"),
        *("-D", "publish", "user-property", "batch", "B7"),
        *("-D", "publish", "response-topic", "/reply"),
        *("-D", "publish", "correlation-data", "id-1"),
        *("-D", "publish", "payload-format-indicator", "1"),
    )
    assert (sent.returncode, sent.stderr) == (0, "")
    assert platform.expect("message_properties", device_name="five-3").detail == {
        "topic": topic,
        "user_properties": [["batch", "B7"]],
        "response_topic": "/reply",
        "correlation_data": "aWQtMQ==",
    }
    shared = mosquitto(
        "mosquitto_sub", platform, product, device, "-t", f"$share/group{topic}", "-W", "20"
    )
    assert "requests were denied" in shared.stderr
    events = platform.events(kind="subscribe_refused", device_name="five-3")
    assert "shared subscriptions" in events[0].reason
