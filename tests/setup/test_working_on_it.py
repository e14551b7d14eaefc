"""What contributors meet: CONTRIBUTING, templates, hooks, the dev container, skipped tests."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import check_subject
from tests import optional_parts
from tests.console import browser
from tests.interop import nodesdk
from tests.optional_parts import Part
from tests.reliability import guided

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
HERE = Part("a", lambda: True, "tests of a", "make a")
MISSING = Part("b", lambda: False, "tests of b", "make b")
ALSO = Part("c", lambda: False, "tests of c", "make b")


def has_target(command: str) -> bool:
    _, target = shlex.split(command)
    return re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE) is not None


def test_missing_part_is_announced_with_its_command():
    said = list(optional_parts.announced([HERE, MISSING]))
    assert said == ["will be skipped: tests of b (b is not here)"]
    said = list(optional_parts.advised([HERE, MISSING, ALSO]))
    assert said == ["to run the skipped tests: make b (gets b, c)"]


def test_nothing_is_announced_where_everything_is_here():
    assert list(optional_parts.announced([HERE])) == []
    assert list(optional_parts.advised([HERE])) == []


def test_every_command_of_a_part_exists():
    assert [one.command for one in optional_parts.PARTS if not has_target(one.command)] == []


def test_parts_are_looked_for_where_tests_look():
    assert optional_parts.CHROMIUM == browser.PROGRAM
    assert optional_parts.NODE_SDK == nodesdk.HOME / "node_modules" / nodesdk.NEWER
    assert optional_parts.ATHERIS == guided.ATHERIS


def test_run_of_pytest_announces_and_advises():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", __file__],
        cwd=ROOT,
        env={**os.environ, "ALINK_UNIX32": "/no/such/program"},
        capture_output=True,
        text=True,
        check=True,
    )
    head, _, rest = done.stdout.partition("<Module")
    assert "will be skipped: every test on unix32" in head
    assert "to run the skipped tests: make interpreters (gets the 32-bit MicroPython" in rest


def test_contributing_fits_on_one_screen():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 50
    for name in re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, flags=re.MULTILINE):
        assert has_target(f"make {name}")
    for file in ("SECURITY.md", "CODE_OF_CONDUCT.md", "docs/explanation/working-on-alink.md"):
        assert file in text
        assert (ROOT / file).is_file()
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_target_of_make_is_explained():
    page = (ROOT / "docs" / "explanation" / "working-on-alink.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, flags=re.MULTILINE)
    short = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(targets) > 15
    assert [one for one in targets if f"`make {one}" not in page + short] == []


def test_files_of_github_match_their_schemas():
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    forms = [path for path in folder.glob("*.yml") if path.name != "config.yml"]
    assert len(forms) == 2
    for schema, files in (
        ("vendor.github-issue-forms", forms),
        ("vendor.github-issue-config", [folder / "config.yml"]),
        ("vendor.github-workflows", [ROOT / ".github" / "workflows" / "pythons.yml"]),
    ):
        check = [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            schema,
            *map(str, files),
        ]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_hooks_run_programs_of_the_checkout():
    config = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"  # Nothing is fetched.
    for hook in repository["hooks"]:
        assert {"id", "name", "language", "entry"} <= set(hook)
        files = [word for word in hook["entry"].split() if "/" in word]
        assert [one for one in files if not (ROOT / one).exists()] == []


def test_dev_container_uses_targets_that_exist():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    commands = json.loads(text)["postCreateCommand"].split(" && ")
    assert [one for one in commands if not has_target(one)] == []


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("device: A wrong setting is named.", ""),
        ("tests/setup: `make dist` is the same twice.", ""),
        ("fixup! anything", ""),
        ("Added a thing", "write `area: Sentence.`"),
        ("device: lower case.", "write `area: Sentence.`"),
        ("device: No full stop", "write `area: Sentence.`"),
        (f"device: {'X' * 72}.", "has 81 columns"),
    ],
)
def test_subject_of_a_commit_is_checked(subject: str, said: str):
    found = check_subject.mistake(subject)
    assert said in found if said else not found
