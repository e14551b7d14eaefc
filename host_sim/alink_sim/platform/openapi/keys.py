"""Access keys, which sign calls of the cloud API: each state directory has one."""

from __future__ import annotations

import json
import os
import re
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path

from alink_sim import bounded_json

FILE = "access-key.json"

_LETTERS = string.ascii_letters + string.digits
_FORM = re.compile(r"[\x21-\x7e]{1,128}")


class AccessKeyError(ValueError):
    """An access key cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class AccessKey:
    """An access key: its id is public. Raises AccessKeyError."""

    id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, value in (("id", self.id), ("secret", self.secret)):
            if not _FORM.fullmatch(value):
                raise AccessKeyError(
                    f"the {name} of an access key takes 1 to 128 printable characters without "
                    "blanks"
                )


def made() -> AccessKey:
    """Return a new one, which looks like a real one."""
    return AccessKey("LTAI5t" + _text(18), _text(30))


def served_before(folder: Path | None) -> str:
    """Return why a state folder must have a database, "" where it need not."""
    if folder is None or not (folder / FILE).exists():
        return ""
    return f"{folder} has been served before (it holds an access key)"


def kept(folder: Path) -> AccessKey:
    """Return the access key of a folder; create it, readable by its owner only, if missing.

    Raises AccessKeyError for a file that holds none.
    """
    path = folder / FILE
    try:
        document = bounded_json.loads(path.read_text("utf-8-sig"))
        return AccessKey(document["AccessKeyId"], document["AccessKeySecret"])
    except FileNotFoundError:
        key = made()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"AccessKeyId": key.id, "AccessKeySecret": key.secret}, file)
        return key
    except (ValueError, KeyError, TypeError) as error:
        raise AccessKeyError(
            f"{path} holds no access key: remove it, and a new one is made"
        ) from error


def _text(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
