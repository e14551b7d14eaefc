"""Serve a platform from a state directory until a signal stops it: `alink-sim platform`.

The facts it announces: host, the ports (null: not served), the root as files, and the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_sim.platform.control import setup_file
from alink_sim.platform.control.server import ControlServer
from alink_sim.platform.control.state_directory import StateDir, StateError
from alink_sim.platform.faults import file
from alink_sim.platform.platform import Listen, Platform
from alink_sim.platform.state.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What to serve, and where."""

    state: Path
    setup: Path | None = None
    faults: Path | None = None
    database_url: str | None = None
    listen: Listen = field(default_factory=Listen)
    ecdsa: bool = False
    events: Path | None = None
    assignments: Iterable[str] = ()


def serve(serving: Serving, *, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` with the facts once the ports are open.

    Raises StateError, SettingsError, SetupError, StoreError, AuthorityError or AccessKeyError.
    """
    settings = Settings.parse(serving.assignments)
    setup = setup_file.read(serving.setup) if serving.setup else None
    faults = file.read(serving.faults) if serving.faults else []
    with StateDir(serving.state) as state:
        platform = Platform(
            state=serving.state,
            database_url=serving.database_url,
            settings=settings,
            listen=serving.listen,
            ecdsa=serving.ecdsa,
            events=_writable(serving.events),
        )
        try:
            platform.start()
        except OSError as error:
            raise StateError(
                f"a port of {serving.listen.host} cannot be opened ({error.strerror}): name "
                "free ones with --mqtt-port, --mqtt-tls-port, --https-port, --openapi-port, "
                "--ota-port and --console-port (0 for any), or another --host"
            ) from error
        try:
            platform.faults.add_all(faults)
            if setup:
                setup_file.apply(platform, setup)
            asyncio.run(_administer(platform, state, ready))
        finally:
            platform.stop()


def _writable(events: Path | None) -> Path | None:
    try:
        if events:
            events.open("ab").close()
    except OSError as error:
        raise StateError(
            f"{events} cannot be written ({error.strerror}): name another file with --events"
        ) from error
    return events


async def _administer(
    platform: Platform, state: StateDir, ready: Callable[[dict[str, Any]], None]
) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    admin = ControlServer(platform, key=state.new_key())
    try:
        facts = {
            "host": platform.host,
            "mqtt_port": platform.mqtt_port,
            "mqtt_tls_port": platform.mqtt_tls_port,
            "https_port": platform.https_port,
            "openapi_port": platform.openapi_port,
            "ota_port": platform.ota_port,
            "console_port": platform.console_port,
            "admin_port": await admin.start(),
            "ca_der": str(platform.authority.der.resolve()),
            "ca_pem": str(platform.authority.pem.resolve()),
            "pid": os.getpid(),
        }
        loop = asyncio.get_running_loop()

        def end() -> None:
            loop.call_soon_threadsafe(stopped.set)

        platform.on_failure = end
        state.keep_console_token(platform.console_token)
        state.announce(facts)
        # The file says where the console is, only the start and `console.key` say its token.
        ready(facts | {"console_url": platform.console_url})
        await stopped.wait()
        if platform.failure:
            raise platform.failure
    finally:
        await admin.stop()
