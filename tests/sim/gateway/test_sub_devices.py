"""A gateway on the real interpreter: its sub-devices come, are used like devices, and go."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from alink_formats.identity import SubProduct
from alink_sim.platform import Settings
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import (
    BEYOND_FIRST_AREA,
    SIGNED,
    owner,
    start,
    status,
    subs,
    until,
    until_said,
)

METER = """
from alink.gateway import Gateway

gateway = Gateway.from_flash()
meter = gateway.add("a1SubPk0001", "meter-000")
meter.when_online(lambda: meter.post_properties({"power": 230}, on_reply=print))
gateway.loop()
"""


@pytest.mark.parametrize("method", ["sub", "proxy"])
def test_sub_device_registers_logs_in_and_posts(gateway_rig: Rig, method: str) -> None:
    subs(gateway_rig, 1)
    burned = SIGNED if method == "proxy" else ()
    with start(gateway_rig, METER, sub_products=burned) as board:
        board.expect("200 {} success")
        registered = gateway_rig.platform.expect("registered", device_name="meter-000", timeout=0)
        assert registered.detail["method"] == method
        assert gateway_rig.platform.console.device(SUB_PK, "meter-000").properties == {
            "power": 230
        }
        assert owner(gateway_rig, "meter-000") == "gateway-1"


def test_reset_needs_no_second_registration(gateway_rig: Rig) -> None:
    subs(gateway_rig, 1)
    with start(gateway_rig, METER) as board:
        board.expect("200 {} success")
        board.press_reset()
        board.expect("200 {} success")
        kinds = gateway_rig.kinds("meter-000")
        assert (kinds.count("registered"), kinds.count("topology_added")) == (1, 1)


MANY = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None)
meters = gateway.sub_device("a1SubPk0001", "+")
posted = 0

def post():
    meters.post_properties({"number": int(meters.device_name[-3:])}, on_reply=replied)

def replied(code, data, message):
    global posted
    posted += code == 200

meters.when_online(post)
for number in range(200):
    gateway.add("a1SubPk0001", "meter-%03d" % number)
while posted < 200:
    gateway.poll(100)
print("all have posted")
gateway.loop()
"""


def test_two_hundred_sub_devices_come_online_and_post(gateway_rig: Rig) -> None:
    names = subs(gateway_rig, 200)
    with start(gateway_rig, MANY) as board:
        board.expect("all have posted")
    for number, name in enumerate(names):
        assert gateway_rig.platform.console.device(SUB_PK, name).properties == {"number": number}
    assert not gateway_rig.platform.events(kind="gateway_refused")


SEVERAL = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None)
gateway.on_state = lambda key, name, state, code: print(name, state, code)
for name in NAMES:
    gateway.add("a1SubPk0001", name)
gateway.loop()
"""


@pytest.mark.parametrize("burned", [(), SIGNED], ids=["by name", "signed"])
def test_bad_sub_device_does_not_affect_others(
    gateway_rig: Rig, burned: tuple[SubProduct, ...]
) -> None:
    names = subs(gateway_rig, 4)
    gateway_rig.platform.console.disable_device(SUB_PK, "meter-001")
    wanted = ["ghost-one", *names, "ghost-two"]
    main = SEVERAL.replace("NAMES", repr(wanted))
    with start(gateway_rig, main, sub_products=burned) as board:
        for name in ("meter-000", "meter-002", "meter-003"):
            until(gateway_rig, name, "Online")
        until_said(
            board, "ghost-one refused 6100", "ghost-two refused 6100", "meter-001 disabled 6204"
        )
        gateway_rig.platform.console.enable_device(SUB_PK, "meter-001")
        assert status(gateway_rig, "meter-001") == "Inactive"  # The gateway is not its owner yet.
        board.press_reset()
        until(gateway_rig, "meter-001", "Online")


def test_disabled_sub_device_does_not_block_logins(gateway_rig: Rig) -> None:
    names = subs(gateway_rig, 5)
    main = SEVERAL.replace("NAMES", repr(names))
    with start(gateway_rig, main) as board:
        for name in names:
            until(gateway_rig, name, "Online")
        board.power_off()
        gateway_rig.platform.console.disable_device(SUB_PK, "meter-003")
        board.power_on()
        board.expect("meter-003 disabled 522")
        for name in names:
            if name != "meter-003":
                until(gateway_rig, name, "Online")
        gateway_rig.platform.console.enable_device(SUB_PK, "meter-003")
        board.expect("meter-003 enabled 0")
        until(gateway_rig, "meter-003", "Online")


def test_changed_secret_leads_to_registration(gateway_rig: Rig) -> None:
    subs(gateway_rig, 2)
    main = SEVERAL.replace("NAMES", "('meter-000', 'meter-001')")
    with start(gateway_rig, main) as board:
        until(gateway_rig, "meter-001", "Online")
        board.power_off()
        gateway_rig.platform.console.remove_device(SUB_PK, "meter-001")
        gateway_rig.platform.console.add_device(SUB_PK, "meter-001")
        board.power_on()
        board.expect("meter-001 online 200")
        until(gateway_rig, "meter-001", "Online")
        until(gateway_rig, "meter-000", "Online")
        assert gateway_rig.kinds("meter-000").count("registered") == 1


def test_second_gateway_takes_over_a_sub_device(gateway_rig: Rig) -> None:
    subs(gateway_rig, 1)
    main = SEVERAL.replace("NAMES", "('meter-000',)")
    with start(gateway_rig, main, sub_products=SIGNED) as first:
        first.expect("meter-000 online 200")
        with start(gateway_rig, main, "gateway-2") as other:  # Without the ProductSecret.
            other.expect("meter-000 refused 6619")
        with start(gateway_rig, main, "gateway-3", sub_products=SIGNED) as other:
            other.expect("meter-000 online 200")
            first.expect("meter-000 deleted 0")
            assert owner(gateway_rig, "meter-000") == "gateway-3"
            assert status(gateway_rig, "meter-000") == "Online"
        # It does not take it back by itself: two that hear one sub-device would take turns.
        assert gateway_rig.kinds("meter-000").count("registered") == 2


COMES_AND_GOES = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None)
gateway.on_state = lambda key, name, state, code: print(name, state, code)
meter = gateway.sub_device("a1SubPk0001", "meter-000")
meter.connect()
print("connected", meter.online())
meter.close()
while meter.online():
    gateway.poll(10)
print("closed", gateway.status("a1SubPk0001", "meter-000"))
meter.connect()
print("again", meter.online())
gateway.topology(lambda code, data, message: print("topology", code, len(data)))
gateway.found([("a1SubPk0001", "meter-001")], lambda code, data, message: print("found", code))
gateway.poll(500)
gateway.forget("a1SubPk0001", "meter-000")
while gateway.status("a1SubPk0001", "meter-000")[0] != "unknown":
    gateway.poll(10)
print("forgotten", list(gateway.known()))
try:
    gateway.sub_device("a1SubPk0001", "ghost-one").connect()
except Exception as error:
    print(type(error).__name__, error)
try:
    gateway.add("a1SubPk0001", "a/b")
except ValueError as error:
    print(error)
gateway.loop()
"""


def test_sub_device_connects_closes_and_is_forgotten(gateway_rig: Rig) -> None:
    subs(gateway_rig, 2)
    with start(gateway_rig, COMES_AND_GOES) as board:
        board.expect("connected 1")
        board.expect("meter-000 offline 200")
        board.expect("closed ('related', 0)")
        board.expect("again 1")
        board.expect("topology 200 1")
        board.expect("found 200")
        found = gateway_rig.platform.expect("sub_devices_found", timeout=0)
        assert found.detail["devices"] == [f"{SUB_PK}/meter-001"]
        board.expect("forgotten []")
        assert owner(gateway_rig, "meter-000") is None
        assert status(gateway_rig, "meter-000") == "Offline"
        board.expect("RefusedError a1SubPk0001/ghost-one refused: 6100")
        board.expect("DeviceName 'a/b': 4..32 letters")


CLOUD = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None)
gateway.on_state = lambda key, name, state, code: print(name, state, code)
gateway.on_add = lambda key, name: print("asked for", name) or name != "meter-001"
gateway.connect()
print("ready")
gateway.loop()
"""


def test_cloud_adds_disables_enables_and_removes(gateway_rig: Rig) -> None:
    subs(gateway_rig, 3)
    platform = gateway_rig.platform
    with start(gateway_rig, CLOUD) as board:
        board.expect("ready")
        wanted = [(SUB_PK, "meter-001"), (SUB_PK, "meter-000")]
        platform.cloud.ask_to_add(gateway_rig.product_key, "gateway-1", wanted)
        board.expect("asked for meter-001")
        board.expect("asked for meter-000")
        board.expect("meter-000 online 200")
        assert owner(gateway_rig, "meter-001") is None  # It was declined.
        platform.console.disable_device(SUB_PK, "meter-000")
        board.expect("meter-000 disabled 0")
        platform.console.enable_device(SUB_PK, "meter-000")
        board.expect("meter-000 enabled 0")
        board.expect("meter-000 online 200")
        platform.cloud.remove_sub_device(SUB_PK, "meter-000")
        board.expect("meter-000 deleted 0")
        until(gateway_rig, "meter-000", "Offline")
        answered = {
            event.detail["topic"].rsplit("/", 1)[1]
            for event in platform.events(kind="answered")
            if event.detail["answer"] == 200
        }
        assert answered >= {"notify_reply", "change_reply"}


USED = """
from alink.gateway import Gateway
from alink.shadow import Shadow
from alink.thing import Thing

gateway = Gateway.from_flash()
all_of_them = gateway.sub_device("a1SubPk0001", "+")
thing = Thing(all_of_them)

@thing.property("target")
def target(value):
    print(all_of_them.device_name, "target", value)
    return value

@thing.service("Blink")
def blink(inputs):
    return {"times": inputs["times"]}

meter = gateway.sub_device("a1SubPk0001", "meter-000")
meter.subscribe("user/get", lambda topic, payload: print("heard", payload))
shadow = Shadow(meter, on_reply=lambda error, version: print("shadow", error, version))
meter.connect()
gateway.sub_device("a1SubPk0001", "meter-001").connect()
shadow.report({"color": "red"})
meter.publish("user/update", b"hello", 1, lambda done: print("published", done))
meter.request("property/desired/get", ["target"], 0, lambda *reply: print("desired", reply[0]))
Thing(meter).event("alarm", {"level": 2}, on_reply=lambda *reply: print("event", reply[0]))
print("ready")
gateway.loop()
"""


OTHER_WORLD = Settings(
    auto_deliver="never",
    session_reply_data="empty",
    failure_members="names",
    sub_login_again="renew",
    sub_taken_code=527,
    default_ack=0,
)


@pytest.mark.parametrize("settings", [Settings(), OTHER_WORLD], ids=["default", "other"])
def test_sub_device_has_the_api_of_a_device(
    make_gateway_rig: Callable[..., Rig], settings: Settings
) -> None:
    rig = make_gateway_rig(settings=settings)
    subs(rig, 2)
    platform = rig.platform
    with start(rig, USED) as board:
        board.expect("ready")
        until_said(board, "shadow None 1", "published True", "desired 200", "event 200")
        platform.cloud.set_properties(SUB_PK, "meter-001", {"target": 21})
        board.expect("meter-001 target 21")
        posted = platform.expect("property_posted", device_name="meter-001")
        assert posted.detail["values"] == {"target": 21}
        called = platform.cloud.call_service_sync(
            SUB_PK, "meter-000", "Blink", {"times": 3}, timeout_ms=8000
        )
        assert json.loads(called.payload)["data"] == {"times": 3}
        platform.cloud.send(SUB_PK, "meter-000", f"/{SUB_PK}/meter-000/user/get", b"hi")
        board.expect("heard b'hi'")


TASKS = """
import asyncio
from alink.gateway import Gateway

async def main():
    gateway = Gateway.from_flash(log=None)
    meter = gateway.add("a1SubPk0001", "meter-000")
    codes = []
    replied = lambda code, data, message: codes.append(code)
    meter.when_online(lambda: meter.post_properties({"power": 230}, on_reply=replied))
    task = asyncio.create_task(gateway.run())
    turns = 0
    while not codes:
        await asyncio.sleep_ms(1)
        turns += 1
    before = turns  # How many depends on the machine; without one the gateway would block us.
    while gateway.online() and turns < before + 10:
        await asyncio.sleep_ms(1)
        turns += 1
    print("posted", codes, "beside other tasks", before > 0 and turns == before + 10)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled", gateway.online(), meter.online())

asyncio.run(main())
"""


def test_gateway_runs_beside_other_tasks(gateway_rig: Rig) -> None:
    subs(gateway_rig, 1)
    with start(
        gateway_rig, TASKS, beyond=BEYOND_FIRST_AREA + 5000
    ) as board:  # asyncio takes 5 KiB.
        board.expect("posted [200] beside other tasks True")
        board.expect("cancelled 0 0")
        until(gateway_rig, "meter-000", "Offline")
