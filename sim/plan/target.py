"""Whether VMs fit into a vDC: storage by profile, thin and thick, CPU and memory, wave by wave.

Rules of this file: sizes are those of sim/plan/sizes.py; waves add up, the first one that does not fit is
named; a resource without limit always fits. Needs are rounded up and what there is down, to whole GiB, and
compared so: no rounding makes a fit, and the sentence agrees with itself. What a vDC counts beside disks -
swap files, snapshots, replica instances - is not in the figures, and ASSUMED says so.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cxsim.sim.plan.inventory.model import InventoryVm
from cxsim.sim.plan.sizes import target_thick_bytes, target_thin_bytes
from cxsim.sim.scenario.quantities import SIZE, QuantityError, parse
from cxsim.sim.scenario.vcd import Vdc

GiB = 2**30
MHZ_PER_VCPU = 1000
"""What a vDC counts for a virtual CPU where nothing else is set: 1 GHz, pay-as-you-go's usual, assumed."""
ASSUMED = (
    "disks alone are counted: a vDC may also count a swap file of each VM's memory, replica instances and"
    f" snapshots; a virtual CPU counts {MHZ_PER_VCPU} MHz unless the vDC says otherwise"
)
Fits = Literal["fits", "fits thin only", "short"]


class TargetError(ValueError):
    """A target that says nothing, or a VM for a profile that is not there: what would be right."""


@dataclass(frozen=True)
class Limit:
    """Of a resource: `limit` None is unlimited; in bytes or MHz."""

    limit: float | None = None
    used: float = 0.0

    @property
    def free(self) -> float:
        """What is left; inf where there is no limit."""
        return math.inf if self.limit is None else max(0.0, self.limit - self.used)


@dataclass(frozen=True)
class Target:
    """A vDC. `default`: the profile of VMs that are given none."""

    name: str
    profiles: Mapping[str, Limit]
    default: str
    cpu_mhz: Limit = Limit()
    memory_bytes: Limit = Limit()
    mhz_per_vcpu: float = MHZ_PER_VCPU

    def __post_init__(self) -> None:
        if self.default not in self.profiles:
            raise TargetError(f"{self.name} has no storage profile {self.default!r}")


def target_of(name: str, vdc: Vdc) -> Target:
    """The target in an environment's vDC."""
    profiles = {
        profile: Limit(one.limit_bytes, one.used_bytes) for profile, one in vdc.storage_profiles.items()
    }
    defaults = [profile for profile, one in vdc.storage_profiles.items() if one.default]
    return Target(
        name,
        profiles,
        (defaults or list(profiles))[0],
        Limit(vdc.cpu.limit_mhz, vdc.cpu.used_mhz),
        Limit(vdc.memory.limit_bytes, vdc.memory.used_bytes),
    )


def parse_target(text: str, name: str = "the vDC") -> Target:
    """A target out of an option: `Performance: 200 GiB, Bulk: 4 TiB, memory: 128 GiB`; what is free, or
    `Unlimited`; the first profile is the default. Raises TargetError."""
    example = 'write "Performance: 200 GiB, Bulk: Unlimited, memory: 128 GiB"'
    found: dict[str, Limit] = {}
    for term in text.split(","):
        resource, colon, amount = (part.strip() for part in term.partition(":"))
        if not colon or not resource:
            raise TargetError(f"{term.strip()!r} is no storage profile with its size: {example}")
        if resource in found:
            raise TargetError(f"{resource!r} is there twice: {example}")
        try:
            unlimited = amount.lower() == "unlimited"
            found[resource] = Limit(None if unlimited else float(parse(amount, SIZE)))
        except QuantityError as error:
            raise TargetError(f"{resource}: {error.wrong}: {error.right}") from None
    memory = found.pop("memory", Limit())
    if not found:
        raise TargetError(f"no storage profile: {example}")
    return Target(name, found, next(iter(found)), memory_bytes=memory)


@dataclass(frozen=True)
class Need:
    """What VMs need of a resource, and whether it is there. Storage has two figures, the others one."""

    resource: str
    unit: Literal["GiB", "GHz"]
    thin: float
    thick: float
    free: float

    @property
    def verdict(self) -> Fits:
        """By thick if that fits, else by thin."""
        free = math.inf if math.isinf(self.free) else _down(self.free)
        if _up(self.thick) <= free:
            return "fits"
        return "fits thin only" if _up(self.thin) <= free else "short"

    def __str__(self) -> str:
        """`needs 1,340 GiB thick / 610 GiB thin, has 200: short`."""
        thin, thick = (f"{_up(figure):,} {self.unit}" for figure in (self.thin, self.thick))
        needs = thick if self.thin == self.thick else f"{thick} thick / {thin} thin"
        has = "no limit" if math.isinf(self.free) else f"has {_down(self.free):,}"
        return f"needs {needs}, {has}: {self.verdict}"


def _up(figure: float) -> int:
    return math.ceil(figure - 1e-9)


def _down(figure: float) -> int:
    return math.floor(figure + 1e-9)


@dataclass(frozen=True)
class WaveFit:
    """What is needed when this wave and those before it are there."""

    wave: str
    vms: tuple[str, ...]
    needs: tuple[Need, ...]

    @property
    def short(self) -> tuple[Need, ...]:
        """What does not fit even thin."""
        return tuple(need for need in self.needs if need.verdict == "short")


@dataclass(frozen=True)
class Fit:
    """All waves in order; the last one is the whole."""

    target: Target
    waves: tuple[WaveFit, ...]

    @property
    def whole(self) -> WaveFit:
        """All VMs there."""
        return self.waves[-1]

    @property
    def first_short(self) -> WaveFit | None:
        """The first wave that does not fit."""
        return next((wave for wave in self.waves if wave.short), None)


def fit(
    vms: Sequence[InventoryVm],
    target: Target,
    profiles: Mapping[str, str] | None = None,
    waves: Sequence[tuple[str, Sequence[str]]] = (),
    excluded: Mapping[str, Sequence[int]] | None = None,
) -> Fit:
    """What VMs need of a vDC. `profiles`: storage profile by VM's label; `waves`: name and labels of each, in
    order (one wave `all` by default; VMs in no wave come in a last one, `in no wave`); `excluded`: keys of
    disks that are not replicated, by label. Raises TargetError, SizeUnknown."""
    by_label = {vm.label: vm for vm in vms}
    chosen = profiles or {}
    for label, profile in chosen.items():
        if profile not in target.profiles:
            close = difflib.get_close_matches(profile, target.profiles, 1)
            there = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(target.profiles)}"
            raise TargetError(f"{label}: {target.name} has no storage profile {profile!r}: {there}")
    ordered = _waves(by_label, waves)
    thin = dict.fromkeys(target.profiles, 0.0)
    thick = dict.fromkeys(target.profiles, 0.0)
    mhz = memory_bytes = 0.0
    found = []
    for name, labels in ordered:
        for label in labels:
            vm = by_label[label]
            profile = chosen.get(label, target.default)
            keys = (excluded or {}).get(label, ())
            thin[profile] += target_thin_bytes(vm, keys)
            thick[profile] += target_thick_bytes(vm, keys)
            mhz += (vm.vcpus or 0) * target.mhz_per_vcpu
            memory_bytes += vm.memory_bytes or 0
        needs = [
            Need(profile, "GiB", thin[profile] / GiB, thick[profile] / GiB, limit.free / GiB)
            for profile, limit in target.profiles.items()
        ]
        cpu_ghz, memory_gib = mhz / 1000, memory_bytes / GiB
        needs.append(Need("CPU", "GHz", cpu_ghz, cpu_ghz, target.cpu_mhz.free / 1000))
        needs.append(Need("memory", "GiB", memory_gib, memory_gib, target.memory_bytes.free / GiB))
        found.append(WaveFit(name, tuple(labels), tuple(needs)))
    return Fit(target, tuple(found))


def _waves(
    by_label: Mapping[str, InventoryVm], waves: Sequence[tuple[str, Sequence[str]]]
) -> list[tuple[str, Sequence[str]]]:
    seen: set[str] = set()
    for name, labels in waves:
        for label in labels:
            if label not in by_label:
                raise TargetError(f"wave {name}: {label!r} is not in the plan")
            if label in seen:
                raise TargetError(f"wave {name}: {label!r} is in two waves")
            seen.add(label)
    rest = [label for label in by_label if label not in seen]
    if not waves:
        return [("all", rest)]
    return [*waves, ("in no wave", rest)] if rest else list(waves)
