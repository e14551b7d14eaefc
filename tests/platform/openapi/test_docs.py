"""What docs/reference/platform.md says of the cloud API is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from alink_sim.platform.openapi.actions import ACTIONS
from tests.platform.api_calls import PK
from tests.reliability.killable import platform_process

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "platform.md"
SECTION = DOCS.read_text("utf-8").partition("\n## Cloud API\n")[2].partition("\n## ")[0]


def test_every_action_is_listed_with_its_rate() -> None:
    rows = [line for line in SECTION.splitlines() if line.startswith("| ")]
    listed = re.findall(r"\b([A-Z]\w+) (\d+)\b", "\n".join(rows))
    assert {name: int(rate) for name, rate in listed} == {
        name: action.per_second for name, action in ACTIONS.items()
    }


def test_the_snippet_runs_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "world.json").write_text(f'{{"product": [{{"key": "{PK}"}}]}}')
    snippet = SECTION.partition("```python\n")[2].partition("```")[0]
    environment = {name: one for name, one in os.environ.items() if "PROXY" not in name.upper()}
    with platform_process(tmp_path / "lab", f"sqlite:///{tmp_path}/lab/platform.db"):
        done = subprocess.run(
            [sys.executable, "-c", snippet],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("True dev-2\n", "")
