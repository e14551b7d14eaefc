"""Pushes of the platform to a gateway about a sub-device that it logged out."""

from __future__ import annotations

from tests.platform.wire import ACCEPTED, Party, Wire
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import start, status, subs, until, until_said

TOLD = """
import json
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=lambda text: print(text) if "fail" in text else None)
gateway.on_state = lambda key, name, state, code: print(name, state, code)
both = gateway.sub_device("a1SubPk0001", "+")
both.subscribe("user/get", lambda topic, payload: print(both.device_name, "heard", payload))
for name in ("meter-000", "meter-001"):
    gateway.add("a1SubPk0001", name)
"""
SERVE = TOLD + "gateway.loop()\n"


def _pushed(rig: Rig) -> list[int]:
    told = rig.platform.events(kind="gateway_told", device_name="gateway-1")
    return [int(event.code or 0) for event in told]


def _serves_the_other(rig: Rig) -> None:
    """Wait until a message for the other sub-device has been handled."""
    topic = f"/{SUB_PK}/meter-001/user/get"
    assert rig.platform.cloud.send(SUB_PK, "meter-001", topic, b"still there")


def test_sub_device_with_own_session_is_left_alone(gateway_rig: Rig) -> None:
    subs(gateway_rig, 2)
    platform = gateway_rig.platform
    with start(gateway_rig, SERVE) as board:
        until_said(board, "meter-000 online 200", "meter-001 online 200")
        product = platform.console.product(SUB_PK)
        party = Party.of(product, platform.console.device(SUB_PK, "meter-000"))
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in()) == ACCEPTED
            board.expect("meter-000 offline 427")
            _serves_the_other(gateway_rig)
            board.expect("meter-001 heard b'still there'")
            assert status(gateway_rig, "meter-000") == "Online"  # It comes back by itself.
        assert _pushed(gateway_rig) == [427]
        until(gateway_rig, "meter-000", "Offline")
        board.press_reset()  # It is added again.
        board.expect("meter-000 online 200")


def test_sub_device_without_session_logs_in_again(gateway_rig: Rig) -> None:
    # The platform ended the session without a push: here, by a logout of the gateway itself.
    subs(gateway_rig, 2)
    main = TOLD + (
        "while gateway.status('a1SubPk0001', 'meter-000')[0] != 'online':\n"
        "    gateway.poll(50)\n"
        "pair = {'productKey': 'a1SubPk0001', 'deviceName': 'meter-000'}\n"
        "own = '%s/%s' % (gateway.product_key, gateway.device_name)\n"
        "gateway.publish('/ext/session/%s/combine/logout' % own,\n"
        "    json.dumps({'id': '4000000', 'params': pair}).encode())\n"
        "meter = gateway.sub_device('a1SubPk0001', 'meter-000')\n"
        "meter.post_properties({'t': 1}, on_reply=False)\n"
        "gateway.loop()\n"
    )
    with start(gateway_rig, main) as board:
        for _ in range(2):
            board.expect("meter-000 online 200")
        assert _pushed(gateway_rig) == [520]
        assert gateway_rig.platform.console.device(SUB_PK, "meter-000").properties == {}
        until(gateway_rig, "meter-000", "Online")


def test_removed_sub_device_stays_offline(
    gateway_rig: Rig,
) -> None:
    names = subs(gateway_rig, 4)
    platform = gateway_rig.platform
    main = SERVE.replace('("meter-000", "meter-001")', repr(names))
    with start(gateway_rig, main) as board:
        until_said(board, *(f"{name} online 200" for name in names))
        platform.console.remove_device(SUB_PK, "meter-000")
        until_said(board, "meter-000 deleted 0")
        platform.console.disable_device(SUB_PK, "meter-002")
        until_said(board, "meter-002 disabled 0")
        platform.cloud.remove_sub_device(SUB_PK, "meter-003")
        until_said(board, "meter-003 deleted 0")
        _serves_the_other(gateway_rig)
        board.expect("meter-001 heard b'still there'")
        assert {521, 522, 6401} <= set(_pushed(gateway_rig))
        assert [status(gateway_rig, name) for name in names[1:]] == [
            "Online",
            "Disabled",
            "Offline",
        ]
        online = [line.text for line in board.lines if " online " in line.text]
        assert len(online) == len(names)  # No sub-device came back by itself.
