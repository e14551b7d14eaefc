"""Debian's MicroPython without touching the system: a folder in, an interpreter in it out.

apt-get works on a private root here (its own lists, state and cache), so it needs no root, and
still checks Debian's signature and every hash. The packages are only unpacked, and started
through the dynamic loader that came with them: the system's libc stays out of it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alink_formats.errors import ToolchainError

# Stable first. Its i386 index is now and then newer or older than the signature beside it, and
# apt rightly refuses it then; the next release lives in other files.
SUITES = ("trixie", "forky")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_VARIABLE = "ALINK_DEBIAN_MIRROR"

_RETRY = "then run `make interpreters`"

# Valid-Until is not looked at: mirrors and snapshots stop at some day, the signature still counts.
_SOURCE = """\
Types: deb deb-src
URIs: {mirror}
Suites: {suite}
Components: main
Architectures: {architecture}
Check-Valid-Until: no
Signed-By: {keyring}
"""

_CONFIGURATION = """\
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "no";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Debug::NoLocking "1";
Dir::Etc::SourceList "{root}/suite.sources";
Dir::Etc::SourceParts "{root}/none";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "{root}/none";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "{root}/none";
Dir::State "{root}";
Dir::State::Lists "{root}/lists";
Dir::State::Status "{root}/status";
Dir::Cache "{root}";
Dir::Cache::Archives "{root}/archives";
Dir::Log "{root}";
"""

# Relative to itself, so that a checkout can be moved.
_WRAPPER = """\
#!/bin/sh
# MicroPython {suite} {architecture}, started by the loader and libraries that came with it.
root=${{0%/*}}/root
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""


def program(prefix: Path, *, architecture: str) -> Path:
    """Return where `install` puts the program that starts the interpreter."""
    return prefix / f"micropython-{architecture}"


def install(prefix: Path, *, architecture: str, suites: Sequence[str] = SUITES) -> None:
    """Put a MicroPython that was seen to start into `prefix`, or raise ToolchainError.

    An interpreter that is there already is kept. The suites are tried in their order.
    """
    with _locked(prefix.with_suffix(".lock")):
        if program(prefix, architecture=architecture).is_file():
            return
        _require_debian()
        mirror = _mirror()
        refusals = []
        for suite in suites:
            try:
                _install_suite(prefix, mirror=mirror, suite=suite, architecture=architecture)
            except _StepError as error:
                refusals.append(f"{suite}: {error}")
            else:
                return
        raise ToolchainError(
            f"MicroPython for {architecture} could not be had from the Debian archive "
            f"({'; '.join(refusals)}): check the network, or name an archive in "
            f"{MIRROR_VARIABLE}; {_RETRY}."
        )


def sources(prefix: Path, folder: Path, *, architecture: str) -> None:
    """Put what the interpreter in `prefix` was built from into an empty `folder`.

    `micropython_*.dsc` and what belongs to it, and `libmbedtls-dev_*.deb`, which has the headers.
    Raises ToolchainError.
    """
    suite = program(prefix, architecture=architecture).read_text("utf-8").split()[3]
    root = folder / "apt"
    try:
        configuration = _update(root, mirror=_mirror(), suite=suite, architecture=architecture)
        for what in (["source", "--download-only", "micropython"], ["download", "libmbedtls-dev"]):
            _run(["apt-get", "-qq", *what], apt_config=configuration, folder=folder)
    except _StepError as error:
        raise ToolchainError(
            f"MicroPython's source could not be had from {suite}: {error}."
        ) from error


class _StepError(Exception):
    """A program ended badly; the text is the line in which it says why."""


def _install_suite(prefix: Path, *, mirror: str, suite: str, architecture: str) -> None:
    with tempfile.TemporaryDirectory(dir=prefix.parent, prefix=prefix.name + "-") as scratch:
        packages = _download(
            Path(scratch) / "apt", mirror=mirror, suite=suite, architecture=architecture
        )
        staged = Path(scratch) / prefix.name
        staged.mkdir()
        for package in packages:
            _run(["dpkg-deb", "-x", str(package), str(staged / "root")])
        _write_wrapper(staged, suite=suite, architecture=architecture)
        # On a kernel without 32-bit support the files are all there and nothing starts.
        _run([str(program(staged, architecture=architecture)), "-c", "pass"])
        shutil.rmtree(prefix, ignore_errors=True)
        staged.rename(prefix)


def _download(root: Path, *, mirror: str, suite: str, architecture: str) -> list[Path]:
    """Return the packages of micropython and of all it needs, checked by apt against Debian."""
    configuration = _update(root, mirror=mirror, suite=suite, architecture=architecture)
    # The closure is asked of apt, so a point release's new library names need no edit here.
    install = ["apt-get", "-qq", "--yes", "--download-only", "install", "micropython"]
    _run(install, apt_config=configuration)
    return sorted((root / "archives").glob("*.deb"))


def _update(root: Path, *, mirror: str, suite: str, architecture: str) -> Path:
    """Make a private root for apt that knows what a suite has; return its configuration."""
    for folder in ("lists/partial", "archives/partial", "none"):
        (root / folder).mkdir(parents=True)
    (root / "status").touch()
    (root / "suite.sources").write_text(
        _SOURCE.format(mirror=mirror, suite=suite, architecture=architecture, keyring=KEYRING),
        encoding="utf-8",
    )
    configuration = root / "apt.conf"
    configuration.write_text(
        _CONFIGURATION.format(architecture=architecture, root=root) + _connection_settings(),
        encoding="utf-8",
    )
    _run(["apt-get", "-qq", "update"], apt_config=configuration)
    return configuration


def _write_wrapper(staged: Path, *, suite: str, architecture: str) -> None:
    root = staged / "root"
    loaders = sorted(root.glob("usr/lib/*-linux-gnu/ld-linux*.so.2"))
    if not loaders:
        raise _StepError("the packages hold no dynamic loader")
    loader = loaders[0].relative_to(root)
    wrapper = program(staged, architecture=architecture)
    wrapper.write_text(
        _WRAPPER.format(
            suite=suite, architecture=architecture, loader=loader, libraries=loader.parent
        ),
        encoding="utf-8",
    )
    wrapper.chmod(0o755)


def _require_debian() -> None:
    missing = [name for name in ("apt-get", "apt-config", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise ToolchainError(
            f"The 32-bit MicroPython is unpacked from Debian packages and {missing[0]} is not "
            "here: use Debian or Ubuntu on x86-64, or name a 32-bit MicroPython in ALINK_UNIX32."
        )
    if not KEYRING.is_file():
        raise ToolchainError(
            f"{KEYRING} is missing, so Debian's packages cannot be trusted: install the "
            f"package debian-archive-keyring, {_RETRY}."
        )


def _mirror() -> str:
    """Return the archive this machine already uses; the environment may name another."""
    if named := os.environ.get(MIRROR_VARIABLE):
        return named
    for described in ("$(REPO_URI) $(ORIGIN)", "$(REPO_URI) Debian"):
        # Before the first `apt-get update` apt knows addresses, but not yet whose they are.
        listing = _apt_says(
            "apt-get", "indextargets", "--format", described, "Created-By: Packages"
        )
        for line in sorted(set(listing.splitlines())):
            address, _, origin = line.partition(" ")
            if origin == "Debian" and address.rstrip("/").endswith("/debian"):
                return address
    raise ToolchainError(
        f"apt's configuration names no Debian archive: name one in {MIRROR_VARIABLE}, {_RETRY}."
    )


def _connection_settings() -> str:
    """Return the lines of apt's own configuration that say how to reach an archive."""
    kept = ("Acquire::http::", "Acquire::https::")
    return "".join(
        line + "\n"
        for line in _apt_says("apt-config", "dump").splitlines()
        if line.startswith(kept) and "::Timeout" not in line
    )


def _apt_says(*command: str) -> str:
    try:
        return _run(list(command))
    except _StepError as error:
        raise ToolchainError(f"apt's own configuration cannot be read: {error}.") from error


def _run(command: list[str], *, apt_config: Path | None = None, folder: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    if apt_config:
        environment["APT_CONFIG"] = str(apt_config)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=600,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _StepError(str(error)) from error
    if done.returncode:
        raise _StepError(_complaint(done.stderr) or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _complaint(output: str) -> str:
    """Return the line that names the fault; apt marks it with E:, and follows it with advice."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return (errors or lines or [""])[0].rstrip(".")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time in: tests run in parallel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
