"""Files of packages on their way in: a form as OSS's PostObject takes it.

docs/reference/protocol.md, "OTA". What no package was made of within an hour is gone again.
"""

from __future__ import annotations

import secrets
from functools import partial

from aiohttp import web

from alink_sim.platform.core import Core
from alink_sim.platform.ota import alarms, packages
from alink_sim.platform.ota.refusals import moment, refusal
from alink_sim.platform.state.ota_bucket import ForbiddenError

_GOOD = 60.0  # Seconds for the upload.
KEPT = 3600.0  # Seconds until a package has to be made of it.
_STATUSES = ("200", "201", "204")


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


async def answer(core: Core, request: web.Request) -> web.Response:
    """Take a form in; its file is at rest by the answer."""
    try:
        posted = await request.post()
    except ValueError:
        text = "The body is not well-formed multipart/form-data."
        return refusal(core, request, 400, "MalformedPOSTRequest", text)
    form = {name: value for name, value in posted.items() if isinstance(value, str)}
    file = posted.get("file")
    if not isinstance(file, web.FileField):
        return refusal(core, request, 400, "InvalidArgument", "The form has no file.")
    data = file.file.read()
    try:
        core.bucket.check_form(form, size=len(data), now=moment(core.clock.time()))
    except ForbiddenError as error:
        core.note("ota_upload_refused", reason=f"{error.code}: {error.message}")
        return refusal(core, request, 403, error.code, error.message)
    packages.put(core.upgrades, form["key"], data)
    core.note("ota_uploaded", path=form["key"], size=len(data))
    alarms.at(core, core.clock.time() + KEPT, partial(drop_unused, core, form["key"]))
    await core.commits.settled()
    wanted = form.get("success_action_status")
    return web.Response(status=int(wanted) if wanted in _STATUSES else 204)


def drop_unused(core: Core, key: str) -> None:
    """Forget a file that no package has."""
    upgrades = core.upgrades
    used = {file.key for one in upgrades.firmwares.values() for file in one.files}
    if key in upgrades.contents and key not in used:
        upgrades.remove(upgrades.contents[key])
