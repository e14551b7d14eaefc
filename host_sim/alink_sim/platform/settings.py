"""What the platform's documents leave open, each a named setting with a default.

docs/protocol.md, section "Undocumented", says where each was looked for and how sure we are.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints


class SettingsError(ValueError):
    """A setting does not exist or has a value it cannot take; the text names those it can."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this platform decides what no document says. Raises SettingsError.

    Attributes:
        refused_code: CONNACK code of a registration that is well signed and still refused (switch
            off, activated, five ClientIDs).
        keepalive_code: CONNACK code for a keepalive outside 30..1200 s; None closes mutely.
        push_qos: QoS of the pushed registration answer.
        rotate_secret: whether a repeated pre-registration brings a fresh DeviceSecret.
        registration_seconds: an idle connection without a session is cut after so long.
        registration_traffic: what a PUBLISH or SUBSCRIBE on a registration connection does.
        auto_deliver: who gets system messages without a SUBSCRIBE: every device, those that sent
            `_ss=1`, or nobody.
        foreign_topic: what a PUBLISH to a topic of another device does.
        qos2: what a PUBLISH at QoS 2 does; "downgrade" answers it with a PUBACK, like QoS 1.
        retain: what a retained PUBLISH does; "ignore" treats it like any other.
        will: what a CONNECT with a will message does.
        login_without_client_id: accept a login signature that leaves the client id out.
        connwl_over_tcp: accept a DeviceToken on a connection without TLS.
        max_client_id: longest whole MQTT client id, in bytes.
        sweep_seconds: how late the end of 1.5 keepalives is noticed.
    """

    refused_code: Literal[3, 4, 5] = 4
    keepalive_code: Literal[1, 2, 3, 4, 5] | None = None
    push_qos: Literal[0, 1] = 0
    rotate_secret: bool = False
    registration_seconds: float = 15.0
    registration_traffic: Literal["close", "ignore"] = "close"
    auto_deliver: Literal["always", "ss", "never"] = "always"
    foreign_topic: Literal["drop", "close"] = "drop"
    qos2: Literal["close", "downgrade"] = "close"
    retain: Literal["close", "ignore"] = "close"
    will: Literal["refuse", "ignore"] = "refuse"
    login_without_client_id: bool = True
    connwl_over_tcp: bool = True
    max_client_id: int = 512
    sweep_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            value = getattr(self, name)
            allowed = _allowed(hint)
            if allowed and not any(value is one or _same(value, one) for one in allowed):
                shown = ", ".join(_shown(one) for one in allowed)
                raise SettingsError(f"setting {name} is {value!r}; it takes one of: {shown}")
            if not allowed and (isinstance(value, bool) or not value >= 0):
                raise SettingsError(f"setting {name} is {value!r}; it takes a number from 0 on")

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> Self:
        """Return the defaults changed by `name=value` texts. Raises SettingsError."""
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals or name not in hints:
                known = ", ".join(field.name for field in fields(cls))
                raise SettingsError(f"{assignment!r} is not NAME=VALUE with a NAME of: {known}")
            values[name] = _parsed(name, hints[name], text)
        return cls(**values)


def _allowed(hint: Any) -> tuple[Any, ...]:
    """Return the values a type lists, none for a number."""
    if hint is bool:
        return (True, False)
    if get_origin(hint) is Literal:
        return get_args(hint)
    if isinstance(hint, types.UnionType) or get_origin(hint) is not None:
        return tuple(
            one
            for part in get_args(hint)
            for one in ((None,) if part is type(None) else _allowed(part))
        )
    return ()


def _parsed(name: str, hint: Any, text: str) -> Any:
    allowed = _allowed(hint)
    for one in allowed:
        if text.lower() == _shown(one):
            return one
    if allowed:
        return text  # Refused by name when the settings are made.
    try:
        return hint(text)
    except ValueError:
        raise SettingsError(f"setting {name} is {text!r}; it takes a number from 0 on") from None


def _same(value: object, allowed: object) -> bool:
    return type(value) is type(allowed) and value == allowed


def _shown(value: object) -> str:
    return {None: "none", True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]
