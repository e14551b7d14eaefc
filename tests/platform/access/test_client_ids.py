"""Several ClientIDs on one DeviceName: the alert, and Switch and Clear on open connections."""

from __future__ import annotations

import pytest

from alink_sim.platform import Platform, Product
from alink_sim.platform.control import operations
from tests.platform.wire import ACCEPTED, Party, Wire, refused

ALERT = "{} ClientIDs may connect at the same time: switch to one, or clear all"


@pytest.fixture
def boards(platform: Platform, product: Product) -> Party:
    """A name that several boards carry."""
    return Party(product, "dev-1")


def _register(platform: Platform, boards: Party) -> tuple[str, str]:
    with Wire.tls(platform) as wire:
        assert wire.ask(boards.register("regnwl")) == ACCEPTED
        answer = wire.read_publish()[1]
    return answer["clientId"], answer["deviceToken"]


def _shown(platform: Platform, boards: Party) -> str:
    device = {"product_key": boards.product.key, "device_name": boards.name}
    shown = operations.call(platform, "console.device", device)
    alert: str = shown["alert"]
    return alert


def test_each_client_id_after_the_first_raises_alert(platform: Platform, boards: Party):
    _register(platform, boards)
    assert _shown(platform, boards) == ""
    assert platform.events(kind="client_id_alert") == []
    for count in (2, 3):
        _register(platform, boards)
        event = platform.expect("client_id_alert", device_name="dev-1", timeout=0)
        assert event.reason == ALERT.format(count) == _shown(platform, boards)


def test_switch_ends_other_sessions_and_the_alert(platform: Platform, boards: Party):
    pairs = [_register(platform, boards) for _ in range(3)]
    with Wire.tls(platform) as one, Wire.tls(platform) as two, Wire.tls(platform) as three:
        for wire, pair in zip((one, two, three), pairs, strict=True):
            assert wire.ask(boards.log_in_with(*pair)) == ACCEPTED
        platform.console.switch_client_id(boards.product.key, "dev-1", pairs[1][0])
        assert one.read() == three.read() == b""
        assert two.ask(b"\xc0\x00") == b"\xd0\x00"
        assert _shown(platform, boards) == ""
    for pair, answer in zip(pairs, (refused(4), ACCEPTED, refused(4)), strict=True):
        with Wire.tls(platform) as wire:
            assert wire.ask(boards.log_in_with(*pair)) == answer
    platform.console.switch_client_id(boards.product.key, "dev-1", pairs[0][0])
    with Wire.tls(platform) as wire:
        assert wire.ask(boards.log_in_with(*pairs[0])) == ACCEPTED


def test_clear_voids_all_client_ids_until_registration(platform: Platform, boards: Party):
    pairs = [_register(platform, boards) for _ in range(5)]
    with Wire.tls(platform) as wire:
        assert wire.ask(boards.register("regnwl")) == refused(4)  # The sixth.
    with Wire.tls(platform) as one, Wire.tls(platform) as two:
        for wire, pair in zip((one, two), pairs, strict=False):
            assert wire.ask(boards.log_in_with(*pair)) == ACCEPTED
        platform.console.clear_client_ids(boards.product.key, "dev-1")
        assert one.read() == two.read() == b""
    for pair in pairs:
        with Wire.tls(platform) as wire:
            assert wire.ask(boards.log_in_with(*pair)) == refused(4)
    fresh = _register(platform, boards)
    assert fresh not in pairs
    with Wire.tls(platform) as wire:
        assert wire.ask(boards.log_in_with(*fresh)) == ACCEPTED
    assert _shown(platform, boards) == ""
