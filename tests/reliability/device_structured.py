"""Messages of a platform that Hypothesis builds, for the doors of a device.

Packets and responses are valid, up to the JSON in them. So a model says what the device has to
send, and which body it has to take.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alink_sim.toolchain import Interpreter
from tests.platform.wire import packet, publish
from tests.reliability.device_process import DeviceFailure, DeviceProcess
from tests.reliability.documents import DOCUMENTS, NAMES, VALUES, repeatable

KEY, NAME = "a1B2c3D4e5F", "dev-1"
MAX_PACKET = 4096  # Of the device.
_SYS = f"/sys/{KEY}/{NAME}/thing"
_POST = f"{_SYS}/event/property/post"
_SUBSCRIBE = 0x82
_OWN = ("/sub/register", "/topo/add", "/combine/batch_login")  # Of the gateway's sub-devices.
_ACCEPTED = b"\x20\x02\x00\x00"

Sent = tuple[str, Any]  # Topic and body of a message, or "" and the packet id of a PUBACK.


@dataclass(frozen=True)
class Step:
    """A packet of the platform, and what the device sends for it."""

    data: bytes
    expected: tuple[Sent, ...] = ()


# JSON that a device can give back as it came.
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(-1e30, 1e30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_IDS = st.one_of(st.text(max_size=20), st.integers(0, 2**40))
_PACKET_IDS = st.integers(0, 65535)  # 0: QoS 0.


def _is_postable(value: Any) -> bool:
    """Return whether the device posts a property's value: only a time may be beside "value"."""
    if not isinstance(value, dict) or "value" not in value:
        return True
    time = value.get("time", 0)
    return value.keys() <= {"value", "time"} and type(time) is int and time >= 0


@st.composite
def _calls(draw: st.DrawFn) -> Step:
    """Return a call of the thing model and its reply."""
    number, packet_id = draw(_IDS), draw(_PACKET_IDS)
    tail = draw(st.sampled_from(("service/property/set", "service/s", "service/nothing")))
    params = draw(
        st.one_of(
            st.fixed_dictionaries({"a": _JSON}),
            st.dictionaries(st.text(max_size=8), _JSON, max_size=3),
            _JSON,
        )
    )
    method = "thing." + tail.replace("/", ".")
    body = {"id": number, "version": "1.0", "params": params, "method": method}
    text = json.dumps(body, ensure_ascii=False, indent=draw(st.sampled_from((None, 0, 1))))
    # MicroPython reads two escapes of one character as two characters: none beyond \\uffff.
    if draw(st.booleans()) and max(text) <= "\uffff":
        text = json.dumps(body)
    code = 460
    data: Any = {}
    posts: tuple[Sent, ...] = ()
    if tail == "service/s":  # It answers with its inputs, and an answer is an object.
        data = params or {}
        code, data = (200, data) if isinstance(data, dict) else (400, {})
    elif tail == "service/property/set" and isinstance(params, dict) and set(params) <= {"a"}:
        code = 200
        if params.get("a") is not None and _is_postable(params["a"]):
            posts = ((_POST, params),)
    reply = {"id": number, "code": code, "data": data}
    return _message(
        f"{_SYS}/{tail}", text.encode(), packet_id, (f"{_SYS}/{tail}_reply", reply), *posts
    )


@st.composite
def _questions(draw: st.DrawFn) -> Step:
    """Return a synchronous question and its answer, which is the question here."""
    topic = f"/ext/rrpc/{draw(st.integers(0, 10**9))}/{KEY}/{NAME}/user/ask"
    payload = draw(st.binary(max_size=400))
    return _message(topic, payload, draw(_PACKET_IDS), (topic, payload))


@st.composite
def _messages(draw: st.DrawFn) -> Step:
    """Return a message without a call in it, JSON or not."""
    tail = draw(st.sampled_from(("/user/a", "/thing/service/property/set", "/nobody/b")))
    topic = f"/{KEY}/{NAME}{tail}" if "user" in tail else f"/sys/{KEY}/{NAME}{tail}"
    payload = draw(
        st.one_of(st.binary(max_size=300), st.just(b"x" * 5000), st.just(b"[" * 300), DOCUMENTS)
    )
    if b'"id"' in payload and b'"method"' in payload:
        payload = b""
    return _message(topic, payload, draw(_PACKET_IDS))


_PACKETS = st.one_of(
    st.just(Step(b"\xd0\x00")),
    st.builds(
        lambda first, number, codes: Step(packet(first, number.to_bytes(2) + codes)),
        st.sampled_from((0x40, 0x90)),
        _PACKET_IDS,
        st.binary(max_size=8),
    ),
)
SESSIONS = st.lists(st.one_of(_calls(), _questions(), _messages(), _PACKETS), max_size=12)


def _message(topic: str, payload: bytes, packet_id: int, *expected: Sent) -> Step:
    data = publish(topic, payload, qos=1 if packet_id else 0, packet_id=packet_id)
    puback: tuple[Sent, ...] = (("", packet_id),) if packet_id else ()
    # A message that is too long for the device is acknowledged and dropped.
    return Step(data, puback + (expected if len(data) <= MAX_PACKET else ()))


def _check_session(device: DeviceProcess, chunk: int, steps: Sequence[Step]) -> None:
    answer = device.feed([bytes((chunk,)) + b"".join(step.data for step in steps)])
    assert answer.result is not None
    wanted = [one for step in steps for one in step.expected]
    found = _sent(answer.result)
    assert len(found) == len(wanted), (found, wanted)
    for (topic, body), (wanted_topic, wanted_body) in zip(found, wanted, strict=True):
        assert topic == wanted_topic
        if isinstance(wanted_body, dict):
            told = json.loads(body)
            read = told["params"] if topic == _POST else {n: told[n] for n in wanted_body}
        else:
            read = body
        assert alike(read, wanted_body), (topic, body, wanted_body)


def _sent(data: bytes) -> list[Sent]:
    """Return what is in the packets of a device, without the gateway's own requests."""
    found: list[Sent] = []
    at = 0
    while at < len(data):
        first, size, shift = data[at], 0, 0
        at += 1
        while True:
            size |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                break
        body = data[at : at + size]
        at += size
        if first == 0x40:
            found.append(("", int.from_bytes(body)))
        elif first != _SUBSCRIBE:
            assert first == 0x30, hex(first)
            end = 2 + int.from_bytes(body[:2])
            found.append((body[2:end].decode(), body[end:]))
    return [one for one in found if not one[0].endswith(_OWN)]


def alike(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal, floats up to the digits that a device prints."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-30)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and bool(one == other)


# Replies whose JSON is of any kind

_REPLIES = st.fixed_dictionaries(
    {"id": st.one_of(st.just("@ID"), VALUES), "code": st.one_of(st.just(200), VALUES)},
    optional={
        "data": VALUES,
        "message": VALUES,
        "method": VALUES,
        "params": VALUES,
        "payload": VALUES,
        "version": VALUES,
    },
).map(lambda body: json.dumps(body).encode())
_CREDENTIALS = st.fixed_dictionaries(
    {
        "productKey": st.one_of(st.just(KEY), VALUES),
        "deviceName": st.one_of(st.just(NAME), VALUES),
    },
    optional={
        "deviceSecret": st.one_of(st.just("s" * 32), VALUES),
        "clientId": st.one_of(st.just("c" * 22), VALUES),
        "deviceToken": st.one_of(st.just("t" * 32), VALUES),
        "code": VALUES,
        "data": st.dictionaries(NAMES, VALUES, max_size=3),
    },
).map(lambda body: json.dumps(body).encode())


def _check_message(device: DeviceProcess, chunk: int, body: bytes) -> None:
    device.feed([bytes((chunk,)) + body])


def _check_registration(device: DeviceProcess, chunk: int, body: bytes) -> None:
    # An even number: the door begins with the input itself, not with a CONNACK.
    topic = "/ext/regnwl" if chunk & 2 else "/ext/register"
    device.feed([bytes((chunk | 1,)) + _ACCEPTED + publish(topic, body)])


# Downloads

_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(("Server", "Date", "ETag", "x-oss-request-id", "Connection")),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    ),
    max_size=6,
)


@st.composite
def _responses(draw: st.DrawFn) -> tuple[bytes, bytes | None]:
    """Return a response, and the body that is taken; None: the response is refused."""
    body = draw(st.one_of(st.binary(max_size=40), st.binary(max_size=2500)))
    status = draw(st.sampled_from((200, 200, 200, 206, 404)))
    length = draw(st.sampled_from(("Content-Length", "content-length", "CONTENT-LENGTH", "X")))
    spare = draw(st.binary(max_size=20))
    lines = [f"{name}: {value}" for name, value in draw(_HEADERS)]
    lines.insert(draw(st.integers(0, len(lines))), f"{length}: {len(body)}")
    head = "\r\n".join((f"HTTP/1.{draw(st.integers(0, 1))} {status} OK", *lines, "", ""))
    is_good = status == 200 and length != "X" and len(body) <= 2000 and len(head) <= 1024
    return head.encode() + body + spare, body if is_good else None


def _check_download(
    device: DeviceProcess, chunk: int, response: tuple[bytes, bytes | None]
) -> None:
    data, body = response
    assert device.feed([bytes((chunk,)) + data]).result == body


Check = Callable[[DeviceProcess, int, Any], None]

# By the door whose inputs they are: the door that takes them, their strategy and their check.
DOORS: dict[str, tuple[str, st.SearchStrategy[Any], Check]] = {
    "stream": ("session", SESSIONS, _check_session),
    "message": ("message", _REPLIES, _check_message),
    "register": ("register", _CREDENTIALS, _check_registration),
    "https": ("download", _responses(), _check_download),
}


def feed(interpreter: Interpreter, door: str, examples: int, *, shrinks: bool = True) -> int:
    """Feed a door of the device with its own kind of input; return the number of inputs.

    `shrinks`: look for the shortest input that fails. Raises DeviceFailure, or AssertionError
    where the device sends something else.
    """
    name, inputs, check = DOORS[door]
    fed = 0
    with ExitStack() as stack:
        device = stack.enter_context(DeviceProcess(interpreter, name))

        @repeatable(examples, shrinks=shrinks)
        @given(chunk=st.one_of(st.integers(0, 255), st.just(255)), made=inputs)
        def run(chunk: int, made: Any) -> None:
            nonlocal fed, device
            fed += 1
            try:
                check(device, chunk, made)
            except DeviceFailure:
                # The next input is not to blame for what this one left.
                device = stack.enter_context(DeviceProcess(interpreter, name))
                raise

        run()
    return fed
