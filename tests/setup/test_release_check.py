"""`make release-check`: it finds a planted fault of each kind; its lists never differ."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

import release_check
import release_packages
from release_packages import Package

ROOT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((ROOT / "tools" / "licenses.toml").read_text(encoding="utf-8"))


def package(name: str, license_: str) -> Package:
    return Package(name, "1.0", "requirements.lock", ships=True, license=license_)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a folder with the files that the checks compare."""
    for name in (
        "pyproject.toml",
        "CHANGELOG.md",
        "firmware/alink/__init__.py",
        "firmware/package.json",
        *(f"requirements{suffix}.lock" for suffix in release_packages.LOCKS),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("license_", "said"),
    [
        ("", "states no license"),
        ("AGPL-3.0-only", "not allowed"),
        ("MIT AND AGPL-3.0-only", "not allowed"),
        ("MIT OR AGPL-3.0-only", ""),
        ("Apache-2.0 AND (MIT OR AGPL-3.0-only)", ""),
    ],
)
def test_license_outside_the_list_is_found(license_: str, said: str):
    wrong = release_check.wrong_licenses([package("thing", license_)], TABLE)
    assert said in wrong[0] if said else not wrong


def test_exception_holds_for_the_stated_license_only():
    assert not release_check.wrong_licenses([package("esptool", "GPL-2.0-or-later")], TABLE)
    assert release_check.wrong_licenses([package("esptool", "AGPL-3.0-only")], TABLE)


def test_installed_packages_have_allowed_licenses():
    """The packages of .venv; `make release-check` installs the others first."""
    found = [one for one in release_packages.packages(ROOT) if one.lock == "requirements.lock"]
    assert len(found) > 90
    assert release_check.wrong_licenses(found, TABLE) == []
    assert {"aiohttp", "cryptography", "psycopg-binary"} <= {
        one.name for one in found if one.ships
    }
    assert "ruff" not in {one.name for one in found if one.ships}


def test_versions_of_checkout_agree():
    assert release_check.wrong_versions(ROOT) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("firmware/alink/__init__.py", '"0.1.0"', '"0.2.0"', "has 0.2.0, pyproject.toml"),
        ("firmware/package.json", '"version": "0.1.0"', '"version": "9"', "has 9, pyproject.toml"),
        ("CHANGELOG.md", "## [0.1.0]", "## [0.0.9]", "no section [0.1.0]"),
        ("pyproject.toml", '"0.1.0"', '"0.1.0.dev0"', "does not name 0.1.0"),
    ],
)
def test_other_version_is_found(release: Path, name: str, old: str, new: str, said: str):
    edit(release / name, old, new)
    (wrong,) = release_check.wrong_versions(release)
    assert said in wrong


def test_build_requirements_are_pinned_as_locked():
    assert release_check.wrong_build_requirements(ROOT) == []


@pytest.mark.parametrize("new", ['"hatchling"', '"hatchling==0.1"', '"hatchling>=1"'])
def test_unpinned_build_requirement_is_found(release: Path, new: str):
    (pinned,) = (
        one
        for one in release_check.project(ROOT)["build-system"]["requires"]
        if one.startswith("hatchling")
    )
    edit(release / "pyproject.toml", f'"{pinned}"', new)
    assert release_check.wrong_build_requirements(release)


def test_folder_of_a_machine_is_found():
    planted = [("a", b"x = '/home/" + b"jane/alink'"), ("b", b"/dev/ttyUSB0"), ("c", b"")]
    assert len(release_check.paths_of_machines(planted)) == 1


def test_shipped_files_name_no_machine(tmp_path: Path):
    files = list(release_check.built(ROOT, tmp_path))
    assert len(files) > 300
    assert release_check.paths_of_machines(files) == []


def test_links_of_documents_lead_somewhere(tmp_path: Path):
    assert release_check.broken_links(ROOT) == []
    (tmp_path / "README.md").write_text("[a](there.md) [b](https://example.com) `[c](gone.md)`")
    (wrong,) = release_check.broken_links(tmp_path)
    assert wrong == "README.md: the link there.md leads nowhere"


def test_known_vulnerability_is_found():
    flaw = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
    wrong, said = release_check.judged(json.dumps({"dependencies": [flaw]}), "")
    assert wrong == ["a 1 has PYSEC-1"]
    assert said == "pip-audit: 1 of 1 packages looked up"


@pytest.mark.parametrize(
    "output",
    ["", "{}", json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]})],
)
def test_audit_without_data_is_called_not_run(output: str):
    wrong, said = release_check.judged(output, "no route to host")
    assert not wrong
    assert said.startswith("pip-audit: NOT RUN")


def test_bill_is_the_same_each_time():
    found = release_packages.packages(ROOT)
    text = release_packages.bill(found, "1.0")
    assert text == release_packages.bill(release_packages.packages(ROOT), "1.0")
    assert len(json.loads(text)["components"]) == len(found)
    assert release_packages.bill(found, "2.0") != text


def test_bill_names_license_of_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (said,) = json.loads(release_packages.bill([], "1.0"))["metadata"]["component"]["licenses"]
    assert said == {"expression": project["license"]}


def test_invalid_bill_is_found():
    if not (release_check.TOOLS / "cyclonedx").is_dir():
        pytest.skip(reason="cyclonedx-python-lib is not installed: run make release-check")
    text = release_packages.bill([package("a", "MIT")], "1.0")
    assert release_check.invalid_bill(text) == []
    assert release_check.invalid_bill(text.replace('"library"', '"book"'))


def test_every_lock_file_is_read():
    assert {f"requirements{one}.lock" for one in release_packages.LOCKS} == {
        path.name for path in ROOT.glob("requirements*.lock")
    }
