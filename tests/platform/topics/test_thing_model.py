"""Thing models: errors of a model, errors of values, and the stub for editors."""

from __future__ import annotations

import ast
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_sim import thing_model
from alink_sim.cli import app
from alink_sim.thing_model import ThingModelError

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "examples/projects/thermostat/firmware/thing.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))

INT = {"type": "int", "specs": {"min": "0", "max": "9"}}
KINDS: dict[str, Any] = {
    "i": INT,
    "f": {"type": "float", "specs": {"min": "-1.5", "max": "1.5"}},
    "d": {"type": "double", "specs": {}},
    "b": {"type": "bool", "specs": {"0": "off", "1": "on"}},
    "e": {"type": "enum", "specs": {"1": "low", "7": "high"}},
    "t": {"type": "text", "specs": {"length": "3"}},
    "when": {"type": "date", "specs": {}},
    "a": {"type": "array", "specs": {"size": "2", "item": INT}},
    "s": {"type": "struct", "specs": [{"identifier": "x", "dataType": INT}]},
}
FIELDS = [{"identifier": name, "dataType": kind} for name, kind in KINDS.items()]
MODEL = thing_model.parse(
    {
        "properties": FIELDS,
        "events": [{"identifier": "ev", "outputData": FIELDS}],
        "services": [{"identifier": "do", "callType": "sync", "inputData": FIELDS[:2]}],
    }
)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"i": 9, "f": 1.5, "d": 1, "b": 1, "e": 7, "t": "ü", "when": "15", "a": [1], "s": {}},
            [],
        ),
        ({"i": 10}, ["6306 i is 10: use int 0..9"]),
        ({"i": 1.0}, ["6306 i is 1.0: use int 0..9"]),
        ({"i": True}, ["6306 i is True: use int 0..9"]),
        ({"f": "1"}, ["6307 f is '1': use float -1.5..1.5"]),
        ({"d": None}, ["6322 d is None: use double"]),
        ({"b": 2}, ["6308 b is 2: use 0 (off) or 1 (on)"]),
        ({"e": 2}, ["6309 e is 2: use 1 (low) or 7 (high)"]),
        ({"t": "üü"}, ["6310 t is 'üü': use text of up to 3 bytes"]),
        ({"when": 15}, ["6311 when is 15: use milliseconds since 1970, as text"]),
        ({"a": [1, 2, 3]}, ["6324 a is [1, 2, 3]: use a list of up to 2 of int 0..9"]),
        ({"a": [10]}, ["6306 a[0] is 10: use int 0..9"]),
        ({"s": 1}, ["6312 s is 1: use an object of x"]),
        ({"s": {"x": 10}}, ["6306 s.x is 10: use int 0..9"]),
        ({"s": {"y": 1}}, ["6320 s.y is not in the thing model"]),
        ({"other": 1}, ["6320 other is not in the thing model"]),
        ({"i": {"value": 9, "time": 1524448722000}}, []),
        (
            {"i": {"value": 9, "time": "soon"}},
            ["6326 i has the time 'soon': use milliseconds since 1970"],
        ),
        ([], ["460 params is not an object"]),
    ],
)
def test_value_check_reports_errors_with_codes(values: Any, said: list[str]) -> None:
    assert [str(one) for one in thing_model.check_properties(MODEL, values)] == said


def test_event_values_are_optional_but_inputs_required() -> None:
    assert thing_model.check_event(MODEL, "ev", {"i": 1}) == []
    assert [one.code for one in thing_model.check_event(MODEL, "no", {})] == [6320]
    assert [one.code for one in thing_model.check_service(MODEL, "do", {"i": 1})] == [6302]
    assert thing_model.check_service(MODEL, "do", {"i": 1, "f": 0}) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("properties.0.identifier", "a b", 'properties[0].identifier is "a b": use 1 to 50'),
        ("properties.1.identifier", "target", "use a unique identifier"),
        ("properties.0.dataType.type", "real", 'properties[0].dataType.type is "real": use int'),
        ("properties.0.dataType.specs.min", "x", 'dataType.specs.min is "x": use a number'),
        (
            "properties.0.dataType.specs.min",
            "31",
            'specs.min is "31": use at most max, which is 30',
        ),
        (
            "properties.2.dataType.specs",
            {},
            "properties[2].dataType.specs is {}: use numbers and",
        ),
        ("services.0.callType", "later", 'services[0].callType is "later": use async or sync'),
        ("events.0.outputData", 5, "outputData is not a list"),
    ],
)
def test_a_wrong_place_in_a_model_is_named(path: str, value: object, said: str) -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    inner = document
    for part in way:
        inner = inner[part]
    inner[last] = value
    with pytest.raises(ThingModelError) as caught:
        thing_model.parse(document)
    assert any(said in problem for problem in caught.value.problems), caught.value.problems


def test_the_command_checks_a_file_and_values() -> None:
    run = CliRunner().invoke
    good = run(app, ["thing", "check", str(FILE), "target=21", 'alarm={"level":2}'])
    assert (good.exit_code, good.stdout) == (
        0,
        "valid: 3 properties, 1 events, 1 services, 2 values\n",
    )
    bad = run(app, ["thing", "check", str(FILE), "target=31", "SelfTest={}"])
    assert bad.exit_code == 1
    assert bad.stdout == ("6307 target is 31: use float 5..30\n6302 seconds is missing\n")
    assert run(app, ["thing", "check", str(FILE), "target"]).exit_code == 2
    assert run(app, ["thing", "check", "nowhere.json"]).exit_code == 2


VECTORS = json.loads((ROOT / "tests" / "vectors" / "thing_model.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["properties"], ids=lambda case: case["name"])
def test_platform_judges_a_model_as_the_board_does(case: dict[str, Any]) -> None:
    model = thing_model.parse({"properties": [{"identifier": "p", "dataType": case["dataType"]}]})
    for value in case["allowed"]:
        assert thing_model.check_properties(model, {"p": value}) == []
    for value in case["refused"]:
        assert thing_model.check_properties(model, {"p": value}) != [], value


@pytest.mark.parametrize("case", VECTORS["models"], ids=lambda case: case["name"])
def test_platform_takes_the_model_files_of_the_board(case: dict[str, Any]) -> None:
    if case["valid"]:
        thing_model.parse(case["model"])
    else:
        with pytest.raises(ThingModelError):
            thing_model.parse(case["model"])


def test_stub_is_valid_python_for_any_name() -> None:
    names = ("class", "None", "1st", "__x", "_", "__", "a_b", "aB", "Thing", "plain")
    words = {"0": 'off"\nimport os\r', "1": "\u2028\x00\x0c# "}
    fields = [{"identifier": name, "dataType": {"type": "enum", "specs": words}} for name in names]
    number = {"type": "int", "specs": {"unit": "\nraise SystemExit"}}
    events = [
        {"identifier": name, "outputData": [{"identifier": "x", "dataType": number}]}
        for name in names
    ]
    services = [{"identifier": name, "callType": "sync", "inputData": fields} for name in names]
    text = thing_model.stub(
        thing_model.parse({"properties": fields, "events": events, "services": services})
    )
    body = ast.parse(text).body
    assert [node for node in body if isinstance(node, (ast.Raise, ast.Import, ast.Expr))][1:] == []
    classes = [node.name for node in body if isinstance(node, ast.ClassDef)]
    classes += [ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)]
    assert len(classes) == len(set(classes))
    assert set(names) <= {
        node.value for node in ast.walk(body[-1]) if isinstance(node, ast.Constant)
    }


def test_compile_writes_the_model_for_a_board(tmp_path):
    file = tmp_path / "new" / "thing.txt"
    made = CliRunner().invoke(app, ["thing", "compile", str(FILE), "-o", str(file)])
    assert made.exit_code == 0, made.output
    assert "give the board thing='thing.txt'" in made.output
    assert file.read_bytes() == thing_model.compiled(thing_model.read(FILE))
    refused = CliRunner().invoke(app, ["thing", "compile", str(tmp_path / "none.json")])
    assert refused.exit_code == 2
    assert "cannot read" in refused.output
