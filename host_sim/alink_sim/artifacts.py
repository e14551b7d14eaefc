"""The artifacts of a failed test, as files in one folder that a CI job can keep.

    FOLDER/test_lamp.py-test_it_comes_online/
        report.txt          the failure as pytest reports it
        events.jsonl        every event of the platform, a JSON object a line
        lamp-1.console.txt  everything that the board printed
        lamp-1.flash.bin    its flash at that moment

Texts have `***` in place of each secret that the platform knows. A flash image holds the
certificate of its board: it is that of a simulated product.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from alink_sim.board import Board
from alink_sim.platform import Platform


def save(home: Path, test: str, failure: str, platform: Platform, boards: Sequence[Board]) -> Path:
    """Write the artifacts of a test into a folder of `home`, in place of older ones; return it.

    `test` is pytest's id of the test, `failure` its report. Raises OSError.
    """
    folder = home / re.sub(r"[^\w.-]+", "-", test).strip("-")[:120]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    hide = platform.mask.hide
    (folder / "report.txt").write_text(hide(failure) + "\n", encoding="utf-8")
    events = (json.dumps(hide(event.as_json()), ensure_ascii=False) for event in platform.events())
    (folder / "events.jsonl").write_text("".join(f"{one}\n" for one in events), encoding="utf-8")
    for board in boards:
        name = re.sub(r"[^\w.-]+", "-", board.device_name)
        text = "\n".join(line.text for line in board.lines)
        (folder / f"{name}.console.txt").write_text(hide(text) + "\n", encoding="utf-8")
        shutil.copyfile(board.flash.path, folder / f"{name}.flash.bin")
    return folder
