"""The steps of set-up: a checkout and a Python in, `.venv` and `.cache` out.

    python3 tools/setup_checkout.py            # does nothing when all is done
    python3 tools/setup_checkout.py unix32     # that step again, whatever came of it last time

Every step leaves a stamp that holds a digest of what it depends on, so a second run starts at
once and an edited lock file is noticed. A step that cannot be done ends in one sentence and exit
code 1; what its program said is in `.cache/setup/STEP.log`. Standard library only: nothing else
is there yet.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PLATFORMS = ("linux", "darwin")
REQUIRE_UNIX32 = "ALINK_REQUIRE_UNIX32"
REQUIRE_NODE = "ALINK_REQUIRE_NODE"

# What pip prints when it could not talk to an index. "No matching distribution" follows all of
# these, so they are looked for first.
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError"
    r"|Max retries exceeded|Connection refused|Network is unreachable|Could not fetch URL"
)
_UNAVAILABLE = re.compile(
    r"(?:No matching distribution found for|Failed building wheel for|Failed to build) (\S+)"
)


class SetupError(Exception):
    """The checkout cannot be made runnable; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to do once: what it depends on, what it leaves, and how it is done."""

    name: str
    title: str
    inputs: tuple[str, ...]
    leaves: str
    do: Callable[[Checkout], None]
    on_demand: bool = False  # Done only when it is named.


@dataclass(frozen=True)
class Checkout:
    """The tree that is set up; every path and every child process goes through here."""

    root: Path

    @property
    def python(self) -> Path:
        """The interpreter of `.venv`."""
        return self.root / ".venv" / "bin" / "python"

    def log(self, step: str) -> Path:
        """Where the output of a step's program is kept."""
        return self.root / ".cache" / "setup" / f"{step}.log"

    def stamp(self, step: str) -> Path:
        """The file that says for which inputs a step was done."""
        return self.root / ".cache" / "setup" / f"{step}.stamp"

    def run(self, step: str, *command: object) -> str:
        """Return a program's output, logged; raise `ProgramError` when it fails."""
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
    """A program failed: its output and its exit code, for whoever turns them into a sentence."""

    def __init__(self, output: str, code: int) -> None:
        super().__init__(output)
        self.output = output
        self.code = code


# ------------------------------------------------------------------------------------ the steps


def make_venv(checkout: Checkout) -> None:
    """Create `.venv` with the Python that runs us, or with the one below it if that is `.venv`."""
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
    """Install exactly what requirements.lock names."""
    _pip(checkout, "packages", "--require-hashes", "--requirement", "requirements.lock")


def install_project(checkout: Checkout) -> None:
    """Install this checkout in place; its build tools came with the packages."""
    _pip(checkout, "project", "--no-deps", "--no-build-isolation", "--editable", ".")


def unpack_typings(checkout: Checkout) -> None:
    """Unpack the stubs of the device's built-in modules, where only pyright sees them."""
    wanted = ("--no-deps", "--require-hashes", "--requirement", "requirements-typings.lock")
    _pip(checkout, "typings", "--upgrade", "--target", ".cache/typings", *wanted)


def install_linkkit(checkout: Checkout) -> None:
    """Give the vendor's SDK for Python, which tests play against, an environment of its own.

    It comes as source archives: the tools of `.venv` build it.
    """
    home = ".cache/linkkit"
    checkout.run("linkkit", checkout.python, "-m", "venv", "--clear", "--without-pip", home)
    there = ("--prefix", home, "--ignore-installed", "--no-deps", "--no-build-isolation")
    _pip(checkout, "linkkit", *there, "--require-hashes", "-r", "requirements-linkkit.lock")


def install_node_sdk(checkout: Checkout) -> None:
    """Give the vendor's SDK for Node.js one too; without it its tests are skipped by name."""
    home = checkout.root / ".cache" / "node"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(checkout.root / "tests" / "interop" / "node" / name, home)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund")
    try:
        if not shutil.which("node") or not shutil.which("npm"):
            raise SetupError("there is no node or no npm here: install both and run make node")
        try:
            checkout.run("node", "npm", "--prefix", home, "ci", *quiet)
        except ProgramError as error:
            raise SetupError("npm could not fetch it: read .cache/setup/node.log") from error
    except SetupError as error:
        if os.environ.get(REQUIRE_NODE):
            raise
        print(f"set-up: going on without the vendor's Node.js SDK: {error}.")


def install_docs(checkout: Checkout) -> None:
    """Install what builds the documentation into a folder that only `make docs` looks into."""
    wanted = ("--no-deps", "--require-hashes", "--requirement", "requirements-docs.lock")
    _pip(checkout, "docs", "--upgrade", "--target", ".cache/docs", *wanted)


def find_unix64(checkout: Checkout) -> None:
    """See that the 64-bit interpreter came with the packages; not every platform has it."""
    _toolchain(checkout, "unix64")


def fetch_umqtt(checkout: Checkout) -> None:
    """Fetch umqtt.simple into the cache."""
    _toolchain(checkout, "umqtt")


def fetch_unix32(checkout: Checkout) -> None:
    """Fetch the 32-bit interpreter; without it the tests that need it are skipped by name."""
    try:
        _toolchain(checkout, "unix32")
    except SetupError as error:
        if os.environ.get(REQUIRE_UNIX32):
            raise
        print(f"set-up: going on without the 32-bit interpreter. {error}.")


STEPS = (
    Step("venv", "creating .venv", (), ".venv/bin/python", make_venv),
    Step(
        "packages",
        "installing the locked packages",
        ("requirements.lock",),
        ".venv/bin/pytest",
        install_packages,
    ),
    Step(
        "typings",
        "unpacking the stubs of the device",
        ("requirements-typings.lock",),
        ".cache/typings/machine.pyi",
        unpack_typings,
    ),
    Step(
        "project",
        "installing this checkout",
        ("pyproject.toml",),
        ".venv/bin/alink-sim",
        install_project,
    ),
    Step("unix64", "finding the 64-bit interpreter", (), "", find_unix64),
    Step(
        "umqtt",
        "fetching umqtt.simple",
        ("host_sim/alink_sim/toolchain/umqtt.py",),
        "",
        fetch_umqtt,
    ),
    Step("unix32", "fetching the 32-bit interpreter", (), "", fetch_unix32),
    Step(
        "linkkit",
        "installing the vendor's Python SDK",
        ("requirements-linkkit.lock",),
        ".cache/linkkit/bin/python",
        install_linkkit,
    ),
    Step(
        "node",
        "installing the vendor's Node.js SDK",
        ("tests/interop/node/package-lock.json",),
        ".cache/node/package.json",
        install_node_sdk,
    ),
    Step(
        "docs",
        "installing the documentation generator",
        ("requirements-docs.lock",),
        ".cache/docs/sphinx/__init__.py",
        install_docs,
        on_demand=True,
    ),
)


def _pip(checkout: Checkout, step: str, *arguments: str) -> None:
    options = ("--disable-pip-version-check", "--no-input", "--retries", "2")
    try:
        checkout.run(step, checkout.python, "-m", "pip", "install", *(options + arguments))
    except ProgramError as error:
        raise SetupError(explain_pip(error.output, error.code)) from error


def _toolchain(checkout: Checkout, tool: str) -> None:
    try:
        checkout.run(tool, checkout.python, "-m", "alink_sim.toolchain", tool)
    except ProgramError as error:
        if "Traceback" in error.output:
            raise
        raise SetupError(error.output.strip().splitlines()[-1].rstrip(".")) from error


def explain_pip(output: str, code: int) -> str:
    """Return what pip's pages of output mean and what to do, without the full stop."""
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return (
            "the package index showed a certificate that is not trusted here: name your CA file "
            "in PIP_CERT and run make again"
        )
    if _UNREACHABLE.search(output):
        return (
            "the package index cannot be reached: check the network, HTTPS_PROXY or "
            "PIP_INDEX_URL and run make again"
        )
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "the package index serves other files than requirements.lock names: use another "
            "index (PIP_INDEX_URL) and run make again"
        )
    if "No space left on device" in output:
        return "the disk is full: make room (about 600 MB) and run make again"
    if unavailable := _UNAVAILABLE.search(output):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return (
            f"there is no ready-made {unavailable[1]} for Python {version} on this platform: use "
            "Python 3.11 to 3.14 on Linux (x86-64) or macOS (Apple silicon), as in "
            "make PYTHON=python3.12"
        )
    return f"pip ended with exit code {code}: read its log and run make again"


# ------------------------------------------------------------------------------- what drives them


def digests(checkout: Checkout, steps: Sequence[Step]) -> dict[str, str]:
    """Return what each step depends on, as a digest; a step depends on those before it.

    `.venv` holds absolute paths and the minor version of its Python, so both count.
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


def is_done(checkout: Checkout, step: Step, digest: str) -> bool:
    """Return whether the step was done for these inputs and what it left is still there."""
    stamp = checkout.stamp(step.name)
    return (
        stamp.is_file()
        and stamp.read_text(encoding="utf-8") == digest
        and (checkout.root / step.leaves).exists()
    )


def perform(checkout: Checkout, step: Step, digest: str) -> None:
    """Do one step, say what is going on, and stamp it; SetupError has the sentence."""
    print(f"set-up: {step.title} ...", flush=True)
    started = time.monotonic()
    try:
        step.do(checkout)
    except ProgramError as error:
        raise SetupError(f"a program ended with exit code {error.code}: read its log") from error
    checkout.stamp(step.name).write_text(digest, encoding="utf-8")
    print(f"set-up: {step.title}, {time.monotonic() - started:.1f} s", flush=True)


def set_up(checkout: Checkout, again: set[str]) -> None:
    """Do what was not done yet, and the steps named in `again` in any case.

    A step on demand is done only if it is named, and not twice for the same inputs.
    """
    if sys.platform not in PLATFORMS:
        raise SetupError(f"Linux or macOS is needed and this is {sys.platform}: use one")
    (checkout.root / ".cache" / "setup").mkdir(parents=True, exist_ok=True)
    with (checkout.root / ".cache" / "setup" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second finds it done
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
    """Set the checkout up; 0 done, 1 not, 2 usage."""
    unknown = set(arguments) - {step.name for step in STEPS}
    if unknown:
        print(f"There is no step {min(unknown)!r}.", file=sys.stderr)
        return 2
    try:
        set_up(Checkout(Path(__file__).resolve().parents[1]), set(arguments))
    except SetupError as error:
        print(f"set-up: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
