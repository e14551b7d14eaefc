"""A client of the vendor's device SDKs for Node.js, unmodified, in a separate process.

    with NodeSdk(platform) as sdk:
        sdk.make("dev", "device", product_key, "dev-1", secret)
        sdk.expect("connect", "dev")
        sdk.call("dev", "postProps", {"temperature": 21.5}, told=True)
        sdk.expect("postProps", "dev")

node/driver.js has the list of calls.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

import pytest

from alink_sim.platform import Platform
from tests.waiting import PATIENCE

HOME = Path(__file__).resolve().parents[2] / ".cache" / "node"
SDKS = {"alibabacloud-iot-device-sdk": "1.2.8", "aliyun-iot-device-sdk": "1.0.1"}
NEWER = next(iter(SDKS))
DRIVER = Path(__file__).with_name("node") / "driver.js"


class NodeSdk:
    """An SDK without a device yet; it trusts the platform's root and uses no proxy."""

    def __init__(self, platform: Platform, package: str = NEWER) -> None:
        if not (HOME / "node_modules" / package).is_dir():
            reason = "the Node.js SDK is not here: install node and npm, then make node"
            if os.environ.get("ALINK_REQUIRE_NODE"):
                pytest.fail(reason)
            pytest.skip(reason)
        self._platform = platform
        self._package = package
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._passed: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", DRIVER, HOME, self._package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"NODE_EXTRA_CA_CERTS": str(self._platform.ca_pem)},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join()
        self._process.stdout.close()

    def register(self, product_key: str, product_secret: str, device_name: str) -> Any:
        """Register over HTTPS; return what the SDK hands to its caller."""
        config = {
            "productKey": product_key,
            "productSecret": product_secret,
            "deviceName": device_name,
            "registerURL": f"https://localhost:{self._platform.https_port}/auth/register/device",
        }
        self.do("register", config=config)
        return self.expect("register", "")[0]

    def make(self, name: str, kind: str, *names: str, tls: bool = True) -> None:
        """Make a "device" or "gateway" of ProductKey, DeviceName and secret; it connects."""
        url = f"mqtts://localhost:{self._platform.mqtt_port}/"
        if not tls:
            url = url.replace("mqtts", "mqtt")
        config = dict(zip(("productKey", "deviceName", "deviceSecret"), names, strict=True))
        self.do("make", **{"as": name}, kind=kind, config={**config, "brokerUrl": url})

    def call(self, on: str, method: str, *args: Any, told: bool = False) -> None:
        """Call a method; `told` makes its callback an event of the method's name."""
        self.do("call", on=on, method=method, args=args, told=told)

    def ask(self, on: str, method: str, *args: Any) -> Any:
        """Call a method and return what its callback is given."""
        self.call(on, method, *args, told=True)
        return self.expect(method, on)[0]

    def do(self, verb: str, **fields: Any) -> None:
        """Have the driver carry a line out."""
        assert self._process.stdin
        print(json.dumps({"do": verb, **fields}), file=self._process.stdin, flush=True)
        self.expect("done", "")

    def expect(self, event: str, on: str) -> list[Any]:
        """Return the arguments of the next event of a thing, leaving others where they are."""
        for number, passed in enumerate(self._passed):
            if (passed["event"], passed["on"]) == (event, on):
                return self._passed.pop(number)["args"]  # type: ignore[no-any-return]
        while True:
            try:
                got = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {event} of {on}; there was {self._passed}") from None
            if (got["event"], got["on"]) == (event, on):
                return got["args"]  # type: ignore[no-any-return]
            self._passed.append(got)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._events.put(json.loads(line))
