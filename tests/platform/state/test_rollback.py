"""What could not be committed is undone in memory: nothing that was not told counts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from alink_sim.platform import Platform, Product, StoreError
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.store import Changes, Store
from alink_sim.platform.state.tables import restore
from alink_sim.platform.state.write_behind import Commits
from tests.platform import http_requests as https
from tests.platform.wire import ACCEPTED, Party, Wire, publish, refused
from tests.waiting import PATIENCE, eventually


@contextmanager
def full_disk(platform: Platform) -> Iterator[None]:
    """Let no write of a platform reach its database, until each change has been refused."""
    full = StoreError("the disk is full")
    with patch.object(platform._store, "write", side_effect=full):
        yield
        eventually(lambda: not platform._store.is_behind)


def seen(platform: Platform) -> tuple[object, ...]:
    """Return all that a platform knows of products and devices, but when they were online."""
    devices = platform.console.devices()
    for device in devices:
        device.documents.get("times", {}).pop("online", None)
        device.documents.get("times", {}).pop("changed", None)
    return platform.console.products(), devices


def post(product: Product, name: str, value: int, *, packet_id: int = 1) -> bytes:
    topic = f"/sys/{product.key}/{name}/thing/event/property/post"
    body = json.dumps({"id": str(value), "params": {"count": value}}).encode()
    return publish(topic, body, qos=1, packet_id=packet_id)


@pytest.fixture
def world(make_platform: Callable[..., Platform], tmp_path: Path) -> Platform:
    return make_platform(database_url=f"sqlite:///{tmp_path / 'world.db'}")


@pytest.fixture
def product(world: Platform) -> Product:
    return world.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")


@pytest.mark.parametrize("is_new", [True, False])
def test_failed_regnwl_spends_no_client_id(world: Platform, product: Product, is_new: bool):
    party = Party(product, "dev-1")
    if not is_new:
        world.console.add_device(product.key, party.name)
    with full_disk(world):
        for _ in range(6):
            with Wire.tls(world) as wire:
                assert wire.ask(party.register("regnwl")) == refused(3)
    assert [one.client_ids for one in world.console.devices()] == [[]] * (not is_new)
    for _ in range(5):
        with Wire.tls(world) as wire:
            assert wire.ask(party.register("regnwl")) == ACCEPTED
    assert len(world.console.device(product.key, party.name).client_ids) == 5


def test_failed_registration_over_https_changes_nothing(
    make_platform: Callable[..., Platform], tmp_path: Path
):
    from alink_sim.platform import Settings

    world = make_platform(settings=Settings(rotate_secret=True, https_registrations_a_minute=99))
    product = world.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")
    world.console.add_device(product.key, "dev-1")
    before = seen(world)
    form = https.form(product.key, "dev-1", product.secret)
    with full_disk(world):
        assert https.post(world, "/auth/register/device", form, https.FORM)["code"] == 500
        assert seen(world) == before
    answer = https.post(world, "/auth/register/device", form, https.FORM)
    assert answer["data"]["deviceSecret"] == world.console.device(product.key, "dev-1").secret


def test_failed_activation_leaves_the_device_inactive(world: Platform, product: Product):
    party = Party.of(product, world.console.add_device(product.key, "dev-1"))
    before = seen(world)
    with full_disk(world), Wire.tls(world) as wire:
        assert wire.ask(party.log_in()) == refused(3)
    assert seen(world) == before


def test_failed_post_is_unacknowledged_and_changes_nothing(world: Platform, product: Product):
    party = Party.of(product, world.console.add_device(product.key, "dev-1"))
    with Wire.tls(world) as wire:
        assert wire.ask(party.log_in(), post(product, "dev-1", 1)) == ACCEPTED
        assert wire.read() == b"\x40\x02\x00\x01"
        assert wire.read_publish()[1]["code"] == 200
        with full_disk(world):
            wire.send(post(product, "dev-1", 2, packet_id=2))
            assert wire.read() == b""  # No PUBACK, no reply: the device sends it again.
    assert world.console.device(product.key, "dev-1").properties == {"count": 1}
    assert world.expect("platform_error", device_name="dev-1").reason == "StoreError"


ACTIONS: dict[str, Callable[[Platform], object]] = {
    "create_product": lambda one: one.console.create_product(key="new"),
    "change_product": lambda one: one.console.create_product(key="a1B2c3D4e5F", name="other"),
    "add_device": lambda one: one.console.add_device("a1B2c3D4e5F", "dev-2"),
    "remove_device": lambda one: one.console.remove_device("a1B2c3D4e5F", "dev-1"),
    "disable_device": lambda one: one.console.disable_device("a1B2c3D4e5F", "dev-1"),
    "clear": lambda one: one.console.clear_client_ids("a1B2c3D4e5F", "dev-1"),
    "issue": lambda one: one.console.issue_client_id("a1B2c3D4e5F", "dev-1"),
    "switch_off": lambda one: one.console.set_dynamic_registration("a1B2c3D4e5F", False),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("is_running", [True, False])
def test_failed_action_of_an_operator_changes_nothing(
    ca: Path, tmp_path: Path, action: str, is_running: bool
):
    world = Platform(ca=ca, database_url=f"sqlite:///{tmp_path / 'world.db'}").start()
    world.console.create_product(key="a1B2c3D4e5F")
    world.console.add_device("a1B2c3D4e5F", "dev-1")
    world.console.issue_client_id("a1B2c3D4e5F", "dev-1")
    if not is_running:
        world.stop()
        world = Platform(ca=ca, database_url=f"sqlite:///{tmp_path / 'world.db'}")
    before = seen(world)
    with full_disk(world), pytest.raises(StoreError, match="full"):
        ACTIONS[action](world)
    assert seen(world) == before
    ACTIONS[action](world)
    after = seen(world)
    assert after != before
    world.stop()
    again = Platform(ca=ca, database_url=f"sqlite:///{tmp_path / 'world.db'}")
    assert seen(again) == after
    again.stop()


def test_commit_after_lost_connection_is_overwritten():
    """A connection that breaks after COMMIT leaves what was undone in the database."""
    store = Store("sqlite://")
    registry = Registry(on_change=store.put, on_remove=store.remove)
    write = store.write

    def commit_and_fail(changes: Changes) -> None:
        write(changes)
        raise StoreError("the connection broke")

    async def run() -> None:
        def undo(one: object) -> None:
            undone.append(one)

        undone: list[object] = []
        commits = Commits(store, undo=undo)
        store.write = commit_and_fail  # type: ignore[method-assign]
        registry.create_product(key="k1")
        with pytest.raises(StoreError):
            await commits.settled()
        assert len(undone) == 1
        store.write = write  # type: ignore[method-assign]
        registry.create_product(key="k2")
        await commits.settled()
        await commits.close()

    asyncio.run(run())
    assert {product.key for product in store.load()[0]} == {"k2"}
    store.close()


def test_change_made_during_a_failing_write_fails_too():
    store = Store("sqlite://")
    registry = Registry(on_change=store.put, on_remove=store.remove)
    begun, go_on = threading.Event(), threading.Event()

    def fail_late(changes: Changes) -> None:
        assert changes
        begun.set()
        assert go_on.wait(PATIENCE)
        raise StoreError("the disk is full")

    async def run() -> None:
        commits = Commits(store, undo=lambda one: registry.drop(one.now))  # type: ignore[arg-type]
        store.write = fail_late  # type: ignore[method-assign]
        registry.create_product(key="k1")
        first = asyncio.create_task(commits.settled())
        await asyncio.to_thread(begun.wait, 10)
        registry.create_product(key="k2")
        second = asyncio.create_task(commits.settled())
        await asyncio.sleep(0)
        go_on.set()
        for waiting in (first, second):
            with pytest.raises(StoreError):
                await waiting
        assert not registry.products
        assert not store.is_behind
        await commits.close()

    asyncio.run(run())
    store.close()


def test_restored_thing_shares_nothing_with_its_row():
    store = Store("sqlite://")
    registry = Registry(on_change=store.put, on_remove=store.remove)
    registry.create_product(key="k1")
    device = registry.add_device("k1", "dev-1")
    registry.report(device, {"a": 1})
    changes = store.take()
    store.saved(changes)
    for _ in range(2):
        registry.report(device, {"a": 2, "b": 3})
        (undo,) = store.undo()
        assert undo.row is not None
        restore(device, undo.row)
        assert device.properties == {"a": 1}
    store.close()


def test_login_that_changes_nothing_waits_for_no_write(
    world: Platform, product: Product, tmp_path: Path
):
    """Another program holds the database: writes wait five seconds and fail, logins go on."""
    old = Party.of(product, world.console.add_device(product.key, "dev-1"))
    new = Party.of(product, world.console.add_device(product.key, "dev-2"))
    with Wire.tls(world) as wire:
        assert wire.ask(old.log_in()) == ACCEPTED
    hog = sqlite3.connect(tmp_path / "world.db", isolation_level=None)
    hog.execute("BEGIN IMMEDIATE")
    waiting = Wire.tls(world)
    waiting.send(new.log_in())  # Its activation has to be written.
    for _ in range(3):
        with Wire.tls(world) as wire:
            assert wire.ask(old.log_in()) == ACCEPTED
    assert not [one for one in world.events(kind="online") if one.device_name == "dev-2"]
    hog.execute("ROLLBACK")
    hog.close()
    with waiting:
        assert waiting.read() == ACCEPTED


def test_answers_come_in_the_order_of_the_messages(world: Platform, product: Product):
    party = Party.of(product, world.console.add_device(product.key, "dev-1"))
    get = publish("/shadow/update/a1B2c3D4e5F/dev-1", b'{"method":"get"}', qos=1, packet_id=9)
    posts = [post(product, "dev-1", number, packet_id=number) for number in range(1, 9)]
    with Wire.tls(world) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.send(*posts, get, b"\xc0\x00")
        acknowledged = []
        while (got := wire.read()) != b"\xd0\x00":
            if got[0] == 0x40:
                acknowledged.append(got[3])
        assert acknowledged == list(range(1, 10))


def test_unread_answers_pause_a_client_and_lose_nothing(world: Platform, product: Product):
    party = Party.of(product, world.console.add_device(product.key, "dev-1"))
    count = 500
    with Wire.tls(world) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.send(*(post(product, "dev-1", one, packet_id=one) for one in range(1, count + 1)))
        left = set(range(1, count + 1))
        while left:
            got = wire.read()
            assert got
            if got[0] == 0x40:
                left.remove(got[2] << 8 | got[3])
    assert world.console.device(product.key, "dev-1").properties == {"count": count}


def test_setting_acknowledge_received_sends_puback_before_commit(
    make_platform: Callable[..., Platform],
):
    from alink_sim.platform import Settings

    world = make_platform(settings=Settings(acknowledge="received"))
    product = world.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")
    party = Party.of(product, world.console.add_device(product.key, "dev-1"))
    with Wire.tls(world) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        with full_disk(world):
            assert wire.ask(post(product, "dev-1", 1)) == b"\x40\x02\x00\x01"
            assert wire.read_publish()[1]["code"] == 200
