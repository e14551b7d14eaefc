"""Inputs whose structure matters, by Hypothesis: JSON documents, and whole MQTT sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alink_sim.platform.mqtt.connection import Connection
from tests.platform.wire import ACCEPTED, Party, packet, publish, subscribe
from tests.reliability.doors import DN, PK, TOPICS, Doors, FuzzError, Nowhere, rounds

STEPS = 30  # Of a session, at most.

_NAMES = st.one_of(
    st.sampled_from(
        [
            "id",
            "params",
            "method",
            "sys",
            "ack",
            "value",
            "time",
            "version",
            "state",
            "reported",
            "desired",
            "productKey",
            "deviceName",
            "clientId",
            "sign",
            "timestamp",
            "properties",
            "events",
            "attrKey",
            "attrValue",
            "module",
            "step",
            "desc",
            "code",
            "data",
            "identity",
        ]
    ),
    st.text(max_size=8),
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from((PK, DN, "subs", "sub-1", "null", "update", "get", "delete", "default")),
)
VALUES = st.recursive(
    _VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=5)
    ),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(_NAMES, VALUES, max_size=6).map(
    lambda document: json.dumps(document).encode("utf-8", "surrogatepass")
)


def _forms(value: dict[str, Any]) -> bytes:
    return urlencode({name: json.dumps(one) for name, one in value.items()}).encode()


BODIES = {
    "json": DOCUMENTS,
    "message": DOCUMENTS,
    "https": DOCUMENTS,
    "admin": DOCUMENTS,
    "openapi": st.dictionaries(
        st.sampled_from(
            [
                "Items",
                "Props",
                "Versions",
                "Args",
                "ShadowMessage",
                "Identifier",
                "StartTime",
                "EndTime",
                "PageSize",
                "CurrentPage",
                "Asc",
                "Nickname",
                "JobId",
                "FirmwareId",
            ]
        ),
        VALUES,
        max_size=5,
    ).map(_forms),
}


def feed_documents(doors: Doors, door: str, examples: int) -> int:
    """Feed a door with documents; return how many. Raises as `Doors.feed` does."""
    fed = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(first=st.integers(0, 255), body=BODIES[door])
    def feed(first: int, body: bytes) -> None:
        nonlocal fed
        fed += 1
        doors.feed(door, bytes((first,)) + body)

    feed()
    return fed


class Heard(Nowhere):
    """A transport that keeps what the platform sends."""

    def __init__(self) -> None:
        super().__init__()
        self.packets = b""

    def write(self, data: Any) -> None:
        self.packets += bytes(data)


def session_machine(doors: Doors, count: Callable[[], None]) -> type[RuleBasedStateMachine]:
    """Return a machine of MQTT sessions on a platform; `count` is called for each step.

    Its bytes come in pieces. The platform must answer each packet as MQTT 3.1.1 says, and end the
    session only for a violation of it.
    """
    party = Party.of(doors.platform.console.products()[0], doors.platform.console.device(PK, DN))

    class Session(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.filters: set[str] = set()
            self.transport: Heard | None = None

        @initialize(pieces=st.lists(st.integers(1, 40), min_size=1, max_size=4))
        def begin(self, pieces: list[int]) -> None:
            self.pieces = pieces
            self.open()

        @rule()
        @precondition(lambda self: self.transport is None)
        def open(self) -> None:
            self.transport = transport = Heard()

            async def connect() -> Connection:
                connection = Connection(doors.platform._core, secure=True, peers=set())
                connection.connection_made(transport)
                return connection

            self.connection = doors.platform._runner.run(connect())
            assert self.send(party.log_in()) == ACCEPTED

        @rule(
            number=st.integers(1, 65535),
            filters=st.lists(
                st.tuples(
                    st.sampled_from((f"/{PK}/{DN}/user/a", f"/{PK}/{DN}/user/+", f"/sys/{PK}/#")),
                    st.integers(0, 1),
                ),
                min_size=1,
                max_size=5,
            ),
        )
        @precondition(lambda self: self.transport is not None)
        def subscribe(self, number: int, filters: list[tuple[str, int]]) -> None:
            got = self.send(subscribe(number, *filters))
            assert got[:4] == bytes((0x90, 2 + len(filters))) + number.to_bytes(2)
            assert len(got) == 4 + len(filters)

        @rule(number=st.integers(1, 65535))
        @precondition(lambda self: self.transport is not None)
        def unsubscribe(self, number: int) -> None:
            got = self.send(packet(0xA2, number.to_bytes(2) + b"\0\1#"))
            assert got == b"\xb0\x02" + number.to_bytes(2)

        @rule(
            topic=st.sampled_from([one for one in TOPICS if "/ext/session" not in one]),
            body=DOCUMENTS,
            number=st.integers(1, 65535),
        )
        @precondition(lambda self: self.transport is not None)
        def publish(self, topic: str, body: bytes, number: int) -> None:
            got = self.send(publish(topic, body, qos=1, packet_id=number))
            assert got.startswith(b"\x40\x02" + number.to_bytes(2))

        @rule()
        @precondition(lambda self: self.transport is not None)
        def ping(self) -> None:
            assert self.send(b"\xc0\0") == b"\xd0\0"

        @rule(number=st.integers(1, 65535))
        @precondition(lambda self: self.transport is not None)
        def acknowledge(self, number: int) -> None:
            assert self.send(b"\x40\x02" + number.to_bytes(2)) == b""

        @rule(last=st.sampled_from((b"\xe0\0", b"\xf0\0", b"\x10\0", b"\x36\0", b"\xff" * 6)))
        @precondition(lambda self: self.transport is not None)
        def end(self, last: bytes) -> None:
            assert self.transport
            transport = self.transport
            assert self.send(last, ends=True) == b""
            assert transport.is_over

        @rule(data=st.binary(min_size=1, max_size=60))
        @precondition(lambda self: self.transport is not None)
        def babble(self, data: bytes) -> None:
            self.send(data, ends=True)

        @invariant()
        def platform_is_whole(self) -> None:
            doors.check()

        def teardown(self) -> None:
            if self.transport:
                self.send(b"", ends=True)
            with suppress(FuzzError):
                doors.check()  # The next session is not to blame.

        def send(self, data: bytes, *, ends: bool = False) -> bytes:
            """Send bytes in pieces; return what the platform sends."""
            assert self.transport
            transport = self.transport
            count()

            async def talk() -> None:
                rest, at = data, 0
                while rest:
                    size = self.pieces[at % len(self.pieces)]
                    self.connection.data_received(rest[:size])
                    rest, at = rest[size:], at + 1
                await rounds()
                await doors.platform._core.commits.settled()
                await rounds()
                if ends:
                    self.connection.connection_lost(None)

            doors.platform._runner.run(talk())
            got, transport.packets = transport.packets, b""
            if ends:
                self.transport = None
            else:
                assert not transport.is_over, "the platform ended the session"
            return got

    return Session


def feed_sessions(doors: Doors, examples: int, *, shrinks: bool = True) -> int:
    """Run MQTT sessions of up to STEPS steps; return the number of steps.

    `shrinks`: look for the shortest session that fails.
    """
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    run_state_machine_as_test(
        session_machine(doors, count),
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            phases=tuple(Phase) if shrinks else (Phase.generate,),
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return steps
