"""What a gateway asks about its sub-devices: docs/reference/protocol.md, "Sub-devices"."""

from __future__ import annotations

from alink_sim.platform import subdevices, topology
from alink_sim.platform.core import Core
from alink_sim.platform.entities import Device
from alink_sim.platform.envelope import Outcome, Request
from alink_sim.platform.refusal import Code, RefusedError
from alink_sim.platform.registry import NAME
from alink_sim.platform.sessions import Session
from alink_sim.platform.things import Verb
from alink_sim.platform.topology import Pair

MAX_REGISTER = 30


def register(core: Core, gateway: Session, request: Request) -> Outcome:
    """Answer the DeviceSecrets of listed sub-devices; one that cannot be had is left out.

    Where none can, the code is that of the first.
    """
    wanted = topology.listed(gateway, request.params, at_most=MAX_REGISTER)
    found, refused = topology.sort(wanted, lambda one: _registrable(core, gateway, one))
    if not found and refused:
        raise refused[0][1]
    for one, refusal in refused:
        core.note("registration_refused", gateway, code=refusal.code, reason=_about(one, refusal))
    for device in found:
        core.note_about("registered", device, method="sub", gateway=gateway.device_name)
    return Outcome(data=[_issued(device) for device in found])


def register_signed(core: Core, gateway: Session, request: Request) -> Outcome:
    """Answer the DeviceSecrets of sub-devices whose product's secret signed the request.

    Another gateway's are among them: this is how they are taken over.
    """
    params = request.params if isinstance(request.params, dict) else {}
    wanted = topology.listed(gateway, params.get("proxieds"), at_most=MAX_REGISTER)
    found, refused = topology.sort(wanted, lambda one: _proven(core, one))
    for device in found:
        core.note_about("registered", device, method="proxy", gateway=gateway.device_name)
    for one, refusal in refused:
        core.note("registration_refused", gateway, code=refusal.code, reason=_about(one, refusal))
    return Outcome(
        data={
            "failures": [_failure(core, one, refusal) for one, refusal in refused],
            "successes": [_issued(one) for one in found],
        }
    )


def add(core: Core, gateway: Session, request: Request) -> Outcome:
    """Relate sub-devices to the gateway, all or none; another gateway's change hands."""
    wanted = topology.listed(gateway, request.params)
    found = [_relatable(core, one) for one in wanted]
    related = topology.children(core, gateway.device)
    fresh = [device for device in found if device not in related]
    if len(related) + len(fresh) > core.settings.max_sub_devices:
        raise RefusedError(
            Code.TOO_MANY_RELATED, f"a gateway has up to {core.settings.max_sub_devices}"
        )
    for device in fresh:
        subdevices.separate(core, device, reason="another gateway has taken it over")
        topology.relate(core, gateway.device, device)
    return Outcome()


def delete(core: Core, gateway: Session, request: Request) -> Outcome:
    """Separate sub-devices from the gateway, all or none; their sessions end."""
    found = [topology.known(core, one) for one in topology.listed(gateway, request.params)]
    for device in found:
        topology.check_related(core, gateway.device, device)
    for device in found:
        topology.separate(core, device)
        subdevices.leave(core, gateway, device, reason="its gateway deleted the topology")
    return Outcome()


def get(core: Core, gateway: Session, _request: Request) -> Outcome:
    """Return the gateway's sub-devices."""
    return Outcome(data=[topology.pair(one) for one in topology.children(core, gateway.device)])


def found(core: Core, gateway: Session, request: Request) -> Outcome:
    """Note sub-devices that a gateway saw: somebody may have them added."""
    wanted = topology.listed(gateway, request.params)
    for one in wanted:
        core.registry.product_of(one["productKey"])
        if not NAME.fullmatch(one["deviceName"]):
            raise RefusedError(Code.BAD_NAME, f"DeviceName {one['deviceName']!r} is not allowed")
    seen = [f"{one['productKey']}/{one['deviceName']}" for one in wanted]
    core.note("sub_devices_found", gateway, devices=seen)
    return Outcome()


VERBS: dict[str, Verb] = {
    "thing/sub/register": topology.guarded(register),
    "thing/proxy/provisioning/product_register": topology.guarded(register_signed),
    "thing/topo/add": topology.guarded(add),
    "thing/topo/delete": topology.guarded(delete),
    "thing/topo/get": topology.guarded(get),
    "thing/list/found": topology.guarded(found),
}


def _relatable(core: Core, one: Pair) -> Device:
    device = topology.known(core, one)
    if not topology.is_signed(core, one, device.secret, topology.signed_content(one)):
        raise RefusedError(Code.AUTH, f"the signature for {device.name} is wrong")
    if not device.enabled:
        raise RefusedError(Code.DISABLED, f"{device.name} is disabled")
    return device


def _registrable(core: Core, gateway: Session, one: Pair) -> Device:
    device = _switched_on(core, one)
    owner = topology.gateway_of(core, device)
    if owner is not None and owner is not gateway.device:
        raise RefusedError(Code.BOUND, f"it is {owner.product_key}/{owner.name}'s")
    return device


def _proven(core: Core, one: Pair) -> Device:
    product = core.registry.product_of(one["productKey"])
    content = f"deviceName{one['deviceName']}productKey{product.key}random{one.get('random', '')}"
    if not one.get("random") or not topology.is_signed(core, one, product.secret, content):
        raise RefusedError(Code.AUTH, "the signature with its ProductSecret is wrong")
    return _switched_on(core, one)


def _switched_on(core: Core, one: Pair) -> Device:
    device = topology.known(core, one)
    if not core.registry.products[device.product_key].dynamic_registration:
        raise RefusedError(Code.SWITCHED_OFF, "its product has dynamic registration off")
    if not device.enabled:
        raise RefusedError(Code.DISABLED, f"{device.name} is disabled")
    return device


def _issued(device: Device) -> Pair:
    return {"iotId": device.iot_id, **topology.pair(device), "deviceSecret": device.secret}


def _failure(core: Core, one: Pair, refusal: RefusedError) -> Pair:
    names = {"productKey": one["productKey"], "deviceName": one["deviceName"]}
    if core.settings.failure_members == "names":
        return names
    code = refusal.code or Code.PARAMETER
    return {**names, "code": int(code), "message": topology.MESSAGES[code]}


def _about(one: Pair, refusal: RefusedError) -> str:
    return f"{one['productKey']}/{one['deviceName']}: {refusal.reason}"
