"""device.py: what has its turns beside the session. Boards run all the rest."""

from alink.device import Device


class Dog:
    fed = 0

    def feed(self):
        self.fed += 1


def device(*waits):
    dog = Dog()
    made = Device(watchdog=dog, log=None)
    made._engine = iter(waits)
    return made, dog


def test_what_runs_beside_the_session_has_its_turns_until_it_says_none():
    made, _ = device(500, 500, 500)
    turns = [900, 20, None]
    made.beside(lambda: turns.pop(0))
    assert [made._step() for _ in range(3)] == [500, 20, 500]
    made._engine = iter((7,))
    assert made._step() == 7
    assert turns == []


def test_what_ends_takes_no_turn_of_another():
    made, _ = device(500, 500)
    made.beside(lambda: None)
    made.beside(lambda: 3)
    assert (made._step(), made._step()) == (3, 3)


def test_a_watchdog_is_fed_while_there_is_no_time_to_wait():
    made, dog = device(0, 0)
    made._step()
    assert dog.fed == 0
    made.beside(lambda: 0)
    made._step()
    assert dog.fed == 1
