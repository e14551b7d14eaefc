"""jobs.py: tasks from a notice and from a request, once each; reports of their progress."""

from alink.jobs import Jobs
from online import BASE, Device

TASK = {"taskId": "t1", "status": "SENT", "jobDocument": {"a": 1}}


class World:
    def __init__(self):
        self.device = Device()
        self.tasks = []
        self.jobs = Jobs(self.device, self.tasks.append)

    def notify(self, task):
        self.device.hear(BASE + "job/notify", {"id": "9", "params": {"task": task}})

    def answer(self, data, number):
        body = {"id": str(number), "code": 200, "data": data, "message": "success"}
        self.device.hear(BASE + "job/get_reply", body)


def test_session_begins_with_the_oldest_task():
    world = World()
    topic, body = world.device.last()
    assert (topic, body["params"]) == (BASE + "job/get", {"taskId": "$next"})
    world.answer({"taskId": "$next", "task": TASK}, 1)
    assert world.tasks == [TASK]
    world.device.begin_session()
    world.jobs.ask()
    world.answer({"taskId": "$next"}, 2)
    assert world.tasks == [TASK]


def test_notified_task_is_acknowledged_and_given_once():
    world = World()
    world.notify(TASK)
    assert world.device.sent(BASE + "job/notify_reply", b'{"id":"9","code":200,"data":{}}')
    world.answer({"taskId": "$next", "task": TASK}, 1)
    world.notify(TASK)
    assert world.tasks == [TASK]
    ended = {"taskId": "t1", "status": "CANCELLED", "jobDocument": {}}
    world.notify(ended)
    assert world.tasks == [TASK, ended]
    world.notify(TASK)
    assert len(world.tasks) == 3


def test_ended_task_leads_to_the_next_request():
    world = World()
    world.notify(TASK)
    world.jobs.update("t1", "IN_PROGRESS", 50, {"step": "2"})
    topic, body = world.device.last()
    assert topic == BASE + "job/update"
    assert body["params"] == {
        "taskId": "t1",
        "status": "IN_PROGRESS",
        "progress": 50,
        "statusDetails": {"step": "2"},
    }
    world.jobs.update("t1", "SUCCEEDED", 100)
    topic, body = world.device.last()
    assert (topic, body["params"]) == (BASE + "job/get", {"taskId": "$next"})
