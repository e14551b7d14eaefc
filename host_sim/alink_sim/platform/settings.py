"""What the platform's documents leave open, each a named setting with a default.

docs/protocol.md, section "Undocumented", says where each was looked for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How this platform decides what no document says.

    Attributes:
        refused_code: CONNACK code for a registration that is understood and refused (switch off,
            activated, unknown device, five ClientIDs); 4 or 5.
        bad_keepalive_code: CONNACK code for a keepalive outside 30..1200 s; None closes mutely.
        push_qos: QoS of the pushed registration answer, 0 or 1.
        rotate_secret: whether a repeated pre-registration brings a fresh DeviceSecret.
        auto_deliver: "always", "ss" (only to clients that sent `_ss=1`) or "never": delivery of
            system topics that the device did not subscribe to.
        close_on_foreign_topic: close on a publish to another device's topic; else drop it.
        registration_seconds: after so long a registration connection is cut.
        login_content_without_client_id: accept a login signature that leaves clientId out.
        max_client_id: longest total MQTT client id, bytes.
        sweep_seconds: how late the end of 1.5 keepalives may be noticed.
    """

    refused_code: int = 4
    bad_keepalive_code: int | None = None
    push_qos: int = 0
    rotate_secret: bool = False
    auto_deliver: str = "always"
    close_on_foreign_topic: bool = False
    registration_seconds: float = 15.0
    login_content_without_client_id: bool = True
    max_client_id: int = 512
    sweep_seconds: float = 0.0
