"""What can be queried, as one table: record names, attributes with their types, and where they come from.

Rules of this file: data and one-line readers. Attributes are those of vCD's QueryResult*RecordType that
this model knows. Types that exist in vCD and of which an estate never holds any (catalogs, media, disks,
edge gateways...) are listed without attributes of their own and answer an empty list, which is the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.estate import Compute
from cxsim.fake_vcd.model import MB, Vdc, Vm
from cxsim.fake_vcd.query_filter import Attribute, Value
from cxsim.fake_vcd.wire import admin_type, to_time, vcloud_type
from cxsim.fake_vcd.xml_task import owner_reference

Reader = Callable[[Call, Any], Value]


@dataclass(frozen=True)
class Column:
    """An attribute of a record."""

    attribute: Attribute
    read: Reader


@dataclass(frozen=True)
class QueryType:
    """A row: `record` is the element name without `Record`; `entity` the kind in the URN and media type."""

    name: str
    record: str
    entity: str
    media_type: str
    things: Callable[[Call], Iterable[Any]]
    href: Callable[[Call, Any], str]
    columns: tuple[Column, ...]
    system_only: bool = False
    listed_for_orgs_since: float = 0.0
    """API version from which the query list has it for users of organizations; it can be asked before."""


def column(name: str, kind: str, read: Reader) -> Column:
    """A column."""
    return Column(Attribute(name, kind), read)


NAME = column("name", "text", lambda c, x: x.name)
_NOTHING: Callable[[Call], Iterable[Any]] = lambda c: ()  # noqa: E731
_NO_HREF: Callable[[Call, Any], str] = lambda c, x: ""  # noqa: E731

_TOWARD_VDC = (
    column("vdc", "reference", lambda c, x: c.hrefs.vdc(x.vdc.id)),
    column("vdcName", "text", lambda c, x: x.vdc.name),
)
_TOWARD_ORG = (column("org", "reference", lambda c, x: c.hrefs.org(x.vdc.org.id)),)


def _storage_kb(vms: Iterable[Vm]) -> int:
    return sum(vm.consumed_mb for vm in vms) * 1024


def _compute(prefix: str, unit: str, figures: Callable[[Vdc], Compute]) -> tuple[Column, ...]:
    return (
        column(f"{prefix}Allocation{unit}", "number", lambda c, v: figures(v).allocated),
        column(f"{prefix}Limit{unit}", "number", lambda c, v: figures(v).limit),
        column(f"{prefix}Used{unit}", "number", lambda c, v: figures(v).used),
    )


ORGANIZATION = (
    NAME,
    column("displayName", "text", lambda c, o: o.full_name),
    column("isEnabled", "boolean", lambda c, o: o.enabled),
    column("isReadOnly", "boolean", lambda c, o: False),
    column("canPublishCatalogs", "boolean", lambda c, o: False),
    column("numberOfVdcs", "number", lambda c, o: len(o.vdcs)),
    column("numberOfVApps", "number", lambda c, o: sum(len(v.vapps) for v in o.vdcs)),
    column("numberOfCatalogs", "number", lambda c, o: 0),
)
ORG_VDC = (
    NAME,
    column("description", "text", lambda c, v: v.config.description),
    *_compute("cpu", "Mhz", lambda v: v.cpu),
    *_compute("memory", "MB", lambda v: v.memory),
    column("isBusy", "boolean", lambda c, v: False),
    column("isEnabled", "boolean", lambda c, v: v.config.enabled),
    column("isSystemVdc", "boolean", lambda c, v: False),
    column("numberOfDisks", "number", lambda c, v: 0),
    column("numberOfMedia", "number", lambda c, v: 0),
    column("numberOfStorageProfiles", "number", lambda c, v: len(v.storage_profiles)),
    column("numberOfVAppTemplates", "number", lambda c, v: 0),
    column("numberOfVApps", "number", lambda c, v: len(v.vapps)),
    column("orgName", "text", lambda c, v: v.org.name),
    column("status", "word", lambda c, v: "READY"),
    column("storageLimitMB", "number", lambda c, v: sum(p.limit_mb for p in v.storage_profiles)),
    column("storageUsedMB", "number", lambda c, v: sum(p.used_mb for p in v.storage_profiles)),
)
VAPP = (
    NAME,
    *_TOWARD_VDC,
    column("status", "word", lambda c, a: a.status.name),
    column("ownerName", "text", lambda c, a: a.owner.name),
    column("isPublic", "boolean", lambda c, a: False),
    column("isInMaintenanceMode", "boolean", lambda c, a: False),
    column("isExpired", "boolean", lambda c, a: False),
    column("isEnabled", "boolean", lambda c, a: True),
    column("isDeployed", "boolean", lambda c, a: a.deployed),
    column("isBusy", "boolean", lambda c, a: a.busy is not None),
    column("isVdcEnabled", "boolean", lambda c, a: a.vdc.config.enabled),
    column("creationDate", "instant", lambda c, a: to_time(a.created_s)),
    column("numberOfVMs", "number", lambda c, a: len(a.vms)),
    column("numberOfCpus", "number", lambda c, a: sum(v.backing.cpus for v in a.vms)),
    column(
        "cpuAllocationInMhz",
        "number",
        lambda c, a: sum(v.backing.cpus for v in a.vms) * a.vdc.config.vcpu_mhz,
    ),
    column("memoryAllocationMB", "number", lambda c, a: sum(v.memory_mb for v in a.vms)),
    column("storageKB", "number", lambda c, a: _storage_kb(a.vms)),
)
VM = (
    NAME,
    *_TOWARD_VDC,
    column("container", "reference", lambda c, v: c.hrefs.vapp(v.vapp.id)),
    column("containerName", "text", lambda c, v: v.vapp.name),
    column("containerStatus", "word", lambda c, v: v.vapp.status.name),
    column("status", "word", lambda c, v: v.status.name),
    column("guestOs", "text", lambda c, v: v.backing.guest_name),
    column("hardwareVersion", "number", lambda c, v: int(v.backing.hardware_version.rpartition("-")[2])),
    column("numberOfCpus", "number", lambda c, v: v.backing.cpus),
    column("memoryMB", "number", lambda c, v: v.memory_mb),
    column(
        "totalStorageAllocatedMb", "number", lambda c, v: sum(d.capacity_bytes for d in v.backing.disks) // MB
    ),
    column("storageProfileName", "text", lambda c, v: v.profile.name),
    column("isBusy", "boolean", lambda c, v: v.busy is not None),
    column("isDeployed", "boolean", lambda c, v: v.deployed),
    column("isDeleted", "boolean", lambda c, v: False),
    column("isPublished", "boolean", lambda c, v: False),
    column("isVAppTemplate", "boolean", lambda c, v: False),
    column("isInMaintenanceMode", "boolean", lambda c, v: False),
    column("dateCreated", "instant", lambda c, v: to_time(v.created_s)),
    column(
        "networkName", "text", lambda c, v: next((n.network for n in v.nics if n.network != "none"), None)
    ),
    column("ipAddress", "text", lambda c, v: next((n.ip_address for n in v.nics if n.ip_address), None)),
    column(
        "vmToolsStatus", "text", lambda c, v: "TOOLS_OK" if v.backing.tools_running else "TOOLS_NOT_RUNNING"
    ),
)
ADMIN_VM = (
    *VM,
    *_TOWARD_ORG,
    column("moref", "text", lambda c, v: v.backing.moref),
    column(
        "vc", "reference", lambda c, v: c.hrefs.vim_server(v.vdc.vim_server.id) if v.vdc.vim_server else None
    ),
)
STORAGE_PROFILE = (
    NAME,
    *_TOWARD_VDC,
    column("isDefaultStorageProfile", "boolean", lambda c, p: p is p.vdc.default_profile),
    column("isEnabled", "boolean", lambda c, p: p.config.enabled),
    column("isVdcBusy", "boolean", lambda c, p: False),
    column("numberOfConditions", "number", lambda c, p: 1),
    column("storageLimitMB", "number", lambda c, p: p.limit_mb),
    column("storageUsedMB", "number", lambda c, p: p.used_mb),
)
_LINK_TYPE = {"bridged": 0, "natRouted": 1, "isolated": 2}
NETWORK = (
    NAME,
    *_TOWARD_VDC,
    column("defaultGateway", "text", lambda c, n: n.config.gateway),
    column("netmask", "text", lambda c, n: n.config.netmask),
    column("dns1", "text", lambda c, n: n.config.dns1),
    column("dns2", "text", lambda c, n: n.config.dns2),
    column("dnsSuffix", "text", lambda c, n: n.config.dns_suffix),
    column("isBusy", "boolean", lambda c, n: False),
    column("isIpScopeInherited", "boolean", lambda c, n: n.config.fence_mode == "bridged"),
    column("isShared", "boolean", lambda c, n: n.config.shared),
    column("linkType", "number", lambda c, n: _LINK_TYPE.get(n.config.fence_mode, 0)),
    column("connectedTo", "text", lambda c, n: n.port_group),
)


def _ended(call: Call, task: Any) -> str | None:
    return to_time(task.work.ended_s) if task.work is not None and task.work.ended_s is not None else None


TASK = (
    column("name", "text", lambda c, t: t.operation_name),
    column("status", "word", lambda c, t: t.status),
    column("startDate", "instant", lambda c, t: to_time(t.work.started_s) if t.work is not None else None),
    column("endDate", "instant", _ended),
    column("object", "reference", lambda c, t: owner_reference(t, c.hrefs)[0]),
    column("objectName", "text", lambda c, t: t.owner_name),
    column("objectType", "text", lambda c, t: t.owner_kind),
    column("ownerName", "text", lambda c, t: t.user.name),
    column("org", "reference", lambda c, t: c.hrefs.org(t.org.id)),
    column("orgName", "text", lambda c, t: t.org.name),
    column("serviceNamespace", "text", lambda c, t: "com.vmware.vcloud"),
)
USER = (
    NAME,
    column("fullName", "text", lambda c, u: u.name),
    column("isEnabled", "boolean", lambda c, u: u.enabled),
    column("isLdapUser", "boolean", lambda c, u: False),
)
ADMIN_USER = (*USER, column("org", "reference", lambda c, u: c.hrefs.org(u.org.id)))
VIRTUAL_CENTER = (
    NAME,
    column("url", "text", lambda c, s: s.config.url),
    column("userName", "text", lambda c, s: s.config.username),
    column("vcVersion", "text", lambda c, s: s.config.version),
    column("isEnabled", "boolean", lambda c, s: True),
    column("isBusy", "boolean", lambda c, s: False),
)

_VDC, _VAPP, _VM = vcloud_type("vdc"), vcloud_type("vApp"), vcloud_type("vm")
_PROFILE, _NETWORK, _TASK = (
    vcloud_type("vdcStorageProfile"),
    vcloud_type("orgVdcNetwork"),
    vcloud_type("task"),
)
_USER, _VCENTER = admin_type("user"), admin_type("vmwvirtualcenter")

# fmt: off
_ROWS = (
    QueryType("organization", "Org", "org", admin_type("organization"), lambda c: c.cloud.orgs,
              lambda c, o: c.hrefs.api(f"admin/org/{o.id}"), ORGANIZATION, True),
    QueryType("orgVdc", "OrgVdc", "vdc", _VDC, access.vdcs, lambda c, v: c.hrefs.vdc(v.id), ORG_VDC),
    QueryType("adminOrgVdc", "AdminVdc", "vdc", admin_type("vdc"), access.vdcs,
              lambda c, v: c.hrefs.api(f"admin/vdc/{v.id}"), ORG_VDC, True),
    QueryType("vApp", "VApp", "vapp", _VAPP, access.vapps, lambda c, a: c.hrefs.vapp(a.id), VAPP),
    QueryType("adminVApp", "AdminVApp", "vapp", _VAPP, access.vapps, lambda c, a: c.hrefs.vapp(a.id),
              (*VAPP, *_TOWARD_ORG), True),
    QueryType("vm", "VM", "vm", _VM, access.vms, lambda c, v: c.hrefs.vm(v.id), VM),
    QueryType("adminVM", "AdminVM", "vm", _VM, access.vms, lambda c, v: c.hrefs.vm(v.id), ADMIN_VM, True),
    QueryType("orgVdcStorageProfile", "OrgVdcStorageProfile", "vdcstorageProfile", _PROFILE, access.profiles,
              lambda c, p: c.hrefs.profile(p.id), STORAGE_PROFILE),
    QueryType("adminOrgVdcStorageProfile", "AdminOrgVdcStorageProfile", "vdcstorageProfile", _PROFILE,
              access.profiles, lambda c, p: c.hrefs.profile(p.id), (*STORAGE_PROFILE, *_TOWARD_ORG), True),
    QueryType("orgVdcNetwork", "OrgVdcNetwork", "network", _NETWORK, access.networks,
              lambda c, n: c.hrefs.api(f"admin/network/{n.id}"), NETWORK, listed_for_orgs_since=30.0),
    QueryType("orgNetwork", "OrgNetwork", "network", vcloud_type("orgNetwork"), access.networks,
              lambda c, n: c.hrefs.network(n.id), NETWORK[:1] + NETWORK[3:]),
    QueryType("task", "Task", "task", _TASK, access.tasks, lambda c, t: c.hrefs.task(t.id), TASK),
    QueryType("adminTask", "AdminTask", "task", _TASK, access.tasks, lambda c, t: c.hrefs.task(t.id),
              TASK, True),
    QueryType("user", "User", "user", _USER, access.users, lambda c, u: c.hrefs.user(u.id), USER),
    QueryType("adminUser", "AdminUser", "user", _USER, access.users, lambda c, u: c.hrefs.user(u.id),
              ADMIN_USER, True),
    QueryType("virtualCenter", "VirtualCenter", "vimserver", _VCENTER, lambda c: c.cloud.vim_servers,
              lambda c, s: c.hrefs.vim_server(s.id), VIRTUAL_CENTER, True),
)
# fmt: on
_COMMON = (
    NAME,
    *_TOWARD_VDC,
    column("catalogName", "text", _NO_HREF),
    column("orgName", "text", _NO_HREF),
    column("ownerName", "text", _NO_HREF),
    column("status", "word", _NO_HREF),
    column("isPublished", "boolean", _NO_HREF),
    column("creationDate", "instant", _NO_HREF),
)
_ALWAYS_EMPTY = (
    "catalog", "catalogItem", "media", "vAppTemplate", "disk", "edgeGateway", "group", "vAppNetwork",
    "vmDiskRelation",
)  # fmt: skip
_EMPTY = tuple(
    QueryType(name, name[0].upper() + name[1:], name.lower(), vcloud_type(name), _NOTHING, _NO_HREF, _COMMON)
    for name in _ALWAYS_EMPTY
)
TYPES: dict[str, QueryType] = {row.name: row for row in (*_ROWS, *_EMPTY)}

KNOWN_NOT_HERE = frozenset({
    "aclRule", "adminCatalog", "adminCatalogItem", "adminDisk", "adminEvent", "adminGroup", "adminMedia",
    "adminOrgNetwork", "adminRole", "adminShadowVM", "adminVAppNetwork", "adminVAppTemplate",
    "allocatedExternalAddress", "blockingTask", "cell", "condition", "datastore", "dvSwitch", "event",
    "externalNetwork", "host", "networkPool", "orgVdcResourcePoolRelation", "portgroup",
    "providerVdc", "providerVdcStorageProfile", "resourcePool", "right", "role", "service", "strandedUser",
    "vAppOrgVdcNetworkRelation", "vAppOrgNetworkRelation",
})  # fmt: skip
"""Query types of vCD 9.0 that this emulator does not know: asking for one is an emulator gap."""
