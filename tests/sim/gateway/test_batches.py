"""How many sub-devices a gateway's requests name, and how it handles replies that are too long."""

from __future__ import annotations

import pytest

from alink_sim.board import Board
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import GROWN, burn, start, status, subs

BATCH = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(SETTINGS, log=lambda text: print(text) if "short" in text else None)
publish = gateway.publish

def tell(topic, *rest):
    print(str(topic).split("/")[-1], end=" ")
    publish(topic, *rest)

gateway.publish = tell
names = ["meter-%03d" % number for number in range(COUNT)]
for name in names:
    gateway.add("a1SubPk0001", name)
while [name for name in names if gateway.status("a1SubPk0001", name)[0] != "online"]:
    gateway.poll(50)
print("all are online")
"""
LOOP = "gateway.loop()\n"


def _batch(settings: str, count: int) -> str:
    return BATCH.replace("SETTINGS", settings).replace("COUNT", str(count))


def _asked(board: Board) -> list[str]:
    """Return what a board has asked for, in order."""
    words = " ".join(line.text for line in board.lines).split()
    return [word[:-1] for word in words if word.endswith("'")]


@pytest.mark.parametrize(
    ("settings", "requests"), [("max_packet=8192", 1), ("max_packet=4096", 2)]
)
def test_batch_size_follows_max_packet(gateway_rig: Rig, settings: str, requests: int) -> None:
    subs(gateway_rig, 30)
    main = _batch(f"batch=30, {settings}", 30) + LOOP
    with start(gateway_rig, main, beyond=GROWN) as board:
        board.expect("all are online")
        assert _asked(board).count("register") == requests


def test_batch_shrinks_when_heap_is_short(gateway_rig: Rig) -> None:
    names = subs(gateway_rig, 40)
    with start(gateway_rig, _batch("batch=40, max_packet=16384", 40) + LOOP) as board:
        board.expect("heap is short: 20 sub-devices per request from now on")
        board.expect("all are online")
        assert {status(gateway_rig, name) for name in names} == {"Online"}


LEAVE = """
for name in names:
    gateway.drop("a1SubPk0001", name)
while [name for name in names if gateway.status("a1SubPk0001", name)[0] == "online"]:
    gateway.poll(50)
print("all are offline")
"""


def test_leaving_sub_devices_log_out_in_one_batch(gateway_rig: Rig) -> None:
    names = subs(gateway_rig, 5)
    with start(gateway_rig, _batch("batch=5", 5) + LEAVE + LOOP, beyond=GROWN) as board:
        board.expect("all are offline")
        assert _asked(board)[-2:] == ["batch_login", "batch_logout"]
        assert {status(gateway_rig, name) for name in names} == {"Offline"}


TOPOLOGY = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(SETTINGS log=print)
gateway.connect()
gateway.topology(lambda code, data, message: print("topology", code, data and len(data), message))
gateway.loop()
"""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "topology 0 None the reply is too long"),
        ("max_packet=6000,", "topology 200 100 success"),
    ],
)
def test_too_long_topology_is_reported(gateway_rig: Rig, settings: str, said: str) -> None:
    platform, owner = gateway_rig.platform, (gateway_rig.product_key, "gateway-1")
    with burn(gateway_rig, TOPOLOGY.replace("SETTINGS", settings), beyond=GROWN) as board:
        for name in subs(gateway_rig, 100):
            platform.cloud.add_sub_device(SUB_PK, name, gateway=owner)
        board.power_on()
        board.expect(said)
    logged = any("alink: message on /sys/" in line.text for line in board.lines)
    assert logged == (not settings)
