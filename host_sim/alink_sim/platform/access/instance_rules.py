"""Whether a device may ask an instance what it asks: its kind, its region and its host.

docs/reference/protocol.md, "Instances".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.state.instances import Instance
from alink_sim.platform.state.refusal import RefusedError, VersionError

_MQTT_5 = 5  # The protocol level.
_INSTANCE_HOST = re.compile(r"(.+)\.mqtt\.iothub\.aliyuncs\.com")
_PRODUCT_HOST = re.compile(r"(.+)\.iot-as-mqtt\.([a-z0-9-]+)\.aliyuncs\.com")


def check_instance(
    instance: Instance | None, credentials: Credentials, *, regnwl: Sequence[str]
) -> None:
    """Return if a device may ask so of this instance. Raises RefusedError without a code.

    `regnwl` are the regions where an enterprise one takes preregistration-free devices.
    """
    if instance is None:
        return
    free = instance.kind == "enterprise" and instance.region in regnwl
    if credentials.kind is Kind.REGNWL and not free:
        raise RefusedError(
            None,
            "preregistration-free registration needs an enterprise instance in "
            f"{' or '.join(regnwl)}; this is {_named(instance)}",
        )
    if credentials.level >= _MQTT_5 and instance.kind != "enterprise":
        raise VersionError(f"MQTT 5 needs an enterprise instance; this is {_named(instance)}")
    sent = credentials.extension.get("instanceId", instance.id)
    if sent != instance.id:
        raise RefusedError(
            None, f"instanceId {sent} was sent; the product is of {_named(instance)}"
        )
    if wanted := _other_host(instance, credentials):
        raise RefusedError(
            None, f"host {credentials.host}; {_named(instance)} is reached at {wanted}"
        )


def _other_host(instance: Instance, credentials: Credentials) -> str:
    """Return the host a device should have dialled, "" if it did, or named none of ours."""
    host = credentials.host
    wanted = instance.mqtt_host(credentials.product_key)
    is_ours = _INSTANCE_HOST.fullmatch(host) or _PRODUCT_HOST.fullmatch(host)
    return wanted if is_ours and host.lower() != wanted.lower() else ""


def _named(instance: Instance) -> str:
    if not instance.id:
        return f"the old public instance in {instance.region}"
    return f"the {instance.kind} instance {instance.id} in {instance.region}"
