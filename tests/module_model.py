"""A thing model with a module: as one document, and as the ZIP of the vendor's console."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

_SPEED = {"type": "int", "specs": {"min": "0", "max": "9", "unit": "rpm"}}
MOTOR: dict[str, Any] = {
    "functionBlockId": "motor",
    "functionBlockName": "Motor unit",
    "properties": [
        {"identifier": "speed", "name": "speed", "accessMode": "rw", "dataType": _SPEED},
        {"identifier": "target", "name": "state", "accessMode": "r", "dataType": _SPEED},
    ],
    "events": [
        {
            "identifier": "jam",
            "name": "jammed",
            "type": "alert",
            "outputData": [{"identifier": "at", "dataType": _SPEED}],
        }
    ],
    "services": [
        {
            "identifier": "stop",
            "callType": "async",
            "inputData": [{"identifier": "after", "dataType": _SPEED}],
            "outputData": [],
        }
    ],
}
_MAIN: dict[str, Any] = {
    "schema": "https://example.com/schema.json",
    "profile": {"productKey": "a1B2c3D4e5F"},
    "properties": [
        {"identifier": "target", "name": "target", "accessMode": "rw", "dataType": _SPEED}
    ],
    "events": [],
    "services": [],
}
LISTED = {"functionBlockId": "motor", "functionBlockName": "Motor unit"}
MODEL: dict[str, Any] = {**_MAIN, "functionBlocks": [MOTOR]}
DEFAULT: dict[str, Any] = {**_MAIN, "functionBlocks": [LISTED]}


def exported(*modules: dict[str, Any], main: dict[str, Any] = DEFAULT) -> bytes:
    """Return a ZIP of the default module's file and of the given modules' files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", json.dumps(main))
        for number, one in enumerate(modules):
            archive.writestr(f"module{number}.json", json.dumps(one))
    return content.getvalue()
