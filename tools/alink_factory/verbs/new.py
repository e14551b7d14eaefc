"""The verb `new`: it asks what a batch needs and writes its files."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from alink_factory import language
from alink_factory.errors import BatchError
from alink_factory.verbs import output

_SECRET = "ProductSecret (Enter: each board gets its own DeviceSecret from the cloud)"  # noqa: S105  a prompt

_PIN = "Supervisor's PIN for --fresh, wipe, scrap and another ledger (Enter: none)"


def add_to(app: typer.Typer) -> None:
    """Give the program its verb."""
    app.command()(new)


def new(
    folder: Annotated[Path, typer.Argument(help="The folder for the files.")] = Path(),
    *,
    name: Annotated[str, typer.Option(help="Name of the batch and of its files.")] = "",
    product_key: Annotated[str, typer.Option(help="The ProductKey.")] = "",
    region: Annotated[str, typer.Option(help="The region, as cn-shanghai.")] = "",
    board: Annotated[str, typer.Option(help="A folder of boards/.")] = "",
    layout: Annotated[str, typer.Option(help="factory or stock.")] = "",
    scheme: Annotated[str, typer.Option(help="given, scan, counter or board.")] = "",
    prefix: Annotated[str, typer.Option(help="Start of each DeviceName.")] = "",
    count: Annotated[int, typer.Option(help="Number of boards, without a CSV.")] = 0,
    image: Annotated[str, typer.Option(help="A MicroPython image, or none.")] = "",
) -> None:
    """Ask what a batch needs. Write its file, a CSV template and the secret."""
    from alink_factory.batch import new_batch
    from alink_formats import board as boards
    from alink_formats import rules
    from alink_formats.sources import boards_dir

    known = sorted(path.name for path in boards_dir().iterdir() if path.is_dir())
    name = _asked(name, "Name of the batch", _is_name)
    for end in ("toml", "csv", "secret"):
        if (folder / f"{name}.{end}").exists():
            raise BatchError(f"{folder / f'{name}.{end}'} exists: choose another name")
    product_key = _asked(product_key, "ProductKey", _field("product_key"))
    region = _asked(region, "Region", _one_of(rules.REGIONS), default="cn-shanghai")
    secret = _hidden(_SECRET)
    while secret and (wrong := rules.mistake("product_secret", secret)):
        output.say(f"ProductSecret {wrong}")
        secret = _hidden(_SECRET)
    board = _asked(board, "Board", _one_of(known), default="ESP32_GENERIC")
    layouts = sorted(boards.load(boards_dir() / board).layouts)
    layout = _asked(layout, "Layout", _one_of(layouts), default=layouts[0])
    if not scheme:
        for one, what in new_batch.SCHEMES.items():
            typer.echo(f"  {one:8} {language.text(what)}")
    schemes = tuple(new_batch.SCHEMES)
    scheme = _asked(scheme, "DeviceNames", _one_of(schemes), default="given")
    if scheme in ("counter", "board"):
        prefix = _asked(prefix, "Start of each DeviceName", _prefix, default="lamp-")
        count = int(_asked(str(count or ""), "Number of boards", _number))
    if image != "none":
        where = _asked(image, "MicroPython image (none: the boards run it already)", _image)
        image = "" if where == "none" else where
    answers = new_batch.Answers(
        folder=folder,
        name=name,
        product_key=product_key,
        product_secret=secret,
        region=region,
        board=board,
        layout=layout,
        scheme=scheme,
        prefix=prefix,
        count=count,
        image=Path(image) if image not in ("", "none") else None,
        boot_check=typer.confirm(
            language.text("Let each board boot and print its DeviceName?"), default=True
        ),
        pin=_new_pin(),
    )
    for path in new_batch.write(answers):
        output.say(f"{path} was written.")
    if answers.rows_file:
        output.say(f"Fill in {answers.rows_file}, one line a board.")
    output.say(f"Next: alink-burn plan {shlex.quote(str(answers.file))}")


def _new_pin() -> str:
    from alink_factory.batch import pin

    while text := _hidden(_PIN):
        try:
            return pin.hashed(text)
        except BatchError as error:
            output.say(str(error))
    return ""


def _hidden(question: str) -> str:
    # An answer that is not shown, "" for Enter.
    return str(
        typer.prompt(language.text(question), default="", hide_input=True, show_default=False)
    )


def _asked(given: str, question: str, mistake: Callable[[str], str], *, default: str = "") -> str:
    # The given value if it is right; else the first right answer to the question.
    if given:
        if wrong := mistake(given):
            raise BatchError(f"{question} {wrong}")
        return given
    while True:
        answer = str(typer.prompt(language.text(question), default=default or None)).strip()
        if not (wrong := mistake(answer)):
            return answer
        output.say(f"{language.text(question)}: {language.text(wrong)}")


def _field(name: str) -> Callable[[str], str]:
    from alink_formats import rules

    return lambda text: f"{text!r} {said}" if (said := rules.mistake(name, text)) else ""


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    from alink_formats import tables

    return lambda text: "" if text in known else f"{text!r}: {tables.nearest(text, known)}"


def _is_name(text: str) -> str:
    import re

    is_right = re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text)
    return "" if is_right else f"{text!r}: write 1 to 64 letters, digits and . _ -"


def _prefix(text: str) -> str:
    # Both schemes append at least six digits; `plan` knows the length of a MAC.
    from alink_formats import rules

    said = rules.mistake("device_name", text + "000001")
    return f"{text!r}: a DeviceName {said}" if said else ""


def _number(text: str) -> str:
    is_right = text.isdigit() and 1 <= int(text) <= 10_000_000
    return "" if is_right else f"is {text!r}; allowed range is 1 to 10000000"


def _image(text: str) -> str:
    return "" if text == "none" or Path(text).is_file() else f"{text}: this file does not exist"
