"""Heap on the interpreter of a chip, from `.mpy`: the smallest one that works, and the use online.

It is a 32-bit build with the names of a stock image in ROM (`alink_sim.toolchain.chip32`). TLS
buffers lie outside MicroPython's heap, here as on an ESP32. The programs run on the same thin
stand-ins, against the same platform, with the same root.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alink_formats import identity
from alink_sim import toolchain
from alink_sim.patience import patience
from alink_sim.platform import Device, Platform
from alink_sim.platform.access.auth import signature

_HERE = Path(__file__).parent / "device"
_STEP = 256
_LOW, _HIGH = 4 * 1024, 96 * 1024
_NAME = "bench-0001"


@dataclass(frozen=True)
class Heap:
    """Bytes: smallest heaps of three programs, what the SDK keeps while online."""

    bare: int
    first_boot: int
    online: int
    update: int


def measure(folder: Path) -> Heap:
    """Return the figures; `folder` is scratch. Raises ToolchainError without chip32."""
    compile_all(folder)
    with burned(folder) as (platform, device):
        first_boot, online = first_boots(folder, platform, device)
        content = f"clientIdbenchdeviceName{_NAME}productKey{device.product_key}"
        login = [
            "bench|securemode=2,signmethod=hmacsha256|",
            f"{_NAME}&{device.product_key}",
            signature("hmacsha256", device.secret, content),
            f"/sys/{device.product_key}/{_NAME}/thing/event/property/post",
        ]
        update = updates(folder, platform, device)
        port = str(platform.mqtt_tls_port)
        bare = _smallest(
            lambda heap: "DONE" in run(folder, heap, ["bare", "localhost", port, *login])
        )
    return Heap(bare=bare, first_boot=first_boot, online=online, update=update)


@contextmanager
def burned(folder: Path, *, node_type: int = 0) -> Iterator[tuple[Platform, Device]]:
    """Run a platform; put its root and the certificate of a device of it into `folder`."""
    with Platform() as platform:
        product = platform.console.create_product(node_type=node_type)
        device = platform.console.add_device(product.key, _NAME)
        (folder / "ca.der").write_bytes(platform.ca_der)
        certificate = identity.Identity(
            product_key=product.key,
            product_secret=product.secret,
            device_name=_NAME,
            host="localhost",
            port=platform.mqtt_tls_port,
            ca=(platform.ca_der,),
        )
        (folder / "certificate.bin").write_bytes(identity.encode(certificate))
        yield platform, device


def first_boots(
    folder: Path, platform: Platform, device: Device, *, command: Sequence[str] = ()
) -> tuple[int, int]:
    """Return the smallest heap of a first boot and the heap in use online, by an interpreter."""

    def boots(heap: int) -> str:
        platform.console.reset_device(device.product_key, _NAME)
        return run(folder, heap, ["first_boot", "certificate.bin"], command=command)

    return _smallest(lambda heap: "DONE 200" in boots(heap)), int(boots(_HIGH).split()[-1])


def updates(
    folder: Path, platform: Platform, device: Device, *, command: Sequence[str] = ()
) -> int:
    """Return the smallest heap of a first boot, a session and an update over HTTPS beside it."""

    def works(heap: int) -> bool:
        platform.console.reset_device(device.product_key, _NAME)
        platform.ota.publish(device.product_key, "2", bytes(20_000))
        return "DONE" in run(folder, heap, ["update", "certificate.bin"], command=command)

    return _smallest(works)


def gateway(folder: Path, *, count: int = 200, command: Sequence[str] = ()) -> int:
    """Return the smallest heap in which `count` sub-devices come online and post."""
    with gateway_boots(folder, count=count, command=command) as works:
        return _smallest(works)


@contextmanager
def gateway_boots(
    folder: Path, *, count: int = 200, command: Sequence[str] = ()
) -> Iterator[Callable[[int], bool]]:
    """Give a function that tells whether sub-devices come online in a heap of `n` bytes."""
    with burned(folder, node_type=1) as (platform, device):
        key = platform.console.create_product().key
        names = [f"sub-{number:03}" for number in range(count)]

        def works(heap: int) -> bool:
            platform.console.reset_device(device.product_key, _NAME)
            for name in names:
                platform.console.add_device(key, name)
            for file in folder.glob("subs.*"):
                file.unlink()
            words = ["gateway", "certificate.bin", key, str(count)]
            done = run(folder, heap, words, command=command)
            for name in names:
                platform.console.remove_device(key, name)
            return done == "DONE"

        yield works


def compile_all(folder: Path) -> None:
    """Put everything a program needs into `folder`, as bytecode."""
    _compile(folder, {source.stem: source for source in _HERE.glob("*.py")})
    _compile(folder, library())


def compile_programs(folder: Path) -> None:
    """Put the programs and stand-ins into `folder`, without the modules that can be frozen."""
    _compile(folder, {path.stem: path for path in _HERE.glob("*.py") if path.stem != "ssl"})


def library() -> dict[str, Path]:
    """Return the modules that can be frozen: path without its ending, to source."""
    sources = {"ssl": _HERE / "ssl.py"}
    sources["umqtt/simple"] = toolchain.umqtt_simple() / "umqtt" / "simple.py"
    sources["frozen_names"] = toolchain.firmware_dir() / "frozen_names.py"
    for source in (toolchain.firmware_dir() / "alink").rglob("*.py"):
        relative = source.relative_to(toolchain.firmware_dir()).with_suffix("")
        sources[str(relative)] = source
    return sources


def _compile(folder: Path, sources: dict[str, Path]) -> None:
    for name, source in sources.items():
        target = folder / f"{name}.mpy"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(toolchain.compile_mpy(source, name=toolchain.dotted(Path(name))))


def run(folder: Path, heap: int, words: list[str], *, command: Sequence[str] = ()) -> str:
    """Return the output of a program in a heap of this many bytes; "" when it failed."""
    command = command or toolchain.interpreter("chip32").command
    program, *arguments = words
    if program in ("first_boot", "gateway", "update"):
        _burn(folder, folder / arguments[0])
    try:
        done = subprocess.run(
            [*command, "-X", f"heapsize={heap}", "-m", program, *arguments],
            cwd=folder,
            env=os.environ
            | {"MICROPYPATH": ".:.frozen"},  # Names of files cost heap: no long ones.
            capture_output=True,
            text=True,
            timeout=patience(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""  # With too little heap an update is tried again for ever.
    return done.stdout.strip() if done.returncode == 0 else ""


def _burn(folder: Path, certificate: Path) -> None:
    """Give the stand-in `esp32` an erased flash that holds a certificate and nothing else."""
    for name in ("fctry0", "cred0", "cred1", "nvs-cred", "nvs-cert"):
        (folder / name).unlink(missing_ok=True)
    (folder / "fctry0").write_bytes(certificate.read_bytes())


def _smallest(works: Callable[[int], bool]) -> int:
    low, high = _LOW // _STEP, _HIGH // _STEP
    if not works(high * _STEP):
        raise RuntimeError(f"the program does not run in {high * _STEP} bytes either")
    while high - low > 1:
        middle = (low + high) // 2
        if works(middle * _STEP):
            high = middle
        else:
            low = middle
    return high * _STEP
