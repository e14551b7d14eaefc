"""The platform is killed repeatedly under load: every credential it sent stays valid.

Devices register over MQTT and HTTPS while the process dies by SIGKILL at seeded moments. Each
pre-registered device gets a fresh DeviceSecret, so the test notices a secret that was sent and
lost.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alink_sim.platform import Product
from tests.platform import http_requests
from tests.platform.wire import ACCEPTED, Party, Wire, connect, sign
from tests.reliability.killable import Ports, platform_process
from tests.waiting import PATIENCE

SEED = 20260714
KILLS = 5
SETTINGS = ("rotate_secret=true", "instances=lenient")
CLIENTS = 4

PRODUCT = Product("a1B2c3D4e5F", "Pr0dSecretAbCdEf", "p")
PRE_REGISTERED = [f"pre-{number:03}" for number in range(150)]


@dataclass(frozen=True)
class Acknowledged:
    """A credential that a device received, as its login packet."""

    name: str
    login: bytes


def register_over_mqtt(ports: Ports, party: Party, kind: str) -> Acknowledged:
    with Wire.tls(ports) as wire:
        assert wire.ask(party.register(kind)) == ACCEPTED
        answer = wire.read_publish()[1]
    if kind == "regnwl":
        return Acknowledged(
            party.name, party.log_in_with(answer["clientId"], answer["deviceToken"])
        )
    return Acknowledged(party.name, log_in(party, answer["deviceSecret"]))


def register_over_https(ports: Ports, party: Party) -> Acknowledged:
    form = http_requests.form(PRODUCT.key, party.name, PRODUCT.secret)
    answer = http_requests.post(ports, "/auth/register/device", form, http_requests.FORM)
    assert answer["code"] == 200
    return Acknowledged(party.name, log_in(party, answer["data"]["deviceSecret"]))


def log_in(party: Party, secret: str) -> bytes:
    """Return a CONNECT for plain TCP: a thousand of them cost no handshakes."""
    content = f"clientIdboarddeviceName{party.name}productKey{PRODUCT.key}"
    client_id = "board|securemode=3,signmethod=hmacsha256|"
    return connect(client_id, party.user, sign(secret, content))


class Load:
    """Clients that register without a pause until the platform dies; `told` is what they heard."""

    def __init__(self, told: list[Acknowledged], names: Iterator[str], first: int) -> None:
        self.told = told
        self._names = names
        self._fresh = iter(f"new-{first:02}-{number:05}" for number in range(10**5))
        self._changed = threading.Condition()
        self._dying = False
        self._faults: list[BaseException] = []

    def until(self, ports: Ports, acknowledged: int, kill: Callable[[], None]) -> None:
        """Run until `acknowledged` more credentials arrive, kill, return when all clients end."""
        enough = len(self.told) + acknowledged
        threads = [threading.Thread(target=self._run, args=(ports, n)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        with self._changed:
            done = self._changed.wait_for(
                lambda: len(self.told) >= enough or self._faults, PATIENCE
            )
            self._dying = True
        kill()
        for thread in threads:
            thread.join(PATIENCE)
        assert done, f"{len(self.told)} of {enough} acknowledgments within {PATIENCE:g} s"
        assert not self._faults

    def _run(self, ports: Ports, client: int) -> None:
        try:
            while True:
                got = self._register(ports, client)
                with self._changed:
                    self.told.append(got)
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 (any, once the platform is gone)
            with self._changed:
                if not self._dying:
                    self._faults.append(error)
                    self._changed.notify_all()

    def _register(self, ports: Ports, client: int) -> Acknowledged:
        pre_registered = next(self._names, None) if client % 2 else None
        if pre_registered is None:
            return register_over_mqtt(ports, Party(PRODUCT, next(self._fresh)), "regnwl")
        party = Party(PRODUCT, pre_registered)
        if client % 4 == 1:
            return register_over_mqtt(ports, party, "register")
        return register_over_https(ports, party)


def lost(ports: Ports, told: list[Acknowledged]) -> list[str]:
    """Return the names of devices that cannot log in with their credentials."""
    missing = []
    for one in told:
        with Wire.plain(ports) as wire:
            if wire.ask(one.login) != ACCEPTED:
                missing.append(one.name)
    return missing


def test_killed_platform_loses_no_acknowledged_credential(
    tmp_path: Path, database_url: str, record_property: Any
):
    chance = random.Random(SEED)
    device = [{"name": name} for name in PRE_REGISTERED]
    world = {"product": [{"key": PRODUCT.key, "secret": PRODUCT.secret, "device": device}]}
    (tmp_path / "world.json").write_text(json.dumps(world))
    told: list[Acknowledged] = []
    names = iter(PRE_REGISTERED)
    for number in range(KILLS):
        with platform_process(tmp_path, database_url, *SETTINGS) as (ports, kill):

            def at_any_moment(kill: Callable[[], None] = kill) -> None:
                time.sleep(chance.uniform(0, 0.02))  # Between two packets, or inside a commit.
                kill()

            Load(told, names, number).until(ports, chance.randint(5, 80), at_any_moment)
    with platform_process(tmp_path, database_url, *SETTINGS) as (ports, _kill):
        assert lost(ports, told) == [], f"of {len(told)} acknowledgments, seed {SEED}"
    engine = database_url.partition(":")[0]
    record_property(
        "counted", f"crash, {engine}: {len(told)} acknowledgments, {KILLS} SIGKILLs, 0 lost"
    )
