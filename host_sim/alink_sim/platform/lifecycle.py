"""An operator's actions on devices: the change of the registry, and what follows from it.

docs/reference/protocol.md, "Cloud side". The console, `alink-sim admin` and the cloud API all
carry out these actions, in the platform's event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.topics import sub_device_sessions
from alink_sim.platform.topics.sub_device_sessions import Change

_T = TypeVar("_T")


@dataclass(frozen=True)
class Action(Generic[_T]):
    """A change of the registry, which may raise RegistryError, and its consequences.

    Attributes:
        change: makes the change and returns its result.
        end_reason: why the sessions of the device that `change` returns end; "" lets them go on.
        spared_client_id: the ClientID whose session goes on; "" is a login with the DeviceSecret.
        notice: the change that the gateway of that device hears of, if it has one.
    """

    change: Callable[[Registry], _T]
    end_reason: str = ""
    spared_client_id: str | None = None
    notice: Change | None = None


async def carry_out(core: Core, action: Action[_T]) -> _T:
    """Return the result of an action, once it is durable and its consequences have happened."""
    result = action.change(core.registry)
    await core.commits.settled()
    if not isinstance(result, Device):
        return result
    if action.notice is not None:
        sub_device_sessions.tell(core, result, action.notice)
    for session in core.sessions.of(result) if action.end_reason else ():
        if session.identity[2] != action.spared_client_id:
            session.end(action.end_reason, Reason.ADMINISTRATIVE_ACTION)
    return result


def remove(product_key: str, device_name: str) -> Action[Device]:
    """Return the action that deletes a device and ends its sessions."""
    return Action(
        lambda registry: registry.remove_device(product_key, device_name),
        end_reason="the device was removed",
        notice=Change.DELETED,
    )


def enable(product_key: str, device_name: str) -> Action[Device]:
    """Return the action that lets a disabled device log in again."""
    return Action(
        lambda registry: registry.set_enabled(product_key, device_name, enabled=True),
        notice=Change.ENABLED,
    )


def disable(product_key: str, device_name: str) -> Action[Device]:
    """Return the action that ends a device's sessions and refuses its logins."""
    return Action(
        lambda registry: registry.set_enabled(product_key, device_name, enabled=False),
        end_reason="the device is disabled",
        notice=Change.DISABLED,
    )


def reset(product_key: str, device_name: str) -> Action[Device]:
    """Return the action that lets an activated device register again."""
    return Action(lambda registry: registry.reset_device(product_key, device_name))


def clear(product_key: str, device_name: str) -> Action[Device]:
    """Return the action that voids all ClientIDs of a device and ends their sessions."""
    return Action(
        lambda registry: registry.clear_client_ids(product_key, device_name),
        end_reason="its ClientIDs were cleared",
        spared_client_id="",
    )


def switch(product_key: str, device_name: str, client_id: str) -> Action[Device]:
    """Return the action that lets only this ClientID log in; sessions of the others end."""
    return Action(
        lambda registry: registry.switch_client_id(product_key, device_name, client_id),
        end_reason="another ClientID was chosen",
        spared_client_id=client_id,
    )
