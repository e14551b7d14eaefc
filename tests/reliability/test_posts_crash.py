"""The platform is killed under posts: what it acknowledged is in the database.

Devices post a counter at QoS 1 without a pause, and the process dies by SIGKILL at seeded moments.
"""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

from alink_sim.platform import Platform
from tests.platform.wire import ACCEPTED, Party, Wire, publish
from tests.reliability.killable import Ports, platform_process
from tests.reliability.test_crash import PRODUCT, log_in
from tests.waiting import PATIENCE

SEED = 20261129
KILLS = 3
DEVICES = 8
IN_FLIGHT = 20  # Posts a device has sent and not heard of.

SECRET = "0123456789abcdef" * 2
NAMES = [f"dev-{number}" for number in range(DEVICES)]


class Poster(threading.Thread):
    """A device that posts until the platform dies; `told` is the newest value acknowledged."""

    def __init__(self, ports: Ports, name: str, told: dict[str, int]) -> None:
        super().__init__()
        self._ports = ports
        self._name = name
        self._told = told
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with Wire.plain(self._ports) as wire:
                assert wire.ask(log_in(Party(PRODUCT, self._name), SECRET)) == ACCEPTED
                self._post(wire)
        except OSError:
            pass  # The platform is gone.
        except BaseException as error:  # noqa: BLE001 (the test looks at it)
            self.failure = error

    def _post(self, wire: Wire) -> None:
        value = sent = self._told[self._name]
        while True:
            while sent - value < IN_FLIGHT:
                sent += 1
                topic = f"/sys/{PRODUCT.key}/{self._name}/thing/event/property/post"
                body = json.dumps({"id": str(sent), "params": {"count": sent}}).encode()
                wire.send(publish(topic, body, qos=1, packet_id=sent % 65535 + 1))
            got = wire.read()
            if not got:
                return
            if got[0] == 0x40:
                value += 1
                assert got[2] << 8 | got[3] == value % 65535 + 1
                self._told[self._name] = value


def test_killed_platform_loses_no_acknowledged_post(
    tmp_path: Path, database_url: str, record_property: Any
):
    chance = random.Random(SEED)
    there = [{"name": name, "secret": SECRET} for name in NAMES]
    world = {"product": [{"key": PRODUCT.key, "secret": PRODUCT.secret, "device": there}]}
    (tmp_path / "world.json").write_text(json.dumps(world))
    told = dict.fromkeys(NAMES, 0)
    for _ in range(KILLS):
        enough = sum(told.values()) + chance.randint(400, 1200)
        with platform_process(tmp_path, database_url) as (ports, kill):
            posters = [Poster(ports, name, told) for name in NAMES]
            for poster in posters:
                poster.start()
            deadline = time.monotonic() + PATIENCE
            while sum(told.values()) < enough and time.monotonic() < deadline:
                time.sleep(0.005)
            kill()
            for poster in posters:
                poster.join(PATIENCE)
                assert poster.failure is None
            assert sum(told.values()) >= enough
        with Platform(database_url=database_url) as platform:
            stored = {
                one.name: one.properties.get("count", 0) for one in platform.console.devices()
            }
        lost = {name: (told[name], stored[name]) for name in NAMES if stored[name] < told[name]}
        assert not lost, f"seed {SEED}"
        told.update(stored)
    engine = database_url.partition(":")[0]
    record_property(
        "counted", f"posts, {engine}: {sum(told.values())} acknowledged, {KILLS} SIGKILLs, 0 lost"
    )
