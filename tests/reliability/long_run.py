"""`make reliability`: the long forms of the tests of this folder, then the page with the figures.

A failure ends it with the input that showed it, and leaves the page as it was.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

from alink_sim import toolchain
from tests import interpreters
from tests.reliability import fuzz, guided, page, structured
from tests.reliability.day import BadNetwork, Day
from tests.reliability.doors import NAMES, Doors
from tests.waiting import PATIENCE

# Shares of all inputs at one door.
MUTATED = 0.1
GUIDED = 0.0125
DOCUMENTS = 0.003  # Hypothesis takes longer to build one than the platform to read it.
STEPS = 0.01  # Of the machines of sessions.
DEVICE = {  # On each build. Those that load modules of a login are slow.
    "log_in": 0.006,
    "stream": 0.012,
    "message": 0.012,
    "register": 0.01,
    "https": 0.02,
    "time": 0.01,
}
DEVICE_STRUCTURED = 0.002


def main() -> None:
    """Run all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--boards", type=int, default=20)
    parser.add_argument("--hours", type=float, default=24)
    chosen = parser.parse_args()
    inputs = chosen.inputs
    if not guided.is_installed():
        sys.exit("reliability: atheris is not installed: run make fuzzer")
    warnings.simplefilter("ignore")  # aiohttp warns of headers that are broken on purpose.
    os.environ.setdefault("ALINK_PATIENCE", str(PATIENCE))
    begun = time.monotonic()
    doors = platform_doors(inputs)
    devices = device_doors(inputs)
    day = bad_network(chosen.boards, chosen.hours)
    page.write(doors, devices, day, time.monotonic() - begun)
    sys.stdout.write(f"{page.PAGE.name} is written\n")


def platform_doors(inputs: int) -> list[page.Door]:
    """Feed each door of the platform with its share of `inputs`."""
    found = []
    for name in NAMES:
        with Doors() as opened:
            plain = fuzz.feed(opened, name, math.ceil(inputs * MUTATED))
            share = STEPS if name in structured.MACHINES else DOCUMENTS
            built = fuzz.feed_structured(opened, name, math.ceil(inputs * share))
        searched = fuzz.feed_guided(name, math.ceil(inputs * GUIDED))
        found.append(page.Door(plain, built, searched))
        sys.stdout.write(f"{found[-1]}\n")
    return found


def device_doors(inputs: int) -> list[fuzz.DeviceResult]:
    """Feed each door of the device, on both builds, with its share of `inputs`."""
    found = []
    for build in interpreters.NAMES:
        for name, share in DEVICE.items():
            wanted = math.ceil(inputs * share)
            built = math.ceil(inputs * DEVICE_STRUCTURED)
            interpreter = toolchain.interpreter(build)
            found.append(fuzz.feed_device(interpreter, name, wanted, structured=built))
            sys.stdout.write(f"{found[-1]}\n")
    return found


def bad_network(boards: int, hours: float) -> Day:
    """Run boards on a bad network for hours of their clock."""
    with tempfile.TemporaryDirectory(prefix="alink-day-") as folder:
        interpreter = toolchain.interpreter("unix32")
        network = BadNetwork(Path(folder), interpreter, boards, fuzz.SEED)
        try:
            day = network.run(hours)
        finally:
            network.close()
    sys.stdout.write(f"{day}\n")
    return day


if __name__ == "__main__":
    main()
