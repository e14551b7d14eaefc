"""Messages that the cloud sends without a request.

docs/reference/protocol.md, "TSL", "Shadow". Each function runs in the platform's loop and returns
to how many sessions the message went.
"""

from __future__ import annotations

from typing import Any

from alink_sim import thing_model
from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.state.data_script import ScriptError
from alink_sim.platform.state.entities import Device
from alink_sim.platform.topics import shadow, thing


def broadcast(
    core: Core, product_key: str, payload: bytes, *, topic: str = "", message_id: str = ""
) -> int:
    """Send a message to a product's devices; return to how many sessions it went.

    With a topic, `/broadcast/PK/...`, to those that subscribed to it; else to all that are
    online, on their own `/sys/PK/DN/broadcast/request/MESSAGE`, with `message_id` or one made up.
    """
    number = message_id or core.ids.request()
    sent = 0
    for session in core.sessions.of_product(product_key):
        own = f"/sys/{product_key}/{session.device_name}/broadcast/request/{number}"
        sent += session.deliver(topic or own, payload, qos=0)
    return sent


def ask(core: Core, device: Device, what: str, params: Any) -> tuple[str, int]:
    """Send a request on `thing/WHAT`; return the message id, and to how many sessions it went.

    To a product with a script it goes as the script's bytes, on `thing/model/down_raw`.
    """
    number = core.ids.request()
    method = f"thing.{what.replace('/', '.')}"
    body = {"method": method, "id": number, "params": params, "version": "1.0.0"}
    base = f"/sys/{device.product_key}/{device.name}/thing"
    topic, payload = f"{base}/{what}", compact(body)
    if script := core.scripts.get(device.product_key):
        try:
            topic, payload = f"{base}/model/down_raw", script.write(payload)
        except ScriptError as error:
            core.note_about("not_sent", device, topic=topic, reason=f"{error.code} {error}")
            return number, 0
    return number, core.send(device, topic, payload)


def call(core: Core, device: Device, service: str, params: Any) -> tuple[str, int]:
    """Ask for a service, or for "property/set"; see `ask`."""
    return ask(core, device, f"service/{service}", params)


def why_not_set(core: Core, device: Device, values: dict[str, Any]) -> str:
    """Return why the cloud cannot set these properties by the thing model, "" if it can."""
    model = thing.model_of(core, device.product_key)
    if model is None:
        return ""
    for wrong in thing_model.check_properties(model, values):
        return f"{wrong.name} {wrong.text}"
    return next((f"{name} is read-only" for name in values if name not in model.writable), "")


def why_not_called(core: Core, device: Device, service: str, inputs: Any) -> str:
    """Return why the cloud cannot call this service by the thing model, "" if it can."""
    model = thing.model_of(core, device.product_key)
    if model is None:
        return ""
    for wrong in thing_model.check_service(model, service, inputs):
        return f"{wrong.name} {wrong.text}"
    return ""


def set_log_mode(core: Core, device: Device, *, wanted: bool) -> int:
    """Switch a device's log upload on or off; return to how many sessions that went at once."""
    core.registry.keep(device, "log_mode", int(wanted))
    params = {"getType": "content", "content": {"mode": int(wanted)}}
    return ask(core, device, "config/log/push", params)[1]


def set_desired(core: Core, device: Device, values: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """Keep desired values and push them as a property set; return its id and their versions."""
    desired = dict(device.documents.get("desired", {}))
    for name, value in values.items():
        version = desired[name]["version"] + 1 if name in desired else 1
        desired[name] = {"value": value, "version": version}
    core.registry.keep(device, "desired", desired)
    number, _ = call(core, device, "property/set", values)
    return number, {name: desired[name]["version"] for name in values}


def set_shadow(
    core: Core, device: Device, desired: dict[str, Any], *, version: int, replaces: bool = False
) -> int:
    """Set desired values of a shadow and tell the device; raises as `shadow.control` does."""
    changed = shadow.control(core, device, desired, version=version, replaces=replaces)
    core.registry.keep(device, "shadow", vars(changed))
    topic = f"/shadow/get/{device.product_key}/{device.name}"
    message = shadow.control_message(changed, now=int(core.clock.time()))
    return core.send(device, topic, message)
