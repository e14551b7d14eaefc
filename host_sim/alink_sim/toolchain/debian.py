"""Unpack Debian's MicroPython into a folder, without changes to the system.

apt-get works on a private root (its own lists, state and cache), so it needs no root permission,
and it checks Debian's signature and every hash. The packages are only unpacked. The interpreter
starts through the dynamic loader of its packages, so it does not use the libc of the system.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alink_formats.errors import ToolchainError

# Stable first. Its i386 index does not always match the signature beside it; apt then refuses it,
# and the next release has other files.
SUITES = ("trixie", "forky")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_VARIABLE = "ALINK_DEBIAN_MIRROR"

_RETRY = "then run `make interpreters`"

# No check of Valid-Until: mirrors and snapshots get old, but their signature stays valid.
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

# Paths are relative to the script, so that a checkout can be moved.
_WRAPPER = """\
#!/bin/sh
# MicroPython {suite} {architecture}, started by the loader and libraries that came with it.
root=${{0%/*}}/root
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""


def program(prefix: Path, *, architecture: str) -> Path:
    """Return the path of the program that `install` writes and that starts the interpreter."""
    return prefix / f"micropython-{architecture}"


def install(prefix: Path, *, architecture: str, suites: Sequence[str] = SUITES) -> None:
    """Install a MicroPython into `prefix` after a test start. Raises ToolchainError.

    Keep an interpreter that is already in `prefix`. Try the suites in order.
    """
    with locked(prefix.with_suffix(".lock")):
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
            f"MicroPython for {architecture} could not be fetched from the Debian archive "
            f"({'; '.join(refusals)}): check the network, or name an archive in "
            f"{MIRROR_VARIABLE}; {_RETRY}."
        )


def sources(prefix: Path, folder: Path, *, architecture: str, develop: bool = False) -> None:
    """Download the source of the interpreter in `prefix` into an empty `folder`.

    The files are `micropython_*.dsc` with its archives, and `libmbedtls-dev_*.deb` with headers.
    With `develop` the packages of the C library and of gcc's are there too: a compiler needs them.
    Raises ToolchainError.
    """
    suite = program(prefix, architecture=architecture).read_text("utf-8").split()[3]
    root = folder / "apt"
    try:
        configuration = _update(root, mirror=_mirror(), suite=suite, architecture=architecture)
        packages = ["libmbedtls-dev"]
        if develop:
            packages += ["libc6-dev", "linux-libc-dev", _compiler_package(configuration)]
        for what in (["source", "--download-only", "micropython"], ["download", *packages]):
            _run(["apt-get", "-qq", *what], apt_config=configuration, folder=folder)
    except _StepError as error:
        raise ToolchainError(
            f"MicroPython's source could not be fetched from {suite}: {error}."
        ) from error


def _compiler_package(configuration: Path) -> str:
    """Return the newest package with the libraries that gcc itself needs: libgcc-14-dev."""
    search = ["apt-cache", "--names-only", "search", r"^libgcc-[0-9]+-dev$"]
    listing = _run(search, apt_config=configuration)
    found = re.findall(r"^libgcc-([0-9]+)-dev\b", listing, re.MULTILINE)
    if not found:
        raise _StepError("the archive has no package libgcc-NUMBER-dev")
    return f"libgcc-{max(map(int, found))}-dev"


class _StepError(Exception):
    """A program failed; the text is its error message."""


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
        # On a kernel without 32-bit support the program does not start.
        _run([str(program(staged, architecture=architecture)), "-c", "pass"])
        shutil.rmtree(prefix, ignore_errors=True)
        staged.rename(prefix)


def _download(root: Path, *, mirror: str, suite: str, architecture: str) -> list[Path]:
    """Return the packages of micropython and its dependencies; apt has verified them."""
    configuration = _update(root, mirror=mirror, suite=suite, architecture=architecture)
    # apt resolves the dependencies, so that new library names need no change here.
    install = ["apt-get", "-qq", "--yes", "--download-only", "install", "micropython"]
    _run(install, apt_config=configuration)
    return sorted((root / "archives").glob("*.deb"))


def _update(root: Path, *, mirror: str, suite: str, architecture: str) -> Path:
    """Make a private root for apt with the index of a suite; return its configuration file."""
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
        raise _StepError("the packages contain no dynamic loader")
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
            f"The 32-bit MicroPython comes from Debian packages and {missing[0]} is not "
            "installed: use Debian or Ubuntu on x86-64, or set ALINK_UNIX32 to a 32-bit "
            "MicroPython."
        )
    if not KEYRING.is_file():
        raise ToolchainError(
            f"{KEYRING} is missing, so Debian's packages cannot be trusted: install the "
            f"package debian-archive-keyring, {_RETRY}."
        )


def _mirror() -> str:
    """Return the archive of $ALINK_DEBIAN_MIRROR, else the one this machine uses."""
    if named := os.environ.get(MIRROR_VARIABLE):
        return named
    for described in ("$(REPO_URI) $(ORIGIN)", "$(REPO_URI) Debian"):
        # Before the first `apt-get update`, apt knows addresses but not their origin.
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
    """Return the connection settings (proxies and so on) of the system's apt configuration."""
    wanted = ("Acquire::http::", "Acquire::https::")
    return "".join(
        line + "\n"
        for line in _apt_says("apt-config", "dump").splitlines()
        if line.startswith(wanted) and "::Timeout" not in line
    )


def _apt_says(*command: str) -> str:
    try:
        return _run(list(command))
    except _StepError as error:
        raise ToolchainError(f"cannot read the configuration of apt: {error}.") from error


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
        raise _StepError(_error_line(done.stderr) or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _error_line(output: str) -> str:
    """Return the text line of the error; apt marks it with E: and adds advice after it."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")]
    return (errors or lines or [""])[0].rstrip(".")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file, because tests run in parallel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
