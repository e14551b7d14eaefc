"""What an operator may have a running platform send to a device; see `operations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alink_sim.platform.platform import Platform
from alink_sim.platform.state.entities import Status
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.topics.rrpc import Rrpc


def device_set(
    platform: Platform, *, product_key: str, device_name: str, values: dict[str, Any]
) -> dict[str, str]:
    """Send a property set; return the id that the answer will carry (event `answered`).

    As in the real service, this and `device_call` and `device_ask` want the device online.
    """
    _check_online(platform, product_key, device_name)
    return {"id": platform.set_properties(product_key, device_name, values)}


def device_desire(
    platform: Platform, *, product_key: str, device_name: str, values: dict[str, Any]
) -> dict[str, int]:
    """Set desired values, pushed at once to a device that is online; return their versions."""
    return platform.set_desired(product_key, device_name, values)


def device_call(
    platform: Platform,
    *,
    product_key: str,
    device_name: str,
    service: str,
    inputs: dict[str, Any],
    timeout_ms: int | None = None,
) -> dict[str, str]:
    """Call a service; return the id of the answer, or with a timeout the answer itself."""
    _check_online(platform, product_key, device_name)
    if timeout_ms is None:
        return {"id": platform.call_service(product_key, device_name, service, inputs)}
    return _answer(
        platform.call_service_sync(
            product_key, device_name, service, inputs, timeout_ms=timeout_ms
        )
    )


def device_send(
    platform: Platform,
    *,
    product_key: str,
    device_name: str,
    topic: str,
    text: str,
    qos: int = 0,
) -> dict[str, int]:
    """Send text on a topic; return to how many sessions of the device it went."""
    sent = platform.send(product_key, device_name, topic, text.encode(), qos=qos)
    return {"sessions": sent}


def device_ask(
    platform: Platform,
    *,
    product_key: str,
    device_name: str,
    text: str,
    topic: str = "",
    timeout_ms: int = 5000,
) -> dict[str, str]:
    """Ask a device by RRPC, on its system topic or one of its own; return the answer."""
    _check_online(platform, product_key, device_name)
    return _answer(
        platform.rrpc(product_key, device_name, text.encode(), topic=topic, timeout_ms=timeout_ms)
    )


def device_shadow(
    platform: Platform,
    *,
    product_key: str,
    device_name: str,
    desired: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Set desired values of a shadow, if any are given, and return the whole of it."""
    documents = platform.device(product_key, device_name).documents
    if desired:
        version = documents.get("shadow", {}).get("version", 0) + 1
        platform.set_shadow(product_key, device_name, desired, version=version)
        documents = platform.device(product_key, device_name).documents
    shadow: dict[str, Any] = documents.get("shadow", {"version": 0, "state": {}})
    return shadow


def device_log(
    platform: Platform, *, product_key: str, device_name: str, on: bool
) -> dict[str, int]:
    """Switch a device's log upload; return to how many sessions that went at once."""
    return {"sessions": platform.set_log_mode(product_key, device_name, wanted=on)}


def _check_online(platform: Platform, product_key: str, device_name: str) -> None:
    if platform.device(product_key, device_name).status != Status.ONLINE:
        raise RegistryError(f"device {product_key}/{device_name} is offline, not sent")


def _answer(ended: Rrpc) -> dict[str, str]:
    return {"code": ended.code.value, "answer": ended.payload.decode(errors="replace")}


DOWNLINKS: dict[str, Callable[..., Any]] = {
    operation.__name__: operation
    for operation in (
        device_set,
        device_desire,
        device_call,
        device_send,
        device_ask,
        device_shadow,
        device_log,
    )
}
