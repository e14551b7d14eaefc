"""A whole platform in a thread of its own: start, use from any thread, stop."""

from __future__ import annotations

import asyncio
import copy
import itertools
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

from alink_sim.clock import Clock, SystemClock
from alink_sim.platform import lifecycle
from alink_sim.platform._cloud import CloudSide
from alink_sim.platform._console import OperatorSide
from alink_sim.platform._ota import OtaSide
from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.faults import Faults
from alink_sim.platform.https import ota_files
from alink_sim.platform.https.http_server import HttpServer
from alink_sim.platform.https.server import https_server
from alink_sim.platform.lifecycle import Step
from alink_sim.platform.mqtt.server import MqttServer
from alink_sim.platform.openapi import keys
from alink_sim.platform.openapi.keys import AccessKey
from alink_sim.platform.openapi.server import OpenApi
from alink_sim.platform.ota import jobs
from alink_sim.platform.state.ca import Authority
from alink_sim.platform.state.entities import Device, Product, Thing
from alink_sim.platform.state.event_log import Event, EventLog
from alink_sim.platform.state.masking import Secrecy
from alink_sim.platform.state.ota_bucket import Bucket
from alink_sim.platform.state.ota_registry import Upgrades
from alink_sim.platform.state.packet_trace import PacketTrace
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.sessions import Sessions
from alink_sim.platform.state.settings import Settings
from alink_sim.platform.state.store import Store
from alink_sim.platform.state.write_behind import Commits

_T = TypeVar("_T")


class Platform(OperatorSide, CloudSide):
    """The mock IoT Platform. Its methods may be called from any thread but its own."""

    def __init__(
        self,
        *,
        state: Path | None = None,
        database_url: str | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
        ca: Path | None = None,
        host: str = "127.0.0.1",
        mqtt_port: int = 0,
        mqtt_tls_port: int = 0,
        https_port: int = 0,
        openapi_port: int = 0,
        ota_port: int = 0,
        ota_host: str = "",
        san: Iterable[str] = (),
        ecdsa: bool = False,
        events: Path | None = None,
    ) -> None:
        """State lives in the folder `state` (none: it is forgotten); port 0 is any free one.

        `ca` is the folder of the private CA, `state`/ca by default. `events` is a file to which
        every event is added as a line of JSON. `ota_host` is NAME or NAME:PORT by which devices
        find what is on `ota_port`; else localhost and the port. Raises StoreError, AccessKeyError,
        OSError.
        """
        self.host = host
        self.mqtt_port = mqtt_port
        self.mqtt_tls_port = mqtt_tls_port
        self.https_port = https_port
        self.openapi_port = openapi_port
        self.ota_port = ota_port
        self._ota_host = ota_host
        self.clock = clock or SystemClock()
        self.secrecy = Secrecy()
        self.log = EventLog(hide=self.secrecy.hide, file=events)
        self.faults = Faults()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        if state:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            ca = ca or state / "ca"
        elif ca is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="alink-ca-")
            ca = Path(self._scratch.name)
        self.authority = Authority(ca, ecdsa=ecdsa)
        self._san = tuple(san)
        default_url = f"sqlite:///{state / 'platform.db'}" if state else "sqlite://"
        self._store = Store(database_url or default_url)
        self._upgrades = Upgrades(
            on_change=self._keep, on_remove=self._store.remove, now=self.clock.time
        )
        self._upgrades.load(self._store.load_upgrades())
        self._registry = Registry(
            on_change=self._keep, on_remove=self._forget, now=self.clock.time
        )
        self._registry.load(*self._store.load())
        for thing in self._things():
            self.secrecy.learn(thing)
        self.access_key = keys.kept(state) if state else keys.made()
        self._core = Core(
            registry=self._registry,
            upgrades=self._upgrades,
            bucket=Bucket(self.access_key.id, self.access_key.secret, self.secrecy.learn),
            commits=Commits(self._store, things=self._things),
            sessions=Sessions(now=self.clock.time),
            log=self.log,
            clock=self.clock,
            settings=settings or Settings(),
            faults=self.faults,
            trace=PacketTrace(now=self.clock.time),
        )
        self.ota = OtaSide(self._core, change=self._change, look=self._look)
        self._openapi = OpenApi(self._core)
        self.add_access_key(self.access_key)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._servers: list[MqttServer | HttpServer] = []

    # Life

    def start(self) -> Self:
        """Serve; returns once the ports are open. Raises OSError when one is taken."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="platform", daemon=True
        )
        self._thread.start()
        try:
            self._run(self._open())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Cut every connection and stop; what was acknowledged is at rest. For good."""
        if self._loop is None or self._thread is None:
            return
        try:
            self._run(self._close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None
            self._store.close()
            self.log.close()
            if self._scratch:
                self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ca_der(self) -> bytes:
        """The private root as DER: what a board is burned with."""
        return self.authority.der.read_bytes()

    @property
    def ca_pem(self) -> Path:
        """The private root as a PEM file: what a desktop client takes."""
        return self.authority.pem

    def add_access_key(self, key: AccessKey) -> None:
        """Let one more access key call the cloud API, for as long as this platform serves."""
        self.secrecy.learn(key.secret)
        self._openapi.gate.keys[key.id] = key

    # What it knows

    def product(self, product_key: str) -> Product:
        """Return a copy of a product. Raises RegistryError."""
        return self._look(lambda: self._registry.product(product_key))

    def products(self) -> list[Product]:
        """Return copies of all products."""
        return self._look(lambda: list(self._registry.products.values()))

    def devices(self, product_key: str | None = None) -> list[Device]:
        """Return copies of all devices, or of a product's."""
        return self._look(
            lambda: [
                device
                for device in self._registry.devices.values()
                if product_key in (None, device.product_key)
            ]
        )

    def device(self, product_key: str, device_name: str) -> Device:
        """Return a copy of a device as it is now. Raises RegistryError."""
        return self._look(lambda: self._registry.device(product_key, device_name))

    def events(
        self,
        product_key: str | None = None,
        device_name: str | None = None,
        *,
        kind: str | None = None,
        code: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Event]:
        """Return the events that match; `since` and `until` in seconds since 1970."""
        return self.log.select(
            product_key=product_key,
            device_name=device_name,
            kind=kind,
            code=code,
            since=since,
            until=until,
        )

    def expect(
        self,
        kind: str,
        *,
        device_name: str | None = None,
        after: Event | None = None,
        timeout: float = 30,
        **detail: Any,
    ) -> Event:
        """Return the newest event of a kind, waiting up to `timeout` seconds for the first.

        `after`: only one behind that event will do. `detail`: what its detail has to hold, as in
        `expect("registered", method="regnwl")`. Raises ExpectationError, which shows the log.
        """
        __tracebackhide__ = True  # pytest shows who expected, not this.
        return self.log.expect(
            kind, device_name=device_name, after=after, timeout=timeout, **detail
        )

    # Inside

    async def _open(self) -> None:
        tls = PortTls(
            context=self.authority.server_context(san=self._san),
            flawed=lambda flaw: self.authority.server_context(san=self._san, flaw=flaw),
        )
        sniffing = MqttServer(self._core, tls=tls, tls_only=False)
        secure = MqttServer(self._core, tls=tls, tls_only=True)
        self.mqtt_port = sniffing.listen(self.host, self.mqtt_port)
        self._servers.append(sniffing)
        self.mqtt_tls_port = secure.listen(self.host, self.mqtt_tls_port)
        self._servers.append(secure)
        https = https_server(self._core, tls=tls)
        self._servers.append(https)
        self.https_port = await https.listen(self.host, self.https_port)
        openapi = self._openapi.server(tls=tls)
        self._servers.append(openapi)
        self.openapi_port = await openapi.listen(self.host, self.openapi_port)
        files = ota_files.server(self._core, tls=tls)
        self._servers.append(files)
        self.ota_port = await files.listen(self.host, self.ota_port)
        self._core.bucket.endpoint = self._ota_host or f"localhost:{self.ota_port}"
        self._openapi.resume()
        jobs.resume(self._core)

    async def _close(self) -> None:
        for server in self._servers:
            await server.close()
        self._servers.clear()
        await self._core.background.close()
        await self._core.commits.close()
        for _ in range(3):
            await asyncio.sleep(0)  # Cut connections take a few rounds of the loop to be gone.

    def _keep(self, thing: Thing) -> None:
        self.secrecy.learn(thing)
        self._store.put(thing)

    def _forget(self, thing: Thing) -> None:
        jobs.forget(self._core, thing)
        self._store.remove(thing)

    def _things(self) -> Iterable[Thing]:
        registry = self._registry
        return itertools.chain(
            registry.products.values(),
            registry.devices.values(),
            registry.applications.values(),
            self._upgrades.all(),
        )

    def _change(self, action: Callable[[], _T]) -> _T:
        return self._carry_out(Step(lambda _: action()))

    def _carry_out(self, step: Step[_T]) -> _T:
        if self._loop is None:
            made = step.act(self._registry)
            self._store.write(self._store.take())
            return copy.deepcopy(made)

        async def run() -> _T:
            return copy.deepcopy(await lifecycle.carry_out(self._core, step))

        return self._run(run())

    def _to(self, product_key: str, device_name: str, action: Callable[[Device], _T]) -> _T:
        return self._change(lambda: action(self._registry.device(product_key, device_name)))

    def _look(self, action: Callable[[], _T]) -> _T:
        async def run() -> _T:
            return copy.deepcopy(action())

        return copy.deepcopy(action()) if self._loop is None else self._run(run())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        assert self._loop  # noqa: S101 (every caller made sure)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
