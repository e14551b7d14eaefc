"""Power is cut while a gateway keeps its sub-devices: after it returns all of them are online."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from alink_sim.board import Board
from tests.sim.conftest import Rig
from tests.sim.gateway.gateways import burn, subs

COUNT = 4
MAIN = """
from alink.gateway import Gateway

gateway = Gateway.from_flash(log=None, batch=2)
print("knows %d" % len(list(gateway.known())))
gateway.connect()
print("gateway online")
names = ["PREFIX-%03d" % number for number in range(4)]
for name in names:
    gateway.add("a1SubPk0001", name)
while [name for name in names if gateway.status("a1SubPk0001", name)[0] != "online"]:
    gateway.poll(20)
print("all online, %d kept" % len(list(gateway.known())))
gateway.loop()
"""


def _board(rig: Rig, number: int) -> Board:
    # Each has its own identity and sub-devices.
    prefix = f"meter-{number:03}"
    subs(rig, COUNT, prefix=prefix)
    return burn(rig, MAIN.replace("PREFIX", prefix), f"gateway-{number:03}")


def _survive(rig: Rig, cut_at: int) -> tuple[int, int]:
    """Cut a gateway in an operation; return how many sub-devices it knew then, and how many
    registrations the cut cost.
    """
    with _board(rig, cut_at) as board:
        board.power_on(cut_at=cut_at)
        assert board.wait() == "cut", f"operation {cut_at} never came"
        board.expect("knows 0", timeout=0)
        board.power_on()
        knew = re.sub(r"\D", "", board.expect("knows").text)
        board.expect(f"all online, {COUNT} kept")
    kinds = [kind for n in range(COUNT) for kind in rig.kinds(f"meter-{cut_at:03}-{n:03}")]
    return int(knew), kinds.count("registered") - COUNT


def test_batch_registration_survives_every_power_cut(
    gateway_rig: Rig, record_property: Callable[[str, object], None]
) -> None:
    with _board(gateway_rig, 0) as board:
        board.power_on()
        board.expect("gateway online")
        before = board.flash_operations
        board.expect("all online")
        count = board.flash_operations
    # The two builds share the operations: every other one each.
    cuts = range(before + 1 + gateway_rig.interpreter.word_bits // 64, count + 1, 2)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda at: _survive(gateway_rig, at), cuts))
    knew = [one for one, _ in results]
    assert knew == sorted(knew), "a stored sub-device is lost again"
    assert (knew[0], knew[-1]) == (0, COUNT)
    assert max(cost for _, cost in results) <= 2, "a cut costs at most its own batch"
    record_property(
        "counted",
        f"{gateway_rig.interpreter.name}: {len(cuts)} of {count - before} flash operations of "
        f"{COUNT} registrations cut, all online after each; known when power returned: "
        f"{' '.join(map(str, knew))}",
    )
