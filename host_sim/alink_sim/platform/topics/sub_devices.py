"""Which sub-devices are a gateway's; what every request about them shares.

docs/reference/protocol.md, "Sub-devices". The relation is kept in the sub-device.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from alink_sim.platform.access import auth
from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device, NodeType
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.thing import Verb

MESSAGES = {
    Code.AUTH: "request auth error",
    Code.TOO_OFTEN: "rate limit, too many subDeviceOnline msg in one minute",
    Code.SESSION_TAKEN: "device connect in elsewhere",
    Code.TOO_MANY_ONLINE: "too many subdevices under gateway",
    Code.PARAMETER: "request parameter error",
    Code.NO_SESSION: "device no session",
    Code.DELETED: "device deleted",
    Code.FORBIDDEN: "device forbidden",
    Code.NO_DEVICE: "device not found",
    Code.DISABLED: "device is disabled",
    Code.NO_PRODUCT: "product not found",
    Code.BAD_NAME: "devicename not meet specs",
    Code.BAD_SIGN: "invalid sign",
    Code.SWITCHED_OFF: "dynamic registration is switched off",
    Code.SIGN_METHOD: "sign method is not supported",
    Code.TOO_MANY_RELATED: "too many subdevices in topo",
    Code.NO_RELATION: "topo relation not exist",
    Code.SELF: "topo relation cannot add by self",
    Code.BOUND: "device is bound to another gateway",
}

Pair = dict[str, Any]


# The relation


def relate(core: Core, gateway: Device, device: Device) -> None:
    """Make a device a gateway's sub-device, and no other gateway's."""
    core.registry.set_gateway(device, gateway)
    core.note_about("topology_added", device, gateway=gateway.name)


def separate(core: Core, device: Device) -> None:
    """Make a device no gateway's sub-device."""
    core.registry.set_gateway(device, None)
    core.note_about("topology_deleted", device)


def check_related(core: Core, gateway: Device, device: Device) -> None:
    """Return if a device is the gateway's. Raises RefusedError 6401."""
    if core.registry.gateway_of(device) is not gateway:
        raise RefusedError(
            Code.NO_RELATION, f"{device.name} is not in the topology of {gateway.name}"
        )


# Shared by the verbs


def listed(gateway: Session, given: Any, *, at_most: int | None = None) -> list[Pair]:
    """Return a list of objects that name a sub-device each. Raises RefusedError 460 or 6402."""
    if not isinstance(given, list) or not given:
        raise RefusedError(Code.PARAMETER, "params is not a list of sub-devices")
    if at_most and len(given) > at_most:
        raise RefusedError(Code.PARAMETER, f"{len(given)} sub-devices; {at_most} fit in a request")
    for one in given:
        if not isinstance(one, dict):
            raise RefusedError(Code.PARAMETER, "a sub-device is not an object")
        if not all(isinstance(one.get(key), str) for key in ("productKey", "deviceName")):
            raise RefusedError(Code.PARAMETER, "a sub-device lacks productKey or deviceName")
        if (one["productKey"], one["deviceName"]) == (gateway.product_key, gateway.device_name):
            raise RefusedError(Code.SELF, "the gateway names itself as its sub-device")
    return given


def known(core: Core, one: Pair) -> Device:
    """Return the device a request names. Raises RefusedError 6250 or 6100."""
    product = core.registry.product_of(one["productKey"])
    device = core.registry.devices.get((product.key, one["deviceName"]))
    if device is None:
        raise RefusedError(Code.NO_DEVICE, f"{one['deviceName']} was not registered beforehand")
    if product.node_type == NodeType.GATEWAY:
        code = Code(core.settings.not_a_gateway_code)
        raise RefusedError(code, f"{product.key} is a gateway's product (node_type 1)")
    return device


def is_signed(core: Core, one: Pair, key: str, content: str) -> bool:
    """Tell whether `sign` is the content's HMAC; the method is in `signMethod` or `signmethod`.

    Raises RefusedError 460 for another method than the three.
    """
    method = str(one.get("signMethod") or one.get("signmethod")).lower()
    if method == "sha256" and core.settings.sub_sha256 == "hmac":
        method = "hmacsha256"
    if method not in auth.SIGN_METHODS:
        raise RefusedError(Code.PARAMETER, f"sign method {method!r} is not supported")
    expected = auth.signature(method, key, content)
    return hmac.compare_digest(str(one.get("sign")).lower().encode(), expected.encode())


def signed_content(one: Pair, *more: str) -> str:
    """Return what a sub-device's login and its topology request sign; `more` are other keys."""
    signed = sorted(("clientId", "deviceName", "productKey", "timestamp", *more))
    return "".join(f"{key}{one[key]}" for key in signed if key in one)


def pair(device: Device) -> Pair:
    """Return a device's names as every answer has them."""
    return {"productKey": device.product_key, "deviceName": device.name}


def guarded(verb: Verb) -> Verb:
    """Return a gateway's verb that answers what it refuses; others than gateways are refused."""

    def guard(core: Core, session: Session, request: Request) -> Result:
        try:
            if core.registry.product_of(session.product_key).node_type != NodeType.GATEWAY:
                code = Code(core.settings.not_a_gateway_code)
                raise RefusedError(code, "its product is not a gateway (node_type 1)")
            return verb(core, session, request)
        except RefusedError as refusal:
            code = refusal.code or Code.PARAMETER
            core.note("gateway_refused", session, code=code, reason=refusal.reason)
            return Result(code=int(code), message=MESSAGES[code])

    return guard


def sort(
    wanted: Iterable[Pair], act: Callable[[Pair], Device]
) -> tuple[list[Device], list[tuple[Pair, RefusedError]]]:
    """Return what `act` made of each, and those that it refused with why."""
    done, refused = [], []
    for one in wanted:
        try:
            done.append(act(one))
        except RefusedError as refusal:
            refused.append((one, refusal))
    return done, refused
