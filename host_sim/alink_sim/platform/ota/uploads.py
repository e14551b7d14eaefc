"""Files of packages on their way in: a form as OSS's PostObject takes it.

docs/reference/protocol.md, "OTA". A file is deleted after an hour unless a package contains it.
"""

from __future__ import annotations

import secrets
from functools import partial

from alink_sim.platform.core import Core
from alink_sim.platform.ota import alarms, packages
from alink_sim.platform.state.ota_bucket import moment
from alink_sim.platform.state.ota_registry import is_of_package

_GOOD = 60.0  # Seconds for the upload.
KEPT = 3600.0  # Seconds until a package has to be made of it.


def ticket(core: Core, suffix: str) -> dict[str, str]:
    """Return the fields of a form that puts a file with a suffix, good for a minute."""
    key = f"ota/{secrets.token_hex(16)}/{secrets.token_hex(12)}.{suffix}"
    policy = core.bucket.policy(key, until=moment(core.clock.time() + _GOOD))
    return {
        "key": key,
        "OSSAccessKeyId": core.bucket.key_id,
        "policy": policy,
        "Signature": core.bucket.sign(policy),
    }


def put(core: Core, key: str, data: bytes) -> None:
    """Lay a file into the bucket, for as long as a package may be made of it."""
    packages.put(core.upgrades, key, data)
    core.note("ota_uploaded", path=key, size=len(data))
    alarms.at(core, core.clock.time() + KEPT, partial(drop_unused, core, key))


def drop_unused(core: Core, key: str) -> None:
    """Forget a file that no package has."""
    upgrades = core.upgrades
    used = {file.key for one in upgrades.firmwares.values() for file in one.files}
    if key in upgrades.contents and key not in used and is_of_package(key):
        upgrades.remove(upgrades.contents[key])
