from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_sim.platform import Instance, Platform, Product


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca")


@pytest.fixture
def platform(ca: Path) -> Iterator[Platform]:
    with Platform(ca=ca) as platform:
        yield platform


@pytest.fixture
def product(platform: Platform) -> Product:
    return platform.console.create_product(instance=Instance("iot-interop1"))
