"""Instances of the platform: what each kind can do, where, and under which host.

docs/reference/protocol.md, "Instances". A product whose instance was declared is held to it; one
whose was not belongs to a public one in cn-shanghai, unless the setting `instances` is "lenient".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from alink_formats.rules import INSTANCE_KINDS, INSTANCE_REGIONS, REGIONS
from alink_sim.platform.state.entities import Product

PLACES = REGIONS  # The regions of instances.

_DOCUMENT = "instance"


class InstanceError(ValueError):
    """An instance has a wrong value; the text names the allowed ones."""


@dataclass(frozen=True)
class Instance:
    """An instance; `id` is "" exactly for the old public one. Raises InstanceError."""

    id: str
    kind: str = "enterprise"
    region: str = "cn-shanghai"

    def __post_init__(self) -> None:
        if self.kind not in INSTANCE_KINDS:
            raise InstanceError(f"kind is {self.kind!r}; use {', '.join(INSTANCE_KINDS)}")
        if (self.id == "") != (self.kind == "old_public"):
            raise InstanceError(
                f"id is {self.id!r} and kind {self.kind}: the old public instance has the id '', "
                "the others have another one"
            )
        allowed = INSTANCE_REGIONS[self.kind]
        if self.region not in allowed:
            raise InstanceError(
                f"region is {self.region!r}; for {self.kind} use {', '.join(allowed)}"
            )

    def mqtt_host(self, product_key: str) -> str:
        """Return the vendor's MQTT host for a product of this instance."""
        if self.id:
            return f"{self.id}.mqtt.iothub.aliyuncs.com"
        return f"{product_key}.iot-as-mqtt.{self.region}.aliyuncs.com"

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
