"""`cxsim explain`: why a scenario or an environment does not work, what to change, and whether that helps.

Rules of this file: read the input, hand it on, print, exit with a code. Three uses - a diagnosis, one
connection (`--from --to`), a difference (`--diff`) - in one table. Exit codes as in sim/result.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from cxsim.sim.diagnosis import Subject, diagnose, json_form, read, show
from cxsim.sim.diagnosis.difference import difference, difference_lines
from cxsim.sim.diagnosis.page import page
from cxsim.sim.diagnosis.ticket import PARTIES, ticket
from cxsim.sim.diagnosis.tracing import NotUnderstood, trace_connection
from cxsim.sim.network import TopologyError
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors

T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    subjects: tuple[Subject, ...]
    party: str | None
    source: str | None
    target: str | None
    as_json: bool
    html: Path | None
    console: Console


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--for", "party", type=click.Choice(PARTIES), help="Only what this party must do, to paste.")
@click.option("--from", "source", metavar="HOST", help="Trace one connection from this host (name, address).")
@click.option("--to", "target", metavar="HOST:PORT", help="... to this host and port (number, name).")
@click.option(
    "--diff",
    "diff",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="A B",
    help="Only the flows whose fate differs between two environments or scenarios.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON document (docs/explain.md).")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a page with a drawing of the environment to FILE; it needs nothing else.",
)
def explain(
    paths: tuple[Path, ...],
    party: str | None,
    source: str | None,
    target: str | None,
    diff: tuple[Path, Path] | None,
    as_json: bool,
    html: Path | None,
) -> None:
    """Say why a scenario or an environment does not work, what to change, and whether that really helps.

    Every connection that vCloud Director Extender needs is tried; for each that fails: the way it took, the
    rule that stopped it, the smallest change, and the outcome of a re-run with that change made. A path is
    a scenario, an environment (scenarios/environments/*.yaml), or a directory of them.

    Exit code 0: every required flow passes; 1: something fails; 2: bad input; 3: emulator gap.

    \b
    Examples:
      cxsim explain scenarios/enable-failed-firewall.yaml
      cxsim explain scenarios/environments/tyrell-mycloud.yaml
      cxsim explain scenarios/zero-percent-error.yaml --for tenant
      cxsim explain scenarios/enable-failed-nat.yaml --html nat.html
      cxsim explain scenarios/environments/tyrell-mycloud.yaml --from tyrell-vcde01 --to chc-ccm01:8044
      cxsim explain --diff scenarios/environments/tyrell-mycloud.yaml scenarios/enable-failed-nat.yaml
    """
    problem = _misuse(paths, party, source, target, diff, html)
    if problem is not None:
        _refuse(problem)
    subjects = [s for one in diff for s in _read([one])] if diff is not None else _read(paths)
    console = Console(highlight=False)
    wanted = Wanted(tuple(subjects), party, source, target, as_json, html, console)
    use: Callable[[Wanted], Exit] = _diagnoses
    if diff is not None:
        use = _difference
    elif source is not None:
        use = _connections
    try:
        code = use(wanted)
    except NotUnderstood as problem_with_names:
        _refuse(str(problem_with_names))
    except TopologyError as impossible:
        _refuse("\n".join(map(str, impossible.problems)))
    sys.exit(code)


def _misuse(
    paths: Sequence[Path],
    party: str | None,
    source: str | None,
    target: str | None,
    diff: tuple[Path, Path] | None,
    html: Path | None,
) -> str | None:
    """What is wrong with the combination of options, if anything."""
    if (source is None) != (target is None):
        return "--from HOST and --to HOST:PORT belong together"
    if diff is not None and (paths or party or source or html):
        return "--diff A B stands alone (with --json, if you like)"
    if diff is None and not paths:
        return "name a scenario or an environment: cxsim explain PATH... (cxsim list shows what there is)"
    if source is not None and (party or html):
        return "--from and --to trace one connection: without --for and --html"
    return None


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(Exit.BAD_INPUT)


def _read(paths: Sequence[Path]) -> list[Subject]:
    try:
        subjects = read(paths)
    except ScenarioErrors as mistakes:
        _refuse("\n".join([*map(str, mistakes.problems), "nothing was explained"]))
    if not subjects:
        _refuse(f"no scenario or environment in {', '.join(map(str, paths))}")
    return subjects


def _working(console: Console, text: str, work: Callable[[], T]) -> T:
    """Do something while a terminal says what is being done."""
    if not console.is_terminal:
        return work()
    with console.status(text):
        return work()


def _diagnoses(wanted: Wanted) -> Exit:
    diagnoses = []
    for number, subject in enumerate(wanted.subjects):
        running = f"running {subject.name}, and again with each change"
        diagnosis = _working(wanted.console, running, partial(diagnose, subject))
        diagnoses.append(diagnosis)
        if wanted.as_json:
            continue
        if number:
            click.echo()
        if wanted.party is not None and len(wanted.subjects) > 1:
            click.echo(f"=== {subject.name}: {subject.title}")
        if wanted.party is None:
            show(wanted.console, diagnosis)
        else:
            for line in ticket(diagnosis, wanted.party):
                click.echo(line)
    if wanted.as_json:
        _print_json([json_form.of_diagnosis(diagnosis) for diagnosis in diagnoses])
    if wanted.html is not None:
        try:
            wanted.html.write_text(page(diagnoses), encoding="utf-8", newline="\n")
        except OSError as error:
            _refuse(f"cannot write {wanted.html}: {error.strerror}")
    return Exit(max(diagnosis.exit for diagnosis in diagnoses))


def _connections(wanted: Wanted) -> Exit:
    assert wanted.source is not None
    assert wanted.target is not None
    found = [(s.name, trace_connection(s, wanted.source, wanted.target)) for s in wanted.subjects]
    if wanted.as_json:
        _print_json(
            [
                {
                    "explain_version": json_form.EXPLAIN_VERSION,
                    "subject": name,
                    "traces": [json_form.of_traced(one) for one in traced],
                }
                for name, traced in found
            ]
        )
    else:
        for name, traced in found:
            if len(found) > 1:
                click.echo(f"{name}:")
            for one in traced:
                for line in one.lines():
                    click.echo(line)
    accepted = all(one.trace.accepted for _, traced in found for one in traced)
    return Exit.MET if accepted else Exit.NOT_MET


def _difference(wanted: Wanted) -> Exit:
    if len(wanted.subjects) != 2:
        names = ", ".join(subject.name for subject in wanted.subjects)
        _refuse(f"--diff compares two: a file with a matrix, or a directory, is several ({names})")
    a, b = wanted.subjects
    found, compared = difference(a, b)
    if wanted.as_json:
        record: dict[str, Any] = {
            "explain_version": json_form.EXPLAIN_VERSION,
            "a": a.file,
            "b": b.file,
            "compared": compared,
            "differences": [json_form.of_difference(one) for one in found],
        }
        _print_json(record)
    else:
        for line in difference_lines(a, b, found, compared):
            click.echo(line)
    return Exit.NOT_MET if found else Exit.MET


def _print_json(record: object) -> None:
    click.echo(json.dumps(record, indent=1, ensure_ascii=False))
