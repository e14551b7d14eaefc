# A device job {"action": "upload"} sends the board's log file to the platform.
import os

from alink import Device
from alink.errors import RefusedError, TransportError
from alink.file_upload import upload
from alink.jobs import Jobs

LOG = "/log.txt"

with open(LOG, "w") as file:
    file.write("started\n" * 100)


def carry_out(task):
    if task["status"] in ("CANCELLED", "REMOVED"):
        return
    if task["jobDocument"].get("action") != "upload":
        jobs.update(task["taskId"], "REJECTED", 0, {"reason": "unknown action"})
        return
    jobs.update(task["taskId"], "IN_PROGRESS")
    try:
        with open(LOG, "rb") as file:
            for ms in upload(device, "log.txt", file, os.stat(LOG)[6]):
                device.poll(ms)
    except (OSError, RefusedError) as error:
        jobs.update(task["taskId"], "FAILED", 0, {"reason": str(error)})
    else:
        jobs.update(task["taskId"], "SUCCEEDED", 100)


tasks = []
device = Device.from_flash()
jobs = Jobs(device, tasks.append)
device.connect()

while True:
    device.poll(200)
    if tasks:
        try:
            carry_out(tasks[0])
            tasks.pop(0)
        except TransportError:
            pass  # The session has ended; the next one begins again with this task.
