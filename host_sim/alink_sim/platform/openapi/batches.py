"""Actions on batches: names are checked, then registered, both beside the response.

docs/reference/protocol.md, "Cloud API". A batch that was acknowledged goes on after a restart.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from alink_sim.platform.core import Core
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.openapi.names import is_nickname
from alink_sim.platform.openapi.pages import Page
from alink_sim.platform.state.claim import StoreError
from alink_sim.platform.state.device_batches import Application, Stage
from alink_sim.platform.state.entities import Device, Product
from alink_sim.platform.state.registry import NAME

_MOST = 10_000
_RETRY_SECONDS = 10.0
_STEP = 200  # Devices made before the loop has a turn.
_INVALID = "the DeviceName is not 4 to 32 of letters, digits and -_@.:"
_REPEATED = "the DeviceName is taken"
_MISNAMED = "the Nickname is not 4 to 64 of letters, digits and _"
_CODES = {
    _INVALID: "iot.device.InvalidFormattedDeviceName",
    _REPEATED: "iot.device.AlreadyExistedDeviceName",
    _MISNAMED: "iot.device.InvalidFormattedNickname",
}

_Work = Callable[[Core, Application], Coroutine[Any, Any, None]]


# Actions


async def check_names(call: Call) -> Response:
    """Take up to 10 000 names; what is wrong with them is answered, or shows in the status."""
    product = call.product()
    names = call.listed("DeviceName")
    nicknames: dict[str, str] = {}
    if not names:
        names = call.listed("DeviceNameList", "DeviceName")
        given = (
            (name, call.text(f"DeviceNameList.{number}.DeviceNickname"))
            for number, name in enumerate(names, start=1)
        )
        nicknames = {name: nickname for name, nickname in given if nickname}
    if not names:
        raise ApiError("iot.device.NoneDeviceNameElement")
    if len(names) > _MOST:
        raise ApiError("iot.device.DeviceCountExceeded")
    if call.core.settings.batch_faults == "call":
        _check_at_once(call.core, product, names, nicknames)
    return await _apply(call, product, Stage.CHECK, names, nicknames)


async def register_names(call: Call) -> Response:
    """Register the names of a batch that was checked; once it is under way, only say so."""
    application = _application(call)
    if application.stage in (Stage.CHECK, Stage.CHECK_FAILED):
        raise ApiError("iot.device.IncorrentDeviceApplyInfo")
    if application.stage == Stage.CHECK_SUCCESS:
        application.stage = Stage.CREATE
        call.core.registry.keep_application(application)
        go_on(call.core, application)
    elif call.core.settings.batch_again == "refuse":
        raise ApiError("iot.device.IncorrentDeviceApplyInfo", "it is registered already")
    return _applied(application)


async def register_count(call: Call) -> Response:
    """Register a number of devices with generated names."""
    product = call.product()
    count = call.number("Count")
    if not 1 <= count <= _MOST:
        raise ApiError("iot.device.DeviceCountExceeded")
    names = [secrets.token_hex(10) for _ in range(count)]
    return await _apply(call, product, Stage.CREATE, names, {})


async def query_status(call: Call) -> Response:
    """Return how far a batch has come; the lists are filled where some of it failed."""
    application = _application(call)
    failed = application.failed
    valid = [name for name in application.names if name not in failed] if failed else []
    return {
        "Data": {
            "Status": application.stage,
            "ValidList": {"Name": valid},
            "InvalidList": {"Name": list(failed)},
            "InvalidDetailList": {
                "invalidDetailList": [
                    {
                        "DeviceName": name,
                        "NickName": application.nicknames.get(name, ""),
                        "ErrorMsg": why,
                    }
                    for name, why in failed.items()
                ]
            },
        }
    }


async def query_page(call: Call) -> Response:
    """Return a page of the devices that a batch has made, with their DeviceSecrets."""
    application = _application(call)
    page = Page.of(call, _made(call.core, application))
    return {
        "ApplyDeviceList": {
            "ApplyDeviceInfo": [
                {
                    "DeviceId": device.iot_id,
                    "DeviceName": device.name,
                    "DeviceSecret": device.secret,
                    "IotId": device.iot_id,
                }
                for device in page.items
            ]
        },
        "Page": page.number,
        **page.facts,
    }


ACTIONS = {
    "BatchCheckDeviceNames": ApiAction(check_names, 10, ("ProductKey",)),
    "BatchRegisterDeviceWithApplyId": ApiAction(register_names, 500, ("ProductKey", "ApplyId")),
    "BatchRegisterDevice": ApiAction(register_count, 10, ("ProductKey", "Count")),
    "QueryBatchRegisterDeviceStatus": ApiAction(query_status, 30, ("ProductKey", "ApplyId")),
    "QueryPageByApplyId": ApiAction(query_page, 50, ("ApplyId",)),
}


# Work


def go_on(core: Core, application: Application) -> None:
    """Have what a batch waits for done soon: its check, or its registration."""
    work = _WORK.get(Stage(application.stage))
    if work is None:
        return

    def begin() -> None:
        core.background.spawn(_reported(core, work, application))

    if core.settings.batch_seconds:
        core.clock.call_later(asyncio.get_running_loop(), core.settings.batch_seconds, begin)
    else:
        begin()


async def _reported(core: Core, work: _Work, application: Application) -> None:
    try:
        await work(core, application)
    except StoreError:
        # What could not be stored was undone: the batch is where it was, and goes on from there.
        core.note("platform_error", reason="StoreError", apply_id=application.id)
        loop = asyncio.get_running_loop()
        core.clock.call_later(loop, _RETRY_SECONDS, lambda: go_on(core, application))
    except Exception as error:  # noqa: BLE001 (nobody else would see it)
        core.note("platform_error", reason=type(error).__name__, apply_id=application.id)


async def _check(core: Core, application: Application) -> None:
    application.failed = _faults(
        core, application.product_key, application.names, application.nicknames
    )
    application.stage = Stage.CHECK_FAILED if application.failed else Stage.CHECK_SUCCESS
    core.registry.keep_application(application)
    await core.commits.settled(application)


async def _create(core: Core, application: Application) -> None:
    for at in range(0, len(application.names), _STEP):
        for name in application.names[at : at + _STEP]:
            _register(core, application, name)
        await core.commits.settled()
        await asyncio.sleep(0)
    application.stage = Stage.CREATE_FAILED if application.failed else Stage.CREATE_SUCCESS
    core.registry.keep_application(application)
    await core.commits.settled(application)
    core.note(
        "batch_registered",
        apply_id=application.id,
        product=application.product_key,
        registered=len(_made(core, application)),
        failed=len(application.failed),
    )


def _register(core: Core, application: Application, name: str) -> None:
    registry = core.registry
    key = application.product_key
    device = registry.devices.get((key, name))
    if key not in registry.products:
        application.failed[name] = "the product was deleted"
    elif device is None:
        device = registry.add_device(key, name)
        registry.keep(device, "apply_id", application.id)
        if nickname := application.nicknames.get(name):
            registry.keep(device, "nickname", nickname)
    elif device.documents.get("apply_id") != application.id:  # Else it was made before a restart.
        application.failed[name] = _REPEATED


_WORK: dict[Stage, _Work] = {Stage.CHECK: _check, Stage.CREATE: _create}


# Shared by the actions


async def _apply(
    call: Call, product: Product, stage: Stage, names: list[str], nicknames: dict[str, str]
) -> Response:
    application = Application(
        id=str(_fresh_id(call.core)),
        product_key=product.key,
        stage=stage,
        names=names,
        nicknames=nicknames,
    )
    call.core.registry.keep_application(application)
    go_on(call.core, application)
    return _applied(application)


def _application(call: Call) -> Application:
    application = call.core.registry.applications.get(str(call.number("ApplyId")))
    if application is None:
        raise ApiError("iot.device.DeviceApplyIsNotFound")
    product = call.core.registry.products.get(application.product_key)
    if product is None or product.instance != call.instance():
        raise ApiError("iot.device.DeviceApplyIsNotFound")
    if call.text("ProductKey") not in ("", product.key):
        raise ApiError("iot.device.DeviceApplyIsNotFound")
    return application


def _applied(application: Application) -> Response:
    return {"Data": {"ApplyId": int(application.id)}}


def _check_at_once(
    core: Core, product: Product, names: list[str], nicknames: dict[str, str]
) -> None:
    faults = _faults(core, product.key, names, nicknames)
    if not faults:
        return
    invalid, repeated, misnamed = (
        [name for name, why in faults.items() if why == fault] for fault in _CODES
    )
    data = {
        "InvalidDeviceNameList": {"InvalidDeviceName": invalid},
        "InvalidDeviceNicknameList": {
            "InvalidDeviceNickname": [nicknames[name] for name in misnamed]
        },
        "RepeatedDeviceNameList": {"RepeatDevieNameList": repeated},  # The vendor's spelling.
        "InvalidDetailList": {
            "InvalidDetailList": [
                {"DeviceName": name, "NickName": nicknames.get(name, ""), "ErrorMsg": why}
                for name, why in faults.items()
            ]
        },
    }
    code = next(code for fault, code in _CODES.items() if fault in faults.values())
    raise ApiError(code, Data=data)


def _faults(
    core: Core, product_key: str, names: Iterable[str], nicknames: dict[str, str]
) -> dict[str, str]:
    """Return which names cannot be had, each with why."""
    faults = {}
    for name, times in Counter(names).items():
        if not NAME.fullmatch(name):
            faults[name] = _INVALID
        elif times > 1 or (product_key, name) in core.registry.devices:
            faults[name] = _REPEATED
        elif name in nicknames and not is_nickname(nicknames[name]):
            faults[name] = _MISNAMED
    return faults


def _made(core: Core, application: Application) -> list[Device]:
    devices = core.registry.devices
    found = (devices.get((application.product_key, name)) for name in application.names)
    return [one for one in found if one and one.documents.get("apply_id") == application.id]


def _fresh_id(core: Core) -> int:
    return max((int(one) for one in core.registry.applications), default=1_000_000) + 1
