"""Settings: each has a default, says what it takes, and is described where people look."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pytest

from alink_sim.platform import Settings, SettingsError

ROOT = Path(__file__).parents[2]


def test_every_setting_can_be_given_as_text():
    texts = {"keepalive_code": "3", "auto_deliver": "ss", "rotate_secret": "true"}
    settings = Settings.parse(f"{name}={value}" for name, value in texts.items())
    expected = asdict(Settings()) | {
        "keepalive_code": 3,
        "auto_deliver": "ss",
        "rotate_secret": True,
    }
    assert asdict(settings) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("keepalive_code=none", None),
        ("keepalive_code=5", 5),
        ("rotate_secret=FALSE", False),
        ("push_qos=1", 1),
        ("registration_seconds=2.5", 2.5),
        ("max_client_id=64", 64),
    ],
)
def test_text_becomes_the_value(text, value):
    assert getattr(Settings.parse([text]), text.partition("=")[0]) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "'nonsense' is not NAME=VALUE with a NAME of: refused_code, "),
        ("nosuch=1", "'nosuch=1' is not NAME=VALUE"),
        ("refused_code=7", "setting refused_code is '7'; it takes one of: 4, 3, 5"),
        ("keepalive_code=x", "it takes one of: none, 1, 2, 3, 4, 5"),
        ("rotate_secret=1", "it takes one of: false, true"),
        ("sweep_seconds=-1", "setting sweep_seconds is -1.0; it takes a number from 0 on"),
        ("sweep_seconds=nan", "it takes a number from 0 on"),
        ("max_client_id=long", "setting max_client_id is 'long'; it takes a number"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_says_what_it_takes(text, says):
    with pytest.raises(SettingsError) as caught:
        Settings.parse([text])
    assert says in str(caught.value)


@pytest.mark.parametrize("value", [True, "4", 2.0, None])
def test_a_value_of_another_type_is_refused(value):
    with pytest.raises(SettingsError):
        Settings(push_qos=value)


def test_every_setting_is_in_the_table_of_the_manual_with_its_default():
    text = (ROOT / "docs" / "platform.md").read_text("utf-8")
    for field in fields(Settings):
        assert f"| `{field.name}` | `{str(field.default).lower()}` |" in text
