# Task and TaskQueue of asyncio, by the board's clock (the firmware's are written in C).
from time import ticks_diff, ticks_ms

core = None  # asyncio.core, once it has imported this.


class TaskQueue:
    def __init__(self):
        self._tasks = []  # The next one last.

    def peek(self):
        return self._tasks[-1] if self._tasks else None

    def pop(self):
        return self._tasks.pop()

    def push(self, task, at=None):
        task.data = None
        task.ph_key = ticks_ms() if at is None else at
        place = len(self._tasks)
        while place and ticks_diff(task.ph_key, self._tasks[place - 1].ph_key) >= 0:
            place -= 1
        self._tasks.insert(place, task)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    # `state`: True while running, a TaskQueue while others await it, None or False when done.
    # `data`: what it waits on (a Task or a queue), or the exception it has ended with.
    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        self.state.push(core.cur_task)
        core.cur_task.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        if self is core.cur_task:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            core._task_queue.push(task)
        elif ticks_diff(task.ph_key, ticks_ms()) > 0:
            core._task_queue.remove(task)
            core._task_queue.push(task)
        task.data = core.CancelledError
        return True
