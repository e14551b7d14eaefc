"""Updates of a sub-device: on its own topics, over the gateway's connection, to the bus."""

from __future__ import annotations

from alink_sim.platform import Rules
from tests.sim.conftest import SUB_PK, Rig
from tests.sim.gateway.gateways import burn, subs
from tests.waiting import eventually

MAIN = """
from alink.gateway import Gateway
from alink.ota import Ota

class Meter:
    def begin(self, size):
        if size > 60000:
            raise ValueError("the meter takes 60000 bytes")
        self.sum = self.have = 0

    def write(self, offset, part):
        assert offset == self.have
        self.have += len(part)
        self.sum = (self.sum + sum(part)) & 0xFFFF

    def finish(self):
        print("the meter has", self.have, self.sum)

    def abandon(self):
        print("the meter keeps what it has")

gateway = Gateway.from_flash()
meter = gateway.add("a1SubPk0001", "meter-000")
ota = Ota(meter, "1", target=Meter(), on_ready=lambda version: ota.report(version))
gateway.loop()
"""


def task(rig: Rig) -> str:
    """Return how the newest task of the meter has ended."""

    def ending() -> str:
        found = rig.platform.ota.tasks(SUB_PK, "meter-000")[-1]
        ended = found.status in ("SUCCEEDED", "FAILED")
        return f"{found.status} {found.reason}".strip() if ended else ""

    return eventually(ending, *rig.boards)


def test_sub_device_is_updated_over_gateway_connection(gateway_rig: Rig) -> None:
    rig, platform = gateway_rig, gateway_rig.platform
    subs(rig, 1)
    with burn(rig, MAIN) as board:
        board.power_on()
        platform.expect("ota_version", device_name="meter-000", version="1")
        for version, protocol in (("2", "HTTPS"), ("3", "MQTT")):
            data = bytes(range(251)) * 40 + version.encode()
            platform.ota.publish(SUB_PK, version, data, rules=Rules(protocol=protocol))
            board.expect(f"the meter has {len(data)} {sum(data) & 0xFFFF}")
            assert task(rig) == "SUCCEEDED"
        assert platform.ota.versions(SUB_PK, "meter-000") == {"default": "3"}
        platform.ota.publish(SUB_PK, "4", bytes(60001))
        assert task(rig) == "FAILED the update failed: the meter takes 60000 bytes"
