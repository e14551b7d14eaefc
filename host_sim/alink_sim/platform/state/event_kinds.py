"""The kinds of events in the log; docs/reference/platform.md, "Events", tells what each means."""

from __future__ import annotations

import difflib

EVENT_KINDS = (
    "answered",
    "api_called",
    "api_refused",
    "batch_registered",
    "bootstrap_refused",
    "bootstrapped",
    "client_id_alert",
    "config_progress",
    "connect_timeout",
    "connection_failed",
    "device_log",
    "event_posted",
    "events_forgotten",
    "events_missing",
    "fault",
    "file_uploaded",
    "gateway_refused",
    "gateway_told",
    "history_posted",
    "job_task",
    "kicked",
    "login_refused",
    "message_properties",
    "not_sent",
    "offline",
    "online",
    "ota_asked",
    "ota_download_refused",
    "ota_downloaded",
    "ota_job",
    "ota_progress",
    "ota_published",
    "ota_pushed",
    "ota_refused",
    "ota_task",
    "ota_upload_refused",
    "ota_uploaded",
    "ota_version",
    "platform_error",
    "property_posted",
    "protocol_error",
    "publish_refused",
    "published",
    "raw_reported",
    "registered",
    "registration_refused",
    "registration_timeout",
    "request_refused",
    "reset_reported",
    "sent",
    "shadow_refused",
    "shadow_updated",
    "state_repaired",
    "sub_devices_found",
    "subscribe_refused",
    "subscribed",
    "tags_updated",
    "throttled",
    "token_issued",
    "topology_added",
    "topology_deleted",
    "unknown_request",
    "unregistered",
    "value_dropped",
    "verification_code_sent",
)


def check(kind: str) -> None:
    """Raise ValueError for an unknown kind; its text has the nearest one."""
    if kind not in EVENT_KINDS:
        near = difflib.get_close_matches(kind, EVENT_KINDS, n=1)
        use = f"did you mean {near[0]}?" if near else f"use {', '.join(EVENT_KINDS)}"
        raise ValueError(f"kind is {kind!r}; {use}")
