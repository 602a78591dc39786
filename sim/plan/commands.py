"""`cxsim plan`: which link, which RPO, done by when, for a real inventory.

Rules of this file: a command gathers its options (gathering.py), asks its question (questions/) and hands the
answer on (outputs.py). All mistakes are told at once and nothing is computed then: exit 2. Ctrl-C keeps the
runs that are done: exit 130, and the same command goes on.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any, NoReturn

import click

from cxsim.sim.plan import options as opt
from cxsim.sim.plan.answers.model import Answer
from cxsim.sim.plan.gathering import PURPOSES, Gathering
from cxsim.sim.plan.outputs import Outputs, outputs_of
from cxsim.sim.plan.progress import Meter
from cxsim.sim.result import Exit

INTERRUPTED = 130
WORDS = "cxsim.plan.words"


class _Command(click.Command):
    """Remembers its words, so that an answer can say how to repeat it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = list(args)
        return super().parse_args(ctx, args)


class _Group(click.Group):
    command_class = _Command


@click.group(cls=_Group)
def plan() -> None:
    """Which link, which RPO, done by when: for an inventory as RVTools exports it.

    \b
    Examples:
      cxsim plan readiness RVTools_export_all.xlsx --for migration
      cxsim plan bandwidth RVTools_export_all.xlsx --for protection --rpo "15 min" --backups veeam.csv
      cxsim plan deadline export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01
      cxsim plan report export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01 --out plan/
    """


class Asked:
    """A command being answered: options, meter and where the answer goes."""

    def __init__(self, given: dict[str, Any], asks_purpose: bool = True) -> None:
        self.meter = Meter()
        if asks_purpose and given.get("purpose") is None and _on_terminal():
            choice = click.Choice(PURPOSES)
            given["purpose"] = click.prompt(
                "Is this a migration or ongoing protection?", type=choice, err=True
            )
        self.gathered = Gathering(given, self.meter.seen)
        self.outputs: Outputs = outputs_of(given)
        context = click.get_current_context()
        words = context.meta.get(WORDS, [])
        self.repeat = shlex.join(["cxsim", "plan", context.info_name or "", *words])

    def checked(self) -> None:
        """Tell all mistakes and exit with 2, if there are any."""
        mistakes = [*self.gathered.mistakes, *self.outputs.impossible()]
        if not mistakes:
            return
        for line in mistakes:
            click.echo(line, err=True)
        count = len(mistakes)
        click.echo(f"{count} mistake{'s' if count > 1 else ''}; nothing was planned", err=True)
        sys.exit(Exit.BAD_INPUT)

    def give(self, answers: Sequence[Answer], title: str) -> None:
        """Hand the answers on."""
        meta = {"cxsim": version("cxsim"), "repeat with": self.repeat}
        told = [replace(one, meta={**one.meta, **meta}) for one in answers]
        try:
            self.outputs.write(told, title)
        except OSError as error:
            refuse(f"cannot write {error.filename}: {error.strerror or error}")


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def refuse(message: str) -> NoReturn:
    """A mistake that shows late."""
    click.echo(message, err=True)
    sys.exit(Exit.BAD_INPUT)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends it without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("interrupted: runs that were done are kept; the same command goes on from there", err=True)
        sys.exit(INTERRUPTED)


@plan.command()
@opt.options(opt.INVENTORY, opt.PURPOSE, opt.CHANGES, opt.RPOS, opt.SEED, opt.OUTPUT)
def inventory(**given: Any) -> None:
    """What is in an inventory: sizes by four measures, change rates and how well they are known.

    Without --for, VMs are counted into the plan as for a warm migration.

    \b
    Examples:
      cxsim plan inventory RVTools_export_all.xlsx
      cxsim plan inventory export/ --backups veeam.csv --xlsx sizes.xlsx
      cxsim plan inventory --vms 500 --seed 7
    """
    from cxsim.sim.plan.questions.inventory import InventoryQuestion, answer

    given["purpose"] = given.get("purpose") or "migration"
    asked = Asked(given, asks_purpose=False)
    with interruptible(), asked.meter:
        kind = asked.gathered.kind()
        rpo_s = asked.gathered.rpo_s(kind)
        basis = asked.gathered.basis(kind)
        asked.checked()
        assert basis is not None
        asked.give([answer(basis, InventoryQuestion(rpo_s))], "Inventory")


@plan.command()
@opt.options(opt.INVENTORY, opt.PURPOSE, opt.TARGET, opt.SEED, opt.OUTPUT)
def readiness(**given: Any) -> None:
    """Which VMs can go as they are, which are to be checked, which are blocked, and why.

    \b
    Examples:
      cxsim plan readiness RVTools_export_all.xlsx --for migration
      cxsim plan readiness export.xlsx --for migration --cold --include sql01
      cxsim plan readiness export.xlsx --for protection --target "Performance: 2 TiB, memory: 256 GiB"
    """
    from cxsim.sim.plan.questions.readiness import ReadinessQuestion, answer
    from cxsim.sim.plan.target import TargetError

    asked = Asked(given)
    with interruptible(), asked.meter:
        kind = asked.gathered.kind()
        target = asked.gathered.target()
        basis = asked.gathered.basis(kind)
        asked.checked()
        assert basis is not None
        try:
            found = answer(basis, ReadinessQuestion(target))
        except TargetError as error:
            refuse(str(error))
        asked.give([found], "Readiness")
