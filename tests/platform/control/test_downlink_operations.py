"""Messages of an operator to a device, by the operations and by `alink-sim admin device`."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.platform.control import operations
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.verbs import messages, request
from tests.platform.online import Online, online
from tests.platform.verbs.test_cli import WORLD, start
from tests.platform.wire import publish, subscribe
from tests.waiting import PATIENCE

__all__ = ["online"]


def operate(online: Online, name: str, **parameters: Any) -> Any:
    where = {"product_key": online.party.product.key, "device_name": online.party.name}
    return operations.call(online.platform, f"cloud.{name}", {**where, **parameters})


def test_properties_are_set_and_desired(online: Online):
    number = operate(online, "set_properties", values={"led": 1})["id"]
    topic, body, _ = online.wire.read_publish()
    assert topic.endswith("/thing/service/property/set")
    assert (body["id"], body["params"]) == (number, {"led": 1})
    assert operate(online, "set_desired", values={"led": 0}) == {"led": 1}
    assert online.wire.read_publish()[1]["params"] == {"led": 0}


def test_services_and_rrpc_return_their_replies(online: Online):
    assert operate(online, "call_service", service="Blink", inputs={"n": 2})["id"].isdecimal()
    assert online.wire.read_publish()[1]["params"] == {"n": 2}
    with ThreadPoolExecutor(1) as threads:
        for name, more in (
            ("call_service_sync", {"service": "Test", "inputs": {}, "timeout_ms": 8000}),
            ("rrpc", {"payload": '"?"', "timeout_ms": 8000}),
        ):
            asked = threads.submit(operate, online, name, **more)
            topic, _, _ = online.wire.read_publish()
            online.wire.send(publish(topic.replace("/request/", "/response/"), b"yes"))
            assert asked.result(PATIENCE) == {"code": "SUCCESS", "answer": "yes"}


def test_text_is_sent_and_log_mode_switched(online: Online):
    topic = f"/{online.party.product.key}/{online.party.name}/user/get"
    online.wire.ask(subscribe(1, (topic, 1)))
    assert operate(online, "send", topic=topic, payload='"hi"', qos=1) == {"sessions": 1}
    assert online.wire.read_publish() == (topic, "hi", 1)
    assert operate(online, "send", topic="user/get", payload='"short"') == {"sessions": 1}
    assert online.wire.read_publish()[:2] == (topic, "short")
    where = (online.party.product.key, online.party.name)
    assert online.platform.cloud.send(*where, "user/get", b'"of a test"') == 1
    assert online.wire.read_publish()[:2] == (topic, "of a test")
    assert operate(online, "send", topic="thing/x", payload='"sys"') == {"sessions": 1}
    assert online.wire.read_publish()[0] == f"/sys{topic.removesuffix('user/get')}thing/x"
    assert operate(online, "set_log_mode", on=True) == {"sessions": 1}
    assert online.wire.read_publish()[1]["params"]["content"] == {"mode": 1}


def test_shadow_is_shown_and_set(online: Online):
    assert operate(online, "shadow")["version"] == 0
    for version in (1, 2):
        assert operate(online, "set_shadow", desired={"color": version}) == {"sessions": 1}
        shown = operate(online, "shadow")
        assert (shown["version"], shown["state"]) == (version, {"desired": {"color": version}})


def test_verbs_accept_names_and_json(tmp_path: Path):
    state, world = tmp_path / "state", tmp_path / "world.toml"
    world.write_text(WORLD)
    process, _ = start(state, "--setup", world)
    try:

        def admin(*words: str) -> Any:
            return CliRunner().invoke(cli.app, ["admin", "--state", str(state), "device", *words])

        def refused(verb: str, *words: str) -> str:
            done = admin(verb, "a1B2c3D4e5F", "dev-1", *words)
            assert (done.exit_code, done.stdout) == (1, "")
            return str(done.stderr)

        def told(verb: str, *words: str) -> Any:
            done = admin(verb, "a1B2c3D4e5F", "dev-1", *words, "--json")
            assert done.exit_code == 0, done.output
            return json.loads(done.stdout)

        assert told("desire", "led=1") == {"led": 1}
        offline = "alink-sim: device a1B2c3D4e5F/dev-1 is offline: nothing was sent\n"
        assert refused("set", "led=1", 'mode="eco"') == offline
        assert refused("call", "Test", "n=1") == offline
        assert refused("call", "Test", "n=1", "--wait") == offline
        assert refused("ask", "?") == offline
        assert told("send", "/a1B2c3D4e5F/dev-1/user/get", "hi") == {"sessions": 0}
        assert told("shadow", 'color="red"')["state"] == {"desired": {"color": "red"}}
        assert told("log", "--off") == {"sessions": 0}
        wrong = admin("set", "a1B2c3D4e5F", "dev-1", "mode=eco")
        assert wrong.exit_code == 2
        assert "quotes: mode='\"eco\"'" in " ".join(wrong.output.split())
        assert admin("set", "a1B2c3D4e5F", "dev-1", "t=NaN").exit_code == 2
        nobody = admin("set", "a1B2c3D4e5F", "nobody", "led=1")
        assert nobody.exit_code != 0
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("command", "result", "code", "says"),
    [
        (("ask",), {"code": "SUCCESS", "answer": "yes"}, 0, ""),
        (("ask",), {"code": "TIMEOUT", "answer": ""}, 1, "dev-1 sent no reply (TIMEOUT)"),
        (
            ("call", "--wait"),
            {"code": "HALFCONN", "answer": ""},
            1,
            "dev-1 sent no reply (HALFCONN)",
        ),
        (("call",), {"id": "1"}, 0, ""),
    ],
)
def test_missing_reply_exits_1_with_sentence(
    command: tuple[str, ...], result: Any, code: int, says: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(request, "call", lambda *_, **__: result)
    device = ["admin", "device", *command, "a1B2c3D4e5F", "dev-1", "Test"]
    done = CliRunner().invoke(cli.app, device)
    assert done.exit_code == code
    assert done.stderr.partition(";")[0] == (says and f"alink-sim: {says}")


def test_set_and_desire_wait_for_reply(online: Online, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        request, "call", lambda _, name, **more: operations.call(online.platform, name, more)
    )
    monkeypatch.setattr(messages, "monotonic", lambda: 0.0)
    device = (online.party.product.key, online.party.name)
    with ThreadPoolExecutor(1) as threads:
        for verb, code in (("set", 200), ("set", 460), ("desire", 200)):
            words = ["admin", "device", verb, *device, "led=1", "--wait", "--json"]
            asked = threads.submit(CliRunner().invoke, cli.app, words)
            topic, body, _ = online.wire.read_publish()
            reply = json.dumps({"id": body["id"], "code": code, "data": {}}).encode()
            online.wire.send(publish(f"{topic}_reply", reply))
            done = asked.result(PATIENCE)
            assert json.loads(done.stdout) == {"id": body["id"], "code": code}
            assert done.exit_code == int(code != 200)
    seconds = iter((0.0, 9.0))
    monkeypatch.setattr(messages, "monotonic", lambda: next(seconds))
    done = CliRunner().invoke(cli.app, ["admin", "device", "desire", *device, "led=1", "--wait"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "sent no reply (TIMEOUT)" in done.stderr


def test_thing_model_judges_what_cloud_sets(online: Online):
    kind = {"type": "int", "specs": {"min": "0", "max": "9"}}
    properties = [
        {"identifier": "led", "accessMode": "rw", "dataType": kind},
        {"identifier": "heat", "accessMode": "r", "dataType": kind},
    ]
    service = {"identifier": "Blink", "inputData": [{"identifier": "n", "dataType": kind}]}
    online.platform.console.set_thing_model(
        online.party.product.key,
        {"properties": properties, "events": [], "services": [service]},
    )
    for name, parameters, why in (
        ("set_properties", {"values": {"led": 10}}, "led is 10: use int 0..9"),
        ("set_properties", {"values": {"lde": 1}}, "lde is not in the thing model"),
        ("set_desired", {"values": {"heat": 1}}, "heat is read-only"),
        ("call_service", {"service": "Blonk", "inputs": {}}, "Blonk is not a service of the"),
        ("call_service", {"service": "Blink", "inputs": {}}, "n is missing"),
        ("call_service_sync", {"service": "Blink", "inputs": {"n": "x"}}, "n is 'x': use int"),
    ):
        with pytest.raises(RegistryError, match=f"the thing model does not allow this: {why}"):
            operate(online, name, **parameters)
    operate(online, "set_properties", values={"led": 9})
    assert online.wire.read_publish()[1]["params"] == {"led": 9}


@pytest.mark.parametrize("verb", ["set", "desire", "call", "send", "ask", "shadow", "log"])
def test_each_verb_has_help(verb: str):
    shown = CliRunner().invoke(cli.app, ["admin", "device", verb, "--help"])
    assert shown.exit_code == 0
    assert "PRODUCTKEY" in shown.output
