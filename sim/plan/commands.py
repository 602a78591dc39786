"""`cxsim plan`: which link, which RPO, done by when, for a real inventory.

Rules of this file: a command reads its options (gathering.py), asks its question (questions/) and hands the
answer on (asking.py); it decides nothing else. Questions are imported when they are asked: `cxsim --help`
stays quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cxsim.sim.plan import options as opt
from cxsim.sim.plan.asking import Asked, PlanCommand, answering

_SIMULATED = (*opt.INVENTORY, *opt.PURPOSE, *opt.CHANGES, *opt.CARRYING)


class _Group(click.Group):
    command_class = PlanCommand


@click.group(cls=_Group)
def plan() -> None:
    """Which link, which RPO, done by when: for an inventory as RVTools exports it.

    Simulations are kept as they end: after Ctrl-C the same command goes on where it was.

    \b
    Examples:
      cxsim plan readiness RVTools_export_all.xlsx --for migration
      cxsim plan bandwidth RVTools_export_all.xlsx --for protection --rpo "15 min" --backups veeam.csv
      cxsim plan deadline export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01
      cxsim plan report export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01 --out plan/
    """


@plan.command()
@opt.options(*opt.INVENTORY, *opt.PURPOSE, *opt.CHANGES, opt.RPOS, opt.SEED, *opt.OUTPUT)
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
    with answering(asked):
        kind = asked.gathered.kind()
        rpo_s = asked.gathered.rpo_s(kind)
        basis = asked.checked(asked.gathered.basis(kind), empty=True)
        asked.give([answer(basis, InventoryQuestion(rpo_s))], "Inventory")


@plan.command()
@opt.options(*opt.INVENTORY, *opt.PURPOSE, opt.TARGET, opt.SEED, *opt.OUTPUT)
def readiness(**given: Any) -> None:
    """Which VMs can go as they are, which are to be checked, which are blocked, and why.

    \b
    Examples:
      cxsim plan readiness RVTools_export_all.xlsx --for migration
      cxsim plan readiness export.xlsx --for migration --cold --include sql01
      cxsim plan readiness export.xlsx --for protection --target "Performance: 2 TiB, memory: 256 GiB"
    """
    from cxsim.sim.plan.questions.readiness import ReadinessQuestion, answer

    asked = Asked(given)
    with answering(asked):
        kind = asked.gathered.kind()
        target = asked.gathered.target()
        basis = asked.checked(asked.gathered.basis(kind), empty=True)
        asked.give([answer(basis, ReadinessQuestion(target))], "Readiness")


@plan.command()
@opt.options(
    *_SIMULATED, opt.RPOS, *opt.KEEP, opt.DAYS, opt.SEEDS, opt.START, opt.SEED, *opt.RUNNING, *opt.OUTPUT
)
def rpo(**given: Any) -> None:
    """Which links keep which RPOs: time in RPO, violations, data age, worst VM and bottleneck.

    --link and --rpo may be repeated: every pair is simulated. Without --link, eight links around what the
    VMs change on average.

    \b
    Examples:
      cxsim plan rpo export.xlsx --for protection --link "100 Mbit/s up" --link "200 Mbit/s up"
      cxsim plan rpo export.xlsx --for protection --rpo "15 min" --rpo "1 h" --traces changes.csv
      cxsim plan rpo --vms 200 --for protection --keep "99 %" --html rpo.html
    """
    from cxsim.sim.plan.questions.rpo import RpoQuestion, answer
    from cxsim.sim.plan.questions.trials import CannotAsk

    asked = Asked(given)
    with answering(asked, CannotAsk, keeps=True):
        gathered = asked.gathered
        kind = gathered.kind()
        question = RpoQuestion(
            gathered.rpos(kind),
            gathered.links(),
            gathered.share("--keep", "keep"),
            given["fleet_mean"],
            gathered.days(),
            gathered.seeds(),
        )
        basis = asked.checked(gathered.basis(kind))
        with asked.runner() as runner:
            found = answer(basis, question, runner)
        asked.give([found], "RPO")


@plan.command()
@opt.options(
    *_SIMULATED,
    opt.RPOS,
    opt.QUOTES,
    opt.MONTHS,
    *opt.KEEP,
    opt.DAYS,
    opt.SEEDS,
    opt.START,
    opt.SEED,
    *opt.RUNNING,
    *opt.OUTPUT,
)
def bandwidth(**given: Any) -> None:
    """The smallest link with which every VM keeps its RPO, and which offer to take.

    --link says how a link is sold whose size is searched: commit, office hours, other traffic.

    \b
    Examples:
      cxsim plan bandwidth export.xlsx --for protection --rpo "15 min" --backups veeam.csv
      cxsim plan bandwidth export.xlsx --for protection --keep "99 %" --quotes quotes.csv --months 24
      cxsim plan bandwidth export.xlsx --for protection --link "100 Mbit/s up, 20 Mbit/s office hours"
    """
    from cxsim.sim.plan.questions.bandwidth import BandwidthQuestion, answer
    from cxsim.sim.plan.questions.trials import CannotAsk

    asked = Asked(given)
    with answering(asked, CannotAsk, keeps=True):
        gathered = asked.gathered
        kind = gathered.kind()
        question = BandwidthQuestion(
            gathered.rpo_s(kind),
            gathered.share("--keep", "keep"),
            given["fleet_mean"],
            gathered.link(needed=False),
            gathered.quotes(),
            gathered.count("--months", "months", 1, 240) or 12,
            gathered.days(),
            gathered.seeds(),
        )
        basis = asked.checked(gathered.basis(kind))
        with asked.runner() as runner:
            found = answer(basis, question, runner)
        asked.give([found], "Bandwidth")


@plan.command()
@opt.options(*_SIMULATED, opt.RPOS, *opt.BATCH, opt.START, opt.SEED, *opt.RUNNING, *opt.OUTPUT)
def seed(**given: Any) -> None:
    """The initial sync: how long a batch takes, and how many VMs can be seeded in some hours.

    VMs that are seeded make deltas beside the rest, as those of --seeded do from the start.

    \b
    Examples:
      cxsim plan seed export.xlsx --for migration --link "200 Mbit/s up"
      cxsim plan seed export.xlsx --for migration --link "200 Mbit/s up" --within "72 h"
      cxsim plan seed export.xlsx --for migration --link "1 Gbit/s up" --batch sql01 --batch sql02
    """
    from cxsim.sim.plan.questions.seed import SeedQuestion, answer
    from cxsim.sim.plan.seeding.building import NoSuchVm

    asked = Asked(given)
    with answering(asked, NoSuchVm, keeps=True):
        gathered = asked.gathered
        kind, start, link = gathered.kind(), gathered.start(), gathered.link()
        rpo_s, within_s = gathered.rpo_s(kind), gathered.within_s()
        basis = asked.checked(gathered.basis(kind, start))
        assert link is not None
        question = SeedQuestion(link, rpo_s, given["batch"], given["seeded"], within_s)
        with asked.job_runner() as jobs:
            found = answer(basis, question, jobs, asked.told)
        asked.give([found], "Initial sync")


@plan.command()
@opt.options(
    *_SIMULATED,
    opt.RPOS,
    opt.START,
    opt.BY,
    opt.KEEP[0],
    opt.DRAWS,
    opt.BATCH[0],
    opt.SEED,
    *opt.RUNNING,
    *opt.OUTPUT,
)
def deadline(**given: Any) -> None:
    """Are all VMs ready by a day? How surely, which link would do, and when to start at the latest.

    \b
    Examples:
      cxsim plan deadline export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01
      cxsim plan deadline export.xlsx --for migration --link "100/20 Mbit/s, 30 % shared" \\
          --start "2017-11-06 20:00" --by "2017-11-20 06:00"
    """
    from cxsim.sim.plan.questions.deadline import DeadlineQuestion, NoTime, answer
    from cxsim.sim.plan.seeding.building import NoSuchVm
    from cxsim.sim.plan.seeding.draws import DRAWS

    asked = Asked(given)
    with answering(asked, NoSuchVm, NoTime, keeps=True):
        gathered = asked.gathered
        kind, start, link = gathered.kind(), gathered.start(), gathered.link()
        by, rpo_s = gathered.deadline(start), gathered.rpo_s(kind)
        keep, draws = gathered.share("--keep", "keep"), gathered.count("--draws", "draws", 1, 1000, DRAWS)
        basis = asked.checked(gathered.basis(kind, start))
        assert link is not None
        assert by is not None
        question = DeadlineQuestion(
            link, rpo_s, by, start, vms=given["batch"], draws=draws or DRAWS, keep=keep
        )
        with asked.job_runner() as jobs:
            found = answer(basis, question, jobs, asked.told)
        asked.give([found], "Deadline")


@plan.command()
@opt.options(
    *_SIMULATED,
    opt.RPOS,
    *opt.WAVES,
    opt.TARGET,
    opt.START,
    opt.BY,
    opt.BATCH[0],
    opt.SEED,
    *opt.RUNNING,
    *opt.OUTPUT,
)
def waves(**given: Any) -> None:
    """Which VMs move when: waves under link, cutover windows, blackouts and VMs that move together.

    The downtime of a VM is its final delta and its boot.

    \b
    Examples:
      cxsim plan waves export.xlsx --for migration --link "200 Mbit/s up" --window "Sat 22:00-06:00"
      cxsim plan waves export.xlsx --for migration --link "1 Gbit/s up" --together Application \\
          --most-vms 25 --blackout "2017-12-23 - 2018-01-02" --target "Performance: 6 TiB"
    """
    from cxsim.sim.plan.questions.waves import WavesQuestion, WavesRefused, answer
    from cxsim.sim.plan.seeding.building import NoSuchVm

    asked = Asked(given)
    with answering(asked, NoSuchVm, WavesRefused, keeps=True):
        gathered = asked.gathered
        kind, start, link = gathered.kind(), gathered.start(), gathered.link()
        if kind == "protection":
            gathered.wrong("--for", "waves are of a migration: write --for migration")
        by, rpo_s = gathered.deadline(start, needed=False), gathered.rpo_s(kind)
        calendar, order, target = gathered.calendar(), gathered.order(), gathered.target()
        most_vms = gathered.count("--most-vms", "most_vms", 1, 100_000)
        cutovers = gathered.count("--cutovers", "cutovers", 1, 100_000)
        boot_s, ahead = gathered.duration("--boot", given["boot"]), given["sync_ahead"]
        ahead_s = 0.0 if ahead is None else gathered.duration("--sync-ahead", ahead)
        read = gathered.basis(kind, start)
        groups = gathered.groups(read)
        basis = asked.checked(read)
        assert link is not None
        assert boot_s is not None
        question = WavesQuestion(
            link,
            rpo_s,
            by=by,
            vms=given["batch"],
            groups=groups,
            calendar=calendar,
            most_vms=most_vms,
            cutovers_at_once=cutovers,
            boot_s=boot_s,
            sync_ahead_s=ahead_s or 0.0,
            bound="high" if given["cautious"] else "mid",
            order=order,
            target=target,
        )
        with asked.job_runner() as jobs:
            found = answer(basis, question, jobs, asked.told)
        asked.give([found], "Waves")


@plan.command()
@click.argument("scenario", type=click.Path(path_type=Path, dir_okay=False))
@opt.options(opt.SET, opt.SWEEP_SEEDS, *opt.RUNNING, *opt.OUTPUT)
def sweep(**given: Any) -> None:
    """A scenario with any of its values changed, through the core: every combination, with several seeds.

    \b
    Examples:
      cxsim plan sweep scenarios/warm-migration.yaml --set "sites.tyrell.wan.up=20 Mbit/s, 50 Mbit/s"
      cxsim plan sweep scenarios/rpo-bandwidth.yaml --seeds 5 --out sweep/
    """
    from cxsim.sim.plan.questions.sweep import SweepQuestion, answer, parse_parameter
    from cxsim.sim.plan.questions.trials import CannotAsk
    from cxsim.sim.scenario.problems import ScenarioErrors

    asked = Asked(given, asks_purpose=False)
    with answering(asked, CannotAsk, ScenarioErrors, keeps=True):
        parameters = []
        for text in given["parameters"]:
            try:
                parameters.append(parse_parameter(text))
            except CannotAsk as error:
                asked.gathered.wrong("--set", error)
        count = asked.gathered.count("--seeds", "seeds", 1, 1000)
        asked.refuse_mistakes()
        question = SweepQuestion(given["scenario"], tuple(parameters), tuple(range(1, (count or 0) + 1)))
        with asked.sweeper() as works:
            found = answer(question, works)
        asked.give([found], "Sweep")


@plan.command()
@opt.options(
    *_SIMULATED,
    opt.RPOS,
    opt.QUOTES,
    opt.MONTHS,
    opt.TARGET,
    opt.START,
    opt.BY,
    *opt.WAVES[:2],
    opt.BATCH[2],
    opt.KEEP[0],
    opt.DAYS,
    opt.SEEDS,
    opt.DRAWS,
    opt.SEED,
    *opt.RUNNING,
    *opt.OUTPUT,
)
def report(**given: Any) -> None:
    """All questions of a plan over one link: one page to decide on, then everything behind it.

    A migration asks deadline (with --by), waves, bandwidth, rpo, seed, readiness and inventory; ongoing
    protection the same without the first two.

    \b
    Examples:
      cxsim plan report export.xlsx --for migration --link "200 Mbit/s up" --by 2017-12-01 --out plan/
      cxsim plan report export.xlsx --for protection --link "100 Mbit/s up" --rpo "15 min" \\
          --backups veeam.csv --quotes quotes.csv --html report.html
    """
    from cxsim.sim.plan import reporting
    from cxsim.sim.plan.questions.deadline import NoTime
    from cxsim.sim.plan.questions.trials import CannotAsk
    from cxsim.sim.plan.questions.waves import WavesRefused
    from cxsim.sim.plan.seeding.building import NoSuchVm
    from cxsim.sim.plan.seeding.draws import DRAWS

    asked = Asked(given)
    with answering(asked, CannotAsk, NoTime, NoSuchVm, WavesRefused, keeps=True):
        gathered = asked.gathered
        kind, start, link = gathered.kind(), gathered.start(), gathered.link()
        by, rpo_s = gathered.deadline(start, needed=False), gathered.rpo_s(kind)
        share, calendar = gathered.share("--keep", "keep"), gathered.calendar()
        quotes, target, within_s = gathered.quotes(), gathered.target(), gathered.within_s()
        months = gathered.count("--months", "months", 1, 240) or 12
        days, seeds = gathered.days(), gathered.seeds()
        draws = gathered.count("--draws", "draws", 1, 1000, DRAWS) or DRAWS
        basis = asked.checked(gathered.basis(kind, start))
        assert link is not None
        question = reporting.ReportQuestion(
            link, rpo_s, share, days, seeds, by, within_s, quotes, months, target, calendar, draws
        )
        with asked.runner() as runner:
            jobs = asked.job_runner(runner.workers)
            answers = reporting.report(basis, question, runner, jobs, asked.told)
        asked.give(answers, f"Plan for {basis.inventory.source}")
