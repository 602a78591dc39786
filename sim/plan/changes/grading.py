"""Every VM's change rate from the best source that knows it.

Rules of this file: a trace before backups, backups before counters, these before a class, a class before the
default (a VM that is off has none); what a lesser source says of the same VM is compared, and told where it
is far off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cxsim.sim.plan.changes.backups import from_backups
from cxsim.sim.plan.changes.classes import (
    CLASSES,
    Default,
    of_class,
    of_default,
    of_power_state,
    read_classes,
)
from cxsim.sim.plan.changes.counters import from_counters
from cxsim.sim.plan.changes.files import Finder
from cxsim.sim.plan.changes.model import ChangeRate, Changes
from cxsim.sim.plan.changes.traces import from_traces
from cxsim.sim.plan.inventory.model import InventoryVm, Power, Problem, Where

FAR_OFF = 3.0
"""Two sources of one VM differ by more than this: said."""
COMPARED_AT_S = 4 * 3600.0


@dataclass(frozen=True)
class Sources:
    """The files a planner has; all of them may be missing."""

    traces: tuple[Path, ...] = ()
    backups: tuple[Path, ...] = ()
    counters: tuple[Path, ...] = ()
    classes: tuple[Path, ...] = ()
    default: Default = field(default_factory=Default)


def grade_rates(vms: Iterable[InventoryVm], sources: Sources, seed: int) -> Changes:
    """The change rate of each VM, in their order; give all of an inventory, so that rows of a VM outside the
    plan are not taken for a stranger's. The same files and seed give the same rates. Raises InventoryError
    for a file that cannot be used."""
    given = tuple(vms)
    finder, problems = Finder(given), list[Problem]()
    layers: list[dict[str, ChangeRate]] = [
        *(from_traces(path, finder, problems) for path in sources.traces),
        *(from_backups(path, finder, seed, problems) for path in sources.backups),
        *(from_counters(path, finder, seed, problems) for path in sources.counters),
    ]
    classes: dict[str, tuple[str, str]] = {}
    for path in sources.classes:
        for label, name in read_classes(path, finder, problems).items():
            classes.setdefault(label, (name, path.name))
    rates = tuple(_rate(vm, layers, classes, sources.default, seed, problems) for vm in given)
    return Changes(rates, tuple(problems))


def _rate(
    vm: InventoryVm,
    layers: list[dict[str, ChangeRate]],
    classes: dict[str, tuple[str, str]],
    default: Default,
    seed: int,
    problems: list[Problem],
) -> ChangeRate:
    known = [layer[vm.label] for layer in layers if vm.label in layer]
    for other in known[1:]:
        _compare(known[0], other, problems)
    if known:
        return known[0]
    if vm.label in classes:
        name, file = classes[vm.label]
        return of_class(vm, name, seed, file)
    if vm.change_class is not None:
        name = vm.change_class.lower()
        if name in CLASSES:
            return of_class(vm, name, seed, "the inventory")
        where = vm.where or Where("the inventory")
        what = f"change_class {vm.change_class!r} is not a class"
        right = f"write one of {', '.join(CLASSES)}; the default was taken"
        problems.append(Problem("warning", where, what, right))
    off = vm.power in (Power.OFF, Power.SUSPENDED)
    return of_power_state(vm) if off else of_default(vm, default, seed)


def _compare(best: ChangeRate, other: ChangeRate, problems: list[Problem]) -> None:
    one, two = (rate.delta(COMPARED_AT_S).mid_bytes for rate in (best, other))
    if max(one, two) > FAR_OFF * min(one, two):
        first, second = (rate.source.split(";")[0] for rate in (best, other))
        what = f"{best.vm}: {two / 1e9:,.2f} GB in 4 h, but {one / 1e9:,.2f} GB by {first}"
        right = "the latter was taken; look at what this one counts"
        problems.append(Problem("note", Where(second), what, right))
