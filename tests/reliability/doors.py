"""The doors of a platform for a fuzzer: bytes in, and any failure that is not a refusal raised.

The doors take bytes without sockets, in the platform's own event loop: the target is the
platform's code, not the kernel's. A door raises nothing for input that the platform refuses as
documented.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.platform import Instance, Platform, RegistryError, Settings
from alink_sim.platform.control import operations
from alink_sim.platform.https.http_server import HttpServer
from alink_sim.platform.mqtt.connection import Connection
from alink_sim.platform.openapi.actions import ACTIONS, VERSION
from alink_sim.platform.openapi.call import Call
from alink_sim.platform.openapi.errors import ApiError, GatewayError
from alink_sim.platform.state import event_log
from alink_sim.platform.state.event_log import Event
from alink_sim.platform.state.sessions import Session
from alink_sim.platform.topics import dispatch
from tests.platform.mqtt import wire5
from tests.platform.wire import Party, packet, publish, subscribe
from tests.waiting import PATIENCE

PK, DN, SECRET = "a1B2c3D4e5F", "dev-1", "0123456789abcdef" * 2
_ROUNDS = 6  # Of the event loop, for what an input sets off.
_REMOVES = ("openapi", "admin")  # Doors whose inputs can remove the device.
_NO_OPERATION = ("access_key",)


class FuzzError(AssertionError):
    """The platform failed where it should have refused."""


class Nowhere(asyncio.Transport):
    """A transport whose client takes everything and is never seen."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = False

    def write(self, data: Any) -> None:
        assert isinstance(data, bytes | bytearray | memoryview)

    def writelines(self, list_of_data: Any) -> None:
        for data in list_of_data:
            self.write(data)

    def close(self) -> None:
        self.is_over = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_over

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class Heard(Nowhere):
    """A transport that keeps what the platform sends."""

    def __init__(self) -> None:
        super().__init__()
        self._sent = b""
        self._news = asyncio.Event()

    def write(self, data: Any) -> None:
        self._sent += bytes(data)
        self._news.set()

    def close(self) -> None:
        super().close()
        self._news.set()

    abort = close

    def taken(self) -> bytes:
        """Return what has come since the last call."""
        sent, self._sent = self._sent, b""
        return sent

    async def more(self) -> bytes:
        """Return what comes next, b"" at the end. Raises TimeoutError."""
        while not self._sent and not self.is_over:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE)
        return self.taken()


class Doors:
    """A platform with a product, a gateway's worth of devices, and the ways into it."""

    def __init__(self) -> None:
        settings = Settings(
            api_rates="off",
            api_seconds=0,
            https_registrations_a_minute=10**9,
            http_tokens_a_minute=10**9,
            http_messages_a_second=10**9,
            sub_logins_a_minute=10**9,
        )
        self.platform = Platform(settings=settings, ecdsa=True)
        self._failures: list[Event] = []
        add = self.platform.log.add

        def watched(event: Event) -> None:
            if event.kind == "platform_error":
                self._failures.append(event)
            add(event)

        self.platform.log.add = watched  # type: ignore[method-assign]
        # A short log: memory that grows is then not the log on its way to its 64 MB.
        self._short = patch.multiple(event_log, _KEPT=1000, _MAX_BYTES=1 << 20)

    def __enter__(self) -> Self:
        self._short.start()
        platform = self.platform.start()
        product = platform.console.create_product(key=PK, secret="Pr0dSecretAbCdEf", node_type=1)
        self._party = Party.of(product, platform.console.add_device(PK, DN, secret=SECRET))
        newer = platform.console.create_product(key="newer", instance=Instance("iot-newer"))
        self._newer = Party.of(newer, platform.console.add_device("newer", DN, secret=SECRET))
        platform.console.create_product(key="subs", secret="Pr0dSecretAbCdEg")
        platform.console.add_device("subs", "sub-1", secret=SECRET)
        self._core = platform._core
        self._http = [one for one in platform._servers if isinstance(one, HttpServer)]
        self._session = self._logged_in()
        return self

    def __exit__(self, *_: object) -> None:
        self.platform.stop()
        self._short.stop()

    def _logged_in(self) -> Session:
        return Session(
            device=self._core.registry.devices[PK, DN],
            client_id="fuzz",
            issued=None,
            unasked={"/sys/#", "/ext/#", "/shadow/#", "/ota/#"},
            send=lambda _topic, _payload, _qos, _sent: None,
            end=lambda _reason, _why: None,
        )

    def feed(self, door: str, data: bytes) -> None:
        """Send an input through a door. Raises FuzzError, or what the platform's code raised."""
        self.feed_all(door, [data])

    def feed_all(self, door: str, inputs: list[bytes]) -> float:
        """Send inputs through a door; return the longest processor time of one, in seconds.

        Raises as `feed` does, and tells the input on standard error.
        """
        if door in _REMOVES:
            self._mend()
        if door in IN_THREAD:
            return max(self._measured(door, data) for data in inputs)

        async def each() -> float:
            slowest = 0.0
            for data in inputs:
                begun = time.thread_time()
                with self._watched(door, data):
                    await DOORS[door](self, data)
                slowest = max(slowest, time.thread_time() - begun)
            return slowest

        return self.platform._runner.run(each())

    def _mend(self) -> None:
        # An input of an operator or of the cloud API may have removed or disabled the device.
        console = self.platform.console
        console.create_product(key=PK, secret="Pr0dSecretAbCdEf", node_type=1)
        if DN not in {device.name for device in console.devices(PK)}:
            console.add_device(PK, DN, secret=SECRET)
        console.enable_device(PK, DN)
        self._session = self._logged_in()

    def _measured(self, door: str, data: bytes) -> float:
        begun = time.thread_time()
        with self._watched(door, data):
            IN_THREAD[door](self, data)
        return time.thread_time() - begun

    @contextmanager
    def _watched(self, door: str, data: bytes) -> Iterator[None]:
        try:
            yield
            self.check()
        except BaseException:
            self._failures = []
            sys.stderr.write(f"the door {door} failed for {data!r}\n")
            raise

    def check(self) -> None:
        """Raise FuzzError if the platform has noted that it failed."""
        failures, self._failures = self._failures, []
        if failures:
            raise FuzzError(failures[0].reason)

    # The doors

    def json(self, data: bytes) -> None:
        """Feed the one reader of JSON."""
        with suppress(JsonError):
            json.dumps(bounded_json.loads(data), allow_nan=False, ensure_ascii=False).encode()

    async def mqtt(self, data: bytes) -> None:
        """Feed a stream of MQTT; the first bit says whether behind a login, the next of MQTT 5."""
        connection = Connection(self._core, secure=True, peers=set())
        connection.connection_made(Nowhere())
        if data[:1] and data[0] & 1:
            is_newer = data[0] & 2
            login = wire5.log_in(self._newer) if is_newer else self._party.log_in()
            connection.data_received(login)
            await rounds()
        connection.data_received(data[1:])
        await rounds()
        connection.connection_lost(None)

    async def message(self, data: bytes) -> None:
        """Feed the payload of a message; the first byte chooses its topic."""
        topic = TOPICS[(data[0] if data else 0) % len(TOPICS)]
        dispatch.publish(self._core, self._session, topic, data[1:])
        await self._core.commits.settled()

    async def https(self, data: bytes) -> None:
        """Feed a body to the paths that devices know; the first byte chooses."""
        path, kind = PATHS[(data[0] if data else 0) % len(PATHS)]
        await self._request(0, _http(path, kind, data[1:]))

    async def http(self, data: bytes) -> None:
        """Feed bytes to an HTTP port; the first byte chooses."""
        number = (data[0] if data else 0) % len(self._http)
        await self._request(number, data[1:])

    async def ota(self, data: bytes) -> None:
        """Feed a form to the port of updates, or a query of a URL."""
        if data[:1] and data[0] & 1:
            sent = b"GET /a?" + urlencode(parse_qsl(data[1:].decode("latin-1"))).encode()
            await self._request(2, sent + b" HTTP/1.1\r\nHost: h\r\n\r\n")
        else:
            kind = "multipart/form-data; boundary=b"
            await self._request(2, _http("/", kind, data[1:]))

    async def openapi(self, data: bytes) -> None:
        """Feed parameters to an action; the first byte chooses."""
        name = sorted(ACTIONS)[(data[0] if data else 0) % len(ACTIONS)]
        parameters = dict(parse_qsl(data[1:].decode(errors="replace"), keep_blank_values=True))
        # What names an existing device, in most cases: else no action gets far.
        known = {"ProductKey": PK, "DeviceName": DN, "Version": VERSION}
        call = Call(self._core, self.platform._openapi.gate, name, {**known, **parameters})

        if name in ("RRpc", "InvokeThingService"):
            return  # They wait for a device.
        with suppress(ApiError, GatewayError):
            for one in ACTIONS[name].needs:
                call.needed(one)
            await asyncio.wait_for(ACTIONS[name].run(call), PATIENCE)
        await self._core.commits.settled()

    def admin(self, data: bytes) -> None:
        """Feed parameters to an operation of the administration; the first byte chooses."""
        names = sorted(set(operations.OPERATIONS) - set(_NO_OPERATION))
        name = names[(data[0] if data else 0) % len(names)]
        try:
            parameters = bounded_json.loads(data[1:])
        except JsonError:
            return
        if isinstance(parameters, dict) and "rrpc" not in name and "sync" not in name:
            # The server answers these with 400.
            with suppress(RegistryError, TypeError, ValueError):
                json.dumps(operations.call(self.platform, name, parameters))

    def served(self, number: int) -> Any:
        """Return what serves a new connection to an HTTP port: HTTPS, cloud API or files."""
        return self._http[number]._connection(True)

    async def _request(self, number: int, data: bytes) -> None:
        served = self.served(number)
        transport = Nowhere()
        served.connection_made(transport)
        served.data_received(data)
        await rounds()
        served.connection_lost(None)
        await asyncio.sleep(0)


def in_pieces(connection: asyncio.Protocol, data: bytes, sizes: Sequence[int]) -> None:
    """Hand bytes to a connection in pieces of some sizes, again and again."""
    for size in itertools.cycle(sizes):
        if not data:
            return
        connection.data_received(data[:size])
        data = data[size:]


async def rounds() -> None:
    """Let the event loop do what an input sets off."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)


def _http(path: str, kind: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


DOORS: dict[str, Callable[[Doors, bytes], Awaitable[None]]] = {
    "mqtt": Doors.mqtt,
    "message": Doors.message,
    "https": Doors.https,
    "http": Doors.http,
    "ota": Doors.ota,
    "openapi": Doors.openapi,
}
IN_THREAD: dict[str, Callable[[Doors, bytes], None]] = {"json": Doors.json, "admin": Doors.admin}
NAMES = (*DOORS, *IN_THREAD)

_SYS = f"/sys/{PK}/{DN}/thing"
TOPICS = [
    f"{_SYS}/event/property/post",
    f"{_SYS}/event/property/batch/post",
    f"{_SYS}/event/property/history/post",
    f"{_SYS}/event/alarm/post",
    f"{_SYS}/property/desired/get",
    f"{_SYS}/property/desired/delete",
    f"{_SYS}/deviceinfo/update",
    f"{_SYS}/deviceinfo/delete",
    f"{_SYS}/log/post",
    f"{_SYS}/config/log/get",
    f"{_SYS}/config/get",
    f"{_SYS}/ota/firmware/get",
    f"{_SYS}/file/download",
    f"{_SYS}/model/up_raw",
    f"{_SYS}/topo/add",
    f"{_SYS}/topo/delete",
    f"{_SYS}/topo/get",
    f"{_SYS}/sub/register",
    f"{_SYS}/proxy/provisioning/product_register",
    f"{_SYS}/list/found",
    f"{_SYS}/service/property/set_reply",
    f"/ext/session/{PK}/{DN}/combine/login",
    f"/ext/session/{PK}/{DN}/combine/batch_login",
    f"/ext/session/{PK}/{DN}/combine/logout",
    f"/ext/ntp/{PK}/{DN}/request",
    f"/shadow/update/{PK}/{DN}",
    f"/ota/device/inform/{PK}/{DN}",
    f"/ota/device/progress/{PK}/{DN}",
    f"/ota/device/request/{PK}/{DN}",
    f"/{PK}/{DN}/user/update",
]
PATHS = [
    ("/auth", "application/json"),
    ("/auth/register/device", "application/x-www-form-urlencoded"),
    (f"/topic/{PK}/{DN}/user/update", "application/octet-stream"),
]

# fmt: off
SEEDS = [
    b'{"id":"1","version":"1.0","sys":{"ack":1},"params":{"a":1,"b":{"value":2,"time":3}}}',
    b'{"id":"1","params":{"properties":{"a":[{"value":1,"time":2}]},"events":{"e":[{"value":1}]}}}',
    b'{"id":"1","params":[{"identity":{},"properties":[{}],"events":[]}]}',
    b'{"id":"1","params":[{"attrKey":"k","attrValue":"v"}]}',
    b'{"id":1,"params":[{"logContent":"x","logLevel":"INFO","module":"m","utcTime":"t"}]}',
    b'{"method":"update","state":{"reported":{"a":1},"desired":"null"},"version":2}',
    b'{"deviceSendTime":"1","params":{"version":"1.0","module":"default","step":"50","desc":"d"}}',
    b'{"id":"1","params":{"productKey":"subs","deviceName":"sub-1","clientId":"c","sign":"00"}}',
    b'{"id":"1","params":[{"productKey":"subs","deviceName":"sub-1"}]}',
    b'{"id":"1","params":{"configScope":"product","getType":"file"}}',
    b'{"id":"1","params":{"fileInfo":{"streamId":1,"fileId":1},"fileBlock":{"size":9,"offset":0}}}',
    b'{"productKey":"a1B2c3D4e5F","deviceName":"dev-1","clientId":"c","sign":"00","timestamp":"1"}',
    b'{"product_key":"a1B2c3D4e5F","device_name":"dev-1","values":{"a":1},"limit":3,"kind":"x"}',
    b"productKey=a1B2c3D4e5F&deviceName=dev-1&random=1&sign=00&signMethod=hmacsha256",
    b'Items={"a":1}&Versions={}&Identifier=a&Args={}&StartTime=1&EndTime=2&PageSize=10&Asc=1',
    b'IotId=x&ShadowMessage={}&Props={"a":1}&CurrentPage=1&Count=3&ApplyId=1000001&Nickname=n',
    b"FirmwareName=f&DestVersion=1&FirmwareUrl=u&JobId=j&TargetSelection=ALL&Status=1&Timeout=1000",
    (b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n--b\r\n'
    b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\nabc\r\n--b--\r\n'),
    b"Expires=1&OSSAccessKeyId=x&Signature=y&security-token=z",
    b"POST /auth HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /?Action=QueryDevice&Format=JSON HTTP/1.1\r\nHost: h\r\n\r\n",
    publish(f"{_SYS}/event/property/post", b'{"params":{"a":1}}', qos=1, packet_id=1),
    subscribe(1, (f"{_SYS}/event/property/post_reply", 1), ("#", 0), ("+/a", 1)),
    packet(0xA2, b"\0\1\0\1#") + packet(0xC0, b"") + packet(0x40, b"\0\1"),
    b"",
]
# fmt: on
