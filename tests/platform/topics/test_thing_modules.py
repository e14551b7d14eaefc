"""Modules of a thing model: `module:identifier` in the model, its file and in each message."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_sim import thing_model
from alink_sim.cli import app
from alink_sim.thing_model import ThingModelError
from tests.module_model import DEFAULT, LISTED, MODEL, MOTOR, exported
from tests.platform.online import Online, online

__all__ = ["online"]


@pytest.fixture
def modeled(online: Online) -> Online:
    """A device that is online, of a product whose thing model has the module motor."""
    online.platform.console.set_thing_model(online.party.product.key, MODEL)
    return online


def wrong(document: Any) -> str:
    with pytest.raises(ThingModelError) as caught:
        thing_model.parse(document)
    return str(caught.value)


# The model and its file


def test_features_of_a_module_have_its_prefix() -> None:
    model = thing_model.parse(MODEL)
    assert list(model.properties) == ["target", "motor:speed", "motor:target"]
    assert model.writable == {"target", "motor:speed"}
    assert (list(model.events), list(model.services)) == (["motor:jam"], ["motor:stop"])
    assert model.modules == {"motor": "Motor unit"}
    assert list(thing_model.parse(MOTOR).properties) == ["motor:speed", "motor:target"]


def test_exported_zip_is_one_document() -> None:
    assert thing_model.document(exported(MOTOR)) == MODEL
    assert thing_model.document(b"\xef\xbb\xbf" + json.dumps(MODEL).encode()) == MODEL


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        (5, "functionBlocks is not a list"),
        ([MOTOR] * 200, "functionBlocks is not a list of less than 200 modules"),
        ([MOTOR, MOTOR], 'functionBlocks[1].functionBlockId is "motor": use a unique identifier'),
        ([{**MOTOR, "functionBlockId": "a:b"}], 'functionBlocks[0].functionBlockId is "a:b": use'),
        (["motor"], "functionBlocks[0].functionBlockId is null: use 1 to 50 letters"),
        ([LISTED], "functionBlocks[0].properties is missing: use the console's ZIP"),
        ([{**MOTOR, "events": 5}], "functionBlocks[0].events is not a list"),
        (
            [{**MOTOR, "properties": [{"identifier": "a b"}]}],
            'functionBlocks[0].properties[0].identifier is "a b"',
        ),
    ],
)
def test_wrong_place_in_a_module_is_named(blocks: object, says: str) -> None:
    assert says in wrong({**DEFAULT, "functionBlocks": blocks})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (exported(main=MOTOR), "the ZIP has 0 JSON files without functionBlockId"),
        (exported(DEFAULT), "the ZIP has 2 JSON files without functionBlockId"),
        (exported(*[MOTOR] * 200), "the ZIP has 201 JSON files; the limit is 200"),
        (exported(MOTOR)[:-40], "the ZIP cannot be read"),
        (exported({"name": " " * (4 << 20)}), "module0.json of the ZIP has more than 4 MiB"),
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
    ],
)
def test_unusable_export_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(ThingModelError) as caught:
        thing_model.document(content)
    assert says in str(caught.value)


def test_module_missing_in_the_zip_is_named() -> None:
    assert "functionBlocks[0].properties is missing" in wrong(thing_model.document(exported()))


def test_command_checks_compiles_and_stubs_modules(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file, board, stub = (tmp_path / name for name in ("tsl.zip", "thing.txt", "thing.pyi"))
    file.write_bytes(exported(MOTOR))
    good = run(app, ["thing", "check", str(file), "motor:speed=9", 'motor:jam={"at":1}'])
    assert good.stdout == "valid: 3 properties, 1 events, 1 services, 2 values, modules motor\n"
    bad = run(app, ["thing", "check", str(file), "motor:speed=10", "speed=1", "motor:stop={}"])
    assert bad.stdout == (
        "6306 motor:speed is 10: use int 0..9\n"
        "6320 speed is not in the thing model\n"
        "6302 after is missing\n"
    )
    assert run(app, ["thing", "compile", str(file), "-o", str(board)]).exit_code == 0
    assert b"\n-motor:target\n!motor:jam\n!motor:jam/at " in board.read_bytes()
    assert run(app, ["thing", "stub", str(file), "-o", str(stub)]).exit_code == 0
    text = stub.read_text("utf-8")
    assert "class MotorJamEvent(TypedDict" in text
    strings = {one.value for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Constant)}
    assert {"motor:speed", "motor:jam", "motor:stop"} <= strings


# Messages


def test_values_of_a_module_are_kept_or_dropped(modeled: Online) -> None:
    modeled.ask(
        "thing/event/property/post",
        b'{"params":{"target":1,"motor:speed":2,"motor:target":10,"pump:speed":3}}',
    )
    assert modeled.device.properties == {"target": 1, "motor:speed": 2}
    modeled.ask(
        "thing/event/property/batch/post",
        b'{"params":{"properties":{"motor:target":[{"value":4,"time":1},{"value":5,"time":2}]}}}',
    )
    assert modeled.device.properties["motor:target"] == 5
    sample = {"properties": [{"motor:speed": {"value": 7, "time": 1}}], "identity": {}}
    modeled.ask("thing/event/property/history/post", json.dumps({"params": [sample]}).encode())
    posted = modeled.platform.expect("history_posted")
    assert posted.detail["properties"] == [{"motor:speed": {"value": 7, "time": 1}}]


def test_event_of_a_module_is_checked(modeled: Online) -> None:
    reply = modeled.ask("thing/event/motor:jam/post", b'{"params":{"value":{"at":3}}}')
    assert b'"code":200' in reply
    assert b'"method":"thing.event.motor:jam.post"' in reply
    assert modeled.platform.expect("event_posted").detail == {
        "event": "motor:jam",
        "values": {"at": 3},
    }
    for name, values, code in (("motor:jam", {"at": 10}, 6306), ("motor:burn", {}, 6320)):
        body = json.dumps({"params": {"value": values}}).encode()
        assert b'"code":%d' % code in modeled.ask(f"thing/event/{name}/post", body)


def test_desired_value_of_a_module_is_got(modeled: Online) -> None:
    key, name = modeled.party.product.key, modeled.party.name
    modeled.platform.cloud.set_desired(key, name, {"motor:speed": 4})
    reply = modeled.wire.read_publish()
    assert reply[0].endswith("/thing/service/property/set")
    assert reply[1]["params"] == {"motor:speed": 4}
    got = modeled.ask("thing/property/desired/get", b'{"params":["motor:speed","speed"]}')
    assert b'"data":{"motor:speed":{"value":4,"version":1}}' in got


@pytest.mark.parametrize("request_", ["dsltemplate", "dynamicTsl"])
def test_device_gets_the_whole_model(modeled: Online, request_: str) -> None:
    reply = json.loads(modeled.ask(f"thing/{request_}/get", b'{"params":{}}'))
    assert reply["data"] == MODEL
