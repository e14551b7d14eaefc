"""The vendor's own cloud client, unmodified, with its endpoint pointed at a platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alibabacloud_iot20180120 import models
from alibabacloud_iot20180120.client import Client

from alink_sim.platform import cloud_client
from tests.platform.wire import Served

PK, DN = "a1B2c3D4e5F", "dev-1"

Ask = Callable[..., dict[str, Any]]


def client(platform: Served, *, host: str = "127.0.0.1", **changes: Any) -> Client:
    """Return a client with the platform's access key; `changes` are fields of its Config."""
    return cloud_client(f"{host}:{platform.openapi_port}", platform.access_key, **changes)


def asking(through: Client) -> Ask:
    """Return what calls an action by its name, its parameters in the client's spelling."""

    methods = {name.replace("_", ""): name for name in dir(through)}  # create_otafirmware, too.

    def ask(action: str, **parameters: Any) -> dict[str, Any]:
        request = getattr(models, f"{action}Request")(**parameters)
        answer = getattr(through, methods[action.lower()])(request)
        assert answer.status_code == 200
        body: dict[str, Any] = answer.body.to_map()
        assert body.pop("RequestId")
        return body

    return ask


def done(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer says beside that."""
    assert body.pop("Success") is True, body
    assert body.pop("Code") == ""
    return body


def refused(body: dict[str, Any]) -> str:
    """Return the code of an answer that is a refusal."""
    assert body["Success"] is False, body
    assert body["ErrorMessage"]
    code: str = body["Code"]
    return code
