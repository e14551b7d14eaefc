"""A gateway whose session ends again and again: all come back, at the documented rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from alink_sim.clock import ManualClock
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import GROWN, start, subs

COUNT = 200
STORMS = 4
MAIN = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None, batch=10)
for number in range(200):
    gateway.add("a1SubPk0001", "meter-%03d" % number)
gateway.loop()
"""


def _online(rig: Rig) -> int:
    return sum(one.status == "Online" for one in rig.platform.console.devices(SUB_PK))


def _most_within(times: list[float], seconds: float) -> int:
    times = sorted(times)
    return max(sum(at <= one < at + seconds for one in times) for at in times)


def test_reconnect_storm_stays_within_rates(
    make_gateway_rig: Callable[..., Rig],
    clock: ManualClock,
    record_property: Callable[[str, object], None],
) -> None:
    rig = make_gateway_rig(clock=clock)
    subs(rig, COUNT)
    with start(rig, MAIN, beyond=GROWN):  # It is about rates.
        rig.driver.run_until(lambda: _online(rig) == COUNT, grain=0.05)
        for _ in range(STORMS):
            rig.platform.console.disable_device(rig.product_key, "gateway-1")
            rig.platform.console.enable_device(rig.product_key, "gateway-1")
            assert _online(rig) == 0
            rig.driver.run_until(lambda: _online(rig) == COUNT, grain=0.05)
    platform = rig.platform
    assert not platform.events(kind="gateway_refused")
    logins: dict[str, list[float]] = defaultdict(list)
    for event in platform.events(kind="online"):
        if event.product_key == SUB_PK:
            logins[event.device_name].append(event.time)
    assert {len(times) for times in logins.values()} == {STORMS + 1}
    fastest = _most_within([at for times in logins.values() for at in times], 1)
    assert fastest <= 200
    most = max(_most_within(times, 60) for times in logins.values())
    assert most <= 5
    record_property(
        "counted",
        f"{rig.interpreter.name}: {COUNT} sub-devices back after each of {STORMS} lost sessions; "
        f"at most {fastest} logins within a second and {most} of one in a minute, none refused",
    )
