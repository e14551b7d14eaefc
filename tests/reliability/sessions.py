"""Machines of MQTT sessions, by Hypothesis: every packet has its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from alink_sim.platform.mqtt.connection import Connection
from tests.platform.wire import ACCEPTED, Party, packet, publish, subscribe
from tests.reliability.documents import DOCUMENTS
from tests.reliability.doors import DN, PK, TOPICS, Doors, FuzzError, Heard, in_pieces, rounds


class SessionMachine(RuleBasedStateMachine):
    """A device with one MQTT session, whose bytes come in pieces.

    `count` is called for each step.
    """

    def __init__(self, doors: Doors, count: Callable[[], None]) -> None:
        super().__init__()
        self.doors = doors
        self.platform = doors.platform
        self._count = count
        self._party = Party.of(
            self.platform.console.product(PK), self.platform.console.device(PK, DN)
        )
        self.transport: Heard | None = None

    @initialize(pieces=st.lists(st.integers(1, 40), min_size=1, max_size=4))
    def begin(self, pieces: list[int]) -> None:
        self.pieces = pieces
        self.open()

    @rule()
    @precondition(lambda self: self.transport is None)
    def open(self) -> None:
        self.connection, self.transport = self.connected()
        assert self.send(self._party.log_in()) == ACCEPTED

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

    @invariant()
    def platform_is_whole(self) -> None:
        self.doors.check()

    def teardown(self) -> None:
        if self.transport:
            self.send(b"", ends=True)
        with suppress(FuzzError):
            self.doors.check()  # The next session is not to blame.

    def counted(self) -> None:
        """Count a step."""
        self._count()

    def connected(self) -> tuple[Connection, Heard]:
        """Return a connection to the MQTT port, and what the platform sends on it."""
        transport = Heard()

        async def connect() -> Connection:
            connection = Connection(self.platform._core, secure=True, peers=set())
            connection.connection_made(transport)
            return connection

        return self.platform._runner.run(connect()), transport

    def send(self, data: bytes, *, ends: bool = False) -> bytes:
        """Send bytes in pieces; return what the platform sends."""
        assert self.transport
        transport = self.transport
        got = self.talk(self.connection, transport, data, ends=ends)
        if ends:
            self.transport = None
        else:
            assert not transport.is_over, "the platform ended the session"
        return got

    def talk(
        self, connection: asyncio.Protocol, transport: Heard, data: bytes, *, ends: bool = False
    ) -> bytes:
        """Send bytes in pieces on a connection; return what the platform sends."""
        self.counted()

        async def talk() -> None:
            in_pieces(connection, data, self.pieces)
            await rounds()
            await self.platform._core.commits.settled()
            await rounds()
            if ends:
                connection.connection_lost(None)

        self.platform._runner.run(talk())
        return transport.taken()


class MqttMachine(SessionMachine):
    """All that a client of MQTT sends.

    The platform must answer each packet as MQTT 3.1.1 says, and end the session only for a
    violation of it.
    """

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
