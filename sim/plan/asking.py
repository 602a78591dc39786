"""A command of `cxsim plan` on its way from options to an answer: what all of them do alike.

Rules of this file: mistakes are told all at once and before anything is computed, exit 2; Ctrl-C keeps the
runs that are done and says so, exit 130; what a question refuses later is told in a sentence. No traceback
for a user's mistake.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any, NoReturn, TypeVar

import click

from cxsim.sim.plan.answers.model import Answer
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.gathering import PURPOSES, Gathering
from cxsim.sim.plan.outputs import outputs_of
from cxsim.sim.plan.progress import Meter, Stages, Told
from cxsim.sim.plan.questions.sweep import SweepWorks
from cxsim.sim.plan.runs import RunFailed, Runner, results_folder
from cxsim.sim.plan.runs.runner import Workers
from cxsim.sim.plan.seeding.work import JobRunner
from cxsim.sim.plan.sizes import SizeUnknown
from cxsim.sim.plan.target import TargetError
from cxsim.sim.result import Exit

INTERRUPTED = 130
T = TypeVar("T")
MOST_JOBS = 256
WORDS = "cxsim.plan.words"


class PlanCommand(click.Command):
    """Remembers its words, so that an answer can say how to repeat it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click."""
        ctx.meta[WORDS] = list(args)
        return super().parse_args(ctx, args)


class Asked:
    """A command being answered: options, meter, and where the answer goes."""

    def __init__(self, given: dict[str, Any], asks_purpose: bool = True) -> None:
        self.meter = Meter()
        self._stages = Stages(self.meter)
        self.given = given
        if asks_purpose and given.get("purpose") is None and on_terminal():
            given["purpose"] = click.prompt(
                "Is this a migration or ongoing protection?", type=click.Choice(PURPOSES), err=True
            )
        self.gathered = Gathering(given, self.meter.seen)
        self.outputs = outputs_of(given)
        self.jobs = self.gathered.count("-j", "jobs", 1, MOST_JOBS)
        context = click.get_current_context()
        self.repeat = shlex.join(["cxsim", "plan", context.info_name or "", *context.meta.get(WORDS, [])])

    def checked(self, basis: Basis | None, empty: bool = False) -> Basis:
        """The basis; tells all mistakes and exits with 2, if there are any. `empty`: may be without VMs."""
        if basis is not None and (empty or basis.planned()):
            self.refuse_mistakes()
            return basis
        self.refuse_mistakes("no VM is in the plan: cxsim plan readiness says why, --include forces one in")
        raise AssertionError("there is a mistake where there is no basis")

    def refuse_mistakes(self, otherwise: str | None = None) -> None:
        """Tell all mistakes and exit with 2; `otherwise`: the one there is when there is no other."""
        mistakes = [*self.gathered.mistakes, *self.outputs.impossible()]
        if not mistakes and otherwise is None:
            return
        mistakes = mistakes or [str(otherwise)]
        for line in mistakes:
            click.echo(line, err=True)
        count = len(mistakes)
        click.echo(f"{count} mistake{'s' if count > 1 else ''}; nothing was planned", err=True)
        sys.exit(Exit.BAD_INPUT)

    def runner(self) -> Runner:
        """For simulations; tells the meter, keeps results."""
        return self._working(Runner, self.jobs)

    def job_runner(self, workers: Workers | None = None) -> JobRunner:
        """The same for initial syncs and cutovers; `workers`: shared with another."""
        return self._working(JobRunner, workers or self.jobs)

    def sweeper(self) -> SweepWorks:
        """The same for whole scenarios."""
        return self._working(SweepWorks, self.jobs)

    def _working(self, make: Callable[..., T], workers: Workers | int | None) -> T:
        folder = self.given.get("results") or results_folder()
        try:
            return make(workers=workers, folder=folder, progress=self._stages.ran)
        except OSError as error:
            refuse(f"cannot keep results in {folder}: {error.strerror or error}: give --results FOLDER")

    @property
    def told(self) -> Told:
        """For questions that say themselves how far they are."""
        return self._stages.told

    def give(self, answers: Sequence[Answer], title: str) -> None:
        """Hand the answers on."""
        meta = {"cxsim": version("cxsim"), "repeat with": self.repeat}
        given = [replace(one, meta={**one.meta, **meta}) for one in answers]
        self.meter.close()
        try:
            self.outputs.write(given, title)
        except OSError as error:
            refuse(f"cannot write {error.filename}: {error.strerror or error}")


def on_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def refuse(message: str) -> NoReturn:
    """A mistake that shows late."""
    click.echo(message, err=True)
    sys.exit(Exit.BAD_INPUT)


@contextmanager
def answering(asked: Asked, *refused: type[Exception], keeps: bool = False) -> Iterator[None]:
    """Around all that a command computes. `refused`: what the question raises for what cannot be asked;
    `keeps`: its runs go through sim/plan/runs, which keeps them."""
    try:
        with asked.meter:
            yield
    except KeyboardInterrupt:
        again = "runs that were done are kept; to go on" if keeps else "nothing was written; to ask again"
        click.echo(f"interrupted: {again}: {asked.repeat}", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if isinstance(error, (RunFailed, TargetError, SizeUnknown, *refused)):
            refuse(str(error))
        raise
