"""Verbs that write what a board would get into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alink_factory.verbs import options, output
from alink_factory.verbs.options import (
    BatchFile,
    Endpoint,
    KeyFile,
    LedgerUrl,
    OperatorName,
    StationName,
)


def image(
    batch: BatchFile,
    row: Annotated[str, typer.Argument(help="The row's DeviceName, or its key in `report`.")],
    *,
    target: Annotated[Path, typer.Option("--output", "-o", help="The new file.")],
    mac: Annotated[str, typer.Option(help="MAC of the board, if the name needs it.")] = "",
    flash_size: Annotated[int, typer.Option(help="MB of flash.")] = 4,
    endpoint: Endpoint = "",
    access_key: KeyFile = None,
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
) -> None:
    """Write one merged image of a row to a new file. It holds secrets."""
    from alink_factory.job import export

    with options.opened(batch, ledger, station, operator) as (loaded, book):
        cloud = options.needed_cloud(loaded, endpoint, access_key)
        size = flash_size << 20
        made = export.export(loaded, book, row=row, mac=mac, flash_size=size, cloud=cloud)
        export.save(made, target)
    output.say(f"{target}: {len(made.data)} bytes, for {made.device_name}, at {made.offset:#x}")
    output.say("Its row stays free: remove it from the batch, or `run` burns it on a board too.")


def sub_device(
    batch: BatchFile,
    row: Annotated[str, typer.Argument(help="The row's DeviceName, or its key in `report`.")],
    *,
    target: Annotated[Path, typer.Option("--output", "-o", help="The new file.")],
    form: Annotated[str, typer.Option("--format", help="record, json or csv.")] = "record",
    ledger: LedgerUrl = "",
    station: StationName = "",
    operator: OperatorName = "",
) -> None:
    """Write the certificate of a sub-device to a new file. It holds a secret."""
    from alink_factory.errors import BatchError
    from alink_factory.job import export, sub_device_file

    if form not in sub_device_file.FORMATS:
        known = ", ".join(sub_device_file.FORMATS)
        raise BatchError(f"--format is {form!r}; use one of {known}")
    with options.opened(batch, ledger, station, operator) as (loaded, book):
        made = sub_device_file.export(loaded, book, row=row, form=form)
        export.save(made, target)
    output.say(f"{target}: {len(made.data)} bytes, for {made.device_name}")
