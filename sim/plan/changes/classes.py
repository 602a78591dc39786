"""Change rates that nobody measured: a class a planner gave a VM, or a default for the fleet.

Rules of this file: assumed, and said so; the figures are fitted to production VMs, with their source. Within
the day they are bursty as those VMs are (sim/replication/churn.bursty), each VM with bursts of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxsim.sim.kernel.streams import seed_sequence
from cxsim.sim.plan.changes.files import Finder, Wanted, read_table
from cxsim.sim.plan.changes.model import ChangeRate, Grade
from cxsim.sim.plan.inventory.model import InventoryVm, Problem
from cxsim.sim.plan.sizes import SizeUnknown, initial_sync_bytes
from cxsim.sim.replication.churn import FLEET_MEAN_BYTES, FLEET_SIGMA, HALF_HOUR_S, Tabled, bursty
from cxsim.sim.scenario.quantities import BYTE_RATE, FRACTION, QuantityError, parse

MB = 10**6
FITTED = (
    "CloudPhysics block traces of 106 production VMs (C. Waldspurger et al., Efficient MRC Construction with"
    " SHARDS, FAST 2015, CC BY 4.0)"
)


@dataclass(frozen=True)
class ChangeClass:
    """A class of VMs: mean distinct bytes changed in 30 minutes."""

    name: str
    bytes_in_30_min: float
    meaning: str


CLASSES = {
    one.name: one
    for one in (
        ChangeClass("idle", 27 * MB, "the 5th percentile: a machine that is on and does little"),
        ChangeClass("light", 61 * MB, "the 25th percentile: a web or application server"),
        ChangeClass("normal", 122 * MB, "the median"),
        ChangeClass("busy", 313 * MB, "the 75th percentile: a file server, a small database"),
        ChangeClass("heavy", 1292 * MB, "the 95th percentile: a database or mail server"),
    )
}
"""Percentiles of the VMs' means over about a week, of FITTED; which machines are meant by them is assumed."""

DEFAULT_EXAMPLE = '"fleet", a class ("light"), a rate ("2 GB/d") or a share of in use ("3 %/d")'


class DefaultError(ValueError):
    """A default that says nothing: what is wrong and what would be right."""


@dataclass(frozen=True)
class Default:
    """The rate of VMs that no source knows: one of `class_name`, `bytes_per_s`, `share_per_day` of what a VM
    has in use; none of them: drawn from the fitted fleet."""

    text: str = "fleet"
    class_name: str | None = None
    bytes_per_s: float | None = None
    share_per_day: float | None = None


def parse_default(text: str) -> Default:
    """`fleet`, `light`, `2 GB/d`, `3 %/d`. Raises DefaultError."""
    word = text.strip()
    if word.lower() == "fleet":
        return Default()
    if word.lower() in CLASSES:
        return Default(word, class_name=word.lower())
    try:
        if word.endswith(("%/d", "% / d", "%/day")):
            return Default(word, share_per_day=float(parse(word[: word.index("%") + 1], FRACTION)))
        return Default(word, bytes_per_s=float(parse(word, BYTE_RATE)))
    except QuantityError as error:
        raise DefaultError(f"{error.wrong}: write {DEFAULT_EXAMPLE}") from None


def burst_seed(seed: int, label: str) -> int:
    """Where in the bursts a VM starts: its own place, whatever other VMs there are."""
    return int(seed_sequence(seed, f"plan/changes/{label}").generate_state(1)[0])


def assumed_shape(bytes_per_s: float, seed: int, label: str) -> Tabled:
    """A mean rate with bursts as production VMs have them."""
    return bursty(bytes_per_s, burst_seed(seed, label))


def of_class(vm: InventoryVm, name: str, seed: int, source: str) -> ChangeRate:
    """A VM of a class. Raises KeyError."""
    one = CLASSES[name]
    base = assumed_shape(one.bytes_in_30_min / HALF_HOUR_S, seed, vm.label)
    statement = (
        f"class {name}: {one.bytes_in_30_min / MB:,.0f} MB in 30 min on average, {one.meaning} of 106"
        " production VMs, bursty as they are; anything from half to twice of it"
    )
    return _assumed(vm, base, statement, f"{source}; {FITTED}")


def of_default(vm: InventoryVm, default: Default, seed: int) -> ChangeRate:
    """A VM of which nothing is known."""
    if default.class_name is not None:
        return of_class(vm, default.class_name, seed, "the default")
    if default.bytes_per_s is not None:
        base = assumed_shape(default.bytes_per_s, seed, vm.label)
        statement = f"{default.text} for every VM that is not known; anything from half to twice of it"
        return _assumed(vm, base, statement, "the default given")
    if default.share_per_day is not None:
        rate = default.share_per_day * _in_use_bytes(vm) / 86400
        statement = f"{default.text} of what it has in use; anything from half to twice of it"
        return _assumed(vm, assumed_shape(rate, seed, vm.label), statement, "the default given")
    rng = np.random.default_rng(seed_sequence(seed, f"plan/changes/fleet/{vm.label}"))
    drawn_bytes = FLEET_MEAN_BYTES * math.exp(FLEET_SIGMA * rng.standard_normal())
    statement = (
        f"drawn: ln(bytes in 30 min) ~ Normal(ln {FLEET_MEAN_BYTES / MB:g} MB, {FLEET_SIGMA}); says"
        " nothing of this VM, only the sum of many such VMs means something"
    )
    base = assumed_shape(drawn_bytes / HALF_HOUR_S, seed, vm.label)
    return replace(_assumed(vm, base, statement, FITTED), made_up="rate and bursts")


def of_power_state(vm: InventoryVm) -> ChangeRate:
    """A VM that is off, of which no source says that it was on."""
    statement = f"{vm.power}: changes nothing until it is switched on"
    base = bursty(0.0, 0)
    return ChangeRate(vm.label, Grade.DERIVED, base, HALF_HOUR_S, statement, "its power state")


def _in_use_bytes(vm: InventoryVm) -> int:
    try:
        return initial_sync_bytes(vm)
    except SizeUnknown:
        return 0


def _assumed(vm: InventoryVm, base: Tabled, statement: str, source: str) -> ChangeRate:
    return ChangeRate(
        vm.label, Grade.ASSUMED, base, HALF_HOUR_S, statement, source, 0.5, 2.0, made_up="bursts"
    )


_WANTED: Mapping[str, Wanted] = {
    "vm": Wanted(("vm", "name"), "text"),
    "class": Wanted(("class", "change class"), "text"),
}


def read_classes(path: Path, finder: Finder, problems: list[Problem]) -> dict[str, str]:
    """Classes by label: a CSV file `vm,class`. Raises InventoryError."""
    table = read_table(path, _WANTED, "vm,class", problems)
    found: dict[str, str] = {}
    for row in table.rows():
        label, name = finder.owner(row), row.text("class").lower()
        if name not in CLASSES:
            row.error("class", f"{name!r} is not a class", f"write one of {', '.join(CLASSES)}")
        elif label is not None:
            found[label] = name
    return found
