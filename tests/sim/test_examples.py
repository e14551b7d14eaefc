"""The program of examples/ as it stands, on the real interpreter."""

from __future__ import annotations

from pathlib import Path

from tests.sim.conftest import Rig

PROGRAM = (Path(__file__).resolve().parents[2] / "examples" / "job_upload.py").read_text("utf-8")


def test_job_uploads_a_file(rig: Rig) -> None:
    with rig.board("dev-1", main=PROGRAM) as board:
        board.power_on()
        rig.platform.expect("online")
        cloud, who = rig.platform.cloud, (rig.product_key, "dev-1")
        job = cloud.create_job(who[0], [who[1]], {"action": "upload"})
        rig.platform.expect("job_task", job=job.id, status="SUCCEEDED")
        assert cloud.file(*who, "log.txt") == b"started\n" * 100
        other = cloud.create_job(who[0], [who[1]], {"action": "dance"})
        rig.platform.expect("job_task", job=other.id, status="REJECTED")
        [task] = cloud.job_tasks(who[0], other.id)
        assert task.details == {"reason": "unknown action"}
        board.power_off()
        late = cloud.create_job(who[0], [who[1]], {"action": "upload"})
        board.power_on()
        rig.platform.expect("job_task", job=late.id, status="SUCCEEDED")
