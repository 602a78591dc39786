"""A scenario's hosts as the configuration of each emulated product.

Rules of this file: translation only, one function a product. Sizes: the scenario's bytes become each
product's own unit (vCD counts in megabytes of 2^20 bytes).
"""

from __future__ import annotations

from collections.abc import Mapping

from cxsim.fake_cx import config as cx
from cxsim.fake_vcd import estate
from cxsim.fake_vcenter import inventory
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.vcd import Org, Vdc
from cxsim.sim.scenario.vms import Vm
from cxsim.sim.world.workloads import FIRST_DISK_KEY

MIB = 2**20


def vcenter_of(
    environment: Environment, host: written.VCenter, instance_uuids: Mapping[str, str]
) -> inventory.VCenter:
    """A vCenter with its ESXi hosts and the VMs on them."""
    esxi = [h for h in environment.hosts_of("esxi") if isinstance(h, written.Esxi) and h.vcenter == host.name]
    names = {h.name for h in esxi}
    datacenter = inventory.Datacenter(
        name=host.datacenter,
        clusters=(
            inventory.Cluster(host.cluster, tuple(inventory.EsxiHost(h.name, h.address) for h in esxi)),
        ),
        datastores=tuple(inventory.Datastore(name, size) for name, size in host.datastores.items()),
        networks=host.networks,
        vms=tuple(
            _vm(vm, instance_uuids[vm.name], next(iter(host.datastores)))
            for vm in environment.vms.values()
            if vm.esxi in names
        ),
    )
    return inventory.VCenter(
        name=host.name, users=(inventory.User(host.user, host.password),), datacenters=(datacenter,)
    )


def _vm(vm: Vm, instance_uuid: str, datastore: str) -> inventory.VirtualMachine:
    return inventory.VirtualMachine(
        name=vm.name,
        host=vm.esxi,
        instance_uuid=instance_uuid,
        cpus=vm.cpus,
        memory_bytes=vm.memory_bytes,
        ip_address=vm.address,
        disks=tuple(
            inventory.Disk(
                disk.size_bytes,
                disk.size_bytes if disk.provisioning == "thick" else disk.allocated_bytes,
                FIRST_DISK_KEY + index,
                disk.provisioning == "thin",
            )
            for index, disk in enumerate(vm.disks)
        ),
        network=vm.network,
        datastore=vm.datastore or datastore,
        power=vm.power,
    )


def vcd_of(environment: Environment, host: written.Vcd) -> estate.Estate:
    """A vCloud Director with its organizations, attached to its resource vCenter."""
    vcenter = environment.hosts[host.vcenter]
    assert isinstance(vcenter, written.VCenter)
    return estate.Estate(
        orgs=tuple(_org(org) for org in host.orgs.values()),
        vim_servers=(estate.VimServerConfig(vcenter.name, f"https://{vcenter.address}:443", vcenter.user),),
        system_users=(estate.UserConfig(host.user, host.password, "System Administrator"),),
        vcd_version=host.vcd_version,
        public_base_url=host.public_url,
    )


def _org(org: Org) -> estate.OrgConfig:
    return estate.OrgConfig(
        name=org.name,
        users=tuple(estate.UserConfig(name, user.password, user.role) for name, user in org.users.items()),
        vdcs=tuple(_vdc(vdc) for vdc in org.vdcs.values()),
    )


def _vdc(vdc: Vdc) -> estate.VdcConfig:
    profiles = tuple(
        estate.StorageProfileConfig(
            name=profile.name,
            limit_mb=_mb(profile.limit_bytes),
            used_mb=_mb(profile.used_bytes),
            datastore=profile.datastore,
            default=profile.default,
        )
        for profile in vdc.storage_profiles.values()
    )
    return estate.VdcConfig(
        name=vdc.name,
        allocation_model=vdc.allocation_model,
        cpu=estate.Compute(used=vdc.cpu.used_mhz, limit=round(vdc.cpu.limit_mhz or 0)),
        memory=estate.Compute(used=_mb(vdc.memory.used_bytes), limit=_mb(vdc.memory.limit_bytes)),
        storage_profiles=profiles,
        networks=tuple(estate.NetworkConfig(name) for name in vdc.networks),
    )


def _mb(size_bytes: int | None) -> int:
    return 0 if size_bytes is None else size_bytes // MIB


def manager_of(host: written.ReplicationManager) -> cx.ManagerConfig:
    """The Replication Manager."""
    return cx.ManagerConfig(
        address=host.address,
        public_endpoint=host.public_endpoint or "",
        root_password=host.password,
        site=host.site,
    )


def replicator_of(environment: Environment, host: written.Replicator) -> cx.ReplicatorConfig:
    """A replicator; its public endpoint as it was typed."""
    vcenter = environment.hosts[host.vcenter]
    assert isinstance(vcenter, written.VCenter)
    lookup = environment.hosts[host.psc].address if host.psc else vcenter.address
    return cx.ReplicatorConfig(
        address=host.address,
        vcenter_host=vcenter.address,
        vcenter_user=vcenter.user,
        vcenter_password=vcenter.password,
        public_endpoint=host.public_endpoint or "",
        root_password=host.password,
        sso_user=host.sso_user,
        sso_password=host.sso_password,
        site=host.site,
        lookup_service_url=f"https://{lookup}/lookupservice/sdk",
    )


def managed(host: written.ReplicationManager | written.Replicator, port: int) -> cx.ManagedAppliance:
    """An appliance as the cloud service or connector that deployed it knows it."""
    return cx.ManagedAppliance(
        host.name, f"https://{host.address}:{port}", host.password, host.public_endpoint or ""
    )


def cloud_service_of(environment: Environment, host: written.CloudService) -> cx.CloudServiceConfig:
    """The CX cloud service with the appliances it deployed."""
    vcd, manager = environment.hosts[host.vcd], environment.hosts[host.replication_manager]
    vcenter = environment.hosts[host.vcenter]
    assert isinstance(vcd, written.Vcd)
    assert isinstance(manager, written.ReplicationManager)
    replicators = [
        h
        for h in environment.hosts_of("replicator")
        if isinstance(h, written.Replicator) and h.replication_manager == manager.name
    ]
    return cx.CloudServiceConfig(
        address=host.address,
        manager=managed(manager, 8044),
        vcd_url=f"https://{vcd.address}",
        vcd_user=vcd.user,
        vcd_password=vcd.password,
        replicators=tuple(managed(h, 8043) for h in replicators),
        root_password=host.password,
        vcenter_name=host.vcenter,
        vcenter_url=f"https://{vcenter.address}",
        site=host.site,
    )


def connector_of(environment: Environment, host: written.Connector) -> cx.ConnectorConfig:
    """The tenant's CX appliance as it answers when the core is not under test."""
    replicator = environment.hosts[host.replicator]
    assert isinstance(replicator, written.Replicator)
    return cx.ConnectorConfig(
        address=host.address,
        replicators=(managed(replicator, 8043),),
        vcenter_name=host.vcenter,
        vcenter_url=f"https://{environment.hosts[host.vcenter].address}",
        site=host.site,
    )
