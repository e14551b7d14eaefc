"""The set-up file: the same world every time, and every mistake named with its place."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Device, Platform, Product
from alink_sim.platform.control import setup_file
from alink_sim.platform.control.setup_file import SetupError
from tests.module_model import MODEL, MOTOR, exported
from tests.platform.wire import Party, Wire, subscribe

TOML = """
[[product]]
key = "a1B2c3D4e5F"
secret = "Pr0dSecretAbCdEf"
name = "thermometer"
instance = "iot-06z00abcd1234"

[[product.device]]
name = "dev-1"
secret = "0123456789abcdef"

[[product.device]]
name = "dev-2"

[[product]]
key = "a1Gateway"
node_type = 1
dynamic_registration = false
"""


@pytest.fixture
def toml(tmp_path):
    path = tmp_path / "world.toml"
    path.write_text(TOML)
    return path


def world(platform: Platform) -> tuple[list[Product], list[Device]]:
    return platform.console.products(), platform.console.devices()


def test_products_and_devices_are_there(toml, make_platform):
    platform = make_platform()
    setup_file.apply(platform, setup_file.read(toml))
    one, two = platform.console.products()
    assert (one.key, one.secret, one.name) == ("a1B2c3D4e5F", "Pr0dSecretAbCdEf", "thermometer")
    assert (one.node_type, one.dynamic_registration, one.instance) == (
        0,
        True,
        "iot-06z00abcd1234",
    )
    assert (two.key, two.node_type, two.dynamic_registration) == ("a1Gateway", 1, False)
    first, second = platform.console.devices()
    assert (first.name, first.secret) == ("dev-1", "0123456789abcdef")
    assert (second.name, len(second.secret)) == ("dev-2", 32)


def test_json_says_the_same(toml, tmp_path):
    path = tmp_path / "world.json"
    path.write_text(json.dumps(tomllib.loads(TOML)))
    assert setup_file.read(path) == setup_file.read(toml)


def test_second_setup_run_changes_nothing(toml, tmp_path, make_platform):
    platform = make_platform(state=tmp_path)
    setup_file.apply(platform, setup_file.read(toml))
    first = world(platform)
    setup_file.apply(platform, setup_file.read(toml))
    assert world(platform) == first
    platform.stop()
    again = make_platform(state=tmp_path)
    setup_file.apply(again, setup_file.read(toml))
    assert world(again) == first


def test_setup_restores_dynamic_registration(toml, make_platform):
    platform = make_platform()
    setup_file.apply(platform, setup_file.read(toml))
    platform.console.set_dynamic_registration("a1B2c3D4e5F", False)
    setup_file.apply(platform, setup_file.read(toml))
    assert platform.console.product("a1B2c3D4e5F").dynamic_registration


def test_setup_keeps_undeclared_products(toml, make_platform):
    platform = make_platform()
    platform.console.create_product(key="other")
    setup_file.apply(platform, setup_file.read(toml))
    assert len(platform.console.products()) == 3


def test_another_secret_than_before_is_an_error(toml, make_platform):
    platform = make_platform()
    platform.console.create_product(key="a1B2c3D4e5F", secret="another")
    with pytest.raises(SetupError, match="a1B2c3D4e5F exists with another ProductSecret"):
        setup_file.apply(platform, setup_file.read(toml))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "w: the content is []; write a table"),
        ({"products": []}, "w: products is not a known key: did you mean product?"),
        ({"product": {}}, "w: product is {}; write a list"),
        ({"product": [1]}, "w, product 1: the content is 1; write a table"),
        ({"access_key": [{"secret": "s"}]}, "w, access_key 1: id is missing"),
        ({"access_key": [{"id": "a b", "secret": "s"}]}, "w, access_key 1: the id of an access"),
        ({"access_key": [{"id": "a"}]}, "w, access_key 1: secret is missing"),
        ({"access_key": [{"id": "a", "secret": 7}]}, "w, access_key 1: secret: write text in"),
        ({"product": [{}]}, "w, product 1: key is missing"),
        ({"product": [{"key": "k"}, {"key": 1}]}, "w, product 2: key is 1; write text in quotes"),
        (
            {"product": [{"key": "k", "node_type": True}]},
            "node_type is True; write a whole number",
        ),
        (
            {"product": [{"key": "k", "dynamic_registration": 1}]},
            "dynamic_registration is 1; write true or false",
        ),
        (
            {"product": [{"key": "k", "secrets": ""}]},
            "w, product 1: secrets is not a known key: did you mean secret?",
        ),
        ({"product": [{"key": "k", "device": [{}]}]}, "w, product 1, device 1: name is missing"),
        (
            {"product": [{"key": "k", "device": ["d"]}]},
            "w, product 1, device 1: the content is 'd'; write a table",
        ),
        (
            {"product": [{"key": "k", "device": [{"name": "d", "x": 1}]}]},
            "x is not a known key: use name, secret or gateway",
        ),
    ],
)
def test_setup_error_names_the_table(document, says):
    with pytest.raises(SetupError) as caught:
        setup_file.parse(document, where="w")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"key": "k", "node_type": 7}, "w, product 2: node_type is 7; use 0"),
        ({"key": "k", "secret": "Blank SeCrEt"}, "w, product 2: ProductSecret of 12 characters"),
        (
            {"key": "k", "device": [{"name": "dev-1", "secret": "Blank SeCrEt"}]},
            "w, product 2: DeviceSecret of 12 characters",
        ),
    ],
)
def test_refused_entry_is_located_without_secrets(document, says, make_platform):
    products = setup_file.parse({"product": [{"key": "a"}, document]}, where="w")
    assert "SeCrEt" not in repr(products)
    with pytest.raises(SetupError) as caught:
        setup_file.apply(make_platform(), products)
    assert says in str(caught.value)
    assert "SeCrEt" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("w.toml", "[[product", "w.toml is not TOML"),
        ("w.json", "{", "w.json is not JSON"),
        ("w.toml", None, "w.toml cannot be read: No such file"),
    ],
)
def test_unreadable_setup_file_is_one_sentence(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SetupError) as caught:
        setup_file.read(tmp_path / name)
    assert says in str(caught.value)


def test_a_thing_model_is_found_beside_the_file(toml, make_platform):
    example = (
        Path(__file__).resolve().parents[3] / "examples/projects/thermostat/firmware/thing.json"
    )
    toml.write_text(TOML.replace('name = "thermometer"', 'thing = "thing.json"'))
    with pytest.raises(SetupError, match=r"product 1: thing .*thing.json cannot be read: No such"):
        setup_file.read(toml)
    (toml.parent / "thing.json").write_text('{"properties": 5}')
    with pytest.raises(SetupError, match=r"product 1: thing .*: properties is not a list"):
        setup_file.read(toml)
    (toml.parent / "thing.json").write_bytes(example.read_bytes())
    platform = make_platform()
    setup_file.apply(platform, setup_file.read(toml))
    assert platform.console.products()[0].documents["thing"] == json.loads(
        example.read_text("utf-8")
    )
    (toml.parent / "thing.json").write_bytes(exported(MOTOR))
    setup_file.apply(platform, setup_file.read(toml))
    assert platform.console.products()[0].documents["thing"] == MODEL


SCRIPT = """
def raw_data_to_protocol(data):
    return {"method": "thing.event.property.post", "params": {"n": data[0]}}

def protocol_to_raw_data(message):
    return b"ok"
"""


def test_config_script_and_gateway_come_from_the_file(tmp_path, make_platform):
    (tmp_path / "config.json").write_text('{"interval": 5}')
    (tmp_path / "script.py").write_text(SCRIPT)
    document = {
        "product": [
            {
                "key": "a1Sub",
                "config": "config.json",
                "script": "script.py",
                "device": [{"name": "sub-1", "gateway": "a1Gateway/gw-1"}],
            },
            {"key": "a1Gateway", "node_type": 1, "device": [{"name": "gw-1"}]},
        ]
    }
    setup = setup_file.parse(document, where="here", folder=tmp_path)
    platform = make_platform()
    setup_file.apply(platform, setup)
    config = platform.console.product("a1Sub").documents["config"]
    assert config["configSize"] == 15
    assert platform._core.scripts["a1Sub"].to_raw({}) == b"ok"
    assert [one.name for one in platform.cloud.sub_devices("a1Gateway", "gw-1")] == ["sub-1"]
    setup_file.apply(platform, setup)
    assert platform.console.product("a1Sub").documents["config"] == config


@pytest.mark.parametrize(
    ("product", "says"),
    [
        ({"config": "gone.json"}, "config .*gone.json cannot be read"),
        ({"script": "empty.py"}, "has no function raw_data_to_protocol"),
        ({"device": [{"name": "sub-1", "gateway": "gw-1"}]}, "write PRODUCTKEY/DEVICENAME"),
    ],
)
def test_unusable_config_script_or_gateway_is_explained(tmp_path, product, says):
    (tmp_path / "empty.py").touch()
    document = {"product": [{"key": "a1Sub", **product}]}
    with pytest.raises(setup_file.SetupError, match=says):
        setup_file.parse(document, where="here", folder=tmp_path)


def test_declared_broadcast_is_repeated(make_platform):
    clock = ManualClock()
    topic = "/broadcast/a1Sub/all"
    entry = {"payload": '"hello"', "topic": topic, "seconds": 60}
    product = {"key": "a1Sub", "device": [{"name": "sub-1"}], "broadcast": [entry]}
    setup = setup_file.parse({"product": [product]}, where="here")
    platform = make_platform(clock=clock)
    setup_file.apply(platform, setup)
    setup_file.apply(platform, setup)
    made = platform.console.product("a1Sub")
    party = Party.of(made, platform.console.device("a1Sub", "sub-1"))
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in(keepalive=1200))
        wire.ask(subscribe(1, (topic, 0)))
        for _ in "12":
            clock.advance(60)
            assert wire.read_publish() == (topic, "hello", 0)
            assert wire.ask(b"\xc0\0") == b"\xd0\0"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seconds": 0.5}, "seconds is 0.5; use 1 or more"),
        ({"topic": "/broadcast/other/all"}, "write /broadcast/a1Sub/NAME"),
    ],
)
def test_unusable_broadcast_is_explained(changes, says):
    entry = {"payload": "hello", "seconds": 60, **changes}
    with pytest.raises(setup_file.SetupError, match=says):
        setup_file.parse({"product": [{"key": "a1Sub", "broadcast": [entry]}]}, where="here")
