"""A platform in a separate process, as `alink-sim platform` runs it, that a test can kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from alink_sim.platform import AccessKey, Listen
from alink_sim.platform.control.serving import Serving, serve
from alink_sim.platform.openapi import keys
from tests.waiting import PATIENCE

# Processes that are forked from one that has imported the platform start at once.
_processes = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Ports:
    """The ports on which a killable platform listens."""

    mqtt_port: int
    mqtt_tls_port: int
    https_port: int
    openapi_port: int
    ca_pem: Path
    access_key: AccessKey


@contextmanager
def platform_process(
    state: Path, database_url: str, *assignments: str
) -> Iterator[tuple[Ports, Callable[[], None]]]:
    """Run what `alink-sim platform` runs on state/world.json; yield its ports and what kills it.

    `assignments` are settings.
    """
    _processes.set_forkserver_preload([__name__])
    here, there = _processes.Pipe()
    serving = Serving(
        state=state,
        setup=state / "world.json",
        database_url=database_url,
        listen=Listen(),
        assignments=assignments,
    )
    process = _processes.Process(target=_serve, args=(serving, there))
    process.start()

    def kill() -> None:
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join(PATIENCE)
        assert process.exitcode == -signal.SIGKILL

    try:
        assert here.poll(PATIENCE), "the platform does not start"
        facts = here.recv()
        yield (
            Ports(
                facts["mqtt_port"],
                facts["mqtt_tls_port"],
                facts["https_port"],
                facts["openapi_port"],
                Path(facts["ca_pem"]),
                keys.kept(state),
            ),
            kill,
        )
    finally:
        if process.is_alive():
            kill()


def _serve(serving: Serving, ready: Connection) -> None:
    serve(serving, ready=ready.send)
