"""Set up a checkout: the steps that create `.venv` and `.cache`.

    python3 tools/setup_checkout.py            # run the steps that are not done
    python3 tools/setup_checkout.py unix32     # run this step again

Each step writes a stamp with a digest of its inputs: a second run skips it, and a run after a
change of a lock file repeats it. A failed step prints one sentence and ends with exit code 1; the
output of its program is in `.cache/setup/STEP.log`. This file imports only the standard library,
because it runs before any installation.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup_pip import explain_pip

PLATFORMS = ("linux", "darwin")
REQUIRE_UNIX32 = "ALINK_REQUIRE_UNIX32"
REQUIRE_CHIP32 = "ALINK_REQUIRE_CHIP32"
REQUIRE_NODE = "ALINK_REQUIRE_NODE"
REQUIRE_ATHERIS = "ALINK_REQUIRE_ATHERIS"


class SetupError(Exception):
    """The set-up failed; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class SetupStep:
    """A step of the set-up: input files, the file that it creates, and its function."""

    name: str
    title: str
    inputs: tuple[str, ...]
    creates: str
    do: Callable[[Checkout], None]
    on_demand: bool = False  # Run it only if the command line names it.


@dataclass(frozen=True)
class Checkout:
    """The folder to set up; it knows the paths and runs the programs."""

    root: Path

    @property
    def python(self) -> Path:
        """Return the Python of `.venv`."""
        return self.root / ".venv" / "bin" / "python"

    def log(self, step: str) -> Path:
        """Return the file with the output of a step's program."""
        return self.root / ".cache" / "setup" / f"{step}.log"

    def stamp(self, step: str) -> Path:
        """Return the file with the digest of the inputs for which a step is done."""
        return self.root / ".cache" / "setup" / f"{step}.stamp"

    def run(self, step: str, *command: object) -> str:
        """Run a program, log its output and return it. Raises ProgramError."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=str(self.root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log(step).write_text(done.stdout, encoding="utf-8")
        if done.returncode:
            raise ProgramError(done.stdout, done.returncode)
        return done.stdout


class ProgramError(Exception):
    """A program failed; `output` and `code` are its output and exit code."""

    def __init__(self, output: str, code: int) -> None:
        super().__init__(output)
        self.output = output
        self.code = code


# ------------------------------------------------------------------------------------ the steps


def make_venv(checkout: Checkout) -> None:
    """Create `.venv` with the running Python, or with its base Python inside `.venv`."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    try:
        checkout.run("venv", base, "-m", "venv", "--clear", ".venv")
    except ProgramError as error:
        if "ensurepip" in error.output or "No module named" in error.output:
            raise SetupError(
                f"{base} has no venv module: install it (Debian and Ubuntu: the package "
                "python3-venv) and run make again"
            ) from error
        raise


def install_packages(checkout: Checkout) -> None:
    """Install the packages of requirements.lock."""
    _pip(checkout, "packages", "--require-hashes", "--requirement", "requirements.lock")


def install_project(checkout: Checkout) -> None:
    """Install this checkout in place; its build tools are among the packages."""
    _pip(checkout, "project", "--no-deps", "--no-build-isolation", "--editable", ".")


def install_into_folder(step: str) -> Callable[[Checkout], None]:
    """Return what installs requirements-STEP.lock into .cache/STEP: for one program only."""
    return lambda checkout: _pip_into_folder(checkout, step)


def install_linkkit(checkout: Checkout) -> None:
    """Install the vendor's Python SDK, for tests, into a separate environment.

    It consists of source archives; the build tools of `.venv` build it.
    """
    home = ".cache/linkkit"
    checkout.run("linkkit", checkout.python, "-m", "venv", "--clear", "--without-pip", home)
    there = ("--prefix", home, "--ignore-installed", "--no-deps", "--no-build-isolation")
    _pip(checkout, "linkkit", *there, "--require-hashes", "-r", "requirements-linkkit.lock")


def install_node_sdk(checkout: Checkout) -> None:
    """Install the vendor's Node.js SDK; without it, tests that need it are skipped."""
    home = checkout.root / ".cache" / "node"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(checkout.root / "tests" / "interop" / "node" / name, home)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
    try:
        if not shutil.which("node") or not shutil.which("npm"):
            raise SetupError("node or npm is missing: install both and run make node")
        try:
            checkout.run("node", "npm", "--prefix", home, "ci", *quiet)
        except ProgramError as error:
            raise SetupError("npm ci failed: read .cache/setup/node.log") from error
    except SetupError as error:
        if os.environ.get(REQUIRE_NODE):
            raise
        print(f"set-up: continuing without the vendor's Node.js SDK: {error}.")


def install_atheris(checkout: Checkout) -> None:
    """Install the coverage-guided fuzzer into a folder; without it, its tests are skipped."""
    try:
        _pip_into_folder(checkout, "atheris", "--only-binary", ":all:")
    except SetupError as error:
        if os.environ.get(REQUIRE_ATHERIS):
            raise
        print(f"set-up: continuing without the coverage-guided fuzzer: {error}.")


def find_unix64(checkout: Checkout) -> None:
    """Check that the 64-bit interpreter is installed; some platforms do not have it."""
    _toolchain(checkout, "unix64")


def fetch_umqtt(checkout: Checkout) -> None:
    """Fetch umqtt.simple into the cache."""
    _toolchain(checkout, "umqtt")


def fetch_unix32(checkout: Checkout) -> None:
    """Fetch the 32-bit interpreter; without it, tests that need it are skipped."""
    _optional(checkout, "unix32", REQUIRE_UNIX32, "the 32-bit interpreter")


def build_chip32(checkout: Checkout) -> None:
    """Build the interpreter of a chip; without it, tests that need it are skipped."""
    _optional(checkout, "chip32", REQUIRE_CHIP32, "the interpreter of a chip")


_CHIP32 = "host_sim/alink_sim/toolchain/chip32"
_PORT = ("chip_heap.c", "mpconfigvariant.h", "mpconfigvariant.mk")

STEPS = (
    SetupStep("venv", "creating .venv", (), ".venv/bin/python", make_venv),
    SetupStep(
        "packages",
        "installing the locked packages",
        ("requirements.lock",),
        ".venv/bin/pytest",
        install_packages,
    ),
    SetupStep(
        "typings",
        "unpacking the stubs of the device",
        ("requirements-typings.lock",),
        ".cache/typings/machine.pyi",
        install_into_folder("typings"),
    ),
    SetupStep(
        "project",
        "installing this checkout",
        ("pyproject.toml",),
        ".venv/bin/alink-sim",
        install_project,
    ),
    SetupStep("unix64", "finding the 64-bit interpreter", (), "", find_unix64),
    SetupStep(
        "umqtt",
        "fetching umqtt.simple",
        ("host_sim/alink_sim/toolchain/umqtt.py",),
        "",
        fetch_umqtt,
    ),
    SetupStep("unix32", "fetching the 32-bit interpreter", (), "", fetch_unix32),
    SetupStep(
        "chip32",
        "building the interpreter of a chip",
        (f"{_CHIP32}.py", *(f"{_CHIP32}_port/{name}" for name in _PORT)),
        "",
        build_chip32,
    ),
    SetupStep(
        "linkkit",
        "installing the vendor's Python SDK",
        ("requirements-linkkit.lock",),
        ".cache/linkkit/bin/python",
        install_linkkit,
    ),
    SetupStep(
        "thonny",
        "installing the back end of Thonny",
        ("requirements-thonny.lock",),
        ".cache/thonny/thonny/__init__.py",
        install_into_folder("thonny"),
    ),
    SetupStep(
        "node",
        "installing the vendor's Node.js SDK",
        ("tests/interop/node/package-lock.json",),
        ".cache/node/package.json",
        install_node_sdk,
    ),
    SetupStep(
        "docs",
        "installing the documentation generator",
        ("requirements-docs.lock",),
        ".cache/docs/sphinx/__init__.py",
        install_into_folder("docs"),
        on_demand=True,
    ),
    SetupStep(
        "atheris",
        "installing the coverage-guided fuzzer",
        ("requirements-atheris.lock",),
        "",
        install_atheris,
        on_demand=True,
    ),
    SetupStep(
        "release",
        "installing what checks a release",
        ("requirements-release.lock",),
        ".cache/release/cyclonedx/__init__.py",
        install_into_folder("release"),
        on_demand=True,
    ),
)


def _pip(checkout: Checkout, step: str, *arguments: str) -> None:
    options = ("--disable-pip-version-check", "--no-input", "--retries", "2")
    try:
        checkout.run(step, checkout.python, "-m", "pip", "install", *(options + arguments))
    except ProgramError as error:
        raise SetupError(explain_pip(error.output, error.code)) from error


def _pip_into_folder(checkout: Checkout, step: str, *options: str) -> None:
    folder = ("--upgrade", "--target", f".cache/{step}", "--no-deps", "--require-hashes")
    _pip(checkout, step, *folder, *options, "--requirement", f"requirements-{step}.lock")


def _toolchain(checkout: Checkout, tool: str) -> None:
    try:
        checkout.run(tool, checkout.python, "-m", "alink_sim.toolchain", tool)
    except ProgramError as error:
        if "Traceback" in error.output:
            raise
        raise SetupError(error.output.strip().splitlines()[-1].rstrip(".")) from error


def _optional(checkout: Checkout, tool: str, required: str, what: str) -> None:
    try:
        _toolchain(checkout, tool)
    except SetupError as error:
        if os.environ.get(required):
            raise
        print(f"set-up: continuing without {what}. {error}.")


# ------------------------------------------------------------------------------------ running them


def digests(checkout: Checkout, steps: Sequence[SetupStep]) -> dict[str, str]:
    """Return a digest of the inputs of each step and of the steps before it.

    `.venv` contains absolute paths and the minor version of its Python, so both count.
    """
    seen = hashlib.sha256(
        repr((sys.version_info[:2], str(checkout.root), os.environ.get("ALINK_CACHE"))).encode()
    )
    result = {}
    for step in steps:
        for name in step.inputs:
            seen.update((checkout.root / name).read_bytes())
        result[step.name] = seen.hexdigest()
    return result


def is_done(checkout: Checkout, step: SetupStep, digest: str) -> bool:
    """Return whether the step is done for these inputs and its file still exists."""
    stamp = checkout.stamp(step.name)
    return (
        stamp.is_file()
        and stamp.read_text(encoding="utf-8") == digest
        and (checkout.root / step.creates).exists()
    )


def perform(checkout: Checkout, step: SetupStep, digest: str) -> None:
    """Run a step with progress messages and write its stamp. Raises SetupError."""
    print(f"set-up: {step.title} ...", flush=True)
    started = time.monotonic()
    try:
        step.do(checkout)
    except ProgramError as error:
        raise SetupError(f"a program ended with exit code {error.code}: read its log") from error
    checkout.stamp(step.name).write_text(digest, encoding="utf-8")
    print(f"set-up: {step.title}, {time.monotonic() - started:.1f} s", flush=True)


def set_up(checkout: Checkout, again: set[str]) -> None:
    """Run the steps that are not done, and repeat the steps in `again`.

    A step on demand runs only if `again` names it, once for the same inputs.
    """
    if sys.platform not in PLATFORMS:
        raise SetupError(f"the platform is {sys.platform}: use Linux or macOS")
    (checkout.root / ".cache" / "setup").mkdir(parents=True, exist_ok=True)
    with (checkout.root / ".cache" / "setup" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two makes at once: the second one waits.
        steps = [step for step in STEPS if step.name in again or not step.on_demand]
        wanted = digests(checkout, steps)
        for step in steps:
            repeat = step.name in again and not step.on_demand
            if repeat or not is_done(checkout, step, wanted[step.name]):
                try:
                    perform(checkout, step, wanted[step.name])
                except SetupError as error:
                    log = checkout.log(step.name).relative_to(checkout.root)
                    raise SetupError(f"{step.title} failed: {error} (log: {log})") from error


def main(arguments: list[str]) -> int:
    """Set the checkout up; return 0 for success, 1 for failure, 2 for wrong usage."""
    unknown = set(arguments) - {step.name for step in STEPS}
    if unknown:
        print(f"Unknown step {min(unknown)!r}.", file=sys.stderr)
        return 2
    try:
        set_up(Checkout(Path(__file__).resolve().parents[1]), set(arguments))
    except SetupError as error:
        print(f"set-up: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
