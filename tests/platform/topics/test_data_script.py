"""Products with a custom data format: the product's script decodes and encodes the bytes."""

from __future__ import annotations

import json
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from alink_sim.platform import Script, ScriptError
from tests.platform.online import Online, online
from tests.platform.wire import publish
from tests.waiting import PATIENCE

__all__ = ["online"]

UP = "thing/model/up_raw"


def to_alink(data: bytes) -> dict[str, Any]:
    """One byte what, two bytes id, one byte value or code."""
    what, number, value = struct.unpack(">BHB", data)
    if what == 1:
        method = "thing.event.property.post"
        return {"method": method, "id": str(number), "params": {"t": value}, "version": "1.0"}
    if what == 9:
        return {"method": "thing.nonsense", "id": "1"}
    return {"id": str(number), "code": 200 if value == 0 else 400, "data": {}}


def to_raw(body: dict[str, Any]) -> bytes:
    if "code" in body:
        return struct.pack(">BHH", 2, int(body["id"]), body["code"])
    return struct.pack(">BHB", 3, int(body["id"]) & 0xFFFF, next(iter(body["params"].values())))


SCRIPT = Script(to_alink=to_alink, to_raw=to_raw)


def refused(online: Online) -> tuple[int | None, str]:
    event = online.platform.expect("request_refused")
    return event.code, event.reason


def test_bytes_become_a_property_and_the_reply_bytes(online: Online):
    online.platform.console.set_script(online.party.product.key, SCRIPT)
    assert online.ask(UP, b"\x01\x00\x07\x2a") == b"\x02\x00\x07\x00\xc8"
    assert online.device.properties == {"t": 42}


def test_property_set_is_encoded_and_reply_decoded(online: Online):
    online.platform.console.set_script(online.party.product.key, SCRIPT)
    number = online.platform.cloud.set_properties(
        online.party.product.key, online.party.name, {"t": 9}
    )
    wanted = struct.pack(">BHB", 3, int(number), 9)
    topic = f"/sys/{online.party.product.key}/{online.party.name}/thing/model/down_raw"
    assert online.wire.read().endswith(topic.encode() + wanted)
    online.wire.send(publish(f"{topic}_reply", struct.pack(">BHB", 4, int(number), 0)))
    answered = online.platform.expect("answered")
    assert (answered.detail["id"], answered.detail["answer"]) == (number, 200)


def test_a_synchronous_service_asks_and_answers_in_bytes(online: Online):
    online.platform.console.set_script(online.party.product.key, SCRIPT)
    key, name = online.party.product.key, online.party.name
    with ThreadPoolExecutor(1) as threads:
        called = threads.submit(
            online.platform.cloud.call_service_sync, key, name, "Test", {"t": 5}
        )
        got = online.wire.read()
        at = got.index(b"/sys/")
        topic, payload = got[at:-4].decode(), got[-4:]
        assert payload[3] == 5
        answer = topic.replace("/request/", "/response/")
        online.wire.send(publish(answer, b"\x04" + payload[1:3] + b"\x00"))
        assert json.loads(called.result(PATIENCE).payload)["code"] == 200


@pytest.mark.parametrize(
    ("script", "data", "code", "said"),
    [
        (None, b"\x01\x00\x07\x2a", 26001, "the product has no script for its bytes"),
        (SCRIPT, b"\x01", 26002, "the script failed: error("),
        (SCRIPT, b"\x09\x00\x07\x2a", 26006, "the script gives method thing.nonsense"),
        (Script(lambda _: 5, to_raw), b"x", 26006, "the script gives no object"),  # type: ignore[arg-type, return-value]
        (
            Script(to_alink, lambda _: "x"),  # type: ignore[arg-type, return-value]
            b"\x01\x00\x07\x2a",
            26006,
            "the script gives no bytes",
        ),
    ],
)
def test_script_error_is_logged_with_its_code(
    online: Online, script: Script | None, data: bytes, code: int, said: str
):
    online.platform.console.set_script(online.party.product.key, script)
    topic = f"/sys/{online.party.product.key}/{online.party.name}/{UP}"
    online.wire.send(publish(topic, data))
    assert refused(online)[0] == code
    assert refused(online)[1].startswith(said)


def test_unencodable_message_is_not_sent(online: Online):
    online.platform.console.set_script(online.party.product.key, SCRIPT)
    key, name = online.party.product.key, online.party.name
    online.platform.cloud.set_properties(key, name, {"t": "no byte"})
    assert online.platform.expect("not_sent").reason.startswith("26002 ")
    with pytest.raises(ScriptError):
        online.platform.cloud.call_service_sync(key, name, "Test", {"t": "no byte"})
