"""The commands `alink-sim board run` and `alink-sim board new`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim import thing_model, toolchain
from alink_sim.clock import Clock, SystemClock
from alink_sim.nearby import reason
from alink_sim.platform.verbs.output import reported
from alink_sim.sntp import SntpServer
from alink_sim.workbench import fault_file, project
from alink_sim.workbench.application import Application, ApplicationError
from alink_sim.workbench.fleet import Fleet, Plan
from alink_sim.workbench.orders import OrderError, Orders
from alink_sim.workbench.running_clock import RunningClock
from alink_sim.workbench.scratch import scratch
from alink_sim.workbench.terminal import Terminal
from alink_sim.workbench.world import own_world, served_world

app = typer.Typer(no_args_is_help=True, help="Run an application on simulated boards.")

_ON_ONE_CLOCK = 8  # More boards read the machine's clock: each look at another one costs time.


@app.command()
def run(
    folder: Annotated[Path, typer.Argument(help="Folder with main.py, or with firmware/main.py.")],
    *,
    platform: Annotated[
        Path | None,
        typer.Option(
            metavar="STATE", help="A platform that serves this folder; else one is started."
        ),
    ] = None,
    thing: Annotated[
        Path | None,
        typer.Option(help="Thing model of the product; thing.json beside main.py if it is there."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Number of boards.")] = 1,
    method: Annotated[str, typer.Option(help="register, regnwl or https.")] = "register",
    watch: Annotated[
        bool, typer.Option("--watch", help="Restart the boards when a file changes.")
    ] = False,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Serial port of the first board; rfc2217 has DTR and RTS."
        ),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A level or volts: pin4=1, adc34=1.2.")
    ] = None,
    heap: Annotated[
        str | None, typer.Option(help="chip: the two heaps of an ESP32; else its first area.")
    ] = None,
    cut_at: Annotated[
        int | None, typer.Option(min=1, help="Cut the power in this flash operation.")
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option(help="TOML or JSON file: faults and orders, see docs/reference/faults.md."),
    ] = None,
    board: Annotated[str, typer.Option(help="Board definition.")] = "ESP32_GENERIC",
    layout: Annotated[str, typer.Option(help="factory or stock.")] = "factory",
    interpreter: Annotated[str, typer.Option(help="unix64 or unix32.")] = "unix64",
) -> None:
    """Burn boards with an application, power them and follow them. Type `help` for orders.

    The exit code is 1 if an order `expect` failed.
    """
    plan = Plan(
        count=count,
        method=method,
        heap=heap,
        cut_at=cut_at,
        port=port,
        board=board,
        layout=layout,
    )
    with _reported():
        met = _run(
            Application(folder),
            plan,
            interpreter=interpreter,
            platform=platform,
            thing=thing,
            settings=setting or [],
            faults=fault_file.read(faults) if faults else fault_file.FaultFile(),
            watch=watch,
        )
    if not met:
        raise typer.Exit(1)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not exist.")],
) -> None:
    """Write a firmware project: main.py, thing model, tests, CI, settings of an editor."""
    with _reported():
        for path in project.write(folder):
            typer.echo(f"wrote {path}")
    typer.echo(f"run it:  alink-sim board run {folder}\ntest it: cd {folder} && pytest")


def _run(
    application: Application,
    plan: Plan,
    *,
    interpreter: str,
    platform: Path | None,
    thing: Path | None,
    settings: list[str],
    faults: fault_file.FaultFile,
    watch: bool,
) -> bool:
    # Return whether each order `expect` was met.
    model = _model(thing, application)
    terminal = Terminal(plan.count)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(scratch())
        running = None
        if platform is None and plan.count <= _ON_ONE_CLOCK:
            running = stack.enter_context(RunningClock(home / "clock"))
        clock: Clock = running or SystemClock()
        if platform:
            world = served_world(platform)
        else:
            world = stack.enter_context(own_world(home / "platform", clock))
        ntp = stack.enter_context(SntpServer(clock=clock))
        fleet = stack.enter_context(
            Fleet(
                application,
                plan,
                interpreter=toolchain.interpreter(interpreter),
                clock=clock,
                show=terminal.show,
                tell=terminal.tell,
            )
        )
        product = world.new_product(application.root.resolve().name[:30] or "board", model)
        fleet.burn(world, product, f"ntp.aliyuncs.com:{ntp.port}", home)
        orders = Orders(fleet, world, running)
        for one in settings:
            orders.set(one)
        if faults.tables:
            world.operate("faults.add_tables", tables=faults.tables, where="--faults")
        schedule = fault_file.Schedule(
            faults.orders, clock, lambda order: terminal.carry_out(orders, order)
        )
        stack.callback(schedule.stop)
        schedule.prepare()
        if world.console_url:
            terminal.tell(f"web console {world.console_url}")
        with contextlib.suppress(KeyboardInterrupt):
            fleet.power_on()
            schedule.start()
            fleet.watch(restart=watch)
            terminal.serve(orders, fleet.boards)
    return not terminal.failed


def _model(thing: Path | None, application: Application) -> Any:
    path = thing or application.root / "thing.json"
    if not thing and not path.is_file():
        return None
    try:
        document = thing_model.document(path.read_bytes())
        thing_model.parse(document)
        return document
    except OSError as error:
        raise ApplicationError(f"{path} cannot be read: {reason(error, path)}") from error
    except ValueError as error:
        raise ApplicationError(f"{path} is not a thing model: {error}") from error


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    with reported():
        try:
            yield
        except (ApplicationError, OrderError, project.ProjectError, ValueError) as error:
            typer.echo(f"alink-sim: {error}", err=True)
            raise typer.Exit(2) from error
