"""Typed and scanned text: scans, undo, ports and the end of the line."""

from __future__ import annotations

import types
from typing import Any, cast

import pytest

from alink_factory.line import Line
from alink_factory.screen.typed_text import react
from tests.factory.workshop import Workshop

PORTS = ["/dev/ttyUSB0", "/dev/ttyUSB1"]
LISTED = {"rows": "SerialNumber\n1001\n1002\n", "naming": 'scheme = "scan"'}


class Terminal:
    """A batch with a line that records its calls."""

    def __init__(self, workshop: Workshop, **batch: object) -> None:
        self.order = workshop.order(workshop.plan(**batch))
        self.calls: list[str] = []
        line: Any = types.SimpleNamespace(
            close=lambda: self.calls.append("close"), again=self._again
        )
        self._line = cast("Line", line)

    def _again(self, port: str) -> bool:
        self.calls.append(port)
        return port == PORTS[1]

    def type(self, text: str) -> str:
        return react(text, line=self._line, order=self.order, known=PORTS)


def test_scans_wait_in_a_queue(workshop):
    terminal = Terminal(workshop, **LISTED)
    assert terminal.type("1001") == "Scanned 1001: plug in its board."
    says = "Scanned 1002: it is number 2 in the queue, after 1001."
    assert terminal.type("1002") == says
    assert terminal.order.serials.waiting == ("1001", "1002")


def test_scan_can_be_undone(workshop):
    terminal = Terminal(workshop, **LISTED)
    terminal.type("1001")
    assert terminal.type("u") == "Took back the scan 1001."
    assert terminal.type("u") == "No scan waits for a board."


def test_unknown_scan_is_not_queued(workshop):
    terminal = Terminal(workshop, **LISTED)
    assert "Serial number 9999 is unknown" in terminal.type("9999")
    assert terminal.order.serials.waiting == ()


def test_repeated_scan_is_queued_once(workshop):
    terminal = Terminal(workshop, **LISTED)
    terminal.type("1001")
    assert "was scanned already" in terminal.type("1001")
    assert terminal.order.serials.waiting == ("1001",)


@pytest.mark.parametrize("batch", [LISTED, {"rows": "DeviceName\nlamp-0001\n"}])
def test_q_stops_the_line_in_any_batch(workshop, batch):
    terminal = Terminal(workshop, **batch)
    assert terminal.type("q") == ""
    assert terminal.calls == ["close"]


@pytest.mark.parametrize(
    ("batch", "text"), [(LISTED, "#2"), ({"rows": "DeviceName\nlamp-0001\n"}, "2")]
)
def test_port_number_burns_the_port_again(workshop, batch, text):
    terminal = Terminal(workshop, **batch)
    assert terminal.type(text) == "Burning the board on port 2 (ttyUSB1) again."
    assert terminal.calls == ["/dev/ttyUSB1"]


def test_empty_port_is_not_burned_again(workshop):
    terminal = Terminal(workshop, **LISTED)
    assert terminal.type("#1") == "Port 1 (ttyUSB0) is empty: plug a board in."
    assert terminal.type("#3") == "Port 3 does not exist: the ports are 1 to 2."
    assert terminal.calls == ["/dev/ttyUSB0"]


@pytest.mark.parametrize("naming", ['scheme = "given"', 'scheme = "scan"'])
def test_serial_column_takes_scans(workshop, naming):
    rows = "DeviceName,SerialNumber\nlamp-0001,1001\n"
    terminal = Terminal(workshop, rows=rows, naming=naming)
    assert terminal.type("1001") == "Scanned 1001: plug in its board."
