"""Send one document to the MES: an HTTP POST, or a program that reads it."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from alink_factory.batch import board_tests, secret
from alink_factory.batch.batch_file import MesHook

Send = Callable[[dict[str, Any]], None]

_REFUSED = 65  # EX_DATAERR: a program refuses the document itself.
_LATER = (408, 425, 429)  # Codes of 400 to 499 that ask for another attempt.


class UnavailableError(Exception):
    """The MES cannot take documents now: send this one again later."""


class RefusedDocumentError(Exception):
    """The MES refused this document: another attempt cannot help."""


def sender(hook: MesHook, folder: Path) -> Send:
    """Return the function that sends a document. Raises BatchError for an unreadable secret."""
    if hook.program:
        return lambda document: _to_program(hook, folder, document)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if hook.authorization:
        what = "mes.authorization"
        headers["Authorization"] = secret.read(hook.authorization, what=what, folder=folder)
    return lambda document: _post(hook, headers, document)


def _post(hook: MesHook, headers: dict[str, str], document: dict[str, Any]) -> None:
    data = json.dumps(document, ensure_ascii=False).encode()
    request = urllib.request.Request(hook.url, data, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=hook.timeout):
            return
    except urllib.error.HTTPError as error:
        sentence = f"{hook.url} returned {error.code} {error.reason}"
        if 400 <= error.code < 500 and error.code not in _LATER:
            raise RefusedDocumentError(sentence) from error
        raise UnavailableError(sentence) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UnavailableError(f"{hook.url} cannot be reached ({reason})") from error


def _to_program(hook: MesHook, folder: Path, document: dict[str, Any]) -> None:
    first, *rest = hook.program
    try:
        done = subprocess.run(
            [board_tests.executable(first, folder) or first, *rest],
            input=json.dumps(document, ensure_ascii=False).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=hook.timeout,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{first} took longer than {hook.timeout:g} s") from error
    except OSError as error:
        raise UnavailableError(f"{first} cannot be started ({error.strerror})") from error
    if not done.returncode:
        return
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    sentence = f"{first} ended with exit code {done.returncode}"
    sentence += f': "{said[-1][:80]}"' if said else ""
    if done.returncode == _REFUSED:
        raise RefusedDocumentError(sentence)
    raise UnavailableError(sentence)
