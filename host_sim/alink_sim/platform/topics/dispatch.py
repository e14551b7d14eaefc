"""The way of a PUBLISH or SUBSCRIBE of a logged-in device to its family of topics."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alink_sim.platform.access import limits
from alink_sim.platform.compact import compact
from alink_sim.platform.core import Core
from alink_sim.platform.ota import tasks
from alink_sim.platform.state import topic_filters
from alink_sim.platform.state.data_script import ScriptError
from alink_sim.platform.state.entities import Device
from alink_sim.platform.state.mqtt_reason import Reason
from alink_sim.platform.state.refusal import Code
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import (
    device_jobs,
    envelope,
    file_uploads,
    ntp,
    ota_reports,
    ota_streams,
    remote_config,
    shadow,
    sub_device_sessions,
    tags_and_log,
    thing,
    topic_names,
    topology_requests,
)
from alink_sim.platform.topics.thing import Verb

_SHARED = "$share/"

_VERBS: dict[str, Verb] = {
    "thing/event/property/post": thing.property_post,
    "thing/event/property/batch/post": thing.batch_post,
    "thing/event/property/history/post": thing.history_post,
    "thing/event/property/pack/post": thing.pack_post,
    "thing/dsltemplate/get": thing.model_get,
    "thing/dynamicTsl/get": thing.model_get,
    "thing/reset": thing.reset,
    "thing/property/desired/get": thing.desired_get,
    "thing/property/desired/delete": thing.desired_delete,
    "thing/deviceinfo/update": tags_and_log.tags_update,
    "thing/deviceinfo/delete": tags_and_log.tags_delete,
    "thing/deviceinfo/get": tags_and_log.tags_get,
    "thing/log/post": tags_and_log.log_post,
    "thing/config/log/get": tags_and_log.log_get,
    "thing/config/get": remote_config.get,
    "thing/ota/firmware/get": ota_reports.get,
    "thing/file/upload/mqtt/init": file_uploads.init,
    "thing/file/upload/mqtt/send": file_uploads.send,
    "thing/file/upload/mqtt/cancel": file_uploads.cancel,
    "thing/job/get": device_jobs.get,
    "thing/job/update": device_jobs.update,
    **topology_requests.VERBS,
}
_OTA = re.compile(r"/ota/device/(inform|progress|request)/.*")
_EVENT = re.compile(r"thing/event/([A-Za-z0-9_:]+)/post")


@dataclass(frozen=True)
class Handled:
    """What became of a message: topic and payload of its reply, and why it was refused."""

    reply: tuple[str, bytes] | None = None
    reason: Reason = Reason.SUCCESS
    text: str = ""


def publish(core: Core, connected: Session, topic: str, payload: bytes) -> Handled:
    """Act on a message; return its reply, if there is one.

    A gateway speaks for the sub-devices it has logged in. A message to a topic of another device
    is dropped, or ends the session.
    """
    if reason := limits.topic_objection(core, topic):
        return _refused(core, connected, reason)
    session = sub_device_sessions.sender(core, connected, topic)
    if session is None:
        if core.settings.foreign_topic == "close":
            connected.end("it published to a topic of another device", Reason.NOT_AUTHORIZED)
        return _refused(core, connected, f"no right to topic {topic}", Reason.NOT_AUTHORIZED)
    if core.registry.devices.get((session.product_key, session.device_name)) is not session.device:
        # Its session ends once the removal is at rest: what it says would bring it back there.
        return _refused(core, session, "the device was removed", Reason.NOT_AUTHORIZED)
    identity = f"{session.product_key}/{session.device_name}"
    reply: tuple[str, bytes | None] | None = None
    if verb := _verb(topic, identity):
        reply = f"{topic}_reply", _carry_out(core, session, verb, topic, payload)
    elif topic == f"/shadow/update/{identity}":
        reply = f"/shadow/get/{identity}", shadow.handle(core, session, payload)
    elif ota := _OTA.fullmatch(topic):
        reply = topic, ota_reports.take(core, session, ota[1], payload)
    elif topic == f"/sys/{identity}/thing/file/download":
        reply = f"{topic}_reply", ota_streams.block(core, session, payload)
    elif topic == f"/ext/ntp/{identity}/request":
        body = ntp.reply(payload, now=core.clock.time())
        reply = f"/ext/ntp/{identity}/response", body
    elif topic == f"/sys/{identity}/thing/model/up_raw":
        reply = f"{topic}_reply", _take_raw(core, session, topic, payload)
    elif _is_reply(session, topic, payload):
        _note_reply(core, session, topic, payload)
    else:
        # The vendor's platform is silent too: without this event, firmware waits and says nothing.
        is_request = topic.startswith("/sys/")
        core.note("unknown_request" if is_request else "published", session, topic=topic)
    core.commits.follow()
    return Handled((reply[0], reply[1]) if reply and reply[1] is not None else None)


def send_waiting(core: Core, device: Device) -> None:
    """Send what has waited for a device that has come online: device jobs and updates."""
    device_jobs.notify_waiting(core, device)
    tasks.push_waiting(core, device)


def reply(core: Core, connected: Session, topic: str, payload: bytes) -> None:
    """Send a reply to a device, or to a sub-device of it; note it if none of them subscribed."""
    session = connected.carried.get(topic_names.names(topic), connected)
    if not session.deliver(topic, payload):
        reason = "it has not subscribed to the topic"
        core.note("not_sent", session, topic=topic, reason=reason)


def subscribe(core: Core, session: Session, filters: list[tuple[str, int]]) -> list[int]:
    """Take subscriptions up; return each filter's granted QoS, or the `Reason` of its refusal.

    The low two bits of a filter's options are the QoS it asks for.
    """
    codes = []
    at_most = core.settings.max_filters
    for topic_filter, options in filters[:at_most]:
        refusal, text = _objection(core, session, topic_filter)
        if text:
            core.note("subscribe_refused", session, reason=f"{text}: {topic_filter}")
            codes.append(int(refusal))
        else:
            session.filters[topic_filter] = granted = min(options & 3, 1)
            session.options[topic_filter] = options
            core.note("subscribed", session, filter=topic_filter, qos=granted)
            codes.append(granted)
    if (left := len(filters) - at_most) > 0:
        more = f" and {left - 1} more" if left > 1 else ""
        reason = f"more than {at_most} filters in one SUBSCRIBE: {filters[at_most][0]}{more}"
        core.note("subscribe_refused", session, reason=reason)
        codes += [Reason.QUOTA_EXCEEDED] * left
    return codes


def _refused(
    core: Core, session: Session, text: str, reason: Reason = Reason.TOPIC_NAME_INVALID
) -> Handled:
    core.note("publish_refused", session, reason=text)
    return Handled(reason=reason, text=text)


def _objection(core: Core, session: Session, topic_filter: str) -> tuple[Reason, str]:
    """Return why a device may not subscribe; the text is "" where it may."""
    if topic_filter.startswith(_SHARED):
        return (
            Reason.SHARED_NOT_SUPPORTED,
            "shared subscriptions are for gateways of exclusive instances",
        )
    if not topic_filters.is_valid(topic_filter):
        return Reason.UNSPECIFIED, "wildcards stand where MQTT has none"
    names = topic_names.names(topic_filter)
    if not _is_own(session, topic_filter) and names not in session.carried:
        return Reason.NOT_AUTHORIZED, "no right to the topic"
    if too_long := limits.topic_objection(core, topic_filter):
        return Reason.UNSPECIFIED, too_long
    same = sum(topic_names.names(one) == names for one in session.filters)
    if topic_filter not in session.filters and same >= core.settings.max_subscriptions:
        most = core.settings.max_subscriptions
        return Reason.QUOTA_EXCEEDED, f"{most} subscriptions are in use"
    return Reason.SUCCESS, ""


def _is_reply(session: Session, topic: str, payload: bytes) -> bool:
    identity = f"{session.product_key}/{session.device_name}"
    return (
        session.resolve(topic, payload)
        or topic.endswith("_reply")
        or topic.startswith(f"/sys/{identity}/rrpc/response/")
    )


def _note_reply(core: Core, session: Session, topic: str, payload: bytes) -> None:
    if (script := core.scripts.get(session.product_key)) and "/thing/model/down_raw" in topic:
        try:
            payload = compact(script.read(payload))
        except ScriptError as error:
            core.note("request_refused", session, code=error.code, reason=str(error))
    received = envelope.parse(payload)
    code = received.body.get("code")
    core.note("answered", session, topic=topic, id=received.id, answer=code)


def _is_own(session: Session, topic: str) -> bool:
    return topic_names.is_own(
        topic, product_key=session.product_key, device_name=session.device_name
    )


def _verb(topic: str, identity: str) -> Verb | None:
    if about_sessions := sub_device_sessions.VERBS.get(
        topic.removeprefix(f"/ext/session/{identity}/")
    ):
        return about_sessions
    tail = topic.removeprefix(f"/sys/{identity}/")
    if known := _VERBS.get(tail):
        return known
    event = _EVENT.fullmatch(tail)
    return thing.event_post(event[1]) if event else None


def _take_raw(core: Core, session: Session, topic: str, payload: bytes) -> bytes | None:
    # The bytes become an ordinary request; its reply becomes bytes again.
    core.note("raw_reported", session, size=len(payload))
    script = core.scripts.get(session.product_key)
    try:
        if script is None:
            raise ScriptError(Code.NO_SCRIPT, "the product has no script for its bytes")
        body = script.read(payload)
        identity = f"{session.product_key}/{session.device_name}"
        topic = f"/sys/{identity}/{str(body.get('method')).replace('.', '/')}"
        verb = _verb(topic, identity)
        if verb is None:
            raise ScriptError(Code.SCRIPT_RESULT, f"the script gives method {body.get('method')}")
        reply = _carry_out(core, session, verb, topic, compact(body))
        return script.write(reply) if reply else None
    except ScriptError as error:
        core.note("request_refused", session, code=error.code, reason=str(error))
        return None


def _carry_out(
    core: Core, session: Session, verb: Verb, topic: str, payload: bytes
) -> bytes | None:
    ack = core.settings.default_ack if "/thing/event/" in topic else 1
    if verb is file_uploads.send:
        request = file_uploads.framed_request(payload)
    else:
        request = envelope.parse(payload, default_ack=ack)
    result = verb(core, session, request)
    if result.code != 200:
        reason = f"answered {result.code}: {result.message}"
        core.note("request_refused", session, reason=reason, topic=topic)
    is_session = topic.startswith("/ext/")
    method = "" if is_session else topic.split("/", 4)[4].replace("/", ".")
    return envelope.reply(request, result, method=method)
