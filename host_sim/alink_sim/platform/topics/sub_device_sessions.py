"""Sub-devices online: sessions that a gateway's connection carries, and how they end.

docs/reference/protocol.md, "Sub-devices". A sub-device is online for as long as its gateway is,
unless it logs out, logs in elsewhere, is disabled, deleted or separated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from typing import Any

from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.ota import tasks
from alink_sim.platform.state import unasked
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.refusal import Code, RefusedError
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import sub_devices, topic_names
from alink_sim.platform.topics.envelope import Request, Result
from alink_sim.platform.topics.sub_devices import Pair
from alink_sim.platform.topics.thing import Verb

MAX_BATCH = 50


class Change(IntEnum):
    """What became of a sub-device, as `thing/topo/change` numbers it by default."""

    ADDED = 0
    DELETED = 1
    ENABLED = 2
    DISABLED = 8


# Requests of a gateway: all of one or none; a refusal's data name the sub-devices it is about


def login(core: Core, gateway: Session, request: Request) -> Result:
    """Bring one sub-device online."""
    wanted = sub_devices.listed(gateway, [request.params])
    return _alone(_log_in(core, gateway, wanted))


def batch_login(core: Core, gateway: Session, request: Request) -> Result:
    """Bring up to 50 sub-devices online."""
    params = request.params if isinstance(request.params, dict) else {}
    wanted = sub_devices.listed(gateway, params.get("deviceList"), at_most=MAX_BATCH)
    return _log_in(
        core, gateway, [{**one, "signMethod": params.get("signMethod")} for one in wanted]
    )


def logout(core: Core, gateway: Session, request: Request) -> Result:
    """Take one sub-device offline."""
    wanted = sub_devices.listed(gateway, [request.params])
    return _alone(_log_out(core, gateway, wanted))


def batch_logout(core: Core, gateway: Session, request: Request) -> Result:
    """Take up to 50 sub-devices offline."""
    wanted = sub_devices.listed(gateway, request.params, at_most=MAX_BATCH)
    return _log_out(core, gateway, wanted)


VERBS: dict[str, Verb] = {
    "combine/login": sub_devices.guarded(login),
    "combine/batch_login": sub_devices.guarded(batch_login),
    "combine/logout": sub_devices.guarded(logout),
    "combine/batch_logout": sub_devices.guarded(batch_logout),
}


def sender(core: Core, session: Session, topic: str) -> Session | None:
    """Return the session a topic belongs to: the own or a carried one; None without a right to it.

    A gateway whose sub-device has no session gets code 520.
    """
    if topic_names.is_own(topic, product_key=session.product_key, device_name=session.device_name):
        return session
    names = topic_names.names(topic)
    if carried := session.carried.get(names):
        return carried
    device = core.registry.devices.get(names)
    if device and core.registry.gateway_of(device) is session.device:
        _push(core, session, device, Code.NO_SESSION)
    return None


# Actions of the cloud


def leave(core: Core, gateway: Session, device: Device, *, reason: str) -> bool:
    """End a carried session without a word; tell whether there was one."""
    carried = gateway.carried.pop((device.product_key, device.name), None)
    if carried:
        core.sessions.leave(carried)
        core.note("offline", carried, reason=reason)
    return carried is not None


def leave_all(core: Core, gateway: Session) -> None:
    """End all sessions that a connection carried, with it."""
    for carried in list(gateway.carried.values()):
        leave(core, gateway, carried.device, reason="its gateway went offline")


def relate(core: Core, gateway: Device, device: Device) -> None:
    """Make a device a gateway's sub-device, and tell the gateway."""
    separate(core, device, reason="the cloud gave it to another gateway")
    sub_devices.relate(core, gateway, device)
    tell(core, device, Change.ADDED)


def separate(core: Core, device: Device, *, reason: str) -> None:
    """End a device's relation to its gateway, if it has one, and tell the gateway."""
    if (gateway := core.registry.gateway_of(device)) is None:
        return
    tell(core, device, Change.DELETED)
    sub_devices.separate(core, device)
    for session in core.sessions.of(gateway):
        if carried := session.carried.get((device.product_key, device.name)):
            carried.end(reason, Reason.ADMINISTRATIVE_ACTION)


def tell(core: Core, device: Device, change: Change) -> None:
    """Tell a sub-device's gateway what became of it, and the sub-device itself."""
    gateway = core.registry.gateway_of(device)
    status = int(change)
    if (
        change in (Change.ENABLED, Change.DISABLED)
        and core.settings.topo_enabled != Change.ENABLED
    ):
        status = Change.ENABLED + Change.DISABLED - change
    for session in core.sessions.of(gateway) if gateway else ():
        params = {"status": status, "subList": [sub_devices.pair(device)]}
        ask(core, session, "thing/topo/change", params)
        if word := _WORDS.get(change):
            topic = f"/sys/{device.product_key}/{device.name}/thing/{word}"
            session.deliver(topic, _request(core, f"thing.{word}", {}))


def ask_to_add(core: Core, gateway: Device, names: list[tuple[str, str]]) -> int:
    """Ask a gateway to relate devices to itself; return to how many of its sessions that went."""
    params = [{"productKey": key, "deviceName": name} for key, name in names]
    return sum(
        ask(core, one, "thing/topo/add/notify", params) for one in core.sessions.of(gateway)
    )


def ask(core: Core, session: Session, tail: str, params: Any) -> bool:
    """Send a gateway a request on one of its topics; return whether it was delivered."""
    topic = f"/sys/{session.product_key}/{session.device_name}/{tail}"
    return session.deliver(topic, _request(core, tail.replace("/", "."), params))


_WORDS = {Change.ENABLED: "enable", Change.DISABLED: "disable", Change.DELETED: "delete"}


def _request(core: Core, method: str, params: Any) -> bytes:
    body = {"id": core.ids.request(), "version": "1.0", "params": params, "method": method}
    return compact(body)


# Sessions


def _log_in(core: Core, gateway: Session, wanted: list[Pair]) -> Result:
    settings, online = core.settings, gateway.carried
    if refused := _refused(core, gateway, wanted, _check_login):
        return refused
    fresh = [one for one in wanted if (one["productKey"], one["deviceName"]) not in online]
    if len(online) + len(fresh) > settings.max_sub_devices:
        raise RefusedError(Code.TOO_MANY_ONLINE, f"{len(online)} are online already")
    if refused := _refused(core, gateway, wanted, _check_rates):
        return refused
    # One that is online and asks again has lost a reply.
    for one in wanted if settings.sub_login_again == "renew" else fresh:
        _begin(core, gateway, sub_devices.known(core, one), one["clientId"])
    return _done(core, wanted)


def _check_login(core: Core, gateway: Session, one: Pair) -> None:
    device = sub_devices.known(core, one)
    sub_devices.check_related(core, gateway.device, device)
    if not device.enabled:
        raise RefusedError(Code.FORBIDDEN, f"{device.name} is disabled")
    if not isinstance(one.get("clientId"), str) or not one["clientId"]:
        raise RefusedError(Code.PARAMETER, "a login needs clientId")
    if not any(
        sub_devices.is_signed(core, one, device.secret, content)
        for content in _contents(core, one)
    ):
        raise RefusedError(Code.BAD_SIGN, f"the signature for {device.name} is wrong")


def _contents(core: Core, one: Pair) -> list[str]:
    """Return what a login may have signed."""
    contents = [sub_devices.signed_content(one)]
    if core.settings.sub_clean_session == "either":
        contents.append(sub_devices.signed_content(one, "cleanSession"))
    return contents


def _check_rates(core: Core, gateway: Session, one: Pair) -> None:
    rates, settings, now = core.rates, core.settings, core.clock.monotonic()
    own = one["productKey"], one["deviceName"]
    limit = settings.sub_logins_a_minute
    if not rates.allow(own, limit=limit, seconds=60, now=now):
        raise RefusedError(Code.TOO_OFTEN, f"more than {limit} logins in a minute")
    limit = settings.gateway_logins_a_second
    if not rates.allow(gateway.identity, limit=limit, seconds=1, now=now):
        raise RefusedError(Code.TOO_OFTEN, f"more than {limit} logins in a second")


def _begin(core: Core, gateway: Session, device: Device, client_id: str) -> None:
    has_ss = gateway.has_ss or "_ss=1" in client_id
    session = Session(
        device=device,
        client_id=client_id,
        issued=None,
        send=gateway.send,
        end=lambda reason, _: _force_out(core, gateway, session, reason),
        custom_rrpc=gateway.custom_rrpc,
        has_ss=has_ss,
        unasked=unasked.filters(core.settings, device, has_ss=has_ss),
        filters=gateway.filters,
    )
    core.registry.log_in(device, None, now=core.clock.time())
    if older := core.sessions.enter(session):
        reason = "the same identity logged in elsewhere"
        core.note("kicked", older, code=Code.SESSION_TAKEN, reason=reason)
        older.end(reason, Reason.SESSION_TAKEN_OVER)
    gateway.carried[device.product_key, device.name] = session
    core.note("online", session, method="sub", gateway=gateway.device_name)
    # After the reply, or a gateway would get an update for a device it thinks is offline.
    core.commits.after(lambda: tasks.push_waiting(core, device))


def _log_out(core: Core, gateway: Session, wanted: list[Pair]) -> Result:
    if refused := _refused(core, gateway, wanted, _check_logout):
        return refused
    for one in wanted:
        leave(core, gateway, sub_devices.known(core, one), reason="its gateway logged it out")
    return _done(core, wanted)


def _check_logout(_core: Core, gateway: Session, one: Pair) -> None:
    if (one["productKey"], one["deviceName"]) not in gateway.carried:
        raise RefusedError(Code.NO_SESSION, f"{one['deviceName']} is not online here")


def _refused(
    core: Core, gateway: Session, wanted: list[Pair], check: Callable[[Core, Session, Pair], None]
) -> Result | None:
    """Return the answer to a request of which `check` refuses something; None if it does not."""
    faulty: list[tuple[Pair, RefusedError]] = []
    for one in wanted:
        try:
            check(core, gateway, one)
        except RefusedError as refusal:
            faulty.append((one, refusal))
            core.note("gateway_refused", gateway, code=refusal.code, reason=refusal.reason)
    if not faulty:
        return None
    code = faulty[0][1].code or Code.PARAMETER
    data = [_names(one) for one, _ in faulty]
    return Result(code=int(code), message=sub_devices.MESSAGES[code], data=data)


def _done(core: Core, wanted: list[Pair]) -> Result:
    if core.settings.session_reply_data == "empty":
        return Result(data="")
    return Result(data=[_names(one) for one in wanted])


def _alone(result: Result) -> Result:
    return replace(result, data=result.data[0]) if result.data else result


def _names(one: Pair) -> Pair:
    return {"productKey": one["productKey"], "deviceName": one["deviceName"]}


def _force_out(core: Core, gateway: Session, carried: Session, reason: str) -> None:
    """End a session against its gateway's will, and tell the gateway why."""
    device = carried.device
    names = device.product_key, device.name
    if gateway.carried.get(names) is not carried:
        return
    leave(core, gateway, device, reason=reason)
    if core.registry.devices.get(names) is not device:
        code = Code.DELETED
    elif not device.enabled:
        code = Code.FORBIDDEN
    elif core.registry.gateway_of(device) is not gateway.device:
        code = Code.NO_RELATION
    else:
        code = Code.SESSION_TAKEN
    _push(core, gateway, device, code)


def _push(core: Core, gateway: Session, device: Device, code: Code) -> None:
    taken = code is Code.SESSION_TAKEN
    body = {
        "id": core.ids.request(),
        "code": core.settings.sub_taken_code if taken else int(code),
        "message": sub_devices.MESSAGES[code],
        "data": sub_devices.pair(device),
    }
    topic = f"/ext/error/{gateway.product_key}/{gateway.device_name}"
    gateway.deliver(topic, compact(body))
    core.note("gateway_told", gateway, code=code, reason=f"about {device.name}")
