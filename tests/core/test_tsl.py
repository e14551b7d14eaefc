"""tsl.py: every type of the thing model, what it takes and what it refuses."""

import json
import os

from alink.tsl import Model
from check import raises, vectors

PATH = "thing.tmp"


def _model(*properties):
    fields = []
    for name, kind, specs in properties:
        fields.append({"identifier": name, "dataType": {"type": kind, "specs": specs}})
    alarm = {"identifier": "alarm", "outputData": fields}
    test = {"identifier": "test", "inputData": fields}
    with open(PATH, "w") as file:
        json.dump({"properties": fields, "events": [alarm], "services": [test]}, file)
    model = Model(PATH)
    os.remove(PATH)
    return model


_ITEM = {"type": "int", "specs": {"min": "0", "max": "9"}}
_FIELD = [{"identifier": "x", "dataType": _ITEM}]


def test_each_type_names_the_values_it_allows():
    for kind, specs, good, bad, said in (
        ("int", {"min": "-5", "max": "5"}, (-5, 0, 5), (6, -6, 1.5, "1", True), "int -5..5"),
        ("float", {"min": "0", "max": "1.5"}, (0, 1.5, 0.25), (1.6, None), "float 0..1.5"),
        ("double", {}, (1e9, -3), ("1",), "double .."),
        ("bool", {"0": "off", "1": "on"}, (0, 1, True), (2, "1"), "one of 0, 1"),
        ("enum", {"1": "a", "7": "b"}, (1, 7), (0, "7"), "one of 1, 7"),
        ("text", {"length": "3"}, ("", "abc"), ("abcd", 1), "text of up to 3 bytes"),
        ("date", {}, ("1524448722000",), (1524448722000,), "milliseconds since 1970"),
        ("array", {"size": "2", "item": _ITEM}, ([], [1, 9]), ([1, 2, 3], 1), "a list of up to 2"),
        ("array", {"size": "2", "item": _ITEM}, ([1],), ([10],), "a list of int 0..9"),
        ("struct", _FIELD, ({}, {"x": 1}), (5,), "an object"),
    ):
        model = _model(("p", kind, specs))
        for value in good:
            model.check_properties({"p": value})
        for value in bad:
            error = raises(ValueError, model.check_properties, {"p": value})
            assert said in str(error), str(error)


def test_a_value_may_come_with_its_time():
    model = _model(("p", "int", {"max": "9"}))
    model.check_properties({"p": {"value": 9, "time": 1}})
    assert "p is 10" in str(raises(ValueError, model.check_properties, {"p": {"value": 10}}))


def test_a_member_of_a_structure_is_named():
    model = _model(("p", "struct", _FIELD))
    assert "x is 10" in str(raises(ValueError, model.check_properties, {"p": {"x": 10}}))
    assert "y is not in" in str(raises(ValueError, model.check_properties, {"p": {"y": 1}}))


def test_events_and_services_are_checked_alike():
    model = _model(("p", "int", {"max": "9"}))
    for check, name in ((model.check_event, "alarm"), (model.check_inputs, "test")):
        check(name, {"p": 9})
        assert "p is 10" in str(raises(ValueError, check, name, {"p": 10}))
        assert "other is not in" in str(raises(ValueError, check, "other", {}))


_SPEED = {"identifier": "speed", "accessMode": "rw", "dataType": _ITEM}
_MODULE = {
    # The identifier of the module comes last: nothing says that it comes first.
    "properties": [_SPEED, {"identifier": "state", "accessMode": "r", "dataType": _ITEM}],
    "events": [{"identifier": "jam", "outputData": [_SPEED]}, {"identifier": "post"}],
    "services": [{"identifier": "stop", "inputData": [_SPEED], "outputData": [_SPEED]}],
    "functionBlockName": "Motor",
    "functionBlockId": "motor",
}


def _read(document):
    with open(PATH, "w") as file:
        json.dump(document, file)
    try:
        return Model(PATH)
    finally:
        os.remove(PATH)


def test_module_features_are_checked_under_its_prefix():
    for document in (_MODULE, {"functionBlocks": [_MODULE], "properties": [_SPEED]}):
        model = _read(document)
        model.check_properties({"motor:speed": 9})
        assert "motor:speed is 10" in str(
            raises(ValueError, model.check_properties, {"motor:speed": 10})
        )
        assert model.is_read_only("motor:state") and not model.is_read_only("motor:speed")
        assert model.names(b"!") == ["motor:jam"]
        for check, name in (
            (model.check_event, "motor:jam"),
            (model.check_inputs, "motor:stop"),
            (model.check_outputs, "motor:stop"),
        ):
            check(name, {"speed": 9})
            assert "speed is 10" in str(raises(ValueError, check, name, {"speed": 10}))
    model.check_properties({"speed": 1})
    error = raises(ValueError, model.check_properties, {"motor:sped": 1})
    assert "did you mean motor:speed?" in str(error)


def test_module_without_features_is_named():
    listed = {"functionBlockId": "motor", "functionBlockName": "Motor"}
    error = raises(ValueError, _read, {"properties": [], "functionBlocks": [listed]})
    assert "functionBlocks[0].properties is missing" in str(error)
    wrong = {"functionBlockId": "motor", "properties": [_SPEED, {"identifier": "p"}]}
    error = raises(ValueError, _read, {"properties": [], "functionBlocks": [wrong]})
    assert "functionBlocks[0].properties[1]: dataType of p is missing" in str(error)


def test_malformed_thing_model_names_the_missing_member():
    with open(PATH, "w") as file:
        file.write('{"properties": [{"identifier": "p"}]}')
    assert "dataType" in str(raises(ValueError, Model, PATH))
    os.remove(PATH)


def test_board_judges_a_model_as_the_platform_does():
    for case in vectors("thing_model")["properties"]:
        kind = case["dataType"]
        model = _model(("p", kind["type"], kind["specs"]))
        for value in case["allowed"]:
            model.check_properties({"p": value})
        for value in case["refused"]:
            assert raises(ValueError, model.check_properties, {"p": value}), case["name"]


def test_board_takes_the_model_files_of_the_platform():
    for case in vectors("thing_model")["models"]:
        with open(PATH, "w") as file:
            json.dump(case["model"], file)
        if case["valid"]:
            Model(PATH)
        else:
            raises(ValueError, Model, PATH)
        os.remove(PATH)
