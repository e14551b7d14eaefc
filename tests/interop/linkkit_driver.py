"""The vendor's Link SDK for Python, told what to do: JSON lines in, JSON lines out.

Runs in the SDK's own environment (`.cache/linkkit`) and knows nothing of ours: `linkkit.py` beside
it starts it. The first line is `{"new": {arguments of LinkKit}, "mqtt": {arguments of
config_mqtt}, "redirect": {"name:port": port}}`, each further one `{"call": method, "args": []}`;
an argument `{"tuple": []}` is a tuple.
The driver prints `{"returned": value}` or `{"raised": text}` for each call, and
`{"event": callback, "args": []}` whenever the SDK calls a callback.

The SDK fixes host and port of HTTPS registration, so this process resolves them to those of its
arguments. No file of the SDK is touched.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from typing import Any

from linkkit.linkkit import LinkKit

# Its callbacks are properties whose names begin with this.
_CALLBACK = "on_"

_writing = threading.Lock()


def say(**line: Any) -> None:
    """Write one line; callbacks come from threads of the SDK."""
    with _writing:
        sys.stdout.write(json.dumps(line, default=_plain) + "\n")
        sys.stdout.flush()


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else str(value)


def _argument(given: Any) -> Any:
    # JSON has no tuple, and some methods of the SDK take nothing else.
    is_tuple = isinstance(given, dict) and set(given) == {"tuple"}
    return tuple(given["tuple"]) if is_tuple else given


def redirect(ports: dict[str, int]) -> None:
    """Answer look-ups of each `name:port` with that port of this machine."""
    look_up = socket.getaddrinfo

    def redirected(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        local = ports.get(f"{host}:{port}")
        return look_up(*(("127.0.0.1", local) if local else (host, port)), *args, **options)

    socket.getaddrinfo = redirected


def listen(client: LinkKit) -> None:
    """Have every callback of the SDK become a line."""
    for name in filter(lambda name: name.startswith(_CALLBACK), dir(LinkKit)):

        def callback(*args: Any, name: str = name) -> None:
            say(event=name, args=args)

        setattr(client, name, callback)


def do(client: LinkKit, call: str, args: list[Any]) -> None:
    """Make one call and print its result or its exception."""
    try:
        say(returned=getattr(client, call)(*map(_argument, args)))
    except Exception as error:  # noqa: BLE001 (whatever it is, the test wants to see it)
        say(raised=f"{type(error).__name__}: {error}")


def main() -> None:
    """Serve until the end of the input; the SDK's threads are not waited for."""
    threading.excepthook = lambda failed: say(event="thread_died", args=[repr(failed.exc_value)])
    lines = map(json.loads, sys.stdin)
    begin = next(lines)
    redirect(begin["redirect"])
    client = LinkKit(**begin["new"])
    client.config_mqtt(**begin["mqtt"])
    listen(client)
    for line in lines:
        do(client, **line)
    os._exit(0)


if __name__ == "__main__":
    main()
