"""Topics that the platform subscribes a device to, without a SUBSCRIBE.

docs/reference/protocol.md, "Login". The list is that of the vendor's page on automatic
subscription, without its Wi-Fi and LAN topics that this platform has no message for.
"""

from __future__ import annotations

from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.settings import Settings

# The vendor's page (document 197770).
_LISTED = (
    "/sys/{}/thing/model/down_raw",
    "/sys/{}/thing/model/up_raw_reply",
    "/sys/{}/thing/event/+/post_reply",
    "/sys/{}/thing/event/property/history/post_reply",
    "/sys/{}/thing/deviceinfo/update_reply",
    "/sys/{}/thing/deviceinfo/delete_reply",
    "/sys/{}/thing/dynamicTsl/get_reply",
    "/sys/{}/thing/dsltemplate/get_reply",
    "/sys/{}/rrpc/request/+",
    "/sys/{}/thing/service/property/set",
    "/sys/{}/thing/service/property/get",
    "/sys/{}/thing/service/+",
    "/sys/{}/thing/topo/change",
    "/sys/{}/thing/topo/add_reply",
    "/sys/{}/thing/topo/delete_reply",
    "/sys/{}/thing/topo/get_reply",
    "/sys/{}/thing/sub/register_reply",
    "/sys/{}/thing/sub/unregister_reply",
    "/sys/{}/thing/proxy/provisioning/product_register_reply",
    "/ota/device/upgrade/{}",
    "/ota/device/request/{}",
    "/sys/{}/thing/config/push",
    "/sys/{}/thing/config/get_reply",
    "/sys/{}/thing/property/desired/get_reply",
    "/sys/{}/thing/property/desired/delete_reply",
    "/shadow/get/{}",
    "/sys/{}/thing/reset_reply",
    "/sys/{}/thing/bootstrap/config/push",
    "/sys/{}/thing/job/notify",
    "/sys/{}/thing/job/get_reply",
    "/sys/{}/thing/job/update_reply",
)
# A device of the live platform had these beside the listed ones.
_SEEN = (
    "/sys/{}/thing/ota/firmware/get_reply",
    "/sys/{}/thing/config/log/get_reply",
    "/sys/{}/thing/config/log/push",
    "/sys/{}/thing/bootstrap/notify",
)
# The vendor's SDKs that send `_ss=1` wait for these and subscribe to none of them.
_AWAITED = (
    "/ext/ntp/{}/response",
    "/ext/session/{}/combine/login_reply",
    "/ext/session/{}/combine/logout_reply",
    "/ext/session/{}/combine/batch_login_reply",
    "/ext/session/{}/combine/batch_logout_reply",
    "/ext/rrpc/+/sys/{}/thing/service/+",
    "/ext/rrpc/+/sys/{}/thing/model/down_raw",
    "/sys/{}/thing/topo/add/notify",
)
_WITH_SS = (*_LISTED, *_SEEN, *_AWAITED)
# A broadcast to all devices of a product that are online needs no subscription.
_ANY_CLIENT = ("/sys/{}/broadcast/request/+",)
_ALL = ("/sys/#", "/ext/#", "/shadow/#", "/ota/#")


def filters(settings: Settings, device: Device, *, has_ss: bool) -> set[str]:
    """Return the filters that a device has from its login on.

    `has_ss` tells whether the parameters of the client id have `_ss=1`.
    """
    if settings.auto_deliver == "ss":
        templates = (*_WITH_SS, *_ANY_CLIENT) if has_ss else _ANY_CLIENT
        names = f"{device.product_key}/{device.name}"
        return {one.format(names) for one in templates}
    return set(_ALL if settings.auto_deliver == "always" else ())
