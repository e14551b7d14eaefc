"""Device Details: shadow, tags, versions and updates, topology."""

from __future__ import annotations

from aiohttp import web

from alink_sim.platform.console import forms
from alink_sim.platform.console.pages.device_frame import device_of, tab_address, tab_page
from alink_sim.platform.console.visit import Visit
from alink_sim.platform.state.entities import NodeType
from alink_sim.platform.topics.tags_and_log import MAX_TAG, TAG_KEY

_MOST_TAGS = 100
_MOST_SUB_DEVICES = 200
_CONFLICT = 409


async def shadow(visit: Visit) -> web.Response:
    """Show the shadow and the editor of its desired part."""
    empty = {"version": 0, "state": {}, "metadata": {}}
    document = {**empty, **device_of(visit).documents.get("shadow", {})}
    return tab_page(visit, "device_shadow.html", "shadow", shadow=document, text="")


async def set_shadow(visit: Visit) -> web.Response:
    """Set desired values of the shadow version that the editor showed."""
    device = device_of(visit)
    version = visit.field("version")
    cloud = visit.view.cloud

    async def send() -> None:
        wanted = forms.read_json(visit.field("desired"), "the desired state")
        try:
            await visit.view.do(
                cloud.set_shadow,
                device.product_key,
                device.name,
                wanted,
                version=int(version) + 1 if version.isdecimal() else 0,
            )
        except ValueError as error:
            if error.args and error.args[0] == _CONFLICT:
                text = visit.words(
                    "409: the shadow has another version by now. Look at it and try again."
                )
                raise forms.FieldError(text) from None
            raise

    done = visit.words(
        "The desired state was set. The platform sends it at once to a device that is online."
    )
    return await visit.attempt(send(), then=tab_address(device, "shadow"), done=done)


async def tags(visit: Visit) -> web.Response:
    """Show the tags."""
    found = device_of(visit).documents.get("tags", {})
    return tab_page(visit, "device_tags.html", "tags", tags=found)


async def set_tag(visit: Visit) -> web.Response:
    """Set one tag, or delete it."""
    device = device_of(visit)
    there = tab_address(device, "tags")
    tags = dict(device.documents.get("tags", {}))
    key = visit.field("key")
    if visit.field("delete"):
        tags.pop(key, None)
    elif not TAG_KEY.fullmatch(key):
        notice = visit.words("A tag key has 1 to 30 letters, digits and _-#@%&*.")
        return visit.go(there, notice, is_error=True)
    elif key not in tags and len(tags) >= _MOST_TAGS:
        return visit.go(there, visit.words("A device has at most 100 tags."), is_error=True)
    else:
        tags[key] = visit.field("value")[:MAX_TAG]
    return await visit.attempt(
        visit.view.set_tags(device, tags), then=there, done=visit.words("The tags were saved.")
    )


async def updates(visit: Visit) -> web.Response:
    """Show the version of each module, and the device's part in each batch."""
    device = device_of(visit)
    return tab_page(
        visit,
        "device_ota.html",
        "ota",
        versions=device.documents.get("modules", {}),
        tasks=visit.view.ota.tasks_of(device),
    )


async def topology(visit: Visit) -> web.Response:
    """Draw a gateway with its sub-devices."""
    device = device_of(visit)
    gateway = visit.view.gateway_of(device) or device
    found = visit.view.sub_devices(gateway)
    return tab_page(
        visit,
        "device_topology.html",
        "topology",
        top=gateway,
        sub_devices=found[:_MOST_SUB_DEVICES],
        count=len(found),
        products=[one for one in visit.view.products() if one.node_type != NodeType.GATEWAY],
    )


async def change_topology(visit: Visit) -> web.Response:
    """Add a sub-device to a gateway, or take one from it."""
    device = device_of(visit)
    there = tab_address(device, "topology")
    product_key, name = visit.field("product"), visit.field("name")
    cloud = visit.view.cloud
    if visit.part("change") == "add":
        action = visit.view.do(
            cloud.add_sub_device, product_key, name, gateway=(device.product_key, device.name)
        )
        done = visit.words("%(name)s is a sub-device of this gateway now.", name=name)
    else:
        action = visit.view.do(cloud.remove_sub_device, product_key, name)
        done = visit.words("%(name)s is no longer a sub-device of this gateway.", name=name)
    return await visit.attempt(action, then=there, done=done)


ROUTES = (
    ("GET", "/devices/{pk}/{dn}/shadow", shadow),
    ("POST", "/devices/{pk}/{dn}/shadow", set_shadow),
    ("GET", "/devices/{pk}/{dn}/tags", tags),
    ("POST", "/devices/{pk}/{dn}/tags", set_tag),
    ("GET", "/devices/{pk}/{dn}/ota", updates),
    ("GET", "/devices/{pk}/{dn}/topology", topology),
    ("POST", "/devices/{pk}/{dn}/topology/{change:add|remove}", change_topology),
)
