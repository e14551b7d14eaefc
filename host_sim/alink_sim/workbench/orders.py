"""The orders that a person types while boards run, such as `pin 4 1`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from alink_formats.tables import nearest
from alink_sim.board import Board, BoardError, Wifi
from alink_sim.clock import ManualClock
from alink_sim.platform.control.client import RefusedRequestError
from alink_sim.platform.control.state_directory import StateError
from alink_sim.workbench.fleet import Fleet
from alink_sim.workbench.world import World

HELP = """\
pin 4            show the level of a pin          pin 4 1         set it: 0, 1 or float
adc 34 1.2       set the volts on a pin           uart 2 TEXT     send a text line
wifi off         the access point is off          wifi on         and back
wifi mute        the line behind it is cut        wifi weak       each read and write is late
wifi captive     a portal answers, not the cloud  wifi dhcp 5     the address comes 5 s late
wifi network home secret    the network in range; boards have home and password
cloud set target=21      set a property           cloud call NAME {"a": 1}   call a service
cloud show       show the properties              clock +1d       advance the clock: s m h d
reset            press the reset button           download        with BOOT held, for esptool
power off        take the power away              power on        and back
expect TEXT      wait until a board prints TEXT
@board-2 ORDER   one board instead of all         quit
Ctrl-C           the REPL of the first board, Ctrl-D starts main.py again, Ctrl-X returns here
"""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STATES: Mapping[str, Callable[[Wifi], None]] = {
    "off": Wifi.off,
    "on": Wifi.on,
    "mute": Wifi.mute,
    "weak": Wifi.weaken,
    "captive": Wifi.captive,
}
_SETTING = re.compile(r"(pin|adc)(\d+)=(\S+)")


class OrderError(Exception):
    """An order cannot be carried out; the text names the allowed form."""


class ExpectationError(OrderError):
    """A board did not print the text of an order `expect`."""


class Orders:
    """Carry out orders on the boards and the platform of a run."""

    def __init__(self, fleet: Fleet, world: World, clock: ManualClock | None) -> None:
        """`clock` is None if it cannot be advanced."""
        self._fleet = fleet
        self._world = world
        self._clock = clock

    def run(self, text: str) -> str:
        """Carry out an order; return its reply, "" for none. Raises OrderError."""
        boards = self._fleet.boards
        word, _, rest = text.strip().partition(" ")
        if word.startswith("@"):
            boards = [board for board in boards if board.device_name == word[1:]]
            if not boards:
                names = ", ".join(board.device_name for board in self._fleet.boards)
                raise OrderError(f"board is {word[1:]!r}; the boards are {names}")
            word, _, rest = rest.strip().partition(" ")
        order = self._orders.get(word)
        if order is None:
            raise OrderError(f"order is {word!r}; {nearest(word, (*self._orders, 'quit'))}")
        try:
            return order(self, boards, rest.split()) or ""
        except IndexError as error:
            raise OrderError(f"{text.strip()!r} lacks a word; type `help` for the form") from error
        except (BoardError, RefusedRequestError, StateError, TypeError, ValueError) as error:
            raise OrderError(str(error)) from error

    def set(self, setting: str) -> None:
        """Carry out an option --set, such as pin4=1 or adc34=1.2. Raises OrderError."""
        found = _SETTING.fullmatch(setting)
        if not found:
            raise OrderError(f"setting is {setting!r}; write pin4=1 or adc34=1.2")
        self.run(" ".join(found.groups()))

    def _pin(self, boards: list[Board], words: list[str]) -> str:
        number = _pin_number(words[0])
        if len(words) > 1:
            levels = {"0": 0, "1": 1, "float": None}
            if words[1] not in levels:
                raise OrderError(f"level is {words[1]!r}; use 0, 1 or float")
            for board in boards:
                board.pin(number).set(levels[words[1]])
            return ""
        return "\n".join(
            f"{board.device_name}: pin {number} is {board.pin(number).level}" for board in boards
        )

    def _adc(self, boards: list[Board], words: list[str]) -> None:
        number, volts = _pin_number(words[0]), _number("volts", words[1], "1.2")
        for board in boards:
            board.adc(number).set_volts(volts)

    def _uart(self, boards: list[Board], words: list[str]) -> None:
        for board in boards:
            board.uart(_pin_number(words[0])).send((" ".join(words[1:]) + "\r\n").encode())

    def _expect(self, boards: list[Board], words: list[str]) -> None:
        text = " ".join((words[0], *words[1:]))
        for board in boards:
            try:
                board.expect(text)
            except BoardError as error:
                raise ExpectationError(str(error)) from error

    def _power(self, boards: list[Board], words: list[str]) -> None:
        del boards
        if words == ["off"]:
            self._fleet.power_off()
        elif words == ["on"]:
            self._fleet.power_on()
        else:
            raise OrderError("write `power on` or `power off`")

    def _reset(self, boards: list[Board], words: list[str]) -> None:
        del words
        for board in boards:
            self._fleet.reset(board)

    def _download(self, boards: list[Board], words: list[str]) -> str:
        del words
        return self._fleet.download(boards[0])

    def _advance(self, boards: list[Board], words: list[str]) -> None:
        del boards
        found = re.fullmatch(r"\+(\d+(?:\.\d+)?)([smhd])", words[0]) if words else None
        if not found:
            raise OrderError("write `clock +90s`, `+5m`, `+2h` or `+1d`")
        if self._clock is None:
            raise OrderError(
                "this clock cannot be advanced: run up to 8 boards, without --platform"
            )
        self._clock.advance(float(found[1]) * _UNITS[found[2]])

    def _wifi(self, boards: list[Board], words: list[str]) -> None:
        word, *rest = words or [""]
        for board in boards:
            if word in _STATES and not rest:
                _STATES[word](board.wifi)
            elif word == "dhcp" and len(rest) == 1:
                board.wifi.delay_dhcp(_number("the delay", rest[0], "5, for 5 seconds"))
            elif word == "network" and len(rest) in (1, 2):
                board.wifi.set_network(rest[0], " ".join(rest[1:]))
            else:
                states = ", ".join(_STATES)
                raise OrderError(
                    f"write `wifi STATE`, `wifi dhcp SECONDS` or `wifi network SSID PASSWORD`; "
                    f"the states are {states}"
                )

    def _cloud(self, boards: list[Board], words: list[str]) -> str:
        kind, *rest = words or [""]
        if kind not in ("set", "call", "show"):
            raise OrderError(
                "write `cloud set NAME=VALUE`, `cloud call NAME JSON` or `cloud show`"
            )
        replies = []
        for board in boards:
            where = {
                "product_key": self._fleet.product_key,
                "device_name": board.device_name,
            }
            if kind == "set":
                values = dict(map(_assignment, rest))
                self._world.operate("cloud.set_properties", **where, values=values)
            elif kind == "call":
                arguments = _inputs(" ".join(rest[1:]) or "{}")
                self._world.operate(
                    "cloud.call_service", **where, service=rest[0], inputs=arguments
                )
            else:
                properties = self._world.operate("console.device", **where)["properties"]
                replies.append(f"{board.device_name}: {json.dumps(properties)}")
        return "\n".join(replies)

    _orders: Mapping[str, Callable[..., str | None]] = {
        "adc": _adc,
        "clock": _advance,
        "cloud": _cloud,
        "download": _download,
        "expect": _expect,
        "help": lambda *_: HELP.rstrip(),
        "pin": _pin,
        "power": _power,
        "reset": _reset,
        "uart": _uart,
        "wifi": _wifi,
    }


def _number(what: str, text: str, example: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise OrderError(f"{what} is {text!r}; write a number, such as {example}")
    return value


def _pin_number(text: str) -> int:
    # Return the number of a pin or a UART.
    if not re.fullmatch("[0-9]+", text):
        raise OrderError(f"the number is {text!r}; write that of a pin or a UART, such as 4")
    return int(text)


def _inputs(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise OrderError(f'the inputs are {text!r}; write JSON, such as {{"a": 1}}') from error


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise OrderError(f"value is {text!r}; write NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
