"""What becomes of a device by order of its owner: the change, and what follows from it.

docs/reference/protocol.md, "Cloud side". The console, the administration and the cloud API all
carry out these steps, in the platform's event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.topics import sub_device_sessions
from alink_sim.platform.topics.sub_device_sessions import Change

_T = TypeVar("_T")


@dataclass(frozen=True)
class Step(Generic[_T]):
    """A change of the registry, which may raise RegistryError.

    `ends` cuts the sessions of the device it returns, but not those with ClientID `spare`
    ("" is a login with the DeviceSecret). `tells` is what its gateway, if any, hears of it.
    """

    act: Callable[[Registry], _T]
    ends: str = ""
    spare: str | None = None
    tells: Change | None = None


async def carry_out(core: Core, step: Step[_T]) -> _T:
    """Return what a step made, once it is at rest and all that follows has happened."""
    made = step.act(core.registry)
    await core.commits.settled()
    if not isinstance(made, Device):
        return made
    if step.tells is not None:
        sub_device_sessions.tell(core, made, step.tells)
    for session in core.sessions.of(made) if step.ends else ():
        if session.identity[2] != step.spare:
            session.end(step.ends)
    return made


def removing(product_key: str, device_name: str) -> Step[Device]:
    """Delete a device and end its sessions."""
    return Step(
        lambda registry: registry.remove_device(product_key, device_name),
        ends="the device was removed",
        tells=Change.DELETED,
    )


def enabling(product_key: str, device_name: str) -> Step[Device]:
    """Let a disabled device log in again."""
    return Step(
        lambda registry: registry.set_enabled(product_key, device_name, enabled=True),
        tells=Change.ENABLED,
    )


def disabling(product_key: str, device_name: str) -> Step[Device]:
    """End a device's sessions and refuse it from now on."""
    return Step(
        lambda registry: registry.set_enabled(product_key, device_name, enabled=False),
        ends="the device is disabled",
        tells=Change.DISABLED,
    )


def resetting(product_key: str, device_name: str) -> Step[Device]:
    """Allow an activated device to register again."""
    return Step(lambda registry: registry.reset_device(product_key, device_name))


def clearing(product_key: str, device_name: str) -> Step[Device]:
    """Void every ClientID of a device and end their sessions."""
    return Step(
        lambda registry: registry.clear_client_ids(product_key, device_name),
        ends="its ClientIDs were cleared",
        spare="",
    )


def switching(product_key: str, device_name: str, client_id: str) -> Step[Device]:
    """Let only this ClientID connect; the others' sessions end."""
    return Step(
        lambda registry: registry.switch_client_id(product_key, device_name, client_id),
        ends="another ClientID was chosen",
        spare=client_id,
    )
