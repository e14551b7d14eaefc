"""The reaction to text that an operator types or scans while the line runs."""

from __future__ import annotations

from collections.abc import Sequence

from alink_factory.board import ports
from alink_factory.job.order import Order
from alink_factory.line import Line


def react(text: str, *, line: Line, order: Order, known: Sequence[str]) -> str:
    """Do what a typed text asks for; return the message for the operator.

    `known` are the ports in the order of their numbers. If the batch takes scans, a
    text is a serial number, and `#2` is port 2.
    """
    takes_scans = order.plan.takes_scans
    if text in ("q", "quit"):
        line.close()
        return ""
    if takes_scans and text in ("u", "undo"):
        serial = order.serials.take_back()
        return f"Took back the scan {serial}." if serial else "No scan waits for a board."
    number = text.removeprefix("#") if text.startswith("#") or not takes_scans else ""
    if number.isdecimal():
        return _again(int(number), line, known)
    if takes_scans and not number:
        return _scan(text, order)
    if takes_scans:
        return "Scan a serial number, type #2 to burn port 2 again, u to undo, or q to stop."
    return "Type the number of a port to burn its board again, or q to stop."


def _again(number: int, line: Line, known: Sequence[str]) -> str:
    if not 1 <= number <= len(known):
        return f"Port {number} does not exist: the ports are 1 to {len(known)}."
    port = known[number - 1]
    shown = ports.short(port)
    if not line.again(port):
        return f"Port {number} ({shown}) is empty: plug a board in."
    return f"Burning the board on port {number} ({shown}) again."


def _scan(serial: str, order: Order) -> str:
    if not order.plan.knows_serial(serial):
        name = order.plan.batch.name
        return f"Serial number {serial} is unknown: it is not in the batch {name}. Scan again."
    if serial in order.serials.waiting:
        return f"Serial number {serial} was scanned already: plug in its board."
    order.serials.add(serial)
    waiting = order.serials.waiting
    if len(waiting) == 1:
        return f"Scanned {serial}: plug in its board."
    return f"Scanned {serial}: it is number {len(waiting)} in the queue, after {waiting[-2]}."
