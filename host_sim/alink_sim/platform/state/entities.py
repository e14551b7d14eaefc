"""The stored entities: products, devices and their ClientIDs, as plain data.

docs/reference/protocol.md, "Cloud side"; `registry` has the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from alink_sim.platform.state.device_batches import Application
from alink_sim.platform.state.ota_entities import OtaEntity


class Status(StrEnum):
    """A device's state as the console names it."""

    INACTIVE = "Inactive"
    ONLINE = "Online"
    OFFLINE = "Offline"
    DISABLED = "Disabled"


class NodeType(IntEnum):
    """The kind of a product's devices; the cloud API calls a sub-device a device."""

    DIRECT = 0
    GATEWAY = 1
    SUB_DEVICE = 2


@dataclass
class Product:
    """A product of a NodeType. `instance` "" is the old public one.

    `documents` are what else the cloud keeps of it, by name: its thing model, remote config.
    """

    key: str
    secret: str = field(repr=False)
    name: str
    node_type: int = 0
    dynamic_registration: bool = True
    instance: str = ""
    documents: dict[str, Any] = field(default_factory=dict)


@dataclass
class ClientId:
    """One (ClientID, DeviceToken) that a preregistration-free registration issued.

    Times in seconds since 1970; `blocked` once another one was chosen by Switch.
    """

    client_id: str
    token: str = field(repr=False)
    created: float
    first_connected: float | None = None
    blocked: bool = False


@dataclass
class Device:
    """A device. `activated`: it has logged in. `registered`: that ended its registration.

    `documents` are what else the cloud keeps of it, by name: shadow, desired, tags, gateway;
    `times` is in there, see `stamp`.
    """

    product_key: str
    name: str
    secret: str = field(repr=False)
    iot_id: str
    activated: bool = False
    registered: bool = False
    enabled: bool = True
    client_ids: list[ClientId] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    sessions: int = 0

    @property
    def status(self) -> Status:
        """Return the state that the console shows."""
        if not self.enabled:
            return Status.DISABLED
        if self.sessions:
            return Status.ONLINE
        return Status.OFFLINE if self.activated else Status.INACTIVE

    @property
    def alert(self) -> str:
        """Return what the console warns of, "" for nothing: ClientIDs of several boards."""
        count = sum(not one.blocked for one in self.client_ids)
        if count < 2:
            return ""
        return f"{count} ClientIDs may connect at the same time: switch to one, or clear all"


Entity = Product | Device | Application | OtaEntity


def stamp(thing: Product | Device, now: float, *moments: str) -> None:
    """Note that something happened `now`, in seconds since 1970, for the document "times".

    A product or device was "created", a device "activated", last "online", its status "changed".
    """
    times = {**thing.documents.get("times", {}), **dict.fromkeys(moments, now)}
    thing.documents = {**thing.documents, "times": times}
