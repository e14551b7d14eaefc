"""Remote config: asked for, pushed, fetched over TLS, and kept only with the right digest."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.sim.conftest import INSTANCE, Rig
from tests.sim.session.test_thing import online

CONFIGURED = """
import time
from alink import Device
from alink.config import Config

device = Device.from_flash()
told = []
config = Config(device, told.append)
device.connect()
config.ask()
print("ready")
while True:
    device.poll(50)
    if told:
        told.pop()
        try:
            for ms in config.fetch("/config.json"):
                time.sleep_ms(ms)
        except Exception as error:
            print("not fetched:", error)
        with open("/config.json") as file:
            print("config", file.read(20))
"""


@pytest.fixture
def files(rig: Rig) -> Iterator[dict[str, bytes]]:
    """Files that a server with the platform's CA serves, by path; "port" is its port."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = served[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context: ssl.SSLContext = rig.platform.authority.server_context()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    served["port"] = str(server.server_address[1]).encode()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def test_config_is_kept_when_next_is_damaged(rig: Rig, files: dict[str, bytes]) -> None:
    url = f"https://{INSTANCE}.mqtt.iothub.aliyuncs.com:{files['port'].decode()}/c"
    key = rig.product_key
    files["/c"] = first = b'{"rate":1,"pad":"' + b"x" * 5000 + b'"}'
    rig.platform.cloud.set_config(key, first, url=url)
    with online(rig, CONFIGURED) as board:
        board.expect('config {"rate":1')
        files["/c"] = b'{"rate":2}'
        assert rig.platform.cloud.set_config(key, files["/c"], url=url) == 1
        board.expect('config {"rate":2}')
        answered = rig.platform.expect("answered", device_name="dev-1")
        assert answered.detail["topic"].endswith("/thing/config/push_reply")
        rig.platform.cloud.set_config(key, b'{"rate":3}', url=url)
        board.expect("not fetched: config")
        board.expect('config {"rate":2}')


def test_product_without_config_is_reported(rig: Rig) -> None:
    with online(rig, CONFIGURED) as board:
        board.expect("no remote config: 6713")


def test_withdrawn_config_is_reported(rig: Rig) -> None:
    rig.platform.cloud.set_config(rig.product_key, b"{}", url="https://files.example/c")
    rig.platform.cloud.forget_config(rig.product_key)
    with online(rig, CONFIGURED) as board:
        board.expect("no remote config: 6710")
