"""Device jobs: documents that the cloud gives to many devices, and reports of the progress.

docs/reference/protocol.md, "Device jobs". A task is the part of this device in a job.
"""

import json

from . import heap

compact = heap.load("envelope", True).compact

_CLOUD_ENDED = ("CANCELLED", "REMOVED")
_OPEN = "IN_PROGRESS"


class Jobs:
    """The tasks of one device."""

    def __init__(self, device, on_task):
        """`on_task(task)` is called once for each task: {"taskId", "status", "jobDocument",
        "jobFile"}; the file is there if the job has one. It is called again if the cloud ends the
        task: the status is then CANCELLED or REMOVED.
        """
        self._device = device
        self._on_task = on_task
        self._known = []  # Ids of the tasks that the application has.
        device.subscribe("thing/job/notify", self._notified)
        device.when_online(self.ask)

    def ask(self):
        """Ask for the oldest unfinished task; each session begins with this."""
        self._device.request("job/get", {"taskId": "$next"}, 0, self._answered)

    def update(self, task_id, status, progress=0, details=None, on_reply=None):
        """Report IN_PROGRESS, SUCCEEDED, FAILED or REJECTED, and a progress of 0 to 100.

        `details` is a dict of your choice. The next task is asked for once a task has ended.
        """
        params = {"taskId": task_id, "status": status, "progress": progress}
        if details:
            params["statusDetails"] = details
        number = self._device.request("job/update", params, 0, on_reply)
        if status != _OPEN:
            self._forget(task_id)
            self.ask()
        return number

    def _notified(self, topic, payload):
        body = json.loads(payload)
        self._device.publish(
            topic + b"_reply", compact({"id": body["id"], "code": 200, "data": {}})
        )
        self._take(body["params"]["task"])

    def _answered(self, code, data, message):
        if code == 200 and "task" in data:
            self._take(data["task"])

    def _take(self, task):
        number = task["taskId"]
        if task["status"] in _CLOUD_ENDED:
            self._forget(number)
        elif number in self._known:
            return
        else:
            self._known.append(number)
        self._on_task(task)

    def _forget(self, number):
        if number in self._known:
            self._known.remove(number)
