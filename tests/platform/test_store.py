"""Products and devices at rest: what is kept, who may read it, what happens when it fails."""

from __future__ import annotations

import asyncio
import sqlite3
import stat

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.commits import Commits
from alink_sim.platform.registry import Registry
from alink_sim.platform.store import Changes, Store, StoreError
from tests.platform.wire import Party, Wire, refused


def registry_on(store: Store) -> Registry:
    registry = Registry(on_change=store.put, on_remove=store.remove)
    registry.load(*store.load())
    return registry


def test_everything_comes_back_as_it_was(tmp_path):
    url = f"sqlite:///{tmp_path}/p.db"
    store = Store(url)
    registry = registry_on(store)
    product = registry.create_product(name="ü" * 200, node_type=1, instance="iot-1")
    device, issued = registry.register_without_preregistration(product, "dev-1", now=1.5)
    registry.log_in(device, issued, now=2.5)
    registry.report(device, {"text": "ü", "list": [1, None, 2.5], "deep": {"a": True}})
    registry.set_enabled(product.key, "dev-1", enabled=False)
    store.write(store.take())
    store.close()
    again = registry_on(Store(url))
    assert again.products == registry.products
    assert again.devices == registry.devices


def test_what_is_removed_stays_away(tmp_path):
    url = f"sqlite:///{tmp_path}/p.db"
    store = Store(url)
    registry = registry_on(store)
    product = registry.create_product()
    for name in ("dev-1", "dev-2"):
        registry.add_device(product.key, name)
    store.write(store.take())
    registry.remove_device(product.key, "dev-1")
    store.write(store.take())
    assert [name for _key, name in registry_on(Store(url)).devices] == ["dev-2"]


def test_the_database_is_readable_by_its_owner_only(tmp_path):
    with Platform(state=tmp_path / "new" / "state") as platform:
        platform.create_product()
        for path in (tmp_path / "new" / "state").glob("platform.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "state").stat().st_mode) == 0o700


def test_a_database_of_another_schema_is_left_alone(tmp_path):
    Store(f"sqlite:///{tmp_path}/p.db").close()
    with sqlite3.connect(tmp_path / "p.db") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(StoreError, match="has schema 99, this alink-sim knows 4"):
        Store(f"sqlite:///{tmp_path}/p.db")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:geheim@h/d", "it takes a sqlite:// or postgresql:// URL"),
        ("sqlite:////nowhere/p.db", "sqlite:////nowhere/p.db cannot be used"),
        ("nonsense geheim", "the given URL cannot be used"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence_without_its_password(url, says):
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_many_changes_share_few_transactions():
    store = Store("sqlite://")
    registry = registry_on(store)
    product = registry.create_product()
    sizes = []
    write = store.write

    def counted(changes: Changes) -> None:
        sizes.append(len(changes))
        write(changes)

    store.write = counted  # type: ignore[method-assign]

    async def crowd() -> None:
        commits = Commits(store, things=list)

        async def one(number: int) -> None:
            registry.add_device(product.key, f"dev-{number}")
            await commits.settled()
            assert store.load()[1], "settled, and nothing is at rest"

        await asyncio.gather(*(one(number) for number in range(100)))
        await commits.close()

    asyncio.run(crowd())
    assert sum(sizes) == 101
    assert len(sizes) < 5


def test_what_could_not_be_written_is_written_with_the_next():
    store = Store("sqlite://")
    registry = registry_on(store)
    write, broken = store.write, [True]

    def fail_once(changes: Changes) -> None:
        if broken:
            broken.clear()
            raise StoreError("the disk is full")
        write(changes)

    store.write = fail_once  # type: ignore[method-assign]

    async def run() -> None:
        commits = Commits(store, things=lambda: [*registry.products.values()])
        registry.create_product(key="k1")
        with pytest.raises(StoreError, match="full"):
            await commits.settled()
        registry.create_product(key="k2")
        await commits.settled()
        await commits.close()

    asyncio.run(run())
    assert {product.key for product in store.load()[0]} == {"k1", "k2"}


def test_a_device_whose_credential_cannot_be_kept_is_told_to_come_again(make_platform):
    platform = make_platform()
    product = platform.create_product()

    def fail(_changes: Changes) -> None:
        raise StoreError("the disk is full")

    write = platform._store.write
    platform._store.write = fail
    party = Party(product, "dev-1")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register("regnwl")) == refused(3)
        assert wire.read() == b""
    assert platform.expect("platform_error").reason == "StoreError"
    platform._store.write = write
