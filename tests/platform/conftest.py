from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Product, Settings
from tests.platform.api_calls import DN, PK, Ask, asking, client
from tests.platform.clients.rows import ROWS
from tests.platform.wire import ACCEPTED, Party, Wire

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fail where a test names an unknown row, or where all tests together leave a row out."""
    marks = (mark for item in items for mark in item.iter_markers("client_row"))
    shown = {mark.args for mark in marks}
    if unknown := shown - set(ROWS):
        raise pytest.UsageError(f"rows that tests/platform/clients/rows.py lacks: {unknown}")
    selection = {Path(argument).resolve() for argument in config.args}
    is_whole = selection & {HERE, HERE.parent, HERE.parents[1]}
    is_filtered = config.option.keyword or config.option.markexpr or config.option.ignore
    if is_whole and not is_filtered and (missing := set(ROWS) - shown):
        raise pytest.UsageError(f"no test has the mark client_row of: {sorted(missing)}")


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one CA for all tests: making keys takes longer than most of them."""
    return tmp_path_factory.mktemp("ca")


@pytest.fixture
def make_platform(ca: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Platform]]:
    """Return a maker of running platforms, on `database_url` where a test uses that fixture.

    Products need no declared instance: that rule has its tests in access/test_instances.py, which
    ask for it with `strict`. Every device gets system messages without a SUBSCRIBE: that rule has
    its tests in mqtt/test_unasked.py.
    """
    made: list[Platform] = []
    given = "database_url" in request.fixturenames
    database = {"database_url": request.getfixturevalue("database_url")} if given else {}

    def make(*, strict: bool = False, **options) -> Platform:
        settings = options.pop("settings", Settings())
        if not strict:
            wanted = settings.auto_deliver
            auto_deliver = "always" if wanted == Settings().auto_deliver else wanted
            settings = replace(settings, instances="lenient", auto_deliver=auto_deliver)
        made.append(Platform(ca=ca, settings=settings, **{**database, **options}))
        return made[-1].start()

    yield make
    for platform in made:
        platform.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def platform(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    return make_platform(clock=clock)


@pytest.fixture
def product(platform: Platform) -> Product:
    return platform.console.create_product(key="a1B2c3D4e5F", secret="Pr0dSecretAbCdEf")


@pytest.fixture
def party(platform: Platform, product: Product) -> Party:
    """A pre-registered device."""
    return Party.of(product, platform.console.add_device(product.key, "esp32-240AC4A1B2C3"))


@pytest.fixture
def cloud(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    """A platform whose clock is the test's, however late the cloud client's is."""
    return make_platform(clock=clock, settings=Settings(api_seconds=0))


@pytest.fixture
def ask(cloud: Platform, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What calls the cloud API through the vendor's client."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)  # It would take one even to 127.0.0.1.
    return asking(client(cloud))


@pytest.fixture
def online(cloud: Platform) -> Iterator[Wire]:
    """A device of the cloud API's platform that is online, with `ext=1`."""
    product = cloud.console.create_product(key=PK, secret="Pr0dSecretAbCdEf")
    party = Party.of(product, cloud.console.add_device(PK, DN))
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in(extra=",ext=1")) == ACCEPTED
        yield wire
