"""MQTT over WebSocket: paho's own client, and clients that are not one."""

from __future__ import annotations

import json
import queue
import socket
import ssl

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from alink_sim.platform import Platform, Product
from tests.interop.credentials import login
from tests.platform.wire import ACCEPTED, Party
from tests.waiting import PATIENCE


def opened(uri: str, platform: Platform | None = None) -> ClientConnection:
    context = ssl.create_default_context(cafile=platform.ca_pem) if platform else None
    names = [Subprotocol("mqtt")]
    return connect(uri, subprotocols=names, ssl=context, proxy=None, close_timeout=PATIENCE)


@pytest.mark.parametrize("secure", [True, False])
def test_paho_logs_in_and_posts_over_web_socket(
    platform: Platform, product: Product, *, secure: bool
):
    device = platform.console.add_device(product.key, "web-1")
    credentials = login(product, device)
    said: queue.Queue[object] = queue.Queue()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=credentials.client_id.replace(
            "securemode=2", f"securemode={2 if secure else 3}"
        ),
        transport="websockets",
        reconnect_on_failure=False,
    )
    client.username_pw_set(credentials.user, credentials.password)
    client.ws_set_options(path="/mqtt")
    if secure:
        client.tls_set(ca_certs=str(platform.ca_pem))
    topic = f"/sys/{product.key}/web-1/thing/event/property/post"

    def subscribe(*_: object) -> None:
        client.subscribe(f"{topic}_reply")

    def post(*_: object) -> None:
        client.publish(topic, json.dumps({"id": "1", "params": {"text": "x" * 60000}}))

    client.on_connect, client.on_subscribe = subscribe, post
    client.on_message = lambda _c, _u, message: said.put(json.loads(message.payload)["code"])
    client.connect("localhost", platform.mqtt_tls_port if secure else platform.mqtt_port)
    client.loop_start()
    assert said.get(timeout=PATIENCE) == 200
    client.disconnect()
    client.loop_stop()
    platform.expect("offline", device_name="web-1")
    assert platform.expect("online", timeout=0).detail["tls"] is secure
    assert len(platform.console.device(product.key, "web-1").properties["text"]) == 60000


def test_frames_may_split_and_join_packets(platform: Platform, party: Party):
    packet = party.log_in() + b"\xc0\x00"
    with opened(f"wss://localhost:{platform.mqtt_tls_port}", platform) as client:
        client.send([packet[:3], packet[3:40], packet[40:]])
        assert client.recv(PATIENCE) == ACCEPTED
        assert client.recv(PATIENCE) == b"\xd0\x00"
        client.send("text")
        with pytest.raises(ConnectionClosed, match="MQTT is binary"):
            client.recv(PATIENCE)
    platform.expect("offline", device_name=party.name)


def test_plain_http_is_refused_and_noted(platform: Platform):
    with socket.create_connection(("127.0.0.1", platform.mqtt_port), timeout=PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 426 ")
        assert plain.recv(4096) == b""
    reason = "HTTP 426 instead of a WebSocket"
    assert platform.expect("connection_failed").reason == reason


def test_platform_closes_a_web_socket_with_a_farewell(platform: Platform, party: Party):
    with opened(f"ws://127.0.0.1:{platform.mqtt_port}") as client:
        client.send(b"\xc0\x00")  # A PINGREQ before the CONNECT.
        with pytest.raises(ConnectionClosed, match="1000"):
            client.recv(PATIENCE)
    platform.expect("protocol_error")
