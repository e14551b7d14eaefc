"""A platform in another process, on a clock that is turned from here, that SIGKILL can end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from alink_sim.clock import ManualClock
from alink_sim.clock_driver import is_quiet
from alink_sim.platform import Fault, Instance, Listen, Platform
from tests.waiting import PATIENCE

INSTANCE = "iot-test0001"  # An enterprise instance: others take no device without preregistration.

_processes = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Stored:
    """The state of a device in the database of a stopped platform."""

    properties: Mapping[str, Any]
    client_ids: int


class FarPlatform:
    """Starts again on the same ports, state and database."""

    def __init__(self, folder: Path, product_key: str, *, now: float) -> None:
        self._folder = folder
        self._product_key = product_key
        self._url = f"sqlite:///{folder / 'platform.db'}"
        self._listen = Listen()
        self._process: multiprocessing.process.BaseProcess | None = None
        _processes.set_forkserver_preload([__name__])
        self.start(now)

    @property
    def runs(self) -> bool:
        """Return whether there is a process."""
        return self._process is not None

    @property
    def product_secret(self) -> str:
        """Return the ProductSecret of its product."""
        return str(self._facts["product_secret"])

    @property
    def ports(self) -> Listen:
        """Return the ports, with those of MQTT over TLS and HTTPS."""
        return self._listen

    @property
    def ca_der(self) -> bytes:
        """Return its root."""
        return bytes(self._facts["ca_der"])

    def start(self, now: float) -> None:
        """Start at `now`, in seconds since 1970."""
        here, there = _processes.Pipe()
        self._pipe = here
        arguments = (self._folder, self._url, self._product_key, self._listen, now, there)
        self._process = _processes.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        there.close()
        self._facts: dict[str, Any] = self._received()
        ports = self._facts["ports"]
        self._listen = Listen(mqtt_tls_port=ports[0], https_port=ports[1])

    def kill(self) -> None:
        """End the process by SIGKILL."""
        assert self._process
        self._process.kill()
        self._process.join(PATIENCE)
        self._process = None
        self._pipe.close()

    def advance(self, seconds: float) -> None:
        """Turn its clock."""
        if self.runs:
            self._ask("advance", seconds)

    def rests(self) -> bool:
        """Return whether it has nothing to do at this moment."""
        return not self.runs or bool(self._ask("rests")[0])

    def timers(self) -> list[float]:
        """Return when its next timer is due; or nothing."""
        return list(self._ask("rests")[1]) if self.runs else []

    def add_fault(self, fault: Fault, device: str | None, times: int) -> None:
        """Let a fault strike a device, or whoever comes next."""
        if self.runs:
            self._ask("fault", fault, device, times)

    def clear_faults(self) -> None:
        """Make the network good."""
        if self.runs:
            self._ask("clear")

    def stored(self) -> dict[str, Stored]:
        """Return what the database has of each device, while no process runs."""
        assert not self.runs
        with Platform(state=self._folder / "state", database_url=self._url) as platform:
            return {
                one.name: Stored(one.properties, len(one.client_ids))
                for one in platform.console.devices()
            }

    def _ask(self, *words: Any) -> Any:
        self._pipe.send(words)
        return self._received()

    def _received(self) -> Any:
        assert self._pipe.poll(PATIENCE), "the platform does not answer"
        return self._pipe.recv()


def _serve(
    folder: Path, url: str, product_key: str, listen: Listen, now: float, pipe: Connection
) -> None:
    clock = ManualClock(start=now)
    with Platform(
        state=folder / "state", database_url=url, clock=clock, listen=listen
    ) as platform:
        product = platform.console.create_product(key=product_key, instance=Instance(INSTANCE))
        pipe.send(
            {
                "ports": (platform.mqtt_tls_port, platform.https_port),
                "product_secret": product.secret,
                "ca_der": platform.ca_der,
            }
        )
        while True:
            match pipe.recv():
                case ("advance", seconds):
                    clock.advance(seconds)
                    pipe.send(None)
                case ("rests",):
                    pipe.send((is_quiet(platform), clock.next_timers()))
                case ("fault", fault, device, times):
                    platform.faults.add(fault, device=device, times=times)
                    pipe.send(None)
                case ("clear",):
                    platform.faults.clear()
                    pipe.send(None)
