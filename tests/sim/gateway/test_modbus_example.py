"""The Modbus gateway of examples/ as it stands: meters appear, post, obey and disappear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alink_sim.clock import ManualClock
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import owner, start, status

MAIN = (Path(__file__).resolve().parents[3] / "examples" / "gateway_modbus.py").read_text("utf-8")


def test_meters_appear_post_obey_and_disappear(
    make_gateway_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_gateway_rig(clock=clock)
    platform = rig.platform
    for address in range(1, 6):
        platform.console.add_device(SUB_PK, f"meter-{address:03}")

    def is_posted(name: str) -> bool:
        return bool(platform.console.device(SUB_PK, name).properties)

    def limit(name: str) -> int:
        return int(platform.console.device(SUB_PK, name).properties["limit"])

    with start(rig, MAIN):
        rig.driver.run_until(lambda: is_posted("meter-001") and is_posted("meter-002"))
        assert status(rig, "meter-005") == "Inactive"  # It is not on the line.
        posted = platform.console.device(SUB_PK, "meter-002").properties
        assert posted == {"voltage": 230.2, "power": 200, "limit": 500}
        rig.driver.run_until(lambda: is_posted("meter-004"))  # It appears with the second scan.
        # It is silent from the fourth scan on.
        rig.driver.run_until(lambda: status(rig, "meter-002") == "Offline")
        assert owner(rig, "meter-002") == "gateway-1"
        assert [status(rig, f"meter-00{one}") for one in (1, 3, 4)] == ["Online"] * 3
        platform.cloud.set_properties(SUB_PK, "meter-003", {"limit": 250})
        rig.driver.run_until(lambda: limit("meter-003") == 250)
        assert limit("meter-001") == 500
