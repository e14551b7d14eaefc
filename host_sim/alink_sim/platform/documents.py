"""A file that people write: TOML, or JSON of the same shape where its name says so."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any


def load(path: Path, error: type[ValueError]) -> Any:
    """Return the parsed document of a file. Raises `error` naming the file and what is wrong."""
    form = "JSON" if path.suffix == ".json" else "TOML"
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if form == "JSON" else tomllib.loads(text)
    except OSError as problem:
        raise error(f"{path} cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise error(f"{path} is not {form}: {problem}") from problem
