"""Build the interpreter of a simulated chip: MicroPython with the two heaps of an ESP32.

The source is Debian's package of the 32-bit interpreter that is already installed, and the three
files of `chip32_port` select the collector of an ESP32. The names of MicroPython's ESP32 port are
in ROM, where they take no heap. The build links statically against Debian's i386 packages in a
private folder, with the compiler of this machine. It installs nothing.
A benchmark builds a second one, with the SDK frozen in. MicroPython's `manifestfile.py` is kept
beside the program: the manifests of the boards are tested with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from alink_formats.bytecode import mpy_cross
from alink_formats.cache_dir import cache_dir
from alink_formats.errors import ToolchainError
from alink_sim.toolchain import debian
from alink_sim.toolchain.umqtt import umqtt_simple

_PORT = Path(__file__).parent / "chip32_port"
_ARCHITECTURE = "i386"
_NAME = "chip32"  # Of the folder in the cache.
_MANIFEST_TOOL = "manifestfile.py"
_PROGRAMS = ("gcc", "make", "patch", "dpkg-source")
_FORM = 3  # A change of the build that the port files do not show counts it up.

# Functions that chip_heap.c replaces.
_WRAPPED = (
    "gc_info",
    "gc_dump_info",
    "mp_thread_create",
    "mp_thread_finish",
    "mp_thread_mutex_lock",
    "mp_thread_mutex_unlock",
)

# The C files of a stock ESP32 image whose names this interpreter has too.
_WITH_NAMES = ("ports/esp32/*.c", "extmod/machine_*.c", "extmod/modnetwork.c")

# A stock firmware has these frozen.
_MANIFEST = 'include("$(MPY_DIR)/extmod/asyncio")\nfreeze({umqtt!r}, "umqtt/simple.py", opt=3)\n'


def program(prefix: Path, *, name: str = _NAME, manifest: str = _MANIFEST) -> Path:
    """Return the path of the interpreter that `install` builds for `prefix`, a Debian one."""
    seen = hashlib.sha256(f"{_FORM} {_WRAPPED} {manifest}".encode())
    wrapper = debian.program(prefix, architecture=_ARCHITECTURE)
    seen.update(wrapper.read_bytes() if wrapper.is_file() else b"")
    for file in sorted(_PORT.iterdir()):
        seen.update(file.name.encode() + file.read_bytes())
    return cache_dir() / name / f"micropython-{seen.hexdigest()[:16]}"


def manifest_tool(prefix: Path) -> Path:
    """Return the path of MicroPython's `manifestfile.py`, which `install` puts there."""
    return program(prefix).parent / _MANIFEST_TOOL


def install(prefix: Path, *, name: str = _NAME, manifest: str = _MANIFEST) -> Path:
    """Build an interpreter from the source of the one in `prefix`, once, and return its path.

    `name` is its folder in the cache, `manifest` the text that says what is frozen. Raises
    ToolchainError, which says what is missing.
    """
    built = program(prefix, name=name, manifest=manifest)
    with debian.locked(built.parent.with_suffix(".lock")):
        if built.is_file():
            return built
        _require_compiler()
        built.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=built.parent, prefix="build-") as scratch:
            home = Path(scratch)
            made = _build(home, prefix, manifest, log=built.parent / "build.log")
            for older in built.parent.glob("micropython-*"):
                older.unlink()
            (home / "source" / "tools" / _MANIFEST_TOOL).replace(built.parent / _MANIFEST_TOOL)
            made.rename(built)
    return built


def _require_compiler() -> None:
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    if missing:
        raise ToolchainError(
            f"The interpreter with a chip's two heaps is built here and {missing[0]} is not "
            "installed: install the package build-essential, then run `make interpreters`, or "
            "set ALINK_CHIP32 to one that you have built."
        )


def _build(home: Path, prefix: Path, frozen: str, *, log: Path) -> Path:
    """Return the program, which has started once."""
    debian.sources(prefix, home, architecture=_ARCHITECTURE, develop=True)
    root = home / "root"
    for package in home.glob("*.deb"):
        _run(log, "dpkg-deb", "-x", package, root)
    for described in home.glob("micropython_*.dsc"):
        # apt has verified it.
        _run(log, "dpkg-source", "--no-check", "-x", described, home / "source")
    port = home / "source" / "ports" / "unix"
    variant = port / "variants" / "chip32"
    variant.mkdir()
    for file in _PORT.iterdir():
        shutil.copy(file, port if file.suffix == ".c" else variant)
    _add_names(home / "source", port / "qstrdefsport.h")
    manifest = home / "manifest.py"
    manifest.write_text(frozen.format(umqtt=str(umqtt_simple())), encoding="utf-8")
    (compiler,) = root.glob("usr/lib/gcc/*-linux-gnu/*")
    # fmt: off
    _run(
        log, "make", f"-j{len(os.sched_getaffinity(0))}", "-C", port, "VARIANT=chip32",
        f"BUILD={home / 'build'}", "STRIP=strip", f"PYTHON={sys.executable}",
        f"CC=gcc -m32 --sysroot={root} -B{compiler}/ -L{compiler}",
        "COPT=-O1 -DNDEBUG -fdata-sections -ffunction-sections",
        "MICROPY_SSL_AXTLS=0", "MICROPY_SSL_MBEDTLS=1", "MICROPY_PY_BTREE=0",
        "MICROPY_PY_FFI=0", "MICROPY_PY_JNI=0", "MICROPY_PY_THREAD=0",  # mpconfigvariant.h has it.
        f"FROZEN_MANIFEST={manifest}", f"MICROPY_MPYCROSS={mpy_cross()}",
        "MICROPY_MPYCROSS_DEPENDENCY=",
        "CFLAGS_EXTRA=-Wno-error -g0 -DMICROPY_FLOAT_USE_NATIVE_FLT16=0",
        "LDFLAGS_EXTRA=-static -lpthread " + " ".join(f"-Wl,--wrap={name}" for name in _WRAPPED),
    )
    # fmt: on
    made = home / "build" / "micropython"
    _run(log, made, "-c", "import _chip")
    return made


def _add_names(source: Path, definitions: Path) -> None:
    """Add the names that a stock ESP32 image has in ROM: there they take no heap."""
    found: set[str] = set()
    for pattern in _WITH_NAMES:
        for file in source.glob(pattern):
            found.update(re.findall(r"\bMP_QSTR_(\w+)", file.read_text("utf-8")))
    with definitions.open("a", encoding="utf-8") as output:
        output.writelines(f"Q({name})\n" for name in sorted(found))


def _run(log: Path, *command: object) -> None:
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "MAKEFLAGS": "", "MAKELEVEL": ""},
            check=False,
        )
    if done.returncode:
        raise ToolchainError(
            f"The interpreter with a chip's two heaps could not be built: {command[0]} ended with "
            f"exit code {done.returncode}: read {log}, then run `make interpreters`."
        )
