"""Alibaba's own cloud client, pointed at a platform: what a business server would call it with."""

from __future__ import annotations

from typing import Any

from alink_sim.platform.openapi.keys import AccessKey


def cloud_client(endpoint: str, key: AccessKey, **changes: Any) -> Any:
    """Return an `alibabacloud_iot20180120` Client for HOST:PORT, over HTTP.

    `changes` are fields of its Config. It goes through the proxy of HTTP_PROXY, even to 127.0.0.1.
    """
    # Slow: its models alone are 3 MB of Python.
    from alibabacloud_iot20180120.client import Client  # noqa: PLC0415
    from alibabacloud_tea_openapi.models import Config  # noqa: PLC0415

    fields = {
        "access_key_id": key.id,
        "access_key_secret": key.secret,
        "endpoint": endpoint,
        "protocol": "http",
        # In milliseconds. The library's 5 and 10 s end a test on a busy machine.
        "connect_timeout": 30_000,
        "read_timeout": 120_000,
    }
    return Client(Config(**{**fields, **changes}))
