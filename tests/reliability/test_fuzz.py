"""Every door of platform and device takes anything: a bounded form of `make reliability`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alink_sim.platform.access import auth
from alink_sim.platform.openapi.gate import Gate
from alink_sim.platform.state.ota_bucket import Bucket
from alink_sim.platform.topics import dispatch
from alink_sim.toolchain import Interpreter
from tests.reliability import device_process, device_structured, fuzz, guided, structured
from tests.reliability.device_process import DOORS, DeviceFailure, DeviceProcess
from tests.reliability.documents import BODIES
from tests.reliability.doors import NAMES, SEEDS, Doors, FuzzError
from tests.reliability.mutator import mutated

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 400  # At each door of the platform; the long form has 1,000,000 in all.
DEVICE_INPUTS = 100
DEVICE_EXAMPLES = 40
SESSIONS = 12  # Of up to 30 steps.
GUIDED_INPUTS = 2000  # At all doors of the platform in turn.
REQUIRE_ATHERIS = "ALINK_REQUIRE_ATHERIS"

Count = Callable[[str, object], None]


@pytest.fixture
def doors() -> Iterator[Doors]:
    # One for each test: operators and cloud API calls remove devices.
    with Doors() as made:
        yield made


@pytest.fixture
def atheris() -> None:
    if guided.is_installed():
        return
    reason = "atheris is not installed: run make fuzzer"
    if os.environ.get(REQUIRE_ATHERIS):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


# The platform


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("door", NAMES)
def test_mutated_messages_are_refused_or_taken(doors: Doors, door: str, record_property: Count):
    chance = random.Random(fuzz.SEED)
    doors.feed_all(door, [mutated(chance, SEEDS) for _ in range(INPUTS)])
    record_property("counted", f"fuzz, {door}: {INPUTS} inputs, seed {fuzz.SEED}, 0 failures")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("door", NAMES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_taken(doors: Doors, door: str, data: bytes):
    doors.feed(door, data)


@pytest.mark.parametrize("door", BODIES)
def test_any_json_document_is_refused_or_taken(doors: Doors, door: str):
    assert structured.feed_documents(doors, door, 100) >= 100


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("door", structured.MACHINES)
def test_every_step_of_a_session_is_answered(doors: Doors, door: str, record_property: Count):
    steps = structured.feed_sessions(doors, SESSIONS, door=door)
    assert steps > 100
    record_property("counted", f"fuzz, {door} sessions: {steps} steps, 0 failures")


@pytest.mark.usefixtures("atheris")
def test_coverage_guided_inputs_are_refused_or_taken(record_property: Count):
    found = guided.run(guided.ALL, GUIDED_INPUTS, fuzz.SEED)
    assert found.inputs >= GUIDED_INPUTS
    assert found.edges > found.edges_of_seeds
    record_property("counted", f"fuzz, coverage-guided: {found.inputs} inputs, 0 failures")


# The device


@pytest.mark.parametrize("door", DOORS)
def test_device_refuses_or_takes_mutated_messages(
    interpreter: Interpreter, door: str, record_property: Count
):
    found = fuzz.feed_device(interpreter, door, DEVICE_INPUTS)
    text = f"fuzz, device, {interpreter.name}, {door}: {found.inputs} inputs, 0 failures"
    record_property("counted", text)


@pytest.mark.parametrize("door", device_structured.DOORS)
def test_device_answers_structured_messages(
    interpreter: Interpreter, door: str, record_property: Count
):
    fed = device_structured.feed(interpreter, door, DEVICE_EXAMPLES)
    text = f"fuzz, device, {interpreter.name}, {door}: {fed} structured inputs, 0 failures"
    record_property("counted", text)


# What these tests would see


def test_failure_of_the_platform_is_seen(doors: Doors, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "publish", lambda *_args, **_named: 1 / 0)
    with pytest.raises((FuzzError, ZeroDivisionError)):
        doors.feed("message", b"\0{}")


@pytest.mark.parametrize(
    ("door", "owner", "check"),
    [
        ("http", Gate, "check"),
        ("http", auth, "registration_is_signed"),
        ("ota", Bucket, "check_form"),
    ],
)
def test_wrong_answer_of_a_port_is_seen(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, door: str, owner: object, check: str
):
    monkeypatch.setattr(owner, check, lambda *_args, **_named: None)
    with pytest.raises(AssertionError):
        structured.feed_sessions(doors, SESSIONS, door=door, shrinks=False)


def test_session_that_the_platform_ends_is_seen(doors: Doors, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "publish", lambda *_args, **_named: 1 / 0)
    with pytest.raises((FuzzError, AssertionError)):
        structured.feed_sessions(doors, 20, shrinks=False)


def changed(module: str, old: str, new: str) -> dict[str, bytes]:
    """Return a module of the SDK with a mistake, as a file that its interpreter prefers."""
    source = (ROOT / "firmware" / "alink" / module).read_text(encoding="utf-8")
    assert old in source
    return {f"/lib/alink/{module}": source.replace(old, new).encode()}


@pytest.mark.parametrize(
    ("module", "old", "new", "said"),
    [
        ("session/mqtt.py", 'ProtocolError("a malf', 'ZeroDivisionError("', "ZeroDivisionError"),
        (
            "session/mqtt.py",
            "is None:\n                    return None",
            "is None:\n                    continue",
            "Hang",
        ),
        (
            "session/mqtt.py",
            "            if self.discard:\n",
            "            while 1: pass\n            if self.discard:\n",
            "hangs",
        ),
    ],
)
def test_failure_of_the_device_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    interpreter: Interpreter,
    module: str,
    old: str,
    new: str,
    said: str,
):
    monkeypatch.setattr(device_process, "PROCESSOR_SECONDS", 0.5)
    with (
        pytest.raises(DeviceFailure, match=said),
        DeviceProcess(interpreter, "stream", changed(module, old, new)) as device,
    ):
        device.feed([b"\x40\x36\0", b"\x40\x30\5ab"])


@pytest.mark.parametrize(
    ("door", "module", "old", "new"),
    [
        ("stream", "session/mqtt.py", "if first & 0x02:", "if False:"),
        ("stream", "thing.py", '{"id": number', '{"id": str(number)'),
        ("https", "https/request.py", "have = min(have, end + left)", "pass"),
    ],
)
def test_wrong_answer_of_the_device_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    interpreter: Interpreter,
    door: str,
    module: str,
    old: str,
    new: str,
):
    wrong = partial(DeviceProcess, files=changed(module, old, new))
    monkeypatch.setattr(device_structured, "DeviceProcess", wrong)
    with pytest.raises(AssertionError):
        device_structured.feed(interpreter, door, DEVICE_EXAMPLES, shrinks=False)


def test_message_that_ends_a_session_is_seen(interpreter: Interpreter):
    mistake = changed(
        "session/session.py",
        "safely(self.log, topic, handler, topic, payload)",
        "handler(topic, payload)",
    )
    with (
        DeviceProcess(interpreter, "message", mistake) as device,
        pytest.raises(DeviceFailure, match="Error"),
    ):
        device.feed([bytes((first,)) + b"[]" for first in range(60)])


def test_growing_heap_of_the_device_is_seen(
    monkeypatch: pytest.MonkeyPatch, interpreter: Interpreter
):
    leak = changed(
        "session/mqtt.py",
        "    def begin(self):",
        "    kept = []\n\n    def begin(self):\n        self.kept.append(bytes(64))",
    )
    monkeypatch.setattr(fuzz, "DeviceProcess", partial(DeviceProcess, files=leak))
    with pytest.raises(fuzz.MemoryGrowthError):
        fuzz.feed_device(interpreter, "stream", 200)


@pytest.mark.usefixtures("atheris")
def test_guidance_finds_a_planted_failure(tmp_path: Path):
    (tmp_path / "planted.py").write_text(
        "def feed(data):\n"
        "    if data[:1] == b'a':\n"
        "        if data[1:2] == b'l':\n"
        "            if data[2:3] == b'i':\n"
        "                if data[3:4] == b'n':\n"
        "                    raise ZeroDivisionError\n"
    )
    program = (
        "import sys; from tests.reliability import guided\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "def load():\n"
        "    import planted\n"
        "    return planted.feed, [b'seed']\n"
        "guided.fuzz(load, ['planted'], 200000, 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert "ZeroDivisionError" in output
    with pytest.raises(guided.GuidedError):
        guided.result(done.returncode, output)
