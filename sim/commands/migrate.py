"""`cxsim migrate`: the migration core in real time against URLs, resumable by the same command."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from cxsim.core import connect_to
from cxsim.core.appliance import Appliance, Trust, Workload
from cxsim.core.errors import UserError
from cxsim.core.journal import JournalError, SqliteJournal
from cxsim.core.pinning import ShownCertificate, same_thumbprint
from cxsim.core.threads import ThreadRuntime
from cxsim.sim.migrate import config as written
from cxsim.sim.migrate import passwords as secret
from cxsim.sim.migrate.job import Administrator, CutoverPlan, NotDone, NotingJournal
from cxsim.sim.migrate.progress import Shown
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors

INTERRUPTED = 130
LEAST_PAUSE_S = 0.05
"""Wall time between two looks at the core's lists, at least."""


@click.command()
@click.option(
    "--config",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to migrate: migrate.yaml (docs/real-time.md).",
)
@click.option(
    "--journal",
    "journal_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where every decision is written, so that the same command goes on [default: FILE.journal].",
)
@click.option("--trust", "trust_all", is_flag=True, help="Trust every certificate that is shown, unasked.")
@click.option("--speed", type=click.FloatRange(0.001, 100_000), help="Instead of the file's.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON document; progress on stderr.")
@click.option(
    "--log",
    "log_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append the core's events as JSON lines.",
)
def migrate(
    path: Path,
    journal_path: Path | None,
    trust_all: bool,
    speed: float | None,
    as_json: bool,
    log_path: Path | None,
) -> None:
    """Migrate VMs to a provider cloud: the same core as in the simulation, in real time, against real URLs.

    After Ctrl-C or a crash the same command goes on where it ended. Passwords come from
    CXSIM_VCENTER_PASSWORD, CXSIM_CLOUD_PASSWORD, CXSIM_REPLICATOR_PASSWORD and CXSIM_REPLICATOR_SSO_PASSWORD,
    from the password_file, or are asked for. Exit codes: 0 all VMs Completed, 1 not, 2 bad input.

    \b
    Examples:
      cxsim migrate --config migrate.yaml
      cxsim migrate --config migrate.yaml --trust --json > outcome.json
    """
    try:
        loaded = written.load(path)
        found = _passwords(loaded)
    except ScenarioErrors as mistakes:
        _bad_input(*map(str, mistakes.problems))
    except secret.PasswordMissing as missing:
        _bad_input(str(missing))
    far = written.too_far(loaded.config, written.clock_s(loaded.config, time.time()))
    if far:
        _bad_input(*(f"{path}: {text}" for text in far))
    journal_path = journal_path or path.with_suffix(".journal")
    started_s = time.monotonic()
    rows: list[Workload] = []
    problem: str | None = None
    code = int(Exit.NOT_MET)
    try:
        with _journal(journal_path) as journal, _log(log_path) as log:
            rows = _work(loaded.config, found, journal, log, trust_all, speed, as_json)
        code = int(Exit.MET if all(row.status == "Completed" for row in rows) else Exit.NOT_MET)
    except (JournalError, sqlite3.Error, OSError) as error:
        _bad_input(f"{journal_path if not isinstance(error, OSError) else ''}: {error}".lstrip(": "))
    except UserError as error:
        problem = str(error)
    except NotDone as error:
        problem = str(error)
    except KeyboardInterrupt:
        code, problem = INTERRUPTED, "interrupted; the same command goes on"
    if problem is not None:
        click.echo(problem, err=True)
    if as_json:
        outcome = {
            "migrate_version": 1,
            "exit": code,
            "problem": problem,
            "workloads": list(map(asdict, rows)),
        }
        click.echo(json.dumps({**outcome, "wall_s": round(time.monotonic() - started_s, 3)}, indent=1))
    else:
        for row in rows:
            click.echo(f"{row.vm}: {row.text}" + (f" - {row.reason}" if row.reason else ""))
    sys.exit(code)


def _work(
    config: written.MigrateConfig,
    found: dict[str, str],
    journal: SqliteJournal,
    log: Callable[[str, dict[str, Any]], None],
    trust_all: bool,
    speed: float | None,
    as_json: bool,
) -> list[Workload]:
    if config.clock is not None and speed not in (None, config.speed):
        click.echo(
            f"speed {speed:g}: the served clock runs at {config.speed:g}, instants will not agree", err=True
        )
    speed = speed or config.speed
    connect_to.use(written.routes_of(config))
    noting = NotingJournal(journal)

    def on_event(event: str, fields: dict[str, Any]) -> None:
        log(event, fields)
        shown.event(event, fields)

    start_s = written.clock_s(config, time.time())
    runtime = ThreadRuntime(speed, seed=time.time_ns(), log=on_event, start_s=start_s)
    shown = Shown(runtime.now, sys.stderr if as_json else None)
    appliance = Appliance(runtime, written.appliance_config(config, found), journal=noting)
    with shown:
        return Administrator(
            runtime,
            appliance,
            noting,
            written.form_of(config, found),
            written.request_of(config),
            _plan(config, shown),
            _trust(config, trust_all, shown),
            pace_s=max(1.0, LEAST_PAUSE_S * speed),
        ).run()


def _plan(config: written.MigrateConfig, shown: Shown) -> CutoverPlan:
    cutover = config.cutover

    def ask(ready: Sequence[str]) -> bool:
        with shown.paused():
            return _confirm(f"Cut over {', '.join(ready)} now? The source VMs are powered off.")

    return CutoverPlan(
        power_on=cutover.power_on,
        tag=cutover.tag or "",
        not_before_s=cutover.at.timestamp() if cutover.at is not None else None,
        ask=ask if cutover.when == "ask" else None,
    )


def _trust(config: written.MigrateConfig, trust_all: bool, shown: Shown) -> Trust:
    """The certificate dialogue: what the file trusts is not asked; what differs from it is never trusted."""

    def trust(certificates: Sequence[ShownCertificate]) -> bool:
        for certificate in certificates:
            known = config.trust.get(certificate.place)
            if known is not None and same_thumbprint(known, certificate.thumbprint):
                continue
            if known is not None:
                shown.line(f"{certificate.place} shows {certificate.thumbprint}, but the file trusts {known}")
                return False
            shown.line(f"{certificate.place}: {certificate.subject}, {certificate.thumbprint}")
            if not trust_all:
                with shown.paused():
                    if not _confirm(f"Trust the certificate of {certificate.place}?"):
                        return False
        return True

    return trust


def _confirm(question: str) -> bool:
    """Ask; without a terminal the answer is no."""
    if not sys.stdin.isatty():
        click.echo(f"{question} Nobody can be asked (no terminal): no", err=True)
        return False
    return click.confirm(question, default=False, err=True)


def _passwords(loaded: written.Loaded) -> dict[str, str]:
    from_file = dict(loaded.passwords)
    if loaded.config.password_file is not None:
        from_file |= secret.read_file(loaded.path.parent / loaded.config.password_file)

    def ask(what: str) -> str:
        return str(click.prompt(what, hide_input=True, err=True))

    return secret.gather(os.environ, from_file, ask if sys.stdin.isatty() else None)


@contextmanager
def _journal(path: Path) -> Iterator[SqliteJournal]:
    """The journal, for one process at a time."""
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        try:
            _lock(lock)
        except (BlockingIOError, PermissionError):
            raise JournalError("another cxsim migrate is working with this journal") from None
        # Not closed: threads of the core may still want to write; the process ends soon after.
        yield SqliteJournal(path)


def _lock(stream: IO[str]) -> None:
    """Until the process ends. Raises BlockingIOError or, on Windows, PermissionError when another has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def _log(path: Path | None) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    with ExitStack() as held:
        stream: IO[str] | None = held.enter_context(path.open("a", encoding="utf-8")) if path else None

        def log(event: str, fields: dict[str, Any]) -> None:
            if stream is not None and not stream.closed:
                stream.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
                stream.flush()

        yield log


def _bad_input(*texts: str) -> NoReturn:
    for text in texts:
        click.echo(text, err=True)
    click.echo("nothing was begun", err=True)
    sys.exit(Exit.BAD_INPUT)
