"""device.py: what has its turns beside the session. Boards run all the rest."""

import time

from alink.device import Device
from alink.errors import RefusedError, StoreError
from check import raises


class Dog:
    fed = 0

    def feed(self):
        self.fed += 1


def device(*waits):
    dog = Dog()
    made = Device(watchdog=dog, log=None)
    made._engine = iter(waits)
    return made, dog


def steps(made):
    """Step the engine as if its last wait were over."""
    made.due = time.ticks_ms()
    return made._step()


def test_early_call_does_not_shorten_a_wait():
    made, _ = device(5000, 7)
    assert made._step() == 5000
    assert 4000 < made._step() <= 5000
    assert steps(made) == 7


def test_interrupted_engine_can_be_called_again():
    for error in (KeyboardInterrupt, OSError, ValueError, SystemExit):
        made, _ = device()
        made._live = lambda: iter((9,))
        made._engine = failing(error)
        raises(error, made._step)
        assert made._step() == 9


def test_short_heap_in_the_engine_costs_a_wait():
    made, _ = device()
    made._live = lambda: iter((9,))
    made._engine = failing(MemoryError)
    assert made._step() == 10000
    assert steps(made) == 9


def test_interrupted_session_is_abandoned():
    made, _ = device()
    made._live = lambda: iter((9,))
    made._engine = failing(KeyboardInterrupt)
    made._link = AbandonedLink()
    raises(KeyboardInterrupt, made._step)
    assert made._link.abandoned


class Served(Exception):
    """The loop went on."""


class FailingLink:
    """A session whose first step raises."""

    def __init__(self, error):
        self._errors = [error]

    online = False

    def step(self):
        if self._errors:
            raise self._errors.pop()
        raise Served

    def discard(self):
        pass


def what_leaves(error, policy="retry", network=None):
    """Return the exception that ends `loop()` after this one came from the session."""
    made = Device(policy=policy, network=network, log=None)
    made._link = FailingLink(error)
    made._idle = lambda wait: setattr(made, "due", time.ticks_ms())
    try:
        made.loop()
    except BaseException as ended:
        return ended


def test_only_documented_exceptions_leave_the_loop():
    # The list in the docstring of `loop`. Session handles those of a peer, see test_session.
    for error in (StoreError("flash"), KeyboardInterrupt()):
        assert what_leaves(error) is error
    refused = RefusedError(4, "no")
    assert what_leaves(refused, "stop") is refused
    for error, policy in ((RefusedError(4, "no"), "retry"), (MemoryError(), "retry")):
        assert isinstance(what_leaves(error, policy), Served)


def test_exception_of_the_network_callable_leaves_the_loop():
    error = OSError(5)

    def network():
        raise error

    assert what_leaves(StoreError("never reached"), network=network) is error


class AbandonedLink:
    online = abandoned = False

    def discard(self):
        self.abandoned = True


def failing(error):
    raise error
    yield 0


def test_background_step_runs_until_it_returns_none():
    made, _ = device(500, 500, 500)
    turns = [900, 20, None]
    made.beside(lambda: turns.pop(0))
    assert [steps(made) for _ in range(3)] == [500, 20, 500]
    made._engine = iter((7,))
    assert steps(made) == 7
    assert turns == []


def test_ended_step_does_not_skip_the_next():
    made, _ = device(500, 500)
    made.beside(lambda: None)
    made.beside(lambda: 3)
    assert (steps(made), steps(made)) == (3, 3)


def test_watchdog_is_fed_without_time_to_wait():
    made, dog = device(0, 0)
    made._step()
    assert dog.fed == 0
    made.beside(lambda: 0)
    made._step()
    assert dog.fed == 1
