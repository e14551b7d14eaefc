"""Stored products and devices: content, file permissions, failures of the store."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa

from alink_sim.platform import Platform, Settings
from alink_sim.platform.state.registry import Registry
from alink_sim.platform.state.store import Changes, Store, StoreError
from alink_sim.platform.state.write_behind import Commits
from tests import postgres
from tests.platform.wire import Party, Wire, refused


@pytest.fixture
def reopen(database_url: str) -> Iterator[Callable[[], Store]]:
    """Return what closes the store there was, if any, and opens the database again."""
    opened: list[Store] = []

    def reopen() -> Store:
        close()
        opened.append(Store(database_url))
        return opened[-1]

    def close() -> None:
        while opened:
            opened.pop().close()

    yield reopen
    close()


def registry_on(store: Store) -> Registry:
    registry = Registry(on_change=store.put, on_remove=store.remove)
    registry.load(*store.load())
    return registry


def test_everything_comes_back_as_it_was(reopen):
    store = reopen()
    registry = registry_on(store)
    product = registry.create_product(name="ü" * 200, node_type=1, instance="iot-" + "1" * 99)
    device, issued = registry.register_without_preregistration(
        product, "dev-1", now=1.5, settings=Settings()
    )
    registry.log_in(device, issued, now=2.5)
    # JSON as Python has it: PostgreSQL's own type would refuse some of this.
    values = {"text": "ü\0\ud800", "list": [1, None, 2.5, float("inf")], "deep": {"a": True}}
    registry.report(device, values)
    registry.set_enabled(product.key, "dev-1", enabled=False)
    store.write(store.take())
    again = registry_on(reopen())
    assert again.products == registry.products
    assert again.devices == registry.devices


def test_removed_entities_stay_removed_after_restart(reopen):
    store = reopen()
    registry = registry_on(store)
    product = registry.create_product()
    for name in ("dev-1", "dev-2"):
        registry.add_device(product.key, name)
    store.write(store.take())
    registry.remove_device(product.key, "dev-1")
    store.write(store.take())
    assert [name for _key, name in registry_on(reopen()).devices] == ["dev-2"]


def test_the_database_is_readable_by_its_owner_only(tmp_path):
    with Platform(state=tmp_path / "new" / "state") as platform:
        platform.console.create_product()
        for path in (tmp_path / "new" / "state").glob("platform.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("schema", "says"), [(99, "update alink-sim"), (1, "use the alink-sim that made it")]
)
def test_a_database_of_another_schema_is_left_alone(database_url, schema, says):
    drivers = {"postgresql": "postgresql+psycopg"}
    url = sa.make_url(database_url)
    engine = sa.create_engine(url.set(drivername=drivers.get(url.drivername, url.drivername)))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE schema_version (version INTEGER)"))
        connection.execute(sa.text("INSERT INTO schema_version VALUES (:v)"), {"v": schema})
    with pytest.raises(StoreError) as caught:
        Store(database_url)
    assert re.fullmatch(
        rf"the database has schema {schema}, this alink-sim knows \d+: {says}, or start again: "
        "name another database or state directory, with its products and devices in a set-up file",
        str(caught.value),
    )
    assert sa.inspect(engine).get_table_names() == ["schema_version"]
    engine.dispose()


def test_a_postgresql_schema_is_served_by_one_platform():
    url = postgres.fresh_database()
    first = Store(url)
    with pytest.raises(StoreError, match="another platform already serves this database: stop it"):
        Store(url)
    Store(postgres.fresh_database()).close()
    first.close()
    Store(url).close()


def test_restarted_postgresql_server_is_found_again():
    url = postgres.fresh_database()
    store = Store(url + "&application_name=store_of_this_test")
    registry = registry_on(store)
    registry.create_product(key="k1")
    store.write(store.take())
    with psycopg.connect(url, autocommit=True) as operator:
        ended = operator.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name = 'store_of_this_test'"
        ).fetchall()
    assert ended == [(True,), (True,)]
    registry.create_product(key="k2")
    store.write(store.take())
    assert {product.key for product in store.load()[0]} == {"k1", "k2"}
    store.close()


def test_store_error_quotes_no_postgresql_row(monkeypatch):
    store = Store(postgres.fresh_database())
    registry = registry_on(store)
    product = registry.create_product()
    product.name = None  # type: ignore[assignment]
    with pytest.raises(StoreError) as caught:
        store.write(store.take())
    assert "null value in column" in str(caught.value)
    assert product.secret not in str(caught.value)
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:geheim@h/d", "write a sqlite:// or postgresql:// URL"),
        ("sqlite:////nowhere/p.db", "sqlite:////nowhere/p.db cannot be used"),
        ("nonsense geheim", "the given URL cannot be used"),
        ("postgresql://u:geheim@127.0.0.1:1/d", "postgresql://u:***@127.0.0.1:1/d cannot be used"),
    ],
)
def test_unusable_database_is_one_sentence_without_password(url, says):
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


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
        commits = Commits(store, undo=lambda _one: None)

        async def one(number: int) -> None:
            registry.add_device(product.key, f"dev-{number}")
            await commits.settled()
            assert store.load()[1], "settled, and nothing is at rest"

        await asyncio.gather(*(one(number) for number in range(100)))
        await commits.close()

    asyncio.run(crowd())
    assert sum(sizes) == 101
    assert len(sizes) < 5


def test_unstored_credential_is_not_issued(make_platform):
    platform = make_platform()
    product = platform.console.create_product()

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
