"""`cxsim new`: an environment and scenarios from answers to about a dozen groups of questions."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cxsim.sim.commands.import_ import refuse
from cxsim.sim.intake.interview import answers_text, interview, template
from cxsim.sim.intake.into import write_whole
from cxsim.sim.intake.making import ENABLE, MIGRATION, Made, from_file, from_text
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors

KEPT = "cxsim-answers.yaml"
"""Where the answers of an interview go that cannot be used as they are."""


@click.command(name="new")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the answers from FILE (YAML) instead of asking.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Directory to write to; default: TENANT-PROVIDER in the current one.",
)
@click.option("--force", is_flag=True, help="Write over files that exist.")
@click.option("--print-answers", is_flag=True, help="Print an answers file, filled in and explained.")
def new(answers: Path | None, out: Path | None, force: bool, print_answers: bool) -> None:
    """Make an environment and two scenarios of your own, by questions or from a file of answers.

    What nobody knows may be answered with `unknown`: it stays unknown, and flows that it could decide are
    UNDETERMINED.

    \b
    Examples:
      cxsim new
      cxsim new --print-answers > ours.yaml
      cxsim new --answers ours.yaml --out ours/
    """
    if print_answers:
        click.echo(template(), nl=False)
        return
    made = _from(answers)
    directory = out or Path(made.name)
    existing = [str(directory / name) for name in made.files if (directory / name).exists()]
    if existing and not force:
        click.echo(f"exists already: {', '.join(existing)}", err=True)
        click.echo("nothing was written: choose another --out, or --force", err=True)
        sys.exit(Exit.BAD_INPUT)
    _write(made, directory)
    _tell(made, directory)


def _from(answers: Path | None) -> Made:
    if answers is not None:
        try:
            return from_file(answers)
        except ScenarioErrors as errors:
            refuse(errors, "nothing was written")
    text = answers_text(interview())
    try:
        return from_text(text, KEPT)
    except ScenarioErrors as errors:
        try:
            write_whole(Path(KEPT), text)
        except OSError as error:
            click.echo(f"cannot write {KEPT}: {error.strerror}", err=True)
        refuse(errors, f"your answers are in {KEPT}: correct them, then cxsim new --answers {KEPT}")
        raise


def _write(made: Made, directory: Path) -> None:
    try:
        for name, text in made.files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
    except OSError as error:
        click.echo(f"cannot write {error.filename or directory}: {error.strerror}", err=True)
        sys.exit(Exit.BAD_INPUT)


def _tell(made: Made, directory: Path) -> None:
    click.echo(f"wrote {', '.join(str(directory / name) for name in made.files)}")
    for what in made.facts.unknown:
        click.echo(f"unknown: the {what}; flows that they could decide are UNDETERMINED")
    for warning in made.warnings:
        click.echo(f"note: {warning}")
    click.echo(f"next: cxsim run {directory / ENABLE}, then cxsim run {directory / MIGRATION}")
