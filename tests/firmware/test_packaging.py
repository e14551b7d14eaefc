"""mip installs every file of the SDK, in the version that the SDK reports."""

from __future__ import annotations

import json
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
PACKAGE = json.loads((FIRMWARE / "package.json").read_text("utf-8"))


def test_mip_installs_every_file_of_the_sdk() -> None:
    there = {str(path.relative_to(FIRMWARE)) for path in (FIRMWARE / "alink").rglob("*.py")}
    assert {target for target, _ in PACKAGE["urls"]} == there
    assert all(target == source for target, source in PACKAGE["urls"])


def test_every_place_names_one_version() -> None:
    version = PACKAGE["version"]
    assert f'__version__ = "{version}"' in (FIRMWARE / "alink" / "__init__.py").read_text("utf-8")
    assert f"_v=alink-{version}" in (FIRMWARE / "alink" / "session" / "login_fields.py").read_text(
        "utf-8"
    )
