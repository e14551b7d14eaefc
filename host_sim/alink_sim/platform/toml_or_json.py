"""A file that people write: TOML, or JSON of the same shape where its name says so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from alink_sim import bounded_json
from alink_sim.nearby import reason


def load(path: Path, error: type[ValueError]) -> Any:
    """Return the parsed document of a file. Raises `error` with the file and the mistake."""
    form = "JSON" if path.suffix == ".json" else "TOML"
    try:
        text = path.read_text(encoding="utf-8-sig")
        return bounded_json.loads(text) if form == "JSON" else tomllib.loads(text)
    except OSError as problem:
        raise error(f"{path} cannot be read: {reason(problem, path)}") from problem
    except (ValueError, RecursionError) as problem:
        raise error(f"{path} is not {form}: {problem}") from problem
