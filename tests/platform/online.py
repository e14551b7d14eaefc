"""A device that is logged in, for tests of what it may ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alink_sim.platform import Device, Platform
from tests.platform.wire import ACCEPTED, Party, Wire, publish


class Online:
    """A logged-in device; `ask` returns the payload that came back on the topic's `_reply`."""

    def __init__(self, platform: Platform, party: Party, *, keepalive: int = 60) -> None:
        self.platform = platform
        self.party = party
        self.wire = Wire.tls(platform)
        assert self.wire.ask(party.log_in(keepalive=keepalive)) == ACCEPTED

    def ask(self, tail: str, payload: bytes) -> bytes:
        topic = f"/sys/{self.party.product.key}/{self.party.name}/{tail}"
        self.wire.send(publish(topic, payload))
        head, _, body = self.wire.read().partition(f"{topic}_reply".encode())
        assert head
        return body

    def exchange(self, topic: str, payload: bytes, answer: str) -> bytes:
        names = {"pk": self.party.product.key, "dn": self.party.name}
        self.wire.send(publish(topic.format(**names), payload))
        head, _, body = self.wire.read().partition(answer.format(**names).encode())
        assert head
        return body

    @property
    def device(self) -> Device:
        return self.platform.console.device(self.party.product.key, self.party.name)


@pytest.fixture
def online(platform: Platform, party: Party) -> Iterator[Online]:
    made = Online(platform, party)
    with made.wire:
        yield made
