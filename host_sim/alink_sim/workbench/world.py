"""The platform that the boards of a run meet: a new one, or one that serves elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alink_formats import extras
from alink_sim.clock import Clock
from alink_sim.platform import Platform
from alink_sim.platform.control import client, operations
from alink_sim.platform.control.state_directory import StateDir
from alink_sim.platform.platform import Listen

INSTANCE = "iot-board0001"  # An enterprise instance: only these have preregistration-free.


@dataclass(frozen=True)
class World:
    """A platform: its ports, its root, and `operate`, which carries out an operation by name.

    `console_url` is the address of the web console, "" if only the platform's owner has it.
    """

    operate: Callable[..., Any]
    mqtt_tls_port: int
    https_port: int
    ca_der: bytes
    console_url: str = ""

    def new_product(self, name: str, model: Any = None) -> tuple[str, str]:
        """Create a product, with a thing model unless None; return its key and its secret."""
        made = self.operate(
            "console.create_product",
            name=name,
            dynamic_registration=True,
            instance={"id": INSTANCE, "kind": "enterprise", "region": "cn-shanghai"},
        )
        if model is not None:
            self.operate("console.set_thing_model", product_key=made["productKey"], document=model)
        return made["productKey"], made["productSecret"]


@contextlib.contextmanager
def own_world(folder: Path, clock: Clock) -> Iterator[World]:
    """Start a platform for the run; its state is lost at the end. Yield its World."""
    listen = Listen(console_port=0 if extras.has("console") else None)
    with Platform(state=folder, clock=clock, listen=listen) as platform:
        yield World(
            operate=lambda operation, /, **parameters: operations.call(
                platform, operation, parameters
            ),
            mqtt_tls_port=platform.mqtt_tls_port,
            https_port=platform.https_port,
            ca_der=platform.ca_der,
            console_url=platform.console_url or "",
        )


def served_world(state: Path) -> World:
    """Return the World of a platform that serves a state directory. Raises StateError."""
    directory = StateDir(state)
    facts = directory.read_announcement()
    return World(
        operate=lambda operation, /, **parameters: client.call(directory, operation, **parameters),
        mqtt_tls_port=facts["mqtt_tls_port"],
        https_port=facts["https_port"],
        ca_der=Path(facts["ca_der"]).read_bytes(),
    )
