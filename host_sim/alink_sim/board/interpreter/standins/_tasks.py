# Task and TaskQueue of asyncio on the board's clock (those of the firmware are C code).
from time import ticks_diff, ticks_ms

core = None  # asyncio.core sets this after its import.


class TaskQueue:
    def __init__(self):
        self._tasks = []  # The last one runs next.

    def peek(self):
        return self._tasks[-1] if self._tasks else None

    def pop(self):
        return self._tasks.pop()

    def push(self, task, at=None):
        task.data = None
        task.ph_key = ticks_ms() if at is None else at
        index = len(self._tasks)
        while index and ticks_diff(task.ph_key, self._tasks[index - 1].ph_key) >= 0:
            index -= 1
        self._tasks.insert(index, task)

    def remove(self, task):
        self._tasks.remove(task)


class Task:
    # `state`: True while it runs, a TaskQueue while others await it, None or False after its end.
    # `data`: the Task or queue that it waits on, or the exception that ended it.
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
