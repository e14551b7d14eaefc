"""`make frozen`: heap with the SDK frozen into a firmware, as an image of one's own has it.

A 32-bit MicroPython is built from the Debian source package of the interpreter that the tests use,
with the SDK, umqtt.simple and ssl frozen in, and runs the same first boot, then a gateway with two
hundred sub-devices. By hand: the first build takes some minutes and wants gcc-multilib, dpkg-dev,
make and patch.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from alink_sim import toolchain
from alink_sim.toolchain import debian
from alink_sim.toolchain.micropython import prefix32
from benchmarks import heap

_ARCHITECTURE = "i386"
_LIBRARIES = ("mbedtls", "mbedx509", "mbedcrypto")


def main() -> int:
    """Build, measure, print; 0, or 2 where it cannot be built."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        command = [str(_firmware())]
        with tempfile.TemporaryDirectory(prefix="alink-bench-") as name:
            folder = Path(name)
            heap.compile_programs(folder)
            with heap.burned(folder) as (platform, device):
                smallest, online = heap.first_boots(folder, platform, device, command=command)
            gateway = heap.gateway(folder, command=command)
    except toolchain.ToolchainError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return 2
    sys.stdout.write(
        f"smallest heap of a first boot, SDK frozen: {smallest} bytes\n"
        f"heap the SDK keeps while online, frozen:   {online} bytes; goal 5120\n"
        f"smallest heap of 200 sub-devices, frozen:  {gateway} bytes\n"
    )
    return 0


def _firmware() -> Path:
    """Return a program that starts the frozen firmware, built where its sources have changed."""
    home = toolchain.cache_dir() / "frozen"
    _fetch(home)
    library = heap.library()
    digest = hashlib.sha256()
    for name in sorted(library):
        digest.update(name.encode() + library[name].read_bytes())
    start = home / f"micropython-{digest.hexdigest()[:16]}"
    if not start.is_file():
        _build(home, library, start)
    return start


def _fetch(home: Path) -> None:
    if (home / "source").is_dir():
        return
    prefix = prefix32()
    if not debian.program(prefix, architecture=_ARCHITECTURE).is_file():
        raise toolchain.ToolchainError("there is no 32-bit MicroPython: run `make interpreters`.")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    debian.sources(prefix, home, architecture=_ARCHITECTURE)
    for package in home.glob("libmbedtls-dev_*.deb"):
        _run(home, "dpkg-deb", "-x", package, home / "mbedtls")
    libraries = home / "libraries"
    libraries.mkdir()
    for name in _LIBRARIES:
        for library in prefix.glob(f"root/usr/lib/i386-linux-gnu/lib{name}.so.[0-9]*"):
            (libraries / f"lib{name}.so").unlink(missing_ok=True)
            (libraries / f"lib{name}.so").symlink_to(library)
    for source in home.glob("micropython_*.dsc"):
        _run(home, "dpkg-source", "--no-check", "-x", source, home / "source")


def _build(home: Path, library: dict[str, Path], start: Path) -> None:
    frozen = home / "library"
    shutil.rmtree(frozen, ignore_errors=True)
    for name, source in library.items():
        target = frozen / f"{name}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    manifest = home / "manifest.py"
    manifest.write_text(f'freeze("{frozen}", opt=3)\n', encoding="utf-8")
    # fmt: off
    _run(
        home, "make", "-j2", "-C", home / "source" / "ports" / "unix", f"BUILD={home / 'build'}",
        "VARIANT=standard", "STRIP=true", "MICROPY_FORCE_32BIT=1",
        "MICROPY_SSL_AXTLS=0", "MICROPY_SSL_MBEDTLS=1", "MICROPY_PY_BTREE=0",
        "MICROPY_PY_FFI=0", "MICROPY_PY_JNI=0", f"FROZEN_MANIFEST={manifest}",
        f"MICROPY_MPYCROSS={toolchain.mpy_cross()}", "MICROPY_MPYCROSS_DEPENDENCY=",
        "CFLAGS_EXTRA=-Wno-error -DMICROPY_FLOAT_USE_NATIVE_FLT16=0 "
        f"-I{home / 'mbedtls' / 'usr' / 'include'}",
        # Those libraries want a newer libc than this machine may have; they bring theirs.
        f"LDFLAGS_EXTRA=-L{home / 'libraries'} -Wl,--allow-shlib-undefined",
    )
    # fmt: on
    root = prefix32() / "root" / "usr" / "lib" / "i386-linux-gnu"
    start.write_text(
        f'#!/bin/sh\nexec "{root}/ld-linux.so.2" --library-path "{root}" '
        f'"{home}/build/micropython" "$@"\n',
        encoding="utf-8",
    )
    start.chmod(0o755)


def _run(home: Path, *command: object) -> None:
    words = [str(word) for word in command]
    log = home / "build.log"
    try:
        with log.open("w", encoding="utf-8") as output:
            done = subprocess.run(
                words,
                stdout=output,
                stderr=output,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
            )
    except FileNotFoundError as error:
        raise toolchain.ToolchainError(f"{words[0]} is not here: install it.") from error
    if done.returncode:
        raise toolchain.ToolchainError(
            f"{words[0]} failed (log: {log}): is gcc-multilib installed?"
        )


if __name__ == "__main__":
    sys.exit(main())
