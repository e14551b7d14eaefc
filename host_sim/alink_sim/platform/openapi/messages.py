"""Actions that send messages of any content: Pub, PubBroadcast, RRpc."""

from __future__ import annotations

import base64

from alink_sim.platform.access import limits
from alink_sim.platform.openapi.call import ApiAction, Call, Response
from alink_sim.platform.openapi.errors import ApiError
from alink_sim.platform.state.message_properties import MessageProperties
from alink_sim.platform.topics import downlink, rrpc, topic_names
from alink_sim.platform.topics.rrpc import TIMEOUT_MS, RrpcCode

_MAX_BROADCAST = 64 << 10
_MOST_DEVICES = 100  # Of one BatchPub.
_EXPIRIES = range(1 << 32)  # Seconds.


async def pub(call: Call) -> Response:
    """Send to a device's topic, online or not."""
    product = call.product()
    topic = call.needed("TopicFullName")
    payload = call.decoded("MessageContent")
    key, name = topic_names.names(topic)
    raw = topic == f"/sys/{key}/{name}/thing/model/down_raw"
    if key != product.key or not (raw or topic.startswith(f"/{key}/{name}/")):
        raise ApiError("iot.messagebroker.InvalidFormattedTopicName")
    _check_topic(call, topic)
    _check_size(payload, call.core.settings.max_payload)
    device = call.device_in(product, name)
    call.core.send(
        device,
        topic,
        payload,
        qos=call.number("Qos", 0, among=range(2)),
        properties=_properties(call),
    )
    return {"MessageId": str(call.core.ids.long())}


async def batch_pub(call: Call) -> Response:
    """Send to the same topic of up to 100 devices of a product, online or not."""
    product = call.product()
    names = call.listed("DeviceName")
    if not 1 <= len(names) <= _MOST_DEVICES:
        raise ApiError("iot.device.DeviceCountExceeded")
    payload, properties = call.decoded("MessageContent"), _properties(call)
    _check_size(payload, call.core.settings.max_payload)
    qos = call.number("Qos", 0, among=range(2))
    devices = [call.device_in(product, name) for name in names]
    for device in devices:
        topic = f"/{product.key}/{device.name}/user/{call.needed('TopicShortName')}"
        _check_topic(call, topic)
        call.core.send(device, topic, payload, qos=qos, properties=properties)
    return {}


async def pub_broadcast(call: Call) -> Response:
    """Send to all devices of a product that are online, or that subscribed to a topic."""
    product = call.product()
    topic = call.text("TopicFullName")
    payload = call.decoded("MessageContent")
    _check_topic(call, topic)
    _check_size(payload, _MAX_BROADCAST)
    if topic and not topic.startswith(f"/broadcast/{product.key}/"):
        raise ApiError("iot.messagebroker.InvalidFormattedTopicName")
    if not topic:
        call.check_rate("to all devices", seconds=60)
    number = call.core.ids.long()
    downlink.broadcast(call.core, product.key, payload, topic=topic, message_id=str(number))
    return {"MessageId": number}


async def ask(call: Call) -> Response:
    """Ask a device and wait for its response."""
    product = call.product()
    device = call.device_in(product, call.needed("DeviceName"))
    payload = call.decoded("RequestBase64Byte")
    timeout = call.number("Timeout")
    if timeout not in TIMEOUT_MS:
        raise ApiError("iot.messagebroker.InvalidTimeoutValue")
    topic = call.text("Topic")
    _check_topic(call, topic)
    if topic and topic_names.names(topic) != (product.key, device.name):
        raise ApiError("iot.messagebroker.InvalidFormattedTopicName")
    made = await rrpc.ask(call.core, device, payload, topic=topic, timeout_ms=timeout)
    response: Response = {"RrpcCode": made.code.value, "MessageId": int(made.message_id)}
    if made.code is RrpcCode.SUCCESS:
        response["PayloadBase64Byte"] = base64.b64encode(made.payload).decode()
    return response


ACTIONS = {
    "Pub": ApiAction(pub, 1600, ("ProductKey", "TopicFullName", "MessageContent")),
    "BatchPub": ApiAction(batch_pub, 100, ("ProductKey", "DeviceName.1", "MessageContent")),
    "PubBroadcast": ApiAction(pub_broadcast, 1, ("ProductKey", "MessageContent")),
    "RRpc": ApiAction(ask, 1000, ("ProductKey", "DeviceName", "RequestBase64Byte", "Timeout")),
}


def _properties(call: Call) -> MessageProperties:
    """Return the parameters that a device with MQTT 5 gets as properties. Raises ApiError."""
    pairs = zip(call.listed("UserProp", "Key"), call.listed("UserProp", "Value"), strict=False)
    expiry, form = call.text("MessageExpiryInterval"), call.text("PayloadFormatIndicator")
    properties = MessageProperties(
        user=tuple(pairs),
        response_topic=call.text("ResponseTopic"),
        correlation_data=_correlation_data(call),
        content_type=call.text("ContentType"),
        payload_format=call.number("PayloadFormatIndicator", among=range(2)) if form else None,
        message_expiry=call.number("MessageExpiryInterval", among=_EXPIRIES) if expiry else None,
        retain=call.switch("Retained", default=False),
    )
    wrong = properties.objection()
    if wrong or set(properties.response_topic) & set("+#"):
        reason = wrong or "ResponseTopic holds a wildcard"
        raise ApiError("iot.common.InvalidFormattedParameter", reason)
    return properties


def _correlation_data(call: Call) -> bytes:
    try:
        return base64.b64decode(call.text("CorrelationData"), validate=True)
    except ValueError as error:
        raise ApiError(
            "iot.common.InvalidFormattedParameter", "CorrelationData is not Base64"
        ) from error


def _check_topic(call: Call, topic: str) -> None:
    # A topic with a wildcard, or with NUL, may not stand in a PUBLISH.
    if set(topic) & set("+#\0") or limits.topic_objection(call.core, topic):
        raise ApiError("iot.messagebroker.InvalidFormattedTopicName")


def _check_size(payload: bytes, most: int) -> None:
    if len(payload) > most:
        raise ApiError(
            "iot.messagebroker.PublishMessageFailed",
            f"payload is {len(payload)} bytes; the limit is {most}",
        )
