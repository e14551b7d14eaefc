"""Actions that begin a batch: the devices, the time and the rules."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError, invalid
from alink_sim.platform.openapi.ota_packages import firmware
from alink_sim.platform.openapi.times import utc
from alink_sim.platform.ota import jobs, packages
from alink_sim.platform.ota.packages import UpgradeError
from alink_sim.platform.state.entities import Product
from alink_sim.platform.state.ota_entities import Firmware, Job, JobStatus, Rules, Verified
from alink_sim.platform.state.ota_registry import fresh_id

_MOST_DEVICES, _MOST_TO_VERIFY, _MOST_TAGS, _MOST_VERSIONS = 200, 10, 10, 10
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_TAG = re.compile(r"[A-Za-z0-9.]{1,30}")
_INTERVALS = ("0", "10", "30", "60", "1440")


async def verify(call: Call) -> Response:
    """Let up to 10 devices try a package."""
    package = firmware(call)
    product = call.product()
    if package.verified in (Verified.UNDER_WAY, Verified.YES):
        raise ApiError("iot.ota.FirmwareVerified")
    names = _devices(call, product, most=_MOST_TO_VERIFY)
    return _begin(call, package, type="VERIFY_FIRMWARE", target="SPECIFIC", device_names=names)


async def upgrade(call: Call) -> Response:
    """Publish a package to existing devices: all, some, or a percentage."""
    package = _verified(call)
    product = call.product()
    target = call.choice("TargetSelection", ("ALL", "SPECIFIC", "GRAY"), "")
    names, percent = None, ""
    if target == "SPECIFIC":
        names = _devices(call, product, most=_MOST_DEVICES)
    elif target == "GRAY":
        percent = call.needed("GrayPercent")
        names = _part(call, product, percent)
    starts, ends = _schedule(call)
    return _begin(
        call,
        package,
        target=target,
        device_names=names,
        gray_percent=percent,
        starts=starts,
        ends=ends,
        src_versions=_versions(call),
    )


async def upgrade_dynamic(call: Call) -> Response:
    """Bring a package to whatever device reports one of some versions, from now on."""
    package = _verified(call)
    call.product()
    running = (JobStatus.IN_PROGRESS, "DYNAMIC", package.id)
    every = call.core.upgrades.jobs.values()
    if any((one.status, one.selection, one.firmware_id) == running for one in every):
        raise ApiError("iot.ota.DynamicJobExisted")
    versions = _versions(call)
    if not versions:
        raise invalid("SrcVersion")
    mode = int(call.choice("DynamicMode", ("1", "2"), "1"))
    return _begin(call, package, selection="DYNAMIC", dynamic_mode=mode, src_versions=versions)


ACTIONS = {
    "CreateOTAVerifyJob": ApiAction(verify, 10, ("FirmwareId", "ProductKey")),
    "CreateOTAStaticUpgradeJob": ApiAction(
        upgrade, 20, ("FirmwareId", "ProductKey", "TargetSelection")
    ),
    "CreateOTADynamicUpgradeJob": ApiAction(upgrade_dynamic, 20, ("FirmwareId", "ProductKey")),
}


def _begin(call: Call, package: Firmware, **facts: Any) -> Response:
    if package.product_key != call.text("ProductKey"):
        raise ApiError("iot.ota.NotExistedFirmware")
    rules = _rules(call)
    try:
        packages.check_protocol(rules.protocol, [one.size for one in package.files])
    except UpgradeError as error:
        raise ApiError("iot.common.InvalidFormattedParameter", str(error)) from error
    made = Job(
        id=fresh_id(),
        firmware_id=package.id,
        product_key=package.product_key,
        rules=rules,
        created=call.core.clock.time(),
        **facts,
    )
    jobs.begin(call.core, made)
    return {"Data": {"JobId": made.id, "UtcCreate": utc(made.created)}}


def _verified(call: Call) -> Firmware:
    package = firmware(call)
    if package.verified not in (Verified.YES, Verified.NOT_NEEDED):
        raise ApiError("iot.ota.FirmwareNotVerified")
    return package


def _rules(call: Call) -> Rules:
    timeout = call.number("TimeoutInMinutes", 0, among=range(1441))
    interval = int(call.choice("RetryInterval", _INTERVALS, "0"))
    count = int(call.choice("RetryCount", ("0", "1", "2", "5"), "0"))
    if call.text("RetryInterval") and (not count or (timeout and interval >= timeout)):
        raise invalid("RetryInterval")
    overwrite = call.choice("OverwriteMode", ("1", "2"), "1") == "2"
    multi_module = call.switch("MultiModuleMode", default=False)
    if overwrite and multi_module:
        raise invalid("OverwriteMode")
    return Rules(
        protocol=call.choice("DownloadProtocol", packages.PROTOCOLS, "HTTPS"),
        tags=_tags(call),
        need_push=call.switch("NeedPush", default=True),
        need_confirm=call.switch("NeedConfirm", default=False),
        overwrite=overwrite,
        multi_module=multi_module,
        timeout_minutes=timeout,
        retry_count=count,
        retry_minutes=interval,
        per_minute=call.number("MaximumPerMinute", 10000, among=range(10, 10001)),
    )


def _tags(call: Call) -> dict[str, str]:
    tags: dict[str, str] = {}
    while item := call.item("Tag", len(tags) + 1):
        key, value = item.text("Key"), item.text("Value")
        if not _TAG.fullmatch(key) or not 1 <= len(value) <= 1024 or key in tags:
            raise invalid("Tag")
        tags[key] = value
    if len(tags) > _MOST_TAGS or sum(map(len, (*tags, *tags.values()))) > 4096:
        raise invalid("Tag")
    return tags


def _devices(call: Call, product: Product, *, most: int) -> list[str]:
    names = call.listed("TargetDeviceName")
    if not names:
        raise ApiError("iot.device.NoneDeviceNameElement")
    if len(names) > most:
        raise ApiError("iot.device.DeviceCountExceeded")
    return [call.device_in(product, name).name for name in names]


def _part(call: Call, product: Product, percent: str) -> list[str]:
    try:
        share = Decimal(percent)
        is_share = 0 < share <= 100 and share == round(share, 3)
    except InvalidOperation:  # Raised by comparing NaN, too.
        is_share = False
    if not is_share:
        raise invalid("GrayPercent")
    names = [name for key, name in call.core.registry.devices if key == product.key]
    return names[: max(1, int(len(names) * share / 100))]


def _versions(call: Call) -> list[str]:
    versions = call.listed("SrcVersion")
    if len(versions) > _MOST_VERSIONS or len(set(versions)) < len(versions):
        raise invalid("SrcVersion")
    return versions


def _schedule(call: Call) -> tuple[float, float]:
    """Return when a batch begins and ends, in seconds since 1970, 0 for neither."""
    now = call.core.clock.time()
    starts = call.number("ScheduleTime", 0) / 1000
    ends = call.number("ScheduleFinishTime", 0) / 1000
    if starts and not 5 * _MINUTE <= starts - now <= 7 * _DAY:
        raise invalid("ScheduleTime")
    if ends and not _HOUR <= ends - (starts or now) <= 30 * _DAY:
        raise invalid("ScheduleFinishTime")
    return starts, ends
