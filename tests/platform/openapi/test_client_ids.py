"""The ClientIDs of a device through the cloud API: listed, Switch, Clear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import ClientId, Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import ACCEPTED, Party, Wire
from tests.platform.wire import refused as connack


@pytest.fixture
def boards(cloud: Platform, clock: ManualClock) -> Iterator[list[tuple[ClientId, Wire]]]:
    """Two boards of one DeviceName, online with a ClientID each."""
    product = cloud.console.create_product(key=PK)
    party = Party(product, DN)
    made = []
    for _ in range(2):
        issued = cloud.console.issue_client_id(PK, DN)
        wire = Wire.tls(cloud)
        assert wire.ask(party.log_in_with(issued.client_id, issued.token)) == ACCEPTED
        made.append((issued, wire))
        clock.advance(1)
    yield made
    for _, wire in made:
        wire.__exit__()


def log_in(cloud: Platform, issued: ClientId) -> bytes:
    with Wire.tls(cloud) as wire:
        return wire.ask(
            Party(cloud.console.product(PK), DN).log_in_with(issued.client_id, issued.token)
        )


def test_client_ids_are_listed_without_their_tokens(
    cloud: Platform, boards: list[tuple[ClientId, Wire]], ask: Ask
) -> None:
    iot_id = cloud.console.device(PK, DN).iot_id
    data = done(ask("QueryClientIds", iot_id=iot_id))["Data"]
    assert data == {
        "IotId": iot_id,
        "DynamicRegClientIds": [
            {"ClientId": boards[0][0].client_id, "CreateTime": 1795456800000},
            {"ClientId": boards[1][0].client_id, "CreateTime": 1795456801000},
        ],
    }


def test_switch_keeps_one_and_ends_the_other(
    cloud: Platform, boards: list[tuple[ClientId, Wire]], ask: Ask
) -> None:
    (first, first_wire), (second, second_wire) = boards
    iot_id = cloud.console.device(PK, DN).iot_id
    done(ask("TransformClientId", iot_id=iot_id, client_id=first.client_id))
    assert second_wire.read() == b""
    assert first_wire.ask(b"\xc0\x00") == b"\xd0\x00"
    assert log_in(cloud, second) == connack(4)
    assert log_in(cloud, first) == ACCEPTED


def test_switch_to_unknown_client_id_is_refused(
    cloud: Platform, boards: list[tuple[ClientId, Wire]], ask: Ask
) -> None:
    body = ask(
        "TransformClientId", iot_id=cloud.console.device(PK, DN).iot_id, client_id="nothing"
    )
    assert refused(body) == "iot.check.InvalidFormattedParameter"
    for _, wire in boards:
        assert wire.ask(b"\xc0\x00") == b"\xd0\x00"


def test_clear_ends_all_and_a_board_registers_again(
    cloud: Platform, boards: list[tuple[ClientId, Wire]], ask: Ask
) -> None:
    iot_id = cloud.console.device(PK, DN).iot_id
    done(ask("DeleteClientIds", iot_id=iot_id))
    for issued, wire in boards:
        assert wire.read() == b""
        assert log_in(cloud, issued) == connack(4)
    data = done(ask("QueryClientIds", iot_id=iot_id))["Data"]
    assert data == {"IotId": iot_id, "DynamicRegClientIds": []}
    assert log_in(cloud, cloud.console.issue_client_id(PK, DN)) == ACCEPTED
