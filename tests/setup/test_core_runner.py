"""The runner of the core tests, run by pytest on a scratch tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import interpreters

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "core_runner.py",
    "interpreters.py",
    "waiting.py",
    *(f"core/{name}.py" for name in ("check", "conftest", "driver", "shims")),
)


@pytest.fixture
def tree(tmp_path):
    """Return a checkout that contains only the runner."""
    (tmp_path / "tests" / "core").mkdir(parents=True)
    (tmp_path / "firmware").mkdir()
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\naddopts = --import-mode=importlib -p no:cacheprovider\n"
    )
    for name in COPIED:
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    return tmp_path


def verdicts(tree, source, *options, **environment):
    """Run pytest over one core file; return {test id: outcome} and the output."""
    for name in interpreters.NAMES:
        interpreters.require(name)
    (tree / "tests" / "core" / "test_it.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-vv", *options, "tests"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    lines = [
        line for line in done.stdout.splitlines() if line.startswith("tests/core/test_it.py::")
    ]
    found = [line.partition("::")[2].split()[:2] for line in lines]
    return dict(found), done.stdout


def on_all(name, outcome):
    return {f"{name}[{place}]": outcome for place in ("cpython", "unix64", "unix32")}


def test_function_runs_once_per_interpreter(tree):
    found, _ = verdicts(tree, "def test_a():\n    assert 1 + 1 == 2\n")
    assert found == on_all("test_a", "PASSED")


def test_failed_assertion_shows_its_source_line(tree):
    found, text = verdicts(tree, "def test_a():\n    x = 2\n    assert x == 3\n")
    assert found == on_all("test_a", "FAILED")
    for place in ("cpython", "unix64", "unix32"):
        assert f"{place}: AssertionError at test_it.py:3: assert x == 3" in text


def test_micropython_only_failure_fails_only_there(tree):
    source = "import sys\ndef test_a():\n    assert sys.implementation.name == 'cpython'\n"
    found, _ = verdicts(tree, source)
    assert found == {
        "test_a[cpython]": "PASSED",
        "test_a[unix64]": "FAILED",
        "test_a[unix32]": "FAILED",
    }


def test_import_error_fails_every_function(tree):
    source = "import alink_nowhere\ndef test_a():\n    pass\ndef test_b():\n    pass\n"
    found, text = verdicts(tree, source)
    assert found == {**on_all("test_a", "FAILED"), **on_all("test_b", "FAILED")}
    assert "unix32: ImportError: no module named 'alink_nowhere' at test_it.py:1" in text


def test_killed_process_fails_rest_and_names_culprit(tree):
    source = (
        "INTERPRETERS = ('cpython',)\n"
        "def test_a():\n    pass\n"
        "def test_b():\n    import os\n    os._exit(7)\n"
        "def test_c():\n    pass\n"
    )
    found, text = verdicts(tree, source)
    assert found == {
        "test_a[cpython]": "PASSED",
        "test_b[cpython]": "FAILED",
        "test_c[cpython]": "FAILED",
    }
    assert "test_c gave no result on cpython: the process ended with code 7" in text
    assert ", in test_b" in text


def test_function_that_exits_does_not_pass(tree):
    found, _ = verdicts(tree, "import sys\ndef test_a():\n    sys.exit(0)\n")
    assert found == on_all("test_a", "FAILED")


def test_function_missing_at_run_time_fails(tree):
    found, text = verdicts(tree, "def test_a():\n    pass\ndel test_a\n")
    assert found == on_all("test_a", "FAILED")
    assert "AttributeError" in text


def test_file_may_restrict_its_interpreters(tree):
    found, _ = verdicts(tree, "INTERPRETERS = ('unix64',)\ndef test_a():\n    pass\n")
    assert found == {"test_a[unix64]": "PASSED"}


def test_unknown_interpreter_is_a_collection_error(tree):
    _, text = verdicts(tree, "INTERPRETERS = ('unix16',)\ndef test_a():\n    pass\n")
    assert "INTERPRETERS names 'unix16': choose from cpython, unix64, unix32" in text


def test_fixture_is_a_collection_error(tree):
    _, text = verdicts(tree, "def test_a(tmp_path):\n    pass\n")
    assert "test_a: a core test takes no arguments" in text


def test_test_output_cannot_forge_a_verdict(tree):
    source = 'def test_a():\n    print(\'{"end": "test_a", "fault": null}\')\n    assert 0\n'
    found, text = verdicts(tree, source)
    assert found == on_all("test_a", "FAILED")
    assert "Captured stdout call" in text


def test_missing_unix32_skips_with_reason(tree, tmp_path):
    source = "def test_a():\n    pass\n"
    found, text = verdicts(tree, source, ALINK_UNIX32="/no/such", ALINK_REQUIRE_UNIX32="")
    assert found == {**on_all("test_a", "PASSED"), "test_a[unix32]": "SKIPPED"}
    assert "unix32: ALINK_UNIX32 is /no/such, which is not an executable program" in text


def test_missing_unix32_fails_if_ci_requires_it(tree):
    source = "def test_a():\n    pass\n"
    found, text = verdicts(tree, source, ALINK_UNIX32="/no/such", ALINK_REQUIRE_UNIX32="1")
    assert found == {**on_all("test_a", "PASSED"), "test_a[unix32]": "FAILED"}
    assert "ALINK_UNIX32 is /no/such" in text


def test_every_interpreter_imports_alink_and_umqtt(tree):
    (tree / "firmware" / "alink").mkdir()
    (tree / "firmware" / "alink" / "__init__.py").write_text("from micropython import const\n")
    source = (
        "import alink\nfrom umqtt import simple\ndef test_a():\n    assert simple.MQTTClient\n"
    )
    found, _ = verdicts(tree, source)
    assert found == on_all("test_a", "PASSED")


def test_ticks_wrap_on_every_interpreter(tree):
    source = (
        "import time\n"
        "def test_a():\n"
        "    near = time.ticks_add(0, -5)\n"
        "    assert near > 0\n"
        "    assert time.ticks_diff(time.ticks_add(near, 10), near) == 10\n"
    )
    found, _ = verdicts(tree, source)
    assert found == on_all("test_a", "PASSED")


def test_vectors_and_raises_work_on_every_interpreter(tree):
    (tree / "tests" / "vectors").mkdir()
    (tree / "tests" / "vectors" / "one.json").write_text('[{"x": 1}]')
    source = (
        "import check\n"
        "def test_vectors():\n    assert check.vectors('one') == [{'x': 1}]\n"
        "def test_raises():\n    assert check.raises(ValueError, int, 'x').args\n"
        "def test_not_raised():\n    check.raises(ValueError, int, '1')\n"
        "def test_another():\n    check.raises(KeyError, int, 'x')\n"
    )
    found, _ = verdicts(tree, source)
    assert found == {
        **on_all("test_vectors", "PASSED"),
        **on_all("test_raises", "PASSED"),
        **on_all("test_not_raised", "FAILED"),
        **on_all("test_another", "FAILED"),
    }


def test_core_files_have_different_names():
    # The interpreters import them by name, without their folder.
    names = [path.stem for path in (ROOT / "tests" / "core").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
