"""A client of the vendor's Link SDK for Python, unmodified, in a separate process.

    with LinkKit(platform, "a1XXXXXXXXX", "dev-1", device_secret=secret) as client:
        client.call("thing_setup")
        client.log_in()
        client.call("thing_post_property", {"temperature": 21.5})
        client.expect("on_thing_prop_post")

`call` is any method of the SDK's class, `expect` any of its callbacks. Version 1.2.13 calls its
`on_thing_event_post` only where it was set up with a thing model; else those replies come by
`on_topic_message`, like all it does not know.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

from alink_sim.platform import Platform
from tests.waiting import PATIENCE

HOME = Path(__file__).resolve().parents[2] / ".cache" / "linkkit"
DRIVER = Path(__file__).with_name("linkkit_driver.py")
REGION = "cn-shanghai"


class LinkKit:
    """A LinkKit object of the vendor's; `options` are more arguments of it."""

    def __init__(
        self,
        platform: Platform,
        product_key: str,
        device_name: str,
        *,
        device_secret: str = "",
        **options: Any,
    ) -> None:
        self._begin = {
            "new": {
                "host_name": REGION,
                "product_key": product_key,
                "device_name": device_name,
                "device_secret": device_secret,
                **options,
            },
            "mqtt": {
                "endpoint": "localhost",
                "port": platform.mqtt_tls_port,
                "cadata": platform.ca_pem.read_text(),
            },
            "redirect": {f"iot-auth.{REGION}.aliyuncs.com:443": platform.https_port},
        }
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        self._passed: list[dict[str, Any]] = []
        self._is_thing = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [HOME / "bin" / "python", "-I", DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._send(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join()
        self._process.stdout.close()

    def call(self, method: str, *args: Any) -> Any:
        """Return what a method of the SDK returns; AssertionError says what it raised."""
        self._send({"call": method, "args": args})
        answer = self._answers.get(timeout=PATIENCE)
        assert "returned" in answer, f"{method} raised {answer['raised']}"
        self._is_thing |= method == "thing_setup"
        return answer["returned"]

    def expect(self, callback: str) -> Any:
        """Return the arguments of the next call of a callback, leaving others where they are."""
        for number, event in enumerate(self._passed):
            if event["event"] == callback:
                return self._passed.pop(number)["args"]
        while True:
            try:
                event = self._events.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {callback}; there was {self._passed}") from None
            if event["event"] == callback:
                return event["args"]
            self._passed.append(event)

    def log_in(self) -> None:
        """Connect, and return once the SDK takes calls.

        After `thing_setup` it takes them only after `on_thing_enable`, not yet at `on_connect`.
        """
        self.call("connect_async")
        _session_present, code, _user_data = self.expect("on_connect")
        assert code == 0
        if self._is_thing:
            self.expect("on_thing_enable")

    def _send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin
        print(json.dumps(line), file=self._process.stdin, flush=True)

    def _read(self) -> None:
        assert self._process.stdout
        for text in self._process.stdout:
            line = json.loads(text)
            (self._events if "event" in line else self._answers).put(line)
