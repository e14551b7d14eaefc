"""`make reliability`: the long forms of the tests of this folder, then the page with the figures.

A failure ends it with the input that showed it, and leaves the page as it was.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import warnings

from alink_sim import toolchain
from tests import interpreters
from tests.reliability import fuzz, guided, page
from tests.reliability.doors import NAMES, Doors

# Shares of all inputs at one door.
MUTATED = 0.1
GUIDED = 0.0125
STRUCTURED = 0.003
DEVICE = {  # On each build. Those that load modules of a login are slow.
    "log_in": 0.006,
    "stream": 0.012,
    "message": 0.012,
    "register": 0.01,
    "https": 0.02,
    "time": 0.01,
}


def main() -> None:
    """Feed all doors and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    inputs = parser.parse_args().inputs
    if not guided.is_installed():
        sys.exit("reliability: atheris is not installed: run make fuzzer")
    warnings.simplefilter("ignore")  # aiohttp warns of headers that are broken on purpose.
    begun = time.monotonic()
    doors = platform_doors(inputs)
    page.write(doors, device_doors(inputs), time.monotonic() - begun)
    sys.stdout.write(f"{page.PAGE.name} is written\n")


def platform_doors(inputs: int) -> list[page.Door]:
    """Feed each door of the platform with its share of `inputs`."""
    found = []
    for name in NAMES:
        with Doors() as opened:
            plain = fuzz.feed(opened, name, math.ceil(inputs * MUTATED))
            built = fuzz.feed_structured(opened, name, math.ceil(inputs * STRUCTURED))
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
            found.append(fuzz.feed_device(toolchain.interpreter(build), name, wanted))
            sys.stdout.write(f"{found[-1]}\n")
    return found


if __name__ == "__main__":
    main()
