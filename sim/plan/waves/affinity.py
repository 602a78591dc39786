"""Which VMs move together: by a column of the inventory, by folder, or by a CSV file.

Rules of this file: a VM is in one group at most; what has none moves alone. VMs that are named by a group but
are not in the plan are told, never forgotten.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim.plan.changes.files import Finder, Wanted, read_table
from cxsim.sim.plan.inventory.model import InventoryVm, Problem

FOLDER = "folder"
_WANTED: Mapping[str, Wanted] = {
    "vm": Wanted(("vm", "name"), "text"),
    "group": Wanted(("group", "wave group", "application", "affinity"), "text"),
}


class NoSuchColumn(ValueError):
    """A column that no VM has: which ones there are."""


def groups_by(vms: Sequence[InventoryVm], column: str) -> dict[str, str]:
    """Groups by label, from `folder`, `cluster`, `host` or a custom attribute or tag column. Raises
    NoSuchColumn."""
    own = (FOLDER, "cluster", "host", "datacenter")
    if column.lower() in own:
        found = {vm.label: getattr(vm, column.lower()) for vm in vms}
    else:
        found = {vm.label: vm.attribute(column) for vm in vms}
        columns = {key for vm in vms for key, _ in vm.custom}
        if column.lower() not in {key.lower() for key in columns}:
            close = difflib.get_close_matches(column, [*columns, *own], 3, 0.5)
            there = f"did you mean {' or '.join(map(repr, close))}?" if close else "there is"
            others = "" if close else f" {', '.join(sorted([*columns, *own])[:12])}"
            raise NoSuchColumn(f"no VM has a column {column!r}: {there}{others}")
    return {label: str(value).strip() for label, value in found.items() if value and str(value).strip()}


def read_groups(path: Path, finder: Finder, problems: list[Problem]) -> dict[str, str]:
    """Groups by label: a CSV file `vm,group`. Raises InventoryError."""
    found: dict[str, str] = {}
    for row in read_table(path, _WANTED, "vm,group", problems).rows():
        label, group = finder.owner(row), row.text("group")
        if label is None or not group:
            continue
        if found.get(label, group) != group:
            row.error("group", f"{label} is in {found[label]!r} already", "name one group a VM")
            continue
        found[label] = group
    return found


@dataclass(frozen=True)
class Unit:
    """VMs that move together: a group, or one VM alone."""

    name: str
    labels: tuple[str, ...]
    grouped: bool = False


def units_of(labels: Iterable[str], groups: Mapping[str, str]) -> tuple[Unit, ...]:
    """Units in the order of their first VM; labels in theirs."""
    members: dict[tuple[str, bool], list[str]] = {}
    for label in labels:
        group = groups.get(label)
        members.setdefault((label, False) if group is None else (group, True), []).append(label)
    return tuple(Unit(name, tuple(own), grouped) for (name, grouped), own in members.items())


def torn(groups: Mapping[str, str], planned: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Groups of which a VM is in the plan and others are not: (group, VMs that are not), by group."""
    inside = set(planned)
    moving = {group for label, group in groups.items() if label in inside}
    missing: dict[str, list[str]] = {}
    for label, group in groups.items():
        if group in moving and label not in inside:
            missing.setdefault(group, []).append(label)
    return tuple((group, tuple(sorted(labels))) for group, labels in sorted(missing.items()))
