"""Who may see and do what.

Rules of this file: the rights of vCD's predefined roles as one table, and lookups that answer with vCD's
own refusals. vCD does not tell "is not there" from "is not yours": both are 403. A user of an organization
sees its organization only; one restricted to some vDCs sees those; roles without VIEW_ALL see their own
vApps (sharing is not emulated).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest, VcdError, does_not_exist, missing_right, no_access
from cxsim.fake_vcd.model import Network, Org, StorageProfile, User, VApp, VcdTask, Vdc, VimServer, Vm
from cxsim.fake_vcd.wire import is_uuid

POWER = "VAPP_POWER_OPS"
EDIT = "VAPP_EDIT_PROPERTIES"
DELETE = "VAPP_DELETE"
VIEW_ALL = "VAPP_VIEW_ALL"
ORG_ADMIN = "ORG_ADMIN_VIEW"
SYSTEM = "SYSTEM_ADMIN"

RIGHTS: dict[str, frozenset[str]] = {
    "System Administrator": frozenset({POWER, EDIT, DELETE, VIEW_ALL, ORG_ADMIN, SYSTEM}),
    "Organization Administrator": frozenset({POWER, EDIT, DELETE, VIEW_ALL, ORG_ADMIN}),
    "Catalog Author": frozenset({POWER, EDIT, DELETE}),
    "vApp Author": frozenset({POWER, EDIT, DELETE}),
    "vApp User": frozenset({POWER, EDIT, DELETE}),
    "Console Access Only": frozenset(),
}

Thing = TypeVar("Thing", Org, Vdc, VApp, Vm, Network, StorageProfile, VcdTask, VimServer, User)


def rights(call: Call) -> frozenset[str]:
    """The caller's rights; a role that is not predefined has those of a vApp User."""
    return RIGHTS.get(call.user.role, RIGHTS["vApp User"])


def require(call: Call, right: str, operation: str, entity_id: str) -> None:
    """Raise `AccessForbidden` unless the caller has the right."""
    if right not in rights(call):
        raise missing_right(right, operation, entity_id)


def require_system(call: Call, operation: str) -> None:
    """Raise `AccessForbidden` unless the caller is a system administrator."""
    if not call.is_system:
        raise missing_right(SYSTEM, operation, "System")


def orgs(call: Call) -> list[Org]:
    """The organizations that the caller sees."""
    return [call.cloud.system, *call.cloud.orgs] if call.is_system else [call.user.org]


def vdcs(call: Call) -> Iterator[Vdc]:
    """The vDCs that the caller sees."""
    allowed = call.user.vdcs
    for org in orgs(call):
        for vdc in org.vdcs:
            if allowed is None or vdc.name in allowed:
                yield vdc


def vapps(call: Call) -> Iterator[VApp]:
    """The vApps that the caller sees."""
    everything = VIEW_ALL in rights(call)
    return (a for vdc in vdcs(call) for a in vdc.vapps if everything or a.owner is call.user)


def vms(call: Call) -> Iterator[Vm]:
    """The VMs that the caller sees."""
    return (vm for vapp in vapps(call) for vm in vapp.vms)


def networks(call: Call) -> Iterator[Network]:
    """The organization vDC networks that the caller sees."""
    return (network for vdc in vdcs(call) for network in vdc.networks)


def profiles(call: Call) -> Iterator[StorageProfile]:
    """The storage profiles that the caller sees."""
    return (profile for vdc in vdcs(call) for profile in vdc.storage_profiles)


def tasks(call: Call) -> Iterator[VcdTask]:
    """The tasks that the caller sees."""
    return (t for t in call.cloud.tasks.values() if call.is_system or t.org is call.user.org)


def users(call: Call) -> Iterator[User]:
    """The users that the caller sees."""
    return (user for org in orgs(call) for user in org.users)


def one_org(call: Call, org_id: str) -> Org:
    """The organization, or vCD's refusal."""
    return _one(call, "org", org_id, orgs(call))


def one_vdc(call: Call, vdc_id: str) -> Vdc:
    """The vDC, or vCD's refusal."""
    return _one(call, "vdc", vdc_id, vdcs(call))


def one_vapp(call: Call, vapp_id: str) -> VApp:
    """The vApp, or vCD's refusal."""
    return _one(call, "vapp", vapp_id, vapps(call))


def one_vm(call: Call, vm_id: str) -> Vm:
    """The VM, or vCD's refusal."""
    return _one(call, "vm", vm_id, vms(call))


def one_network(call: Call, network_id: str) -> Network:
    """The network, or vCD's refusal."""
    return _one(call, "network", network_id, networks(call))


def one_profile(call: Call, profile_id: str) -> StorageProfile:
    """The storage profile, or vCD's refusal."""
    return _one(call, "vdcstorageProfile", profile_id, profiles(call))


def one_task(call: Call, task_id: str) -> VcdTask:
    """The task, or vCD's refusal."""
    return _one(call, "task", task_id, tasks(call))


def one_user(call: Call, user_id: str) -> User:
    """The user, or vCD's refusal."""
    return _one(call, "user", user_id, users(call))


def one_vim_server(call: Call, server_id: str) -> VimServer:
    """The vCenter, or vCD's refusal. System administrators only."""
    require_system(call, "VIM_SERVER_VIEW")
    return _one(call, "vimserver", server_id, call.cloud.vim_servers)


def _one(call: Call, kind: str, entity_id: str, among: Iterable[Thing]) -> Thing:
    if not is_uuid(entity_id):
        raise BadRequest("validation error on field 'id': String value has invalid format or length")
    for thing in among:
        if thing.id == entity_id:
            return thing
    refusal: VcdError = does_not_exist(kind, entity_id) if call.is_system else no_access(kind, entity_id)
    raise refusal
