"""`cxsim serve`: an environment's endpoints on loopback TLS sockets, paced by the wall clock."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import IO

import click

from cxsim.sim.eventlog import LOG_VERSION, LoggedEvent
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.loader import SCENARIO_KEYS, load, load_environment
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.yamlfile import read
from cxsim.sim.serve.ready import migrate_config, ready_line, table, write_ready_file
from cxsim.sim.serve.twin import Twin
from cxsim.sim.story import Storyteller

_LOOK_S = 0.5


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(0.001, 100_000), help="Seconds a second."
)
@click.option("--host", "address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port-base",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65_000),
    help="First port; the endpoints take this one and those that follow. 0: free ones.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write FILE when connections are taken: a configuration for cxsim migrate.",
)
@click.option("--all", "everything", is_flag=True, help="Serve the private API of every host as well.")
@click.option("--show-passwords", is_flag=True, help="In the table and in the ready file (mode 0600).")
@click.option(
    "--log",
    "log_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every event as it happens, as JSON lines (docs/events.md).",
)
@click.option("--story/--no-story", default=True, show_default=True, help="Tell what happens, line by line.")
def serve(
    path: Path,
    speed: float,
    address: str,
    port_base: int,
    ready_file: Path | None,
    everything: bool,
    show_passwords: bool,
    log_path: Path | None,
    story: bool,
) -> None:
    """Put the endpoints of an environment (or scenario, with its faults) on TLS sockets of this machine.

    A client that connects stands where the tenant's CX appliance stands: its connections go through the
    simulated network, so firewalls, NAT, names and faults act on it. Ctrl-C or SIGTERM ends it.

    \b
    Examples:
      cxsim serve scenarios/environments/tyrell-mycloud.yaml
      cxsim serve scenarios/warm-migration.yaml --speed 300 --ready-file migrate.yaml
      cxsim serve scenarios/enable-failed-firewall.yaml --all --port-base 9000
    """
    environment = load_or_exit(path)
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    try:
        with _told(environment, log_path, story) as on_event:
            _serve(
                Twin(
                    environment,
                    speed=speed,
                    address=address,
                    port_base=port_base,
                    everything=everything,
                    on_event=on_event,
                ),
                stop,
                ready_file,
                show_passwords,
            )
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        click.echo(f"cannot serve{where}: {error.strerror or error}", err=True)
        sys.exit(Exit.BAD_INPUT)


def _serve(twin: Twin, stop: threading.Event, ready_file: Path | None, show_passwords: bool) -> None:
    with twin:
        for line in table(twin, show_passwords):
            click.echo(line)
        click.echo(f"speed {twin.speed:g}, times below are virtual; Ctrl-C ends it")
        try:
            if ready_file is not None:
                write_ready_file(ready_file, migrate_config(twin, show_passwords))
            click.echo(ready_line(twin.listening, ready_file))
            served, failed = len(twin.listening), 0
            while not stop.wait(_LOOK_S) and not twin.wait(0):
                if len(twin.listening) > served:
                    for one in twin.listening[served:]:
                        click.echo(f"{one.endpoint.place} is advertised now: {one.url}")
                    served = len(twin.listening)
                    if ready_file is not None:
                        write_ready_file(ready_file, migrate_config(twin, show_passwords))
                        click.echo(f"{ready_file} was written anew: a cxsim migrate that runs needs it")
                for place, why in list(twin.unserved.items())[failed:]:
                    click.echo(f"{place} is advertised now, but cannot be reached: {why}", err=True)
                failed = len(twin.unserved)
        finally:
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)
    click.echo("stopped")


def load_or_exit(path: Path) -> Environment:
    """The environment or scenario of a file; prints every mistake and exits with 2. Of a matrix, the first
    variant."""
    try:
        tree = read(path, Problems())
        if tree is not None and SCENARIO_KEYS & set(tree):
            return load(path)[0]
        return load_environment(path)
    except ScenarioErrors as mistakes:
        for problem in mistakes.problems:
            click.echo(str(problem), err=True)
        click.echo("nothing is served", err=True)
        sys.exit(Exit.BAD_INPUT)


@contextlib.contextmanager
def _told(
    environment: Environment, log_path: Path | None, story: bool
) -> Iterator[Callable[[LoggedEvent], None]]:
    """What to do with every event: the log file, the story."""
    teller = Storyteller(environment.start_s)
    with contextlib.ExitStack() as held:
        stream: IO[str] | None = None
        if log_path is not None:
            stream = held.enter_context(log_path.open("w", encoding="utf-8", newline="\n"))
            header = {"log_version": LOG_VERSION, "cxsim": version("cxsim"), "start": str(environment.start)}
            stream.write(json.dumps(header) + "\n")

        def on_event(event: LoggedEvent) -> None:
            if stream is not None:
                stream.write(event.to_json() + "\n")
                stream.flush()
            line = teller.tell(event) if story else None
            if line is not None:
                with contextlib.suppress(OSError):  # nobody reads any more: that does not end the twin
                    click.echo(line)

        yield on_event
