"""Progress of a config download, which SDKs for C report on the topic of firmware."""

from __future__ import annotations

import json

import pytest

from alink_sim.platform import Platform
from tests.platform.online import Online, online
from tests.platform.wire import publish

__all__ = ["online"]

CONFIG_GET = b'{"params":{"configScope":"product","getType":"file"}}'


def report(online: Online, step: int) -> None:
    product_key, name = online.party.product.key, online.party.name
    body = {"id": "1", "params": {"step": str(step), "desc": ""}}
    topic = f"/ota/device/progress/{product_key}/{name}"
    online.wire.send(publish(topic, json.dumps(body).encode()))


@pytest.fixture
def offered(platform: Platform, online: Online) -> Online:
    """A device to which first an update was pushed, then a config."""
    product_key = online.party.product.key
    last = platform.events()[-1]
    inform = f"/ota/device/inform/{product_key}/{online.party.name}"
    online.wire.send(publish(inform, b'{"id":"1","params":{"version":"1.0"}}'))
    platform.expect("ota_version", after=last)
    platform.ota.publish(product_key, "2.0", b"firmware")
    online.wire.read_publish()
    platform.cloud.set_config(product_key, b"{}")
    online.wire.read_publish()
    return online


def status(online: Online) -> str:
    (task,) = online.platform.ota.tasks(online.party.product.key, online.party.name)
    return str(task.status)


def test_config_progress_moves_no_firmware_task(platform: Platform, offered: Online):
    report(offered, 50)
    platform.expect("config_progress", step=50)
    assert status(offered) == "NOTIFIED"


def test_progress_of_a_begun_update_still_moves_it(platform: Platform, offered: Online):
    offered.ask("thing/ota/firmware/get", b'{"params":{}}')
    report(offered, 10)
    platform.expect("ota_progress", step=10)
    offered.ask("thing/config/get", CONFIG_GET)
    report(offered, 20)
    platform.expect("ota_progress", step=20)
    assert status(offered) == "IN_PROGRESS"
