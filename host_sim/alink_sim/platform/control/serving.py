"""A platform served from a state directory until it is told to stop: what `alink-sim platform` is.

The facts it announces: host, the ports (null: not served), the root as files, and the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alink_sim.platform.control import setup_file
from alink_sim.platform.control.server import AdminServer
from alink_sim.platform.control.state_directory import StateDir, StateError
from alink_sim.platform.faults import file
from alink_sim.platform.platform import Platform
from alink_sim.platform.state.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What to serve, and where; port 0 is any free one."""

    state: Path
    setup: Path | None = None
    faults: Path | None = None
    database_url: str | None = None
    host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_tls_port: int = 8883
    https_port: int = 0
    openapi_port: int = 0
    ota_port: int = 0
    ota_host: str = ""
    san: tuple[str, ...] = ()
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
            host=serving.host,
            mqtt_port=serving.mqtt_port,
            mqtt_tls_port=serving.mqtt_tls_port,
            https_port=serving.https_port,
            openapi_port=serving.openapi_port,
            ota_port=serving.ota_port,
            ota_host=serving.ota_host,
            san=serving.san,
            ecdsa=serving.ecdsa,
            events=_writable(serving.events),
        )
        try:
            platform.start()
        except OSError as error:
            raise StateError(
                f"a port of {serving.host} cannot be opened ({error.strerror}): name free ones "
                "with --mqtt-port, --mqtt-tls-port, --https-port, --openapi-port and --ota-port "
                "(0 for any), or another --host"
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
            events.open("a").close()
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
    admin = AdminServer(platform, key=state.new_key())
    try:
        facts = {
            "host": platform.host,
            "mqtt_port": platform.mqtt_port,
            "mqtt_tls_port": platform.mqtt_tls_port,
            "https_port": platform.https_port,
            "openapi_port": platform.openapi_port,
            "ota_port": platform.ota_port,
            "admin_port": await admin.start(),
            "ca_der": str(platform.authority.der.resolve()),
            "ca_pem": str(platform.authority.pem.resolve()),
            "pid": os.getpid(),
        }
        state.announce(facts)
        ready(facts)
        await stopped.wait()
    finally:
        await admin.stop()
