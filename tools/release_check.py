"""`make release-check`: what must be true before a release; an SBOM and a list of licenses.

It writes `dist/alink-sdk.cdx.json` (CycloneDX 1.6) and `dist/licenses.txt` from the lock files,
the same bytes each time. A failed check prints a sentence; the exit code is then 1.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dist import build_archives
from release_packages import LOCKS, Package, bill, listed, locked, normal, packages

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".cache" / "release"
_HOME = re.compile(rb"(?:/(?:home|Users|root|work)/|[A-Z]:\\Users\\)[\w.-]+")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


# The checks: each returns sentences


def wrong_licenses(all_packages: Iterable[Package], table: Mapping[str, Any]) -> list[str]:
    """Return the packages whose license is unknown, or not allowed and not excepted."""
    wrong = []
    for one in all_packages:
        reason = str(table["excepted"].get(one.name, ""))
        if not one.license:
            wrong.append(f"{one.name} states no license: look it up for tools/licenses.toml")
        elif reason and reason.partition(":")[0] != one.license:
            wrong.append(f"{one.name} is excepted as {reason.partition(':')[0]}: {one.license}")
        elif not reason and not _is_allowed(one.license, table["allowed"]):
            wrong.append(f"{one.name} has the license {one.license}, which is not allowed")
    return wrong


def _is_allowed(expression: str, allowed: Sequence[str]) -> bool:
    words = [part.strip("() ") for part in re.split(r" AND ", expression)]
    return all(any(one.strip("() ") in allowed for one in part.split(" OR ")) for part in words)


def wrong_versions(root: Path) -> list[str]:
    """Return the places that name another version than pyproject.toml, or a changelog without it.

    A development version ("0.1.0.dev0") belongs to the release before its suffix.
    """
    version = project(root)["project"]["version"]
    release = version.partition(".dev")[0]
    wrong = []
    for name, pattern in (
        ("firmware/alink/__init__.py", r'__version__ = "([^"]+)"'),
        ("firmware/package.json", r'"version": "([^"]+)"'),
    ):
        found = re.search(pattern, (root / name).read_text(encoding="utf-8"))
        if not found or found[1] != release:
            said = found[1] if found else "no version"
            wrong.append(f"{name} has {said}, pyproject.toml has {version}")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = changes.partition("## [Unreleased]")[2].partition("\n## ")[0]
    if release == version:
        if f"## [{version}]" not in changes:
            wrong.append(f"CHANGELOG.md has no section [{version}]")
    elif release not in unreleased:
        wrong.append(f"CHANGELOG.md does not name {release} under [Unreleased]")
    return wrong


def wrong_build_requirements(root: Path) -> list[str]:
    """Return the build requirements that are not pinned to the version of requirements.lock."""
    pins = {name: version for lock, name, version in locked(root) if lock == "requirements.lock"}
    wrong = []
    for one in project(root)["build-system"]["requires"]:
        name, _, version = one.partition("==")
        if not version or pins.get(normal(name)) != version:
            wrong.append(
                f"build requirement {one}: requirements.lock has {pins.get(normal(name))}"
            )
    return wrong


def paths_of_machines(files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Return the files of an archive that name a home folder."""
    return [
        f"{name} names a folder of a machine: {found[0].decode(errors='replace')}"
        for name, content in files
        if (found := _HOME.search(content))
    ]


def broken_links(root: Path) -> list[str]:
    """Return the relative links of Markdown files that lead nowhere."""
    wrong = []
    for page in (*root.glob("*.md"), *root.glob("docs/**/*.md")):
        text = _CODE.sub("", page.read_text(encoding="utf-8"))
        for target in _LINK.findall(text):
            path = target.partition("#")[0]
            if path and "://" not in target and not path.startswith(("mailto:", "/")):
                there = page.parent / path
                if not there.exists() and not there.with_suffix(".md").exists():
                    wrong.append(f"{page.relative_to(root)}: the link {target} leads nowhere")
    return wrong


def advisories(root: Path) -> tuple[list[str], str]:
    """Return the packages with a known vulnerability, and a sentence on how they were looked up.

    Where pip-audit cannot reach its data, the sentence says that nothing was looked up.
    """
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    command += ["--requirement", "requirements.lock"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, env=_with_tools()
    )
    return judged(done.stdout, done.stderr)


def judged(output: str, errors: str) -> tuple[list[str], str]:
    """Return what pip-audit's output and errors mean; see `advisories`."""
    try:
        every = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        every = []
    looked_up = [one for one in every if "skip_reason" not in one]
    if not looked_up:
        why = every[0]["skip_reason"] if every else (errors.strip() or "no output")[-120:]
        return [], f"pip-audit: NOT RUN, its advisory data cannot be reached: {why}"
    wrong = [
        f"{one['name']} {one['version']} has {flaw['id']}"
        for one in looked_up
        for flaw in one.get("vulns", ())
    ]
    return wrong, f"pip-audit: {len(looked_up)} of {len(every)} packages looked up"


def invalid_bill(text: str) -> list[str]:
    """Return why the SBOM is not valid CycloneDX."""
    program = (
        "import sys; from cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator as Validator\n"
        "error = Validator(SchemaVersion.V1_6).validate_str(sys.stdin.read())\n"
        "print(error or '', end='')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env=_with_tools(),
    )
    said = (done.stdout + done.stderr).strip()
    return [f"the SBOM is not valid: {said[-300:]}"] if done.returncode or said else []


def project(root: Path) -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def built(root: Path, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Build wheel and source archive into a folder; yield their files."""
    build_archives(root, folder)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                yield f"{wheel.name}/{name}", archive.read(name)
    for source in folder.glob("*.tar.gz"):
        with tarfile.open(source) as archive:
            for member in archive:
                if file := archive.extractfile(member):
                    yield member.name, file.read()


def _with_tools() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TOOLS)}


def main() -> int:
    """Write the lists, run the checks; return the exit code."""
    if not importlib.util.find_spec("hatchling") or not TOOLS.is_dir():
        print("release-check: run it with make release-check", file=sys.stderr)
        return 1
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    for old in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
        old.unlink()
    table = tomllib.loads((ROOT / "tools" / "licenses.toml").read_text(encoding="utf-8"))
    all_packages = packages(ROOT)
    sbom = bill(all_packages, project(ROOT)["project"]["version"])
    (dist / "alink-sdk.cdx.json").write_text(sbom, encoding="utf-8")
    (dist / "licenses.txt").write_text(listed(all_packages), encoding="utf-8")
    vulnerable, audit = advisories(ROOT)
    wrong = [
        *wrong_licenses(all_packages, table),
        *wrong_versions(ROOT),
        *wrong_build_requirements(ROOT),
        *paths_of_machines(built(ROOT, dist)),
        *broken_links(ROOT),
        *invalid_bill(sbom),
        *vulnerable,
    ]
    for sentence in wrong:
        print(f"release-check: {sentence}", file=sys.stderr)
    print(f"release-check: {len(all_packages)} packages in {len(LOCKS)} lock files")
    print(f"release-check: {audit}")
    if not wrong:
        print("release-check: dist has archives, alink-sdk.cdx.json and licenses.txt")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
