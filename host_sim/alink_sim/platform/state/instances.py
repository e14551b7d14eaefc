"""Instances of the platform: what each kind can do, where, and under which host.

docs/reference/protocol.md, "Instances". A product whose instance was declared is held to it; one
whose was not is taken for whatever works, unless the setting `instances` is "strict".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from alink_sim.platform.access.auth import Credentials, Kind
from alink_sim.platform.state.ca import REGIONS
from alink_sim.platform.state.entities import Product
from alink_sim.platform.state.refusal import RefusedError

KINDS = ("old_public", "public", "enterprise")
# Where each kind is to be had.
PLACES = {
    "old_public": tuple(one for one in REGIONS if one not in ("cn-beijing", "cn-shenzhen")),
    "public": ("cn-shanghai",),
    "enterprise": REGIONS,
}

_DOCUMENT = "instance"
_INSTANCE_HOST = re.compile(r"(.+)\.mqtt\.iothub\.aliyuncs\.com")
_PRODUCT_HOST = re.compile(r"(.+)\.iot-as-mqtt\.([a-z0-9-]+)\.aliyuncs\.com")


class InstanceError(ValueError):
    """There is no such instance; the text says what there is."""


@dataclass(frozen=True)
class Instance:
    """An instance; `id` is "" exactly for the old public one. Raises InstanceError."""

    id: str
    kind: str = "enterprise"
    region: str = "cn-shanghai"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InstanceError(f"kind is {self.kind!r}; it takes one of: {', '.join(KINDS)}")
        if (self.id == "") != (self.kind == "old_public"):
            raise InstanceError(
                f"id is {self.id!r} and kind {self.kind}: the old public instance has the id '', "
                "the others have one of their own"
            )
        if self.region not in PLACES[self.kind]:
            raise InstanceError(
                f"region is {self.region!r}; {self.kind} takes: {', '.join(PLACES[self.kind])}"
            )

    @property
    def document(self) -> tuple[str, dict[str, str]]:
        """Return name and content of what a product keeps of its instance."""
        return _DOCUMENT, asdict(self)


def instance_of(product: Product, *, strict: bool) -> Instance | None:
    """Return a product's instance; None where it was not declared and need not be."""
    document = product.documents.get(_DOCUMENT)
    if document and document["id"] == product.instance:
        return Instance(**document)
    if not strict:
        return None
    kind = "public" if product.instance else "old_public"
    return Instance(product.instance, kind, "cn-shanghai")


def check(instance: Instance | None, credentials: Credentials, *, regnwl: Sequence[str]) -> None:
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
    if instance.id:
        wanted = f"{instance.id}.mqtt.iothub.aliyuncs.com"
    else:
        wanted = f"{credentials.product_key}.iot-as-mqtt.{instance.region}.aliyuncs.com"
    is_ours = _INSTANCE_HOST.fullmatch(host) or _PRODUCT_HOST.fullmatch(host)
    return wanted if is_ours and host.lower() != wanted.lower() else ""


def _named(instance: Instance) -> str:
    which = f"the {instance.kind} instance {instance.id}" if instance.id else "the old public one"
    return f"{which} in {instance.region}"
