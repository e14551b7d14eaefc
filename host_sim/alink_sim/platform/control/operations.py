"""The control protocol: which methods of a running platform `alink-sim admin` may call.

A row's name is the method's, seen from the platform: "console.create_product". Its parameters are
the method's, as JSON. Only the responses of `console.create_product`, `console.add_device` and
`access_key` hold a secret.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from alink_sim.platform.openapi.keys import AccessKey
from alink_sim.platform.platform import Platform
from alink_sim.platform.state import data_script
from alink_sim.platform.state.entities import Device, Product, Status
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.state.instances import Instance
from alink_sim.platform.state.ota_entities import Job, Rules, Task
from alink_sim.platform.state.registry import RegistryError
from alink_sim.platform.topics.device_jobs import DeviceJob, JobTask
from alink_sim.platform.topics.file_uploads import DeviceFile
from alink_sim.platform.topics.rrpc import Rrpc
from alink_sim.platform.topics.shadow import Shadow

Parameters = dict[str, Any]

TWO_CLIENT_IDS = "A device under the current product has two ClientIDs at the same time."


@dataclass(frozen=True)
class Operation:
    """The part of a method in the protocol.

    Attributes:
        show: returns the method's result as JSON values; the platform tells what else it takes.
        read: returns the method's parameters from those that came as JSON.
        needs_online: whether the device has to be online, as in the cloud API.
    """

    show: Callable[[Platform, Any], Any]
    read: Callable[[Parameters], Parameters] = dict
    needs_online: bool = False


def call(platform: Platform, name: str, parameters: Parameters) -> Any:
    """Carry out an operation of the table and return its result as JSON values.

    Raises RegistryError, ValueError or TypeError, with a sentence, for parameters it cannot take.
    """
    operation = OPERATIONS[name]
    if operation.needs_online:
        _check_online(platform, **parameters)
    method = attrgetter(name)(platform)
    try:
        read = operation.read(parameters)
    except (KeyError, AttributeError) as error:
        raise TypeError(f"{name} lacks the parameter {error}, or it has another type") from error
    result = method(**read) if callable(method) else method
    return operation.show(platform, result)


# Results


def _product(_platform: Platform, product: Product) -> dict[str, Any]:
    return {
        "productKey": product.key,
        "name": product.name,
        "nodeType": product.node_type,
        "dynamicRegistration": product.dynamic_registration,
        "instance": product.instance,
    }


def _product_with_secret(platform: Platform, product: Product) -> dict[str, Any]:
    return _product(platform, product) | {"productSecret": product.secret}


def _device(_platform: Platform, device: Device) -> dict[str, Any]:
    return {
        "productKey": device.product_key,
        "deviceName": device.name,
        "iotId": device.iot_id,
        "status": device.status.value,
        "activated": device.activated,
        "clientIds": [
            {
                "clientId": one.client_id,
                "created": one.created,
                "firstConnected": one.first_connected,
                "blocked": one.blocked,
            }
            for one in device.client_ids
        ],
        "alert": device.alert,
        "properties": device.properties,
    }


def _product_details(platform: Platform, product: Product) -> dict[str, Any]:
    """Return a product with the message of the vendor's Product Details page, "" without one."""
    devices = platform.console.devices(product.key)
    compromised = [device.name for device in devices if device.alert]
    return _product(platform, product) | {
        "alert": TWO_CLIENT_IDS if compromised else "",
        "compromised": compromised,
    }


def _device_details(platform: Platform, device: Device) -> dict[str, Any]:
    details = _device(platform, device)
    in_use = platform.console.client_ids_in_use(device.product_key, device.name)
    for one in details["clientIds"]:
        one["inUse"] = one["clientId"] in in_use
    return details


def _device_with_secrets(platform: Platform, device: Device) -> dict[str, str]:
    product = platform.console.product(device.product_key)
    return {
        "productKey": product.key,
        "productSecret": product.secret,
        "deviceName": device.name,
        "deviceSecret": device.secret,
    }


def _access_key(_platform: Platform, key: AccessKey) -> dict[str, str]:
    return {"accessKeyId": key.id, "accessKeySecret": key.secret}


def _as_it_is(_platform: Platform, result: Any) -> Any:
    return result


def _id(_platform: Platform, message_id: str) -> dict[str, str]:
    return {"id": message_id}


def _sessions(_platform: Platform, count: int) -> dict[str, int]:
    return {"sessions": count}


def _told(_platform: Platform, count: int) -> dict[str, int]:
    return {"devices": count}


def _reply(_platform: Platform, ended: Rrpc) -> dict[str, str]:
    return {"code": ended.code.value, "answer": ended.payload.decode(errors="replace")}


def _shadow(_platform: Platform, shadow: Shadow) -> dict[str, Any]:
    return vars(shadow)


def _faults(platform: Platform, _result: Any) -> list[dict[str, Any]]:
    return platform.faults.listed()


def _job(platform: Platform, job: Job) -> dict[str, Any]:
    firmware = platform.ota.firmware(job.id)
    return {
        "job": job.id,
        "productKey": job.product_key,
        "version": firmware.version,
        "module": firmware.module,
        "status": job.status,
    }


def _job_with_counts(platform: Platform, job: Job) -> dict[str, Any]:
    job = platform.ota.job(job.id)
    tasks = platform.ota.tasks_in(job.id)
    counts = Counter(task.status for task in tasks)
    return {**_job(platform, job), "devices": len(tasks), **counts}


def _task(_platform: Platform, task: Task) -> dict[str, Any]:
    return {
        "deviceName": task.device_name,
        "status": task.status,
        "progress": task.progress,
        "srcVersion": task.src_version,
        "reason": task.reason,
    }


def _device_job(platform: Platform, job: DeviceJob) -> dict[str, Any]:
    tasks = platform.cloud.job_tasks(job.product_key, job.id)
    counts = Counter(task.status for task in tasks)
    return {"job": job.id, "document": job.document, "devices": len(tasks), **counts}


def _job_task(_platform: Platform, task: JobTask) -> dict[str, Any]:
    return {
        "task": task.id,
        "deviceName": task.device_name,
        "status": task.status,
        "progress": task.progress,
        "details": task.details,
    }


def _device_file(_platform: Platform, file: DeviceFile) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "created": file.created}


def _in_base64(_platform: Platform, content: bytes) -> str:
    return base64.b64encode(content).decode()


def _event(_platform: Platform, event: Event) -> dict[str, Any]:
    return event.as_json()


def _numbered_events(platform: Platform, found: tuple[int, list[Event]]) -> dict[str, Any]:
    number, events = found
    return {"number": number, "events": [_event(platform, one) for one in events]}


def _each(
    show: Callable[[Platform, Any], dict[str, Any]],
) -> Callable[[Platform, list[Any]], list[dict[str, Any]]]:
    return lambda platform, results: [show(platform, one) for one in results]


# Parameters


def _new_product(parameters: Parameters) -> Parameters:
    """Return the parameters of `Console.create_product`: a declared instance came as an object."""
    instance = parameters.get("instance")
    if not isinstance(instance, dict):
        return parameters
    return {**parameters, "instance": Instance(**instance)}


def _text_as_payload(parameters: Parameters) -> Parameters:
    return {**parameters, "payload": parameters["payload"].encode()}


def _text_as_content(parameters: Parameters) -> Parameters:
    return {**parameters, "content": parameters["content"].encode()}


def _source_as_script(parameters: Parameters) -> Parameters:
    """Return the parameters of `Console.set_script`: its Python source came, null for none."""
    source, where = parameters["source"], parameters.get("where", "the script")
    script = None if source is None else data_script.from_source(source, where=where)
    return {"product_key": parameters["product_key"], "script": script}


def _gateway_as_pair(parameters: Parameters) -> Parameters:
    return {**parameters, "gateway": tuple(parameters["gateway"])}


def _sub_devices_as_pairs(parameters: Parameters) -> Parameters:
    return {**parameters, "sub_devices": [tuple(one) for one in parameters["sub_devices"]]}


def _new_job(parameters: Parameters) -> Parameters:
    """Return the parameters of `Cloud.create_job`: its file came in Base64."""
    return {**parameters, "file": base64.b64decode(parameters["file"], validate=True)}


def _publication(parameters: Parameters) -> Parameters:
    """Return the parameters of `Ota.publish`: files came in Base64, by name."""
    files, protocol = parameters["data"], parameters["protocol"]
    return {
        **{name: value for name, value in parameters.items() if name != "protocol"},
        "data": {name: base64.b64decode(text, validate=True) for name, text in files.items()},
        "rules": Rules(protocol=protocol),
    }


def _check_online(platform: Platform, product_key: str, device_name: str, **_: Any) -> None:
    if platform.console.device(product_key, device_name).status != Status.ONLINE:
        raise RegistryError(f"device {product_key}/{device_name} is offline: nothing was sent")


OPERATIONS: dict[str, Operation] = {
    "console.create_product": Operation(_product_with_secret, read=_new_product),
    "console.products": Operation(_each(_product)),
    "console.product": Operation(_product_details),
    "console.remove_product": Operation(_product),
    "console.send_verification_code": Operation(_as_it_is),
    "console.set_dynamic_registration": Operation(_product),
    "console.set_thing_model": Operation(_product),
    "console.set_script": Operation(_as_it_is, read=_source_as_script),
    "console.add_device": Operation(_device_with_secrets),
    "console.devices": Operation(_each(_device)),
    "console.device": Operation(_device_details),
    "console.remove_device": Operation(_device),
    "console.reset_device": Operation(_device),
    "console.enable_device": Operation(_device),
    "console.disable_device": Operation(_device),
    "console.clear_client_ids": Operation(_device),
    "console.switch_client_id": Operation(_device),
    "cloud.set_properties": Operation(_id, needs_online=True),
    "cloud.set_desired": Operation(_as_it_is),
    "cloud.call_service": Operation(_id, needs_online=True),
    "cloud.call_service_sync": Operation(_reply, needs_online=True),
    "cloud.create_job": Operation(_device_job, read=_new_job),
    "cloud.jobs": Operation(_each(_device_job)),
    "cloud.job_tasks": Operation(_each(_job_task)),
    "cloud.cancel_job": Operation(_as_it_is),
    "cloud.remove_job": Operation(_as_it_is),
    "cloud.files": Operation(_each(_device_file)),
    "cloud.file": Operation(_in_base64),
    "cloud.remove_file": Operation(_as_it_is),
    "cloud.broadcast": Operation(_sessions, read=_text_as_payload),
    "cloud.set_config": Operation(_told, read=_text_as_content),
    "cloud.forget_config": Operation(_as_it_is),
    "cloud.sub_devices": Operation(_each(_device)),
    "cloud.add_sub_device": Operation(_as_it_is, read=_gateway_as_pair),
    "cloud.remove_sub_device": Operation(_as_it_is),
    "cloud.ask_to_add": Operation(_sessions, read=_sub_devices_as_pairs),
    "cloud.send": Operation(_sessions, read=_text_as_payload),
    "cloud.rrpc": Operation(_reply, read=_text_as_payload, needs_online=True),
    "cloud.shadow": Operation(_shadow),
    "cloud.set_shadow": Operation(_sessions),
    "cloud.set_log_mode": Operation(_sessions),
    "ota.publish": Operation(_job_with_counts, read=_publication),
    "ota.job": Operation(_job_with_counts),
    "ota.jobs": Operation(_each(_job)),
    "ota.tasks_in": Operation(_each(_task)),
    "ota.versions": Operation(_as_it_is),
    "ota.cancel": Operation(_job_with_counts),
    "faults.add_tables": Operation(_faults),
    "faults.listed": Operation(_as_it_is),
    "faults.clear": Operation(_faults),
    "log.select": Operation(_each(_event)),
    "log.after": Operation(_numbered_events),
    "access_key": Operation(_access_key),
}
