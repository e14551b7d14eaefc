"""A whole platform in one thread: start it, use it from any thread, stop it.

A user calls `platform.console`, `platform.cloud` and `platform.ota`, see `_console`, `_cloud` and
`_ota`. The rooms below hold the rules; the docstring of each package says which.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from alink_sim.clock import Clock, SystemClock
from alink_sim.patience import patience
from alink_sim.platform._cloud import Cloud
from alink_sim.platform._console import Console
from alink_sim.platform._ota import Ota
from alink_sim.platform._runner import Runner
from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core
from alink_sim.platform.faults import Faults
from alink_sim.platform.https import ota_files
from alink_sim.platform.https.http_server import HttpServer
from alink_sim.platform.https.server import https_server
from alink_sim.platform.mqtt.server import MqttServer
from alink_sim.platform.openapi import keys
from alink_sim.platform.openapi.keys import AccessKey
from alink_sim.platform.openapi.server import OpenApi
from alink_sim.platform.ota import jobs
from alink_sim.platform.state import event_kinds
from alink_sim.platform.state.ca import Authority
from alink_sim.platform.state.claim import ClaimLostError, StoreError
from alink_sim.platform.state.entities import Entity
from alink_sim.platform.state.event_log import Event, EventLog
from alink_sim.platform.state.folder import own
from alink_sim.platform.state.masking import Mask
from alink_sim.platform.state.open_connections import OpenConnections
from alink_sim.platform.state.ota_bucket import Bucket
from alink_sim.platform.state.ota_entities import OtaEntity
from alink_sim.platform.state.ota_registry import Upgrades
from alink_sim.platform.state.packet_trace import PacketTrace
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.sessions import Sessions
from alink_sim.platform.state.settings import Settings
from alink_sim.platform.state.store import Store, Undo
from alink_sim.platform.state.tables import restore
from alink_sim.platform.state.verification import VerificationCodes
from alink_sim.platform.state.write_behind import Commits

if TYPE_CHECKING:
    from alink_sim.platform.console.server import ConsoleServer

_WATCH_SECONDS = 2.0  # Between two looks whether the database is still ours.


@dataclass(frozen=True, kw_only=True)
class Listen:
    """The address and the ports of a platform; port 0 is any free one.

    Attributes:
        host: the address of all ports.
        mqtt_port: MQTT, over TLS or plain TCP.
        mqtt_tls_port: MQTT over TLS only.
        https_port: HTTPS for devices.
        openapi_port: the cloud API, over TLS or plain TCP.
        ota_port: files of update packages, over HTTPS.
        ota_host: NAME or NAME:PORT by which devices find these files; else localhost and the port.
        console_port: the web console, on 127.0.0.1 whatever `host` is; None: not served.
        san: names and addresses of the TLS certificate, beside the vendor's hosts.
    """

    host: str = "127.0.0.1"
    mqtt_port: int = 0
    mqtt_tls_port: int = 0
    https_port: int = 0
    openapi_port: int = 0
    ota_port: int = 0
    ota_host: str = ""
    console_port: int | None = None
    san: tuple[str, ...] = ()


class Platform:
    """The mock IoT Platform. Call its methods from any thread but its own.

    Attributes:
        console: an operator's actions: products, devices, their life.
        cloud: a business server's actions: messages, services, desired values, shadows.
        ota: update packages, jobs, tasks.
        faults: scripted faults.
        clock: the clock of everything that happens here.
        log: the events; `events` and `expect` read it.
        mask: hides the secrets it knows from events; give it those that only a test knows.
        host: the address, as in `Listen`.
        mqtt_port: the port of MQTT with and without TLS, once it has started; so are the others.
        mqtt_tls_port: the port of MQTT over TLS.
        https_port: the port of HTTPS for devices.
        openapi_port: the port of the cloud API.
        ota_port: the port of files of update packages.
        authority: the private CA.
        access_key: the key of the cloud API.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        database_url: str | None = None,
        clock: Clock | None = None,
        settings: Settings | None = None,
        listen: Listen | None = None,
        ca: Path | None = None,
        ecdsa: bool = False,
        events: Path | None = None,
    ) -> None:
        """Keep the state in the folder `state`; without one it is lost at the end.

        `database_url` is a database instead of the file there. `ca` is the folder of the private
        CA, `state`/ca by default; `ecdsa` makes it P-256 instead of RSA 2048. Every event is added
        to the file `events` as a line of JSON. Raises StoreError, AccessKeyError, OSError.
        """
        self._listen = listen or Listen()
        self.host = self._listen.host
        self.mqtt_port = self._listen.mqtt_port
        self.mqtt_tls_port = self._listen.mqtt_tls_port
        self.https_port = self._listen.https_port
        self.openapi_port = self._listen.openapi_port
        self.ota_port = self._listen.ota_port
        self.clock = clock or SystemClock()
        self.mask = Mask()
        self.log = EventLog(hide=self.mask.hide, file=events)
        self.faults = Faults()
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        if state:
            own(state)
            ca = ca or state / "ca"
        elif ca is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="alink-ca-")
            ca = Path(self._scratch.name)
        default_url = f"sqlite:///{state / 'platform.db'}" if state else "sqlite://"
        # Before CA and key: where those are, a database was there too.
        self._store = Store(
            database_url or default_url,
            expected=keys.served_before(state),
            may_be_new=database_url is not None,
        )
        try:
            self.authority = Authority(ca, ecdsa=ecdsa)
            self.access_key = keys.kept(state) if state else keys.made()
            self._core = self._load(settings or Settings())
        except BaseException:
            self._store.close()
            raise
        # Set once the database is another platform's; `on_failure` hears of it, in any thread.
        self.failure: StoreError | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self._openapi = OpenApi(self._core)
        self.add_access_key(self.access_key)
        self._runner = Runner(self._core, self._store)
        self.console = Console(self._core, self._runner)
        self.cloud = Cloud(self._core, self._runner)
        self.ota = Ota(self._core, self._runner)
        self._web_console: ConsoleServer | None = None
        self._servers: list[MqttServer | HttpServer] = []

    # Life

    def start(self) -> Self:
        """Serve; return once the ports are open. Raises OSError when one is taken."""
        self._runner.start()
        try:
            self._runner.run(self._open())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Cut all connections and stop permanently; acknowledged changes are durable."""
        try:
            if self._runner.is_running:
                self._runner.run(self._close())
        finally:
            self._runner.stop()
            self._store.close()
            self.log.close()
            if self._scratch:
                self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Keys and certificates

    @property
    def ca_der(self) -> bytes:
        """The private root as DER, as it is burned into a board."""
        return self.authority.der.read_bytes()

    @property
    def ca_pem(self) -> Path:
        """The private root as a PEM file, for a desktop client."""
        return self.authority.pem

    @property
    def console_url(self) -> str:
        """The address that opens the web console, token included; "" where none is served."""
        return self._web_console.url if self._web_console else ""

    @property
    def console_token(self) -> str:
        """The token that opens the web console; "" where none is served."""
        return self._web_console.token if self._web_console else ""

    @property
    def console_port(self) -> int | None:
        """The port of the web console; None where none is served."""
        return self._web_console.port if self._web_console else None

    def add_access_key(self, key: AccessKey) -> None:
        """Accept one more access key for the cloud API, until this platform stops."""
        self.mask.learn(key.secret)
        self._openapi.gate.keys[key.id] = key

    # Events

    def events(
        self,
        product_key: str | None = None,
        device_name: str | None = None,
        *,
        client_id: str | None = None,
        kind: str | None = None,
        code: int | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Event]:
        """Return the events that match; `since` and `until` in seconds since 1970."""
        return self.log.select(
            product_key=product_key,
            device_name=device_name,
            client_id=client_id,
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
        timeout: float | None = None,
        **detail: Any,
    ) -> Event:
        """Return the newest event of a kind, waiting up to `timeout` seconds for the first.

        Without a `timeout` it waits for `alink_sim.patience`. `after` takes only later events.
        `detail` is what the event must contain, as in `expect("registered", method="regnwl")` or
        `expect("kicked", code=427)`. Raises ExpectationError, which shows the log, and ValueError
        for an unknown kind.
        """
        __tracebackhide__ = True  # pytest shows the caller, not this.
        event_kinds.check(kind)
        seconds = patience() if timeout is None else timeout
        still = not isinstance(self.clock, SystemClock)
        return self.log.expect(
            kind, device_name=device_name, after=after, timeout=seconds, still=still, **detail
        )

    # Inside

    def _load(self, settings: Settings) -> Core:
        """Return the parts of this platform, with what the store has kept."""
        upgrades = Upgrades(on_change=self._put, on_remove=self._store.remove, now=self.clock.time)
        upgrades.load(self._store.load_upgrades())
        registry = Registry(on_change=self._put, on_remove=self._remove, now=self.clock.time)
        registry.load(*self._store.load())
        for entity in itertools.chain(registry.products.values(), registry.devices.values()):
            self.mask.learn(entity)

        def undo(one: Undo) -> None:
            if one.now is not None and one.now is not one.before:
                home(one.now).drop(one.now)
            if one.before is not None and one.row is not None:
                restore(one.before, one.row)
                home(one.before).put_back(one.before)

        def home(entity: Entity) -> Any:
            return upgrades if isinstance(entity, OtaEntity) else registry

        core = Core(
            registry=registry,
            upgrades=upgrades,
            bucket=Bucket(self.access_key.id, self.access_key.secret, self.mask.learn_for_now),
            commits=Commits(self._store, undo=undo, on_lost=self._lose),
            sessions=Sessions(now=self.clock.time),
            log=self.log,
            clock=self.clock,
            settings=settings,
            faults=self.faults,
            trace=PacketTrace(now=self.clock.time),
            codes=VerificationCodes(now=self.clock.monotonic),
            connections=OpenConnections(settings.max_connections),
        )
        for repaired in self._store.repaired:
            core.note("state_repaired", reason=repaired)
        return core

    def _put(self, entity: Entity) -> None:
        self.mask.learn(entity)
        self._store.put(entity)

    def _remove(self, entity: Entity) -> None:
        jobs.forget(self._core, entity)
        self._store.remove(entity)

    async def _open(self) -> None:
        core, san = self._core, self._listen.san
        asyncio.get_running_loop().set_exception_handler(self._fail)
        tls = PortTls(
            context=self.authority.server_context(san=san),
            flawed=lambda flaw: self.authority.server_context(san=san, flaw=flaw),
        )
        self.mqtt_port = await self._serve(
            MqttServer(core, tls=tls, tls_only=False), self.mqtt_port
        )
        self.mqtt_tls_port = await self._serve(
            MqttServer(core, tls=tls, tls_only=True), self.mqtt_tls_port
        )
        https = https_server(core, tls=tls, mqtt_port=self.mqtt_tls_port)
        self.https_port = await self._serve(https, self.https_port)
        self.openapi_port = await self._serve(self._openapi.server(tls=tls), self.openapi_port)
        self.ota_port = await self._serve(ota_files.server(core, tls=tls), self.ota_port)
        core.bucket.endpoint = self._listen.ota_host or f"localhost:{self.ota_port}"
        self._openapi.resume()
        jobs.resume(core)
        if self._listen.console_port is not None:
            await self._serve_console(self._listen.console_port)
        core.background.spawn(self._watch())

    def _fail(self, _loop: object, context: dict[str, Any]) -> None:
        """Note a failure of the event loop as an event, instead of a traceback."""
        error = context.get("exception")
        name = type(error).__name__ if error else context.get("message", "")
        self._core.note("platform_error", reason=f"in the event loop: {name}")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await self._core.commits.check()

    def _lose(self, error: ClaimLostError) -> None:
        if self.failure is None:
            self.failure = error
            self._core.note("platform_error", reason=str(error))
            self._core.background.spawn(self._close_ports())
            self.on_failure()

    async def _serve(self, server: MqttServer | HttpServer, port: int) -> int:
        self._servers.append(server)
        return await server.listen(self.host, port)

    async def _serve_console(self, port: int) -> None:
        # A platform without a console pays for no templates.
        from alink_sim.platform.console.platform_view import PlatformView  # noqa: PLC0415
        from alink_sim.platform.console.server import ConsoleServer  # noqa: PLC0415

        view = PlatformView(
            self._core,
            operator=self.console,
            cloud=self.cloud,
            ota=self.ota,
            hide=self.mask.hide,
        )
        self._web_console = ConsoleServer(view)
        await self._web_console.listen(port)

    async def _close_ports(self) -> None:
        if self._web_console:
            await self._web_console.close()
        servers, self._servers = self._servers, []
        for server in servers:
            await server.close()

    async def _close(self) -> None:
        await self._close_ports()
        await self._core.background.close()
        await self._core.commits.close()
        for _ in range(3):
            await asyncio.sleep(0)  # Cut connections take a few rounds of the loop to be gone.
