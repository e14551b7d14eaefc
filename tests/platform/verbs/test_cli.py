"""The command line: a platform in a separate process, and the verbs that talk to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from alink_sim.platform import Platform, Product
from tests.platform.wire import ACCEPTED, Party, Wire
from tests.waiting import PATIENCE

SWITCH = ("product", "dynamic-registration")
CLI = [sys.executable, "-c", "from alink_sim.cli import main; main()"]
WORLD = """
[[instance]]
id = "iot-cli00001"
[[product]]
key = "a1B2c3D4e5F"
secret = "Pr0dSecretAbCdEf"
instance = "iot-cli00001"
[[product.device]]
name = "dev-1"
secret = "0123456789abcdef"
"""


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", **environment},
    )


def start(state: Path, *more: str | Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start a platform and return it with the JSON line it prints once it serves."""
    ports = ("--mqtt-port", "0", "--mqtt-tls-port", "0", "--json")
    process = subprocess.Popen(
        [*CLI, "platform", "--state", str(state), *ports, *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    return process, json.loads(line)


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    return process.returncode


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "state"


@pytest.fixture(scope="module")
def facts(state: Path) -> Iterator[dict[str, Any]]:
    """A platform that serves `state` while the tests of this file run."""
    world = state.parent / "world.toml"
    world.write_text(WORLD)
    process, facts = start(state, "--setup", world, "--set", "refused_code=5")
    yield facts
    assert stop(process) == 0


@pytest.fixture
def admin(state: Path, facts: dict[str, Any]):
    """Return a caller of admin verbs: their JSON, or code and stderr of a failure."""

    def ask(*arguments: str, code: int = 0) -> Any:
        # In this process: a separate one would take most of a second to start.
        verb = ["admin", "--state", str(state), *arguments, *(() if code else ("--json",))]
        done = CliRunner().invoke(cli.app, verb)
        assert done.exit_code == code, done.output
        return done.stderr if code else json.loads(done.stdout)

    return ask


def test_faults_are_added_loaded_listed_and_cleared(admin, tmp_path: Path):
    added = admin("faults", "add", "refuse", "code=3", "device=dev-9", "times=1")
    assert added == [
        {
            "fault": "refuse(code=3)",
            "product": None,
            "device": "dev-9",
            "connection": None,
            "times": 1,
        }
    ]
    path = tmp_path / "more.toml"
    path.write_text('[[fault]]\nkind = "drop"\npacket = "puback"\ndevice = "dev-9"\n')
    assert len(admin("faults", "load", str(path))) == len(admin("faults", "list")) == 2
    assert admin("faults", "clear") == admin("faults", "list") == []
    said = admin("faults", "add", "refuse", "shade=3", code=1)
    assert said.startswith("alink-sim: the command line, fault 1: shade is not a known key")
    path.write_text('[[fault]]\nkind = "drip"\n')
    said = admin("faults", "load", str(path), code=2)
    assert said.startswith(f"alink-sim: {path}, fault 1: kind is 'drip'; did you mean drop?")


def test_platform_starts_only_with_valid_faults(tmp_path: Path):
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nkind = "drip"\n')
    done = run("platform", "--state", tmp_path / "state", "--faults", path)
    assert done.returncode == 2
    assert f"{path}, fault 1: kind is 'drip'" in done.stderr
    path.write_text('[[fault]]\nkind = "refuse"\ncode = 5\n')
    process, _facts = start(tmp_path / "state", "--faults", path)
    try:
        done = run("admin", "--state", tmp_path / "state", "faults", "list")
        assert "refuse(code=5)" in done.stdout
        for verb in (("faults", "clear"), ("device", "list")):  # An answer too, for people.
            assert run("admin", "--state", tmp_path / "state", *verb).stdout == "none\n"
    finally:
        assert stop(process) == 0


def test_every_verb_shows_its_help_without_a_platform(monkeypatch):
    monkeypatch.delenv("ALINK_STATE", raising=False)
    for verb in ("device add", "product show", "product dynamic-registration", "events"):
        done = CliRunner().invoke(cli.app, ["admin", *verb.split(), "--help"])
        assert (done.exit_code, f"admin {verb} [OPTIONS]" in done.output) == (0, True)


@pytest.mark.parametrize(
    "group",
    [
        "",
        "thing",
        "admin",
        "admin product",
        "admin device",
        "admin faults",
        "admin ota",
        "admin job",
        "admin file",
    ],
)
def test_summary_of_every_verb_fits_80_columns(monkeypatch, group):
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(cli.app, [*group.split(), "--help"]).output
    verbs = shown.partition("Commands:\n")[2].splitlines()
    assert verbs
    assert [line for line in verbs if not line.endswith(".") or line.endswith("...")] == []


def test_the_version_is_the_distributions():
    assert CliRunner().invoke(cli.app, ["--version"]).output.split()[1] == version("alink-sdk")


def test_platform_json_equals_the_printed_facts(state: Path, facts):
    announced = {name: value for name, value in facts.items() if name != "console_url"}
    assert json.loads((state / "platform.json").read_text()) == announced
    assert set(facts) == {
        "host",
        "mqtt_port",
        "mqtt_tls_port",
        "https_port",
        "openapi_port",
        "ota_port",
        "console_port",
        "console_url",
        "admin_port",
        "ca_der",
        "ca_pem",
        "pid",
    }
    assert 0 < facts["https_port"] < 65536
    assert Path(facts["ca_der"]).read_bytes()[0] == 0x30
    assert "BEGIN CERTIFICATE" in Path(facts["ca_pem"]).read_text()


def test_a_version_is_published_watched_and_canceled(admin, tmp_path: Path):
    files = [tmp_path / "a.bin", tmp_path / "b.bin"]
    for file in files:
        file.write_bytes(b"data of " + file.name.encode())
    who = "a1B2c3D4e5F", "dev-1"
    made = admin("ota", "publish", who[0], "2.0.0", *map(str, files), "--device", who[1], "--md5")
    assert made == {
        "job": made["job"],
        "productKey": who[0],
        "version": "2.0.0",
        "module": "default",
        "status": "IN_PROGRESS",
        "devices": 1,
        "QUEUED": 1,
    }
    assert admin("ota", "jobs", who[0]) == [
        {one: made[one] for one in ("job", "productKey", "version", "module", "status")}
    ]
    assert "there is no product a1None" in admin("ota", "jobs", "a1None", code=1)
    (task,) = admin("ota", "tasks", made["job"])
    assert (task["deviceName"], task["status"], task["progress"]) == (who[1], "QUEUED", 0)
    assert admin("ota", "versions", *who) == {}
    canceled = admin("ota", "cancel", made["job"])
    assert (canceled["status"], canceled["CANCELED"]) == ("CANCELED", 1)
    assert admin("ota", "job", made["job"]) == canceled
    assert "there is no job nothing" in admin("ota", "job", "nothing", code=1)
    two = ("ota", "publish", who[0], "2.0.1", *map(str, files), "--mqtt")
    assert "2 files, 26 bytes; over MQTT goes one" in admin(*two, code=1)


def test_admin_key_is_readable_by_owner_only(state: Path, facts):
    assert stat.S_IMODE((state / "admin.key").stat().st_mode) == 0o600


def test_device_add_prints_same_certificate_each_time(admin):
    first = admin("device", "add", "a1B2c3D4e5F", "dev-2")
    assert set(first) == {"productKey", "productSecret", "deviceName", "deviceSecret"}
    assert first["productSecret"] == "Pr0dSecretAbCdEf"
    assert admin("device", "add", "a1B2c3D4e5F", "dev-2") == first
    given = admin("device", "add", "a1B2c3D4e5F", "dev-1")
    assert given["deviceSecret"] == "0123456789abcdef"


def test_device_add_without_json_prints_string_per_line(state: Path, facts):
    done = run("admin", "device", "add", "a1B2c3D4e5F", "dev-1", ALINK_STATE=str(state))
    assert done.stdout.splitlines() == [
        "productKey     a1B2c3D4e5F",
        "productSecret  Pr0dSecretAbCdEf",
        "deviceName     dev-1",
        "deviceSecret   0123456789abcdef",
    ]


def test_added_product_keeps_its_kind_of_instance(admin, facts):
    instance = ("--instance", "iot-2", "--instance-kind", "enterprise", "--region", "cn-beijing")
    made = admin("product", "add", "--key", "a1Free", *instance)
    party = Party(Product("a1Free", made["productSecret"], "p"), "free-1")
    with Wire.tls(_Served(facts)) as wire:  # type: ignore[arg-type]
        assert wire.ask(party.register("regnwl")) == ACCEPTED
    wrong = (*instance[:3], "public", *instance[4:])
    assert "region is 'cn-beijing'; for public use" in admin("product", "add", *wrong, code=1)


def test_a_product_is_made_listed_switched_and_removed(admin):
    made = admin("product", "add", "--key", "a1New", "--node-type", "1", "--instance", "iot-1")
    shown = {name: value for name, value in made.items() if name != "productSecret"}
    assert shown in admin("product", "list")
    assert shown["dynamicRegistration"] is True
    assert switch(admin, "a1New", "off")["dynamicRegistration"] is False
    assert admin("product", "add", "--key", "a1New")["dynamicRegistration"] is False
    assert switch(admin, "a1New", "on")["dynamicRegistration"] is True
    admin("product", "remove", "a1New")
    assert "a1New" not in {product["productKey"] for product in admin("product", "list")}


def switch(admin, product_key: str, to: str) -> Any:
    """Turn Dynamic Registration on or off with the code that was sent; return the product."""
    verb = ("product", "dynamic-registration", product_key, to)
    admin(*verb, code=1)
    (sent,) = admin("events", "--kind", "verification_code_sent", "--limit", "1")
    return admin(*verb, "--code", sent["detail"]["code_sent"])


class _Served:
    """What `Wire.tls` needs to know of a platform in another process."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.ca_pem, self.mqtt_tls_port = facts["ca_pem"], facts["mqtt_tls_port"]


def test_device_status_follows_the_verbs(admin, facts):
    product = Product("a1B2c3D4e5F", "Pr0dSecretAbCdEf", "p")
    party = Party(product, "by-itself")
    who = ("a1B2c3D4e5F", "by-itself")
    with Wire.tls(_Served(facts)) as wire:  # type: ignore[arg-type]
        assert wire.ask(party.register("regnwl")) == ACCEPTED
        answer = wire.read_publish()[1]
    with Wire.tls(_Served(facts)) as wire:  # type: ignore[arg-type]
        wire.ask(party.log_in_with(answer["clientId"], answer["deviceToken"]))
        shown = admin("device", "show", *who)
        assert shown["status"] == "Online"
        assert [one["clientId"] for one in shown["clientIds"]] == [answer["clientId"]]
        assert answer["deviceToken"] not in json.dumps(shown)
        assert admin("device", "switch", *who, answer["clientId"])["status"] == "Online"
        assert admin("device", "disable", *who)["status"] == "Disabled"
        assert wire.read() == b""
    assert admin("device", "enable", *who)["status"] == "Offline"
    assert admin("device", "reset", *who)["activated"] is True
    assert admin("device", "clear", *who)["clientIds"] == []
    admin("device", "remove", *who)
    assert "by-itself" not in {one["deviceName"] for one in admin("device", "list", who[0])}
    kinds = [event["kind"] for event in admin("events", "--device", "by-itself")]
    assert kinds == ["registered", "online", "offline"]


def test_events_show_the_reason_of_a_refusal(admin, facts, state):
    switch(admin, "a1B2c3D4e5F", "off")
    party = Party(Product("a1B2c3D4e5F", "Pr0dSecretAbCdEf", "p"), "dev-1")
    with Wire.tls(_Served(facts)) as wire:  # type: ignore[arg-type]
        assert wire.ask(party.register()) == b"\x20\x02\x00\x05"
    switch(admin, "a1B2c3D4e5F", "on")
    (event,) = admin("events", "--kind", "registration_refused", "--limit", "1")
    assert (event["code"], event["device_name"]) == (6288, "dev-1")
    assert admin("events", "--code", "6288", "--since", "1h")[-1] == event
    assert admin("events", "--code", "6288", "--until", "1h") == []
    lines = run("admin", "--state", state, "events", "--device", "dev-1").stdout.splitlines()
    assert "registration_refused  6288  a1B2c3D4e5F/dev-1  dynamic registration is" in lines[-1]


def test_refused_action_prints_one_sentence_and_returns_1(admin):
    said = admin("device", "show", "a1B2c3D4e5F", "unknown", code=1)
    assert said == "alink-sim: there is no device a1B2c3D4e5F/unknown: add it first\n"
    said = admin("product", "show", "a1Nowhere", code=1)
    assert said == "alink-sim: there is no product a1Nowhere: create it first\n"


def made_by_a_later_version(state: Path) -> None:
    Platform(state=state, ca=state.parent / "ca").stop()
    with closing(sqlite3.connect(state / "platform.db")) as database:
        database.execute("UPDATE schema_version SET version = 99")
        database.commit()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["admin", "--state", "{empty}", "product", "list"], "no platform serves"),
        (["platform", "--state", "{state}"], "another platform already serves"),
        (["platform", "--state", "{empty}", "--setup", "nowhere.toml"], "cannot be read"),
        (["platform", "--state", "{empty}", "--set", "push_qos=7"], "use 0, 1"),
        (["platform", "--state", "{empty}", "--db", "mysql://h/d"], "postgresql:// URL"),
        (["platform", "--state", "{empty}/file/x"], "name another one with --state"),
        (["platform", "--state", "{empty}", "--events", "{empty}"], "another file with --events"),
        (["platform", "--state", "{empty}", "--mqtt-port", "{taken}"], "name free ones with"),
        (
            ["platform", "--state", "{empty}", "--mqtt-port", "70000"],
            "less than or equal to 65535",
        ),
        (["platform", "--state", "{empty}", "--host", "192.0.2.1"], "or another --host"),
        (
            ["platform", "--state", "{empty}", "--setup", "{typo}"],
            "product 1: key is missing; keys is not a known key",
        ),
        (["platform", "--state", "{newer}", "--mqtt-port", "0"], "has schema 99"),
        (["platform"], "Missing option '--state'"),
        (["admin", "product", "list"], "alink-sim admin --state DIR"),
        (
            [
                "admin",
                "--state",
                "{state}",
                "product",
                "dynamic-registration",
                "a1B2c3D4e5F",
                "up",
            ],
            "'on', 'off'",
        ),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_usage_or_environment_error_returns_code_2(state, facts, tmp_path, arguments, says):
    (tmp_path / "file").touch()
    (tmp_path / "typo.toml").write_text('[[product]]\nkeys = "a1B2c3D4e5F"\n')
    names = {
        "state": state,
        "empty": tmp_path,
        "taken": facts["mqtt_port"],
        "typo": tmp_path / "typo.toml",
        "newer": tmp_path / "newer",
    }
    if "{newer}" in arguments:
        made_by_a_later_version(tmp_path / "newer")
    done = run(*(argument.format(**names) for argument in arguments))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_platform_is_reported_and_can_restart(tmp_path):
    process, _facts = start(tmp_path)
    assert stop(process, signal.SIGKILL) == -signal.SIGKILL
    done = run("admin", "--state", tmp_path, "product", "list")
    assert done.returncode == 2
    assert f"the platform of {tmp_path} does not respond (process {process.pid}" in done.stderr
    process, _facts = start(tmp_path)
    assert run("admin", "--state", tmp_path, "product", "list").returncode == 0
    assert stop(process, signal.SIGINT) == 0
    assert not (tmp_path / "platform.json").exists()


def ask_raw(facts: dict[str, Any], path: str, key: str, body: bytes = b"{}") -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{facts['admin_port']}{path}",
        data=body,
        headers={"Authorization": f"Bearer {key}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_administration_wants_its_key(state: Path, facts):
    assert ask_raw(facts, "/console.products", "wrong")[0] == 401
    assert ask_raw(facts, "/console.products", "")[0] == 401
    assert ask_raw(facts, "/console.products", (state / "admin.key").read_text())[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/nonsense", b"{}", 404),
        ("/console.products", b"not JSON", 400),
        ("/console.products", b"[]", 400),
        ("/console.device", b'{"nonsense": 1}', 400),
        ("/console.create_product", b'{"key": 5}', 400),
    ],
)
def test_nonsense_is_answered_with_a_sentence(state: Path, facts, path, body, status):
    key = (state / "admin.key").read_text()
    answered, said = ask_raw(facts, path, key, body)
    assert answered == status
    assert said["error"]


def test_console_prints_the_address_that_opens_it(state: Path, facts):
    done = run("console", "--state", state, "--print")
    assert (done.returncode, done.stdout.strip()) == (0, facts["console_url"])
    assert (state / "console.key").stat().st_mode & 0o777 == 0o600
    host, _, path = facts["console_url"].removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=PATIENCE)
    connection.request("GET", f"/{path}")
    assert connection.getresponse().status == 303


def test_console_of_a_stopped_platform_is_one_sentence(tmp_path):
    done = run("console", "--state", tmp_path, "--print")
    assert (done.returncode, "no platform serves" in done.stderr) == (2, True)
