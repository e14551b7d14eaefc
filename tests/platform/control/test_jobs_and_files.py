"""`alink-sim admin job` and `alink-sim admin file`."""

from __future__ import annotations

import json
from pathlib import Path

from alink_sim.platform import Platform
from alink_sim.platform.control.state_directory import StateDir
from tests.platform.control.test_server import WHO, ask, state
from tests.platform.online import Online
from tests.platform.topics.test_file_uploads import CONTENT, begun, send
from tests.platform.wire import Party

__all__ = ["state"]

PK, DN = WHO.values()


def test_job_is_created_listed_canceled_and_removed(state: StateDir, tmp_path: Path):
    document, file = tmp_path / "job.json", tmp_path / "data.bin"
    file.write_bytes(b"data")
    document.write_text("{")
    command = ("job", "create", PK, str(document), DN, "--file", str(file), "--md5")
    assert "is not JSON" in ask(state, *command, code=2)
    document.write_text('{"action": "calibrate"}')
    made = json.loads(ask(state, *command, "--json"))
    assert made == {**made, "document": {"action": "calibrate"}, "devices": 1, "QUEUED": 1}
    assert made["job"] in ask(state, "job", "list", PK)
    assert f"{DN}       QUEUED" in ask(state, "job", "tasks", PK, made["job"])
    ask(state, "job", "cancel", PK, made["job"])
    assert "CANCELLED" in ask(state, "job", "tasks", PK, made["job"])
    ask(state, "job", "remove", PK, made["job"])
    assert ask(state, "job", "list", PK) == "none\n"
    assert "has no job" in ask(state, "job", "tasks", PK, made["job"], code=1)


def test_file_is_listed_saved_and_removed(platform: Platform, state: StateDir, tmp_path: Path):
    party = Party.of(platform.console.product(PK), platform.console.device(PK, DN))
    online = Online(platform, party)
    with online.wire:
        assert send(online, begun(online), 0, CONTENT)["code"] == 200
    assert "log.txt  768" in ask(state, "file", "list", PK, DN)
    output = tmp_path / "saved.txt"
    assert "768 bytes" in ask(state, "file", "save", PK, DN, "log.txt", str(output))
    assert output.read_bytes() == CONTENT
    ask(state, "file", "remove", PK, DN, "log.txt")
    assert ask(state, "file", "list", PK, DN) == "none\n"
