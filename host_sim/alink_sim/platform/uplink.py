"""What a logged-in device publishes and subscribes to, and what comes of it."""

from __future__ import annotations

from alink_sim.platform import framing, things, topics
from alink_sim.platform.core import Core
from alink_sim.platform.sessions import Session

REFUSED = 0x80

_MAX_SUBSCRIPTIONS = 100


def publish(core: Core, session: Session, message: framing.Publish) -> tuple[str, bytes] | None:
    """Act on a message; return topic and payload of the reply, if there is one.

    A message to a topic of another device is dropped, or ends the session.
    """
    topic = message.topic
    if not _is_own(session, topic):
        core.note("publish_refused", session, reason=f"no right to topic {topic}")
        if core.settings.foreign_topic == "close":
            session.end("it published to a topic of another device")
        return None
    answer = things.property_post(session.product_key, session.device_name, topic, message.payload)
    if answer is None:
        core.note("published", session, topic=topic)
        return None
    if answer.values:
        core.registry.report(session.device, answer.values)
        core.commits.begin()
    if answer.code == 200:
        core.note("property_posted", session, values=answer.values)
    else:
        core.note("property_refused", session, reason=f"answered {answer.code}: no params object")
    return None if answer.reply is None else (answer.topic, answer.reply)


def subscribe(core: Core, session: Session, filters: list[tuple[str, int]]) -> list[int]:
    """Take subscriptions up; return what SUBACK says of each: the granted QoS or REFUSED."""
    codes = []
    for topic_filter, qos in filters:
        if reason := _objection(session, topic_filter):
            core.note("subscribe_refused", session, reason=f"{reason}: {topic_filter}")
            codes.append(REFUSED)
        else:
            session.filters[topic_filter] = granted = min(qos, 1)
            core.note("subscribed", session, filter=topic_filter, qos=granted)
            codes.append(granted)
    return codes


def _objection(session: Session, topic_filter: str) -> str:
    if not topics.is_valid_filter(topic_filter):
        return "wildcards stand where MQTT has none"
    if not _is_own(session, topic_filter):
        return "no right to the topic"
    if topic_filter not in session.filters and len(session.filters) >= _MAX_SUBSCRIPTIONS:
        return f"{_MAX_SUBSCRIPTIONS} subscriptions are in use"
    return ""


def _is_own(session: Session, topic: str) -> bool:
    return topics.is_own(topic, product_key=session.product_key, device_name=session.device_name)
