"""The administration: what its operations give away, secrets in files, a log that is followed."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.platform import Platform
from alink_sim.platform.control import client, operations
from alink_sim.platform.control.server import ControlServer
from alink_sim.platform.control.state_directory import StateDir, StateError
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.verbs.output import show_events

WHO = {"product_key": "a1B2c3D4e5F", "device_name": "dev-1"}


@contextmanager
def administered(platform: Platform, state: StateDir) -> Iterator[None]:
    """Serve the control server of a platform from a loop in a separate thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = ControlServer(platform, key=state.new_key())
    try:
        port = asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        state.announce({"admin_port": port, "pid": os.getpid()})
        yield
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def state(tmp_path: Path, platform: Platform) -> Iterator[StateDir]:
    platform.console.create_product(key=WHO["product_key"], secret="Pr0dSecretAbCdEf")
    platform.console.add_device(*WHO.values(), secret="0123456789abcdef")
    with StateDir(tmp_path / "state") as state, administered(platform, state):
        yield state


def ask(state: StateDir, *verb: str, given: str = "", code: int = 0) -> str:
    """Return what an admin verb prints on stdout, or on stderr if it is to fail."""
    command = ["admin", "--state", str(state.path), *verb]
    # Wide, or a long path breaks the line that is looked for.
    done = CliRunner().invoke(cli.app, command, input=given, env={"COLUMNS": "999"})
    assert done.exit_code == code, done.output
    return done.stderr if code else done.stdout


def note(platform: Platform, *kinds: str) -> None:
    for kind in kinds:
        platform.log.add(Event(time=1.0, kind=kind))


GIVING = {"console.create_product", "console.add_device", "access_key"}
PRODUCT = {"product_key": WHO["product_key"]}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "console.products": {},
    "console.product": PRODUCT,
    "console.set_dynamic_registration": {**PRODUCT, "on": False},
    "console.devices": {},
    "console.device": WHO,
    "cloud.set_properties": {**WHO, "values": {"led": 1}},
    "cloud.set_desired": {**WHO, "values": {"led": 1}},
    "cloud.call_service": {**WHO, "service": "Test", "inputs": {}},
    "cloud.call_service_sync": {**WHO, "service": "Test", "inputs": {}},
    "cloud.broadcast": {**PRODUCT, "payload": "x"},
    "cloud.set_config": {**PRODUCT, "content": "x"},
    "cloud.forget_config": PRODUCT,
    "cloud.sub_devices": WHO,
    "cloud.add_sub_device": {**WHO, "gateway": list(WHO.values())},
    "cloud.remove_sub_device": WHO,
    "cloud.ask_to_add": {**WHO, "sub_devices": [list(WHO.values())]},
    "console.send_verification_code": PRODUCT,
    "console.set_script": {**PRODUCT, "source": None},
    "console.set_thing_model": {
        **PRODUCT,
        "document": {"profile": PRODUCT, "properties": [], "events": [], "services": []},
    },
    "cloud.create_job": {
        **PRODUCT,
        "device_names": [WHO["device_name"]],
        "document": {},
        "file": "",
    },
    "cloud.jobs": PRODUCT,
    "cloud.job_tasks": PRODUCT,
    "cloud.cancel_job": PRODUCT,
    "cloud.remove_job": PRODUCT,
    "cloud.files": WHO,
    "cloud.file": {**WHO, "name": "log.txt"},
    "cloud.remove_file": {**WHO, "name": "log.txt"},
    "cloud.send": {**WHO, "topic": "/x", "payload": "x"},
    "cloud.rrpc": {**WHO, "payload": "x"},
    "cloud.set_shadow": {**WHO, "desired": {"a": 1}},
    "cloud.shadow": WHO,
    "cloud.set_log_mode": {**WHO, "on": True},
    "console.reset_device": WHO,
    "console.disable_device": WHO,
    "console.enable_device": WHO,
    "console.switch_client_id": WHO,
    "console.clear_client_ids": WHO,
    "faults.add_tables": {"tables": [], "where": "here"},
    "faults.listed": {},
    "faults.clear": {},
    "ota.publish": {**PRODUCT, "version": "2.0.0", "data": {"a": "AAAA"}, "protocol": "HTTPS"},
    "ota.job": {},
    "ota.jobs": PRODUCT,
    "ota.tasks_in": {},
    "ota.versions": WHO,
    "ota.cancel": {},
    "log.select": {},
    "log.after": {"number": 0},
    "console.remove_device": WHO,
    "console.remove_product": PRODUCT,
}
# The operation that made the job which another one wants.
OF_JOB = {
    **dict.fromkeys(("ota.job", "ota.tasks_in", "ota.cancel"), "ota.publish"),
    **dict.fromkeys(
        ("cloud.job_tasks", "cloud.cancel_job", "cloud.remove_job"), "cloud.create_job"
    ),
}
REFUSED = ("cloud.file", "cloud.remove_file")  # The device has uploaded no file.


def test_other_operations_return_no_secret(platform: Platform, state: StateDir):
    assert set(ARGUMENTS) == set(operations.OPERATIONS) - GIVING
    issued = platform.console.issue_client_id(*WHO.values())
    keys = (state.key(), platform.access_key.secret)
    secrets = ("Pr0dSecretAbCdEf", "0123456789abcdef", issued.token, *keys)
    responses: dict[str, str] = {}
    for name, arguments in ARGUMENTS.items():
        more = {"client_id": issued.client_id} if name == "console.switch_client_id" else {}
        if name in OF_JOB:
            more = {"job_id": json.loads(responses[OF_JOB[name]])["job"]}
        try:
            responses[name] = json.dumps(client.call(state, name, **arguments, **more))
        except client.RefusedRequestError as error:
            if name not in REFUSED and not operations.OPERATIONS[name].needs_online:
                raise
            responses[name] = str(error)
    assert issued.client_id in responses["console.device"]
    assert not [name for name, text in responses.items() if any(one in text for one in secrets)]


def test_unknown_operation_lists_known_operations(state: StateDir):
    with pytest.raises(client.RefusedRequestError, match=r"does not exist.*console\.product"):
        client.call(state, "console.stop")


def test_access_key_is_printed_on_request(platform: Platform, state: StateDir):
    assert json.loads(ask(state, "access-key", "--json")) == {
        "accessKeyId": platform.access_key.id,
        "accessKeySecret": platform.access_key.secret,
    }


def test_a_product_is_shown_as_it_is_listed(state: StateDir):
    shown = json.loads(ask(state, "product", "show", WHO["product_key"], "--json"))
    alert = {"alert": "", "compromised": []}
    (listed,) = json.loads(ask(state, "product", "list", "--json"))
    assert shown == listed | alert


def test_product_with_two_client_ids_has_the_message(platform: Platform, state: StateDir):
    issued = [platform.console.issue_client_id(*WHO.values()) for _ in range(2)]
    shown = ask(state, "product", "show", WHO["product_key"])
    assert "A device under the current product has two ClientIDs at the same time." in shown
    assert 'compromised          ["dev-1"]' in shown
    platform.console.switch_client_id(**WHO, client_id=issued[0].client_id)
    assert "two ClientIDs" not in ask(state, "product", "show", WHO["product_key"])


def test_device_show_prints_readable_client_id_times(platform: Platform, state: StateDir):
    issued = platform.console.issue_client_id(*WHO.values())
    at = datetime.fromtimestamp(issued.created, UTC).astimezone()
    shown = ask(state, "device", "show", *WHO.values())
    line = f"{issued.client_id}  not connected  issued {at:%Y-%m-%d %H:%M:%S}  first connection -"
    assert line in shown


def test_dynamic_registration_needs_the_verification_code(platform: Platform, state: StateDir):
    switch = ("product", "dynamic-registration", WHO["product_key"], "off")
    assert "a verification code was sent" in ask(state, *switch, code=1)
    (event,) = platform.events(kind="verification_code_sent")
    sent = event.detail["code_sent"]
    wrong = f"{(int(sent) + 1) % 1_000_000:06}"
    assert "4 more tries" in ask(state, *switch, "--code", wrong, code=1)
    assert platform.console.product(WHO["product_key"]).dynamic_registration
    ask(state, *switch, "--code", sent)
    assert not platform.console.product(WHO["product_key"]).dynamic_registration
    assert "ask for another code" in ask(state, *switch, "--code", sent, code=1)
    ask(state, *switch[:-1], "on", "--yes")
    assert platform.console.product(WHO["product_key"]).dynamic_registration


def test_config_is_uploaded_pushed_and_withdrawn(
    platform: Platform, state: StateDir, tmp_path: Path
):
    (tmp_path / "config.json").write_text('{"interval": 5}')
    told = ask(state, "product", "config", WHO["product_key"], str(tmp_path / "config.json"))
    assert told == "devices  0\n"
    document = platform.console.product(WHO["product_key"]).documents["config"]
    assert document["configSize"] == 15
    ask(state, "product", "config", WHO["product_key"], "--remove")
    assert platform.console.product(WHO["product_key"]).documents["config"] == {}


def test_script_of_a_product_comes_from_a_file(
    platform: Platform, state: StateDir, tmp_path: Path
):
    path = tmp_path / "script.py"
    path.write_text("def raw_data_to_protocol(data): return {}\n")
    give = ("product", "script", WHO["product_key"], str(path))
    assert "has no function protocol_to_raw_data" in ask(state, *give, code=1)
    path.write_text(path.read_text() + "def protocol_to_raw_data(message): return b'x'\n")
    ask(state, *give)
    assert platform._core.scripts[WHO["product_key"]].to_raw({}) == b"x"
    ask(state, "product", "script", WHO["product_key"], "--remove")
    assert platform._core.scripts == {}


def test_topology_is_changed_and_listed(platform: Platform, state: StateDir):
    platform.console.create_product(key="a1Gateway", node_type=1)
    platform.console.add_device("a1Gateway", "gateway-1")
    gateway = ("a1Gateway", "gateway-1")
    ask(state, "topology", "add", *gateway, *WHO.values())
    assert "dev-1" in ask(state, "topology", "list", *gateway)
    ask(state, "topology", "remove", *WHO.values())
    assert ask(state, "topology", "list", *gateway) == "none\n"


def test_broadcast_returns_number_of_reached_sessions(state: StateDir):
    assert ask(state, "product", "broadcast", WHO["product_key"], "hello") == "sessions  0\n"


def test_events_are_filtered_by_client_id(platform: Platform, state: StateDir):
    for client_id in ("one", "two"):
        platform.log.add(Event(time=1.0, kind="online", client_id=client_id))
    assert "two" not in ask(state, "events", "--client-id", "one", "--json")
    assert "one" in ask(state, "events", "--client-id", "one", "--json")


def test_device_table_shows_empty_cells_as_dash(platform: Platform, state: StateDir):
    assert ask(state, "device", "list").splitlines() == [
        "productKey   deviceName  status    activated",  # No alert: no column of them.
        "a1B2c3D4e5F  dev-1       Inactive  false",
    ]
    platform.console.create_product(key="a1Other", instance="iot-1")
    assert ask(state, "product", "list").splitlines() == [
        "productKey   name         nodeType  dynamicRegistration  instance",
        "a1B2c3D4e5F  a1B2c3D4e5F  0         true                 -",
        "a1Other      a1Other      0         true                 iot-1",
    ]
    shown = dict(
        line.split(None, 1) for line in ask(state, "device", "show", *WHO.values()).splitlines()
    )
    assert (shown["clientIds"], shown["alert"], shown["properties"]) == ("-", "-", "-")
    assert len(shown["iotId"]) > 20
    (listed,) = json.loads(ask(state, "device", "list", "--json"))
    assert (listed["iotId"], listed["clientIds"], listed["properties"]) == (shown["iotId"], [], {})


def test_secret_is_read_from_file_or_stdin(state: StateDir, tmp_path: Path):
    (tmp_path / "secret").write_text("fedcba9876543210\n")
    add = ("device", "add", WHO["product_key"])
    filed = ask(state, *add, "dev-2", "--secret-file", str(tmp_path / "secret"), "--json")
    assert json.loads(filed)["deviceSecret"] == "fedcba9876543210"
    piped = ask(state, *add, "dev-3", "--secret-file", "-", "--json", given="00112233\n")
    assert json.loads(piped)["deviceSecret"] == "00112233"
    made = ask(state, "product", "add", "--secret-file", "-", "--json", given="Pr0d\n")
    assert json.loads(made)["productSecret"] == "Pr0d"


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"other", 1, "exists with another DeviceSecret"),
        (b"\xff\xfe", 1, "DeviceSecret of 2 characters is not allowed"),
        (b"", 1, "DeviceSecret of 0 characters is not allowed"),
        (None, 2, "No such file"),
    ],
)
def test_invalid_secret_is_one_sentence(state, tmp_path, content, code, says):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    name = "dev-1" if content == b"other" else "dev-2"
    verb = ("device", "add", WHO["product_key"], name, "--secret-file", str(path))
    said = ask(state, *verb, code=code)
    assert says in said
    assert "0123456789abcdef" not in said


def test_no_command_takes_a_secret_argument(state: StateDir):
    said = ask(state, "device", "add", *WHO.values(), "--secret", "0123456789abcdef", code=2)
    assert "No such option: --secret" in said


def test_event_text_is_readable(platform: Platform, state: StateDir):
    detail = {"via": "https", "answer": 200, "topic": "", "values": {"led": 1}}
    key, name = WHO.values()
    platform.log.add(
        Event(time=1.0, kind="answered", product_key=key, device_name=name, detail=detail)
    )
    assert ask(state, "events") == (
        "1970-01-01 00:00:01  answered  a1B2c3D4e5F/dev-1  "
        'via=https answer=200 topic=- values={"led": 1}\n'
    )


def test_event_text_cannot_move_the_cursor(platform: Platform, state: StateDir):
    platform.log.add(Event(time=1.0, kind="ota_progress", reason="a\nb", detail={"x": "\x1b[2J"}))
    assert ask(state, "events") == "1970-01-01 00:00:01  ota_progress  a\\nb  x=\\x1b[2J\n"


def test_wide_event_wraps_with_indentation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    task = {"version": "2.0.0", "job": "94e132fdfbd910023f2997000100", "task": "3" * 28}
    event = Event(
        time=1.0, kind="ota_task", product_key="a1B2c3D4e5F", device_name="dev-1", detail=task
    ).as_json()
    monkeypatch.setenv("COLUMNS", "80")
    show_events([event])
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    show_events([event])
    assert capsys.readouterr().out.splitlines() == [
        "1970-01-01 00:00:01  ota_task  a1B2c3D4e5F/dev-1  version=2.0.0",
        f"    job=94e132fdfbd910023f2997000100 task={task['task']}",
    ]


def test_oversized_request_is_one_sentence(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("alink_sim.platform.control.server._MAX_BODY", 1000)
    with StateDir(tmp_path / "small") as state, administered(platform, state):
        said = ask(state, "product", "add", "--name", "x" * 2000, code=1)
    assert said == "alink-sim: the platform answered 413 Request Entity Too Large\n"


def test_package_refuses_two_equal_file_names(state: StateDir, tmp_path: Path):
    files = [tmp_path / "a.bin", tmp_path / "more" / "a.bin"]
    files[1].parent.mkdir()
    for file in files:
        file.write_bytes(b"data")
    verb = ("ota", "publish", WHO["product_key"], "2.0.0", *map(str, files))
    assert "two files have the name a.bin: rename one of them" in ask(state, *verb, code=2)


def test_follow_yields_newest_then_each_event_once(platform: Platform, state: StateDir):
    note(platform, "a", "b", "c")
    coming = iter([(), ("d", "e"), ("f",)])
    batches = client.follow(state, limit=2, pause=lambda: note(platform, *next(coming)))
    kinds = [[event["kind"] for event in batch] for batch in itertools.islice(batches, 3)]
    assert kinds == [["b", "c"], ["d", "e"], ["f"]]


def test_following_yields_only_what_matches(platform: Platform, state: StateDir):
    note(platform, "a", "b")
    batches = client.follow(state, limit=9, kind="b", pause=lambda: note(platform, "a", "b", "a"))
    kinds = [[event["kind"] for event in batch] for batch in itertools.islice(batches, 2)]
    assert kinds == [["b"], ["b"]]


def test_follow_survives_a_platform_restart(platform: Platform, state: StateDir, make_platform):
    note(platform, "a", "b", "c")
    again = make_platform()
    looks = iter([None])  # One: what it misses then, it would wait for without end.
    batches = client.follow(state, limit=9, pause=lambda: next(looks))
    assert len(next(batches)) == 3
    with administered(again, state):
        note(again, "d")
        assert [event["kind"] for event in next(batches)] == ["d"]


def test_following_ends_with_the_platform(platform: Platform, tmp_path: Path):
    note(platform, "a")
    state = StateDir(tmp_path)
    with administered(platform, state):
        batches = client.follow(state, limit=9, pause=lambda: None)
        next(batches)
    with pytest.raises(StateError, match="does not respond"):
        next(batches)


def test_followed_events_are_a_line_each_until_interrupted(platform, state, monkeypatch):
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alink_sim.platform.verbs.admin.time", SimpleNamespace(sleep=interrupt))
    note(platform, "a", "b")
    lines = ask(state, "events", "--follow", "--json").splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["a", "b"]
    assert len(ask(state, "events", "--follow").splitlines()) == 2
    assert ask(state, "events", "--kind", "c") == "no events\n"
    assert json.loads(ask(state, "events", "--kind", "c", "--json")) == []
    assert [event["kind"] for event in json.loads(ask(state, "events", "--json"))] == ["a", "b"]
