"""Requests of a gateway about its sub-devices: docs/reference/protocol.md, "Sub-devices"."""

from __future__ import annotations

from alink_sim.platform.core import Core
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.registry import NAME
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import sub_device_sessions, sub_devices
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.sub_devices import Pair
from alink_sim.platform.topics.thing import Verb

MAX_REGISTER = 30


def register(core: Core, gateway: Session, request: Request) -> Result:
    """Answer the DeviceSecrets of listed sub-devices; one that cannot be had is left out.

    Where none can, the code is that of the first.
    """
    wanted = sub_devices.listed(gateway, request.params, at_most=MAX_REGISTER)
    found, refused = sub_devices.sort(wanted, lambda one: _registrable(core, gateway, one))
    if not found and refused:
        raise refused[0][1]
    for one, refusal in refused:
        core.note("registration_refused", gateway, code=refusal.code, reason=_about(one, refusal))
    for device in found:
        core.note_about("registered", device, method="sub", gateway=gateway.device_name)
    return Result(data=[_issued(device) for device in found])


def register_signed(core: Core, gateway: Session, request: Request) -> Result:
    """Answer the DeviceSecrets of sub-devices whose product's secret signed the request.

    Another gateway's are among them: this is how they are taken over.
    """
    params = request.params if isinstance(request.params, dict) else {}
    wanted = sub_devices.listed(gateway, params.get("proxieds"), at_most=MAX_REGISTER)
    found, refused = sub_devices.sort(wanted, lambda one: _proven(core, one))
    for device in found:
        core.note_about("registered", device, method="proxy", gateway=gateway.device_name)
    for one, refusal in refused:
        core.note("registration_refused", gateway, code=refusal.code, reason=_about(one, refusal))
    return Result(
        data={
            "failures": [_failure(core, one, refusal) for one, refusal in refused],
            "successes": [_issued(one) for one in found],
        }
    )


def add(core: Core, gateway: Session, request: Request) -> Result:
    """Relate sub-devices to the gateway, all or none; another gateway's change hands."""
    wanted = sub_devices.listed(gateway, request.params)
    found = [_relatable(core, one) for one in wanted]
    related = core.registry.sub_devices_of(gateway.device)
    fresh = [device for device in found if device not in related]
    if len(related) + len(fresh) > core.settings.max_sub_devices:
        raise RefusedError(
            Code.TOO_MANY_RELATED, f"a gateway has up to {core.settings.max_sub_devices}"
        )
    for device in fresh:
        sub_device_sessions.separate(core, device, reason="another gateway has taken it over")
        sub_devices.relate(core, gateway.device, device)
    return Result()


def delete(core: Core, gateway: Session, request: Request) -> Result:
    """Separate sub-devices from the gateway, all or none; their sessions end."""
    found = [sub_devices.known(core, one) for one in sub_devices.listed(gateway, request.params)]
    for device in found:
        sub_devices.check_related(core, gateway.device, device)
    for device in found:
        sub_devices.separate(core, device)
        sub_device_sessions.leave(core, gateway, device, reason="its gateway deleted the topology")
    return Result()


def unregister(core: Core, gateway: Session, request: Request) -> Result:
    """Delete sub-devices' relation to the gateway; each may register again."""
    result = delete(core, gateway, request)
    for one in sub_devices.listed(gateway, request.params):
        core.note_about("unregistered", sub_devices.known(core, one), gateway=gateway.device_name)
    return result


def get(core: Core, gateway: Session, _request: Request) -> Result:
    """Return the gateway's sub-devices."""
    return Result(
        data=[sub_devices.pair(one) for one in core.registry.sub_devices_of(gateway.device)]
    )


def found(core: Core, gateway: Session, request: Request) -> Result:
    """Note the sub-devices that a gateway found, as an event."""
    wanted = sub_devices.listed(gateway, request.params)
    for one in wanted:
        core.registry.product_of(one["productKey"])
        if not NAME.fullmatch(one["deviceName"]):
            raise RefusedError(Code.BAD_NAME, f"DeviceName {one['deviceName']!r} is not allowed")
    seen = [f"{one['productKey']}/{one['deviceName']}" for one in wanted]
    core.note("sub_devices_found", gateway, devices=seen)
    return Result()


VERBS: dict[str, Verb] = {
    "thing/sub/register": sub_devices.guarded(register),
    "thing/proxy/provisioning/product_register": sub_devices.guarded(register_signed),
    "thing/sub/unregister": sub_devices.guarded(unregister),
    "thing/topo/add": sub_devices.guarded(add),
    "thing/topo/delete": sub_devices.guarded(delete),
    "thing/topo/get": sub_devices.guarded(get),
    "thing/list/found": sub_devices.guarded(found),
}


def _relatable(core: Core, one: Pair) -> Device:
    device = sub_devices.known(core, one)
    if not sub_devices.is_signed(core, one, device.secret, sub_devices.signed_content(one)):
        raise RefusedError(Code.AUTH, f"the signature for {device.name} is wrong")
    if not device.enabled:
        raise RefusedError(Code.DISABLED, f"{device.name} is disabled")
    return device


def _registrable(core: Core, gateway: Session, one: Pair) -> Device:
    device = _switched_on(core, one)
    owner = core.registry.gateway_of(device)
    if owner is not None and owner is not gateway.device:
        raise RefusedError(Code.BOUND, f"it is {owner.product_key}/{owner.name}'s")
    return device


def _proven(core: Core, one: Pair) -> Device:
    product = core.registry.product_of(one["productKey"])
    content = f"deviceName{one['deviceName']}productKey{product.key}random{one.get('random', '')}"
    if not one.get("random") or not sub_devices.is_signed(core, one, product.secret, content):
        raise RefusedError(Code.AUTH, "the signature with its ProductSecret is wrong")
    return _switched_on(core, one)


def _switched_on(core: Core, one: Pair) -> Device:
    device = sub_devices.known(core, one)
    if not core.registry.products[device.product_key].dynamic_registration:
        raise RefusedError(Code.SWITCHED_OFF, "its product has dynamic registration off")
    if not device.enabled:
        raise RefusedError(Code.DISABLED, f"{device.name} is disabled")
    return device


def _issued(device: Device) -> Pair:
    return {
        "iotId": device.iot_id,
        **sub_devices.pair(device),
        "deviceSecret": device.secret,
    }


def _failure(core: Core, one: Pair, refusal: RefusedError) -> Pair:
    names = {"productKey": one["productKey"], "deviceName": one["deviceName"]}
    if core.settings.failure_members == "names":
        return names
    code = refusal.code or Code.PARAMETER
    return {**names, "code": int(code), "message": sub_devices.MESSAGES[code]}


def _about(one: Pair, refusal: RefusedError) -> str:
    return f"{one['productKey']}/{one['deviceName']}: {refusal.reason}"
