"""Whether a migration can be started: the wizard's entries against what vCenter and vCD really have.

Rules of this file: it only looks; either every VM of the request gets its order, or one clear message says
what is wrong and nothing was begun. Offenders are named all at once. Sources: cx.md 3.1 (power states), 3.2
(what is offered), prerequisites of CTL (space in the target profile, an Org VDC network exists).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import MigrationOrder
from cxsim.core.errors import InputError
from cxsim.core.neighbours import OfferedProfile, OfferedVdc, SourceVcenter, SourceVm, TargetVcd
from cxsim.core.wizard import COLD, GROUP, WARM, MigrationRequest, instant_text, nearest

GIB = 1024**3


class Named(Protocol):
    """Something chosen by name."""

    @property
    def name(self) -> str:
        """As shown in the drop-down."""


N = TypeVar("N", bound=Named)


@dataclass(frozen=True)
class Planned:
    """One VM with the order that starts its migration."""

    vm: SourceVm
    order: MigrationOrder


def plan(
    request: MigrationRequest,
    config: ApplianceConfig,
    replicator_id: str,
    vcenter: SourceVcenter,
    vcd: TargetVcd,
    new_key: Callable[[], str],
    own_vapps: Collection[str] = (),
) -> list[Planned]:
    """The orders of a request. `own_vapps`: names of vApps that may exist, because this appliance's own
    migrations make or left them. Raises `InputError` for the first thing that does not fit."""
    attempted = f"start job '{request.job}'"
    vms = _selected(attempted, request, vcenter.vms())
    _check_power(attempted, request.type, vms)
    vdc = _chosen(attempted, "vDC", request.vdc, vcd.vdcs())
    if not vdc.networks:
        raise InputError(
            attempted,
            f"vDC {vdc.name}",
            "it has no Org VDC network",
            "with the provider that an Org VDC network exists before VMs are migrated",
        )
    profile = _chosen(attempted, "Storage Profile", request.storage_profile, vdc.profiles)
    network = _chosen(attempted, "Network", request.network, vdc.networks)
    _check_vapps(attempted, request, vms, vdc, own_vapps)
    _check_space(attempted, vms, vdc, profile)
    vcenter_id = vcenter.instance_uuid()
    return [
        Planned(
            vm,
            MigrationOrder(
                external_key=new_key(),
                job=request.job,
                vm=vm.name,
                type=request.type.upper(),
                site=config.site,
                replicator_id=replicator_id,
                vcenter_id=vcenter_id,
                vm_moref=vm.moref,
                vm_uuid=vm.instance_uuid,
                rpo_minutes=_minutes(request),
                disk_type=request.disk_type.upper(),
                start_time=_iso(request.start),
                power_on=request.type == COLD and request.power_on,
                tag=request.tag,
                vdc_href=vdc.href,
                storage_profile_href=profile.href,
                network_href=network.href,
                vapp_name=_vapp_name(request, vm),
                group_vapp=request.layout == GROUP,
            ),
        )
        for vm in vms
    ]


def _selected(attempted: str, request: MigrationRequest, inventory: Sequence[SourceVm]) -> list[SourceVm]:
    by_name: dict[str, list[SourceVm]] = {}
    for vm in inventory:
        by_name.setdefault(vm.name, []).append(vm)
    for name in request.vms:
        if name not in by_name:
            raise InputError(
                attempted, "Source VMs", f"there is no VM '{name}' in vCenter", nearest(name, by_name, "VM")
            )
    several = [name for name in request.vms if len(by_name[name]) > 1]
    if several:
        raise InputError(
            attempted,
            "Source VMs",
            f"more than one VM has the name {', '.join(several)}",
            "the names: every VM to migrate needs one of its own",
        )
    return [by_name[name][0] for name in request.vms]


# What each type demands (cx.md 3.1), and how the offenders are called.
_POWER = {WARM: ("on", "not powered on"), COLD: ("off", "not powered off")}


def _check_power(attempted: str, type_: str, vms: Iterable[SourceVm]) -> None:
    wanted, fault = _POWER[type_]
    offenders = [vm.name for vm in vms if vm.power != wanted]
    if offenders:
        raise InputError(
            attempted,
            "Source VMs",
            f"{type_} migration needs all VMs powered {wanted}; {fault}: {', '.join(offenders)}",
            f"their power state, or choose {COLD if type_ == WARM else WARM} migration",
        )


def _vapp_name(request: MigrationRequest, vm: SourceVm) -> str:
    return (request.vapp_name or "").strip() if request.layout == GROUP else vm.name


def _check_vapps(
    attempted: str,
    request: MigrationRequest,
    vms: Iterable[SourceVm],
    vdc: OfferedVdc,
    own_vapps: Collection[str],
) -> None:
    """A vDC has no two vApps of one name; found out at the cutover, the source VM would be off already."""
    wanted = dict.fromkeys(_vapp_name(request, vm) for vm in vms)
    taken = [name for name in wanted if name in vdc.vapps and name not in own_vapps]
    if taken:
        other = "choose another name" if request.layout == GROUP else "group the VMs into a vApp"
        raise InputError(
            attempted,
            "vApp name",
            f"vDC {vdc.name} has a vApp of this name already: {', '.join(taken)}",
            f"whether it is still needed there; delete it, or {other}",
        )


def _check_space(attempted: str, vms: Iterable[SourceVm], vdc: OfferedVdc, profile: OfferedProfile) -> None:
    if profile.limit_bytes is None:
        return
    needed = sum(vm.disk_bytes for vm in vms)
    free = max(0, profile.limit_bytes - profile.used_bytes)
    if needed > free:
        raise InputError(
            attempted,
            f"Storage Profile {profile.name} of {vdc.name}",
            f"{needed / GIB:.2f} GiB are needed, {free / GIB:.2f} GiB are free",
            "with the provider the profile's limit, or migrate fewer VMs",
        )


def _chosen(attempted: str, where: str, name: str, offered: Sequence[N]) -> N:
    for candidate in offered:
        if candidate.name == name:
            return candidate
    names = [candidate.name for candidate in offered]
    raise InputError(attempted, where, f"there is no {where} '{name}'", nearest(name, names, where))


def _minutes(request: MigrationRequest) -> int | None:
    if request.type == COLD or request.rpo_s is None:
        return None
    return int(request.rpo_s // 60)


def _iso(instant_s: float | None) -> str | None:
    return None if instant_s is None else instant_text(instant_s)
