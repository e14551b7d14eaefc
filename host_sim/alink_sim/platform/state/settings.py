"""Settings: each decides one thing that the vendor's documents leave open.

docs/reference/protocol.md, "Undocumented", says how sure we are of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Self


def _one_of(default: Any, *others: Any) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


def _own(default: Any, *others: Any) -> Any:
    """Return a setting of this program, not one that the vendor's documents leave open."""
    choices = {"choices": (default, *others)} if others else {}
    return field(default=default, metadata={"own": True, **choices})


class SettingsError(ValueError):
    """A setting does not exist or has a value it cannot take; the text names those it can."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The decisions of this platform where the documents are silent. Raises SettingsError.

    Attributes:
        refused_code: CONNACK code of a registration that is well signed and still refused (switch
            off, activated, five ClientIDs).
        keepalive_code: CONNACK code for a keepalive outside 30..1200 s; None closes mutely.
        sign_method_code: CONNACK code for a sign method that is not supported.
        registration_securemode: whether both registrations may say 2 or -2 ("either"), or each
            only what the manual says: `register` 2, `regnwl` -2.
        other_securemode: what a login does that says another securemode than the manual's.
        push_qos: QoS of the pushed registration reply.
        push_seconds: how long after its CONNACK that reply comes.
        regnwl_topic: topic of the pushed reply to a `regnwl`.
        rotate_secret: whether a repeated pre-registration brings a fresh DeviceSecret.
        regnwl_regions: where an enterprise instance takes a `regnwl`.
        regnwl_again: whether a DeviceName's next `regnwl` brings another ClientID ("new"), or its
            newest once more ("same").
        max_client_ids: how many ClientIDs are issued to a DeviceName.
        client_id_length: how many characters an issued ClientID has.
        device_token_length: how many characters its DeviceToken has.
        device_token_seconds: how long a DeviceToken is valid; 0 is without end.
        registration_seconds: an idle connection without a session is cut after so long.
        registration_traffic: what a PUBLISH or SUBSCRIBE on a registration connection does.
        auto_deliver: devices that get system messages without a SUBSCRIBE: those that sent `_ss=1`
            ("ss": topics on the vendor's list, until an UNSUBSCRIBE), all ("always": every system
            topic), or none ("never").
        foreign_topic: what a PUBLISH to a topic of another device does.
        qos2: what a PUBLISH at QoS 2 does; "downgrade" answers it with a PUBACK, like QoS 1.
        retain: what a retained PUBLISH does; "ignore" treats it like any other.
        will: what a CONNECT with a will message does.
        login_without_client_id: accept a login signature that leaves the client id out.
        login_seconds: how far the timestamp of a login may be off; 0 is any.
        connwl_over_tcp: accept a DeviceToken on a connection without TLS.
        max_client_id: longest whole MQTT client id, in bytes.
        instances: what a product of an undeclared instance may do: what the public ones in
            cn-shanghai may ("strict"), or anything ("lenient").
        max_payload: longest payload, in bytes; a longer one ends the connection.
        max_topic: longest topic or filter, in bytes; RRPC on topics of one's own may have more.
        max_slashes: how many slashes a topic of the application's own may have.
        max_filters: how many filters of one SUBSCRIBE are taken.
        max_subscriptions: how many subscriptions a device may have.
        max_connections: how many connections all ports together may have; the process may allow
            fewer, and some file descriptors are left for the administration.
        http_head_seconds: how long the head of an HTTP request may take, in the machine's seconds.
        http_idle_seconds: how long an HTTP client may be silent otherwise.
        acknowledge: when a message that changes something is acknowledged (PUBACK, reply): once
            the change is "committed" to the database, or as soon as it is "received"; then a
            platform that is killed loses what it acknowledged last.
        rates: whether the six limits below and https_registrations_a_minute hold; off where tests
            drive faster than any device.
        connects_a_minute: how often a device may connect.
        qos0_a_second: how many messages at QoS 0 a device may send.
        qos1_a_second: how many messages at QoS 1 a device may send.
        up_bytes_a_second: how many bytes of payload a device may send.
        down_a_second: how many messages a device may get.
        shadow_a_second: how many requests about its shadow a device may send.
        throttled_connect: CONNACK code for a connect too many; None closes mutely.
        throttled_puback: whether a message that is dropped for its rate is acknowledged.
        max_unacknowledged: how many messages at QoS 1 to a connection may wait for their PUBACK;
            one more is dropped.
        default_ack: what a post without `sys.ack` is taken to say of its reply; 0 declines it.
        shadow_minus_one: whether version -1 begins a shadow's versions again, or is too low.
        max_sub_devices: how many sub-devices a gateway may have, and how many online.
        sub_logins_a_minute: how often a sub-device may log in.
        gateway_logins_a_second: how many logins of sub-devices a gateway may send.
        not_a_gateway_code: code of a request about sub-devices of, or about, the wrong node type.
        failure_members: what tells of a sub-device in `failures` of a signed registration: names,
            code and message, or the names alone.
        session_reply_data: what replies about sub-devices' sessions have as `data`: the names, or
            an empty text.
        sub_sha256: whether sign method `Sha256` of a sub-device is taken for hmacSha256.
        sub_clean_session: whether a login of a sub-device may sign its cleanSession, as in 2018.
        sub_login_again: the effect of a login of a sub-device that is online already: none, or a
            new session after a push about the end of the old one.
        sub_device_alone: whether a sub-device may connect by itself.
        sub_taken_code: code pushed to a gateway when its sub-device has logged in elsewhere.
        https_registrations_a_minute: how often a device may register over HTTPS.
        https_unknown_device: code over HTTPS for a DeviceName that is not pre-registered.
        https_refused_status: HTTP status of a registration over HTTPS that is refused.
        topo_enabled: what `thing/topo/change` says of a sub-device that is enabled; the other of
            2 and 8 says that it is disabled.
        http_tokens_a_minute: how often a device may ask for a token of the HTTPS data channel.
        http_token_seconds: how long a token of that channel is valid.
        http_messages_a_second: how many messages a device may send over HTTPS.
        http_refused_status: HTTP status of a request of that channel that is refused.
        http_foreign_topic: code there for a topic that the device has no right to.
        http_token_activates: whether a token of that channel activates its device, as a login
            does.
        api_seconds: how far the clock of a caller of the cloud API may be off; 0 is any.
        api_rates: whether the vendor's rates of the cloud API's actions hold.
        batch_faults: where bad names of a batch show: in the response, or in the status.
        batch_again: what the registration of a batch does that was asked for before: it answers
            the same, or refuses.
        product_in_use_code: code of the deletion of a product that has devices.
        desired_version_code: code of a desired value whose version is not the next one.
        unknown_client_id_code: code of a Switch to a ClientID that the device does not have.
        batch_seconds: how long the check of a batch takes, and its registration.
        ota_other_version: whether a device that reports another version than the one it was to
            install has failed: once it was at 100 percent, always once it had begun, or never.
        ota_block_bytes: how much of a package a device may ask for at once over MQTT.
        ota_url_seconds: how long the URL of a package is good.
        sweep_seconds: how late the end of 1.5 keepalives is noticed.
    """

    refused_code: int = _one_of(4, 3, 5)
    keepalive_code: int | None = _one_of(None, 1, 2, 3, 4, 5)
    sign_method_code: int = _one_of(2, 4, 5)
    registration_securemode: str = _one_of("either", "documented")
    other_securemode: str = _one_of("refuse", "ignore")
    push_qos: int = _one_of(0, 1)
    push_seconds: float = 0.0
    regnwl_topic: str = _one_of("/ext/regnwl", "/ext/register")
    rotate_secret: bool = _one_of(False, True)  # noqa: FBT003 (the choices)
    regnwl_regions: str = _one_of("cn-shanghai+cn-beijing", "cn-shanghai")
    regnwl_again: str = _one_of("new", "same")
    max_client_ids: int = 5
    client_id_length: int = _one_of(22, 64)
    device_token_length: int = _one_of(32, 64)
    device_token_seconds: float = 0.0
    registration_seconds: float = 15.0
    registration_traffic: str = _one_of("close", "ignore")
    auto_deliver: str = _one_of("ss", "always", "never")
    foreign_topic: str = _one_of("drop", "close")
    qos2: str = _one_of("close", "downgrade")
    retain: str = _one_of("close", "ignore")
    will: str = _one_of("refuse", "ignore")
    login_without_client_id: bool = _one_of(True, False)  # noqa: FBT003
    login_seconds: float = 0.0
    connwl_over_tcp: bool = _one_of(True, False)  # noqa: FBT003
    max_client_id: int = 512
    instances: str = _one_of("strict", "lenient")
    max_payload: int = 262144
    max_topic: int = 128
    max_slashes: int = 7
    max_filters: int = 8
    max_subscriptions: int = 100
    max_connections: int = _own(20000)
    http_head_seconds: float = _own(20.0)
    http_idle_seconds: float = _own(75.0)
    acknowledge: str = _own("committed", "received")
    rates: str = _one_of("off", "documented")
    connects_a_minute: int = 5
    qos0_a_second: int = 30
    qos1_a_second: int = 10
    up_bytes_a_second: int = 1048576
    down_a_second: int = 50
    shadow_a_second: int = 20
    throttled_connect: int | None = _one_of(3, None, 4, 5)
    throttled_puback: bool = _one_of(False, True)  # noqa: FBT003
    max_unacknowledged: int = 100
    default_ack: int = _one_of(1, 0)
    shadow_minus_one: str = _one_of("reset", "refuse")
    max_sub_devices: int = 2000
    sub_logins_a_minute: int = 5
    gateway_logins_a_second: int = 200
    not_a_gateway_code: int = _one_of(460, 401)
    failure_members: str = _one_of("explained", "names")
    session_reply_data: str = _one_of("names", "empty")
    sub_sha256: str = _one_of("refuse", "hmac")
    sub_clean_session: str = _one_of("unsigned", "either")
    sub_login_again: str = _one_of("keep", "renew")
    sub_device_alone: str = _one_of("accept", "refuse")
    sub_taken_code: int = _one_of(427, 527)
    https_registrations_a_minute: int = 5
    https_unknown_device: int = _one_of(6100, 460, 6250, 6600)
    https_refused_status: int = _one_of(200, 400, 403)
    topo_enabled: int = _one_of(2, 8)
    http_tokens_a_minute: int = 5
    http_token_seconds: float = 604800.0
    http_messages_a_second: int = 30
    http_refused_status: int = _one_of(200, 400, 401)
    http_foreign_topic: int = _one_of(30001, 10001)
    http_token_activates: bool = _one_of(True, False)  # noqa: FBT003
    api_seconds: float = 900.0
    api_rates: str = _one_of("documented", "off")
    batch_faults: str = _one_of("call", "status")
    batch_again: str = _one_of("same", "refuse")
    product_in_use_code: str = "iot.prod.DeleteProductFailed"
    desired_version_code: str = "iot.device.InvalidDesiredVersion"
    unknown_client_id_code: str = "iot.check.InvalidFormattedParameter"
    batch_seconds: float = 0.0
    ota_other_version: str = _one_of("finished", "always", "never")
    ota_url_seconds: float = 86400.0
    ota_block_bytes: int = 131072
    sweep_seconds: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            choices = one.metadata.get("choices")
            if not _fits(value, choices, one.default):
                allowed = _allowed(choices, one.default)
                raise SettingsError(f"setting {one.name} is {value!r}; {allowed}")

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Self:
        """Return the defaults changed by `name=value` texts. Raises SettingsError."""
        known = {one.name: one for one in fields(cls)}
        values: dict[str, Any] = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals or name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"; did you mean {near[0]}=...?" if near else ""
                raise SettingsError(
                    f"{assignment!r} is not NAME=VALUE with a NAME of "
                    f"docs/reference/platform-settings.md{meant}"
                )
            choices = known[name].metadata.get("choices")
            values[name] = _parsed(text, choices, type(known[name].default))
        return cls(**values)


def _fits(value: Any, choices: tuple[Any, ...] | None, default: Any) -> bool:
    # By type too: 1 == True == 1.0, and none of them stands for another here.
    if choices:
        return (type(value), value) in [(type(choice), choice) for choice in choices]
    if isinstance(default, str):
        return isinstance(value, str) and value != ""
    return type(value) in (int, float) and value >= 0


def _parsed(text: str, choices: tuple[Any, ...] | None, kind: type) -> Any:
    """Return a value that fits, else the text itself, which is refused by its setting's name."""
    for choice in choices or ():
        if text.lower() == _shown(choice):
            return choice
    try:
        return text if choices else kind(text)
    except ValueError:
        return text


def _allowed(choices: tuple[Any, ...] | None, default: Any) -> str:
    if choices:
        return f"use {', '.join(map(_shown, choices))}"
    return "write a text" if isinstance(default, str) else "write a number, 0 or more"


def _shown(value: object) -> str:
    return str(value).lower()
