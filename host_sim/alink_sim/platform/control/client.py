"""Asks the administration of a running platform: an operation and its parameters in, JSON out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

from alink_sim.platform.control.state_directory import StateDir, StateError

_PATIENCE = 30.0  # Seconds to wait for a response.


class RefusedRequestError(RuntimeError):
    """The platform understood a request and refused it; the text says why."""


def call(state: StateDir, operation: str, **parameters: Any) -> Any:
    """Ask the platform that serves `state`; return what the operation returns.

    Raises StateError if no platform responds there, RefusedRequestError if it refuses.
    """
    facts = state.read_announcement()
    request = urllib.request.Request(
        f"http://127.0.0.1:{facts['admin_port']}/{operation}",
        data=json.dumps(parameters).encode(),
        headers={"Authorization": f"Bearer {state.key()}", "Content-Type": "application/json"},
    )
    # Never through a proxy that the environment names: it is this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_PATIENCE) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            raise RefusedRequestError(_reason(error)) from None
    except OSError as error:
        raise StateError(
            f"the platform of {state.path} does not respond (process {facts['pid']}, port "
            f"{facts['admin_port']}): start it with `alink-sim platform --state {state.path}`"
        ) from error


def follow(
    state: StateDir, *, limit: int, pause: Callable[[], None], **filters: Any
) -> Iterator[list[dict[str, Any]]]:
    """Yield the newest `limit` events that match, then for ever those that came during a `pause`.

    Raises as `call` does, so it ends with the platform.
    """
    number = 0
    first: int | None = limit
    while True:
        response = call(state, "log.after", number=number, limit=first, **filters)
        if response["events"]:
            yield response["events"]
        number, first = response["number"], None
        pause()


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        reason: str = json.load(error)["error"]
    except ValueError:  # From the HTTP server itself, as for a body that is too large.
        return f"the platform answered {error.code} {error.reason}"
    return reason
