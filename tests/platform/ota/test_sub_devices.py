"""OTA updates of sub-devices: their topics over the connection of their gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alink_sim.platform import Platform, Rules
from tests.platform.downloads import fetch
from tests.platform.gateway import GATEWAY_PK, SUB_PK, Gateway, signed, sub
from tests.platform.ota_messages import DATA, inform, progress, pushed, reported, status
from tests.platform.wire import publish

DN = "sub-0001"
NAMES = {"pk": SUB_PK, "dn": DN}
LOGIN = "combine/login"


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Gateway]:
    """A gateway with a sub-device in its topology, which is not online yet."""
    with Gateway(platform) as made:
        sub(platform, DN)
        assert made.ask("thing/topo/add", [signed(DN)])[0] == 200
        yield made


def test_sub_device_gets_push_after_login_reply(platform: Platform, gateway: Gateway) -> None:
    platform.ota.publish(SUB_PK, "2.0.0", DATA)
    reported(gateway.wire)
    assert status(platform, **NAMES) == ("QUEUED", 0)
    assert gateway.ask(LOGIN, signed(DN))[0] == 200
    told = pushed(gateway.wire, **NAMES)
    assert fetch(platform, told["url"])[1] == DATA
    reported(gateway.wire, inform("1.0.0", **NAMES), progress("100", **NAMES))
    assert status(platform, **NAMES) == ("IN_PROGRESS", 100)
    reported(gateway.wire, inform("2.0.0", **NAMES))
    assert status(platform, **NAMES) == ("SUCCEEDED", 100)
    assert platform.ota.versions(GATEWAY_PK, gateway.name) == {}


def test_online_sub_device_downloads_over_mqtt(platform: Platform, gateway: Gateway) -> None:
    assert gateway.ask(LOGIN, signed(DN))[0] == 200
    platform.ota.publish(SUB_PK, "2.0.0", DATA, rules=Rules(protocol="MQTT"))
    told = pushed(gateway.wire, **NAMES)
    topic = f"/sys/{SUB_PK}/{DN}/thing"
    gateway.wire.send(publish(f"{topic}/ota/firmware/get", b'{"id":"7","params":{}}'))
    answered, body, _ = gateway.wire.read_publish()
    assert (answered, body["data"]) == (f"{topic}/ota/firmware/get_reply", told)
    asked = (
        '{"id":"1","params":{"fileToken":"t",'
        f'"fileInfo":{{"streamId":{told["streamId"]},"fileId":1}},'
        '"fileBlock":{"size":256,"offset":256}}}'
    )
    answer = gateway.wire.ask(publish(f"{topic}/file/download", asked.encode()))
    assert f"{topic}/file/download_reply".encode() in answer
    assert answer[:-2].endswith(DATA[256:512])


def test_report_for_offline_sub_device_returns_520(platform: Platform, gateway: Gateway) -> None:
    gateway.wire.send(inform("2.0.0", **NAMES))
    tail, body = gateway.told()
    assert body["code"] == 520, tail
    assert platform.ota.versions(SUB_PK, DN) == {}
