"""Boards come and go on ports: when a port is burned, and when it is free again."""

from __future__ import annotations

import errno
import threading
import types
from typing import Any, cast

import pytest

from alink_factory import line
from alink_factory.board import ports
from alink_factory.job import job
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome, Progress
from alink_factory.job.serials import Serials
from alink_factory.ledger import TakenRows
from alink_factory.line import Line
from tests.waiting import PATIENCE, eventually


class Display:
    """Records the calls of the line."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.ports: list[str] = []  # In the order of their first step.
        self.heard = threading.Condition()

    def progress(self, progress: Progress) -> None:
        if progress.port not in self.ports:
            self.ports.append(progress.port)

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        self._add("last" if is_last else "again", outcome.port)

    def gone(self, port: str) -> None:
        self._add("gone", port)

    def count(self, count: line.Count) -> None:
        """Ignore the count."""

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        self._add("closing", "")

    def until(self, what: str, times: int = 1) -> None:
        with self.heard:
            done = self.heard.wait_for(
                lambda: [told for told, _ in self.told].count(what) >= times, timeout=PATIENCE
            )
        assert done, self.told

    def _add(self, what: str, port: str) -> None:
        with self.heard:
            self.told.append((what, port))
            self.heard.notify_all()


@pytest.fixture
def bench(monkeypatch):
    """A line whose jobs wait for `go` and end as `results` say, on ports of `there`."""
    made = types.SimpleNamespace(there=[], go=threading.Semaphore(0), results=[], jobs=0, looks=0)

    def burn(_order: Any, port: str, *, report: Any) -> Outcome:
        del report
        made.jobs += 1
        made.go.acquire()
        return Outcome(port, made.results.pop(0))

    monkeypatch.setattr(job, "burn", burn)
    monkeypatch.setattr(line, "_PAUSE", 0.01)
    made.display = Display()

    def present() -> list[str]:
        made.looks += 1
        return list(made.there)

    order = _order()
    made.serials = order.serials
    made.line = Line(order, present, made.display)
    thread = threading.Thread(target=made.line.run)
    thread.start()
    yield made
    made.line.close()
    made.go.release(99)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def _order() -> Order:
    plan = types.SimpleNamespace(batch=types.SimpleNamespace(name="b"), burnable=tuple(range(9)))
    taken = TakenRows(lambda _: (), ())
    order = types.SimpleNamespace(
        plan=plan, taken=taken, stop=threading.Event(), serials=Serials()
    )
    return cast("Order", order)


def test_board_that_stays_is_burned_once(bench):
    bench.results += ["done", "done"]
    bench.there.append("tty1")
    bench.go.release()
    bench.display.until("last")
    bench.there.append("tty2")
    bench.go.release()
    bench.display.until("last", times=2)
    assert bench.jobs == 2


def test_ports_keep_their_order(bench):
    bench.results += ["done"] * 4
    bench.there += ["tty3", "tty1", "tty2", "tty4"]
    bench.go.release(4)
    bench.display.until("last", times=4)
    assert bench.display.ports == ["tty3", "tty1", "tty2", "tty4"]


def test_failure_to_start_programs_stops_line(monkeypatch):
    def burn(*_: Any, **__: Any) -> Outcome:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(job, "burn", burn)
    display = Display()
    with pytest.raises(OSError, match="Too many open files"):
        Line(_order(), lambda: ["tty1", "tty2"], display).run()
    assert ("closing", "") in display.told


def test_scanned_number_stays_for_next_attempt(bench):
    bench.serials.add("1001")
    bench.serials.add("1002")
    assert bench.serials.take("tty1") == "1001"  # As the job of its board would.
    bench.results += ["failed", "done"]
    bench.there.append("tty1")
    bench.go.release()
    bench.display.until("again")
    assert bench.serials.take("tty1") == "1001"
    bench.go.release()
    bench.display.until("last")
    assert bench.serials.take("tty1") == "1002"


def test_pulled_cable_frees_port_after_its_outcome(bench):
    bench.results += ["failed", "done"]
    bench.there.append("tty1")
    eventually(lambda: bench.jobs == 1)
    bench.there.clear()
    looks = bench.looks
    eventually(lambda: bench.looks > looks + 2)  # The line has seen that it is gone.
    bench.go.release()
    bench.display.until("gone")
    assert bench.display.told == [("last", "tty1"), ("gone", "tty1")]
    bench.there.append("tty1")
    bench.go.release()
    bench.display.until("last", times=2)


def test_failed_board_is_retried_while_plugged_in(bench):
    bench.results += ["failed", "failed", "done"]
    bench.there.append("tty1")
    bench.go.release(3)
    bench.display.until("last")
    assert [told for told, _ in bench.display.told] == ["again", "again", "last"]


def test_port_is_burned_again_on_request(bench):
    bench.results += ["done", "already"]
    bench.there.append("rfc2217://10.0.0.7:4000")
    bench.go.release()
    bench.display.until("last")
    assert bench.line.again("rfc2217://10.0.0.7:4000")
    assert not bench.line.again("tty9")
    bench.go.release()
    bench.display.until("last", times=2)


def test_named_ports_are_devices_or_addresses(tmp_path):
    path = tmp_path / "ttyUSB0"
    present = ports.named(["", str(tmp_path), str(path), "socket://h:1"])
    assert present() == ["socket://h:1"]
    path.touch()
    assert present() == ["socket://h:1"]
    path.unlink()
    path.symlink_to("/dev/tty")
    assert present() == [str(path), "socket://h:1"]


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("/dev/serial/by-id/usb-Silicon_Labs", "usb-Silicon_Labs"),
        ("rfc2217://10.0.0.7:4000?ign_set_control", "10.0.0.7:4000"),
    ],
)
def test_a_tile_has_a_short_name(port, name):
    assert ports.short(port) == name
