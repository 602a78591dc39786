"""Build a model from a configuration.

Rules of this file: objects are made in a fixed order, so ids are the same for the same configuration: root
folder, then per datacenter its folders, datastores, networks, clusters with pool and hosts, VMs. A mistake
in the configuration raises ValueError that names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from cxsim.fake_vcenter import inventory, vm_creation
from cxsim.fake_vcenter.authorization import AuthorizationManager
from cxsim.fake_vcenter.cluster import Cluster
from cxsim.fake_vcenter.custom_fields import CustomFieldsManager
from cxsim.fake_vcenter.datacenter import Datacenter
from cxsim.fake_vcenter.datastore import Datastore
from cxsim.fake_vcenter.event_manager import EventManager
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.host_system import HostSystem
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.network import Network
from cxsim.fake_vcenter.performance import PerformanceManager
from cxsim.fake_vcenter.property_collector import PropertyCollector
from cxsim.fake_vcenter.records import VIM_POWER
from cxsim.fake_vcenter.search_index import SearchIndex
from cxsim.fake_vcenter.service_instance import ROOT_FOLDER, ServiceInstance
from cxsim.fake_vcenter.session_manager import SessionManager
from cxsim.fake_vcenter.sessions import PRIVILEGES, Sessions
from cxsim.fake_vcenter.task import TaskManager
from cxsim.fake_vcenter.versions import PRODUCTS
from cxsim.fake_vcenter.view_manager import ViewManager
from cxsim.fake_vcenter.virtual_machine import VirtualMachine

T = TypeVar("T")


@dataclass
class Built:
    """A datacenter and what stands in it, by name."""

    datacenter: Datacenter
    datastores: dict[str, Datastore]
    networks: dict[str, Network]
    clusters: dict[str, Cluster]
    hosts: dict[str, HostSystem]


def build(model: Model, sessions: Sessions) -> list[Built]:
    """Fill an empty model. Raises ValueError for a configuration that contradicts itself."""
    config = model.config
    if config.version not in PRODUCTS:
        raise ValueError(f"unknown vCenter version {config.version!r}; known: {', '.join(PRODUCTS)}")
    for user in config.users:
        if user.role not in PRIVILEGES:
            raise ValueError(f"user {user.name}: unknown role {user.role!r}; known: {', '.join(PRIVILEGES)}")
    root = Folder(model, "d", "Datacenters", None, model.take_id(ROOT_FOLDER))
    events = EventManager(model)
    TaskManager(model)
    CustomFieldsManager(model)
    ServiceInstance(model)
    SessionManager(model, sessions, events)
    PropertyCollector(model)
    ViewManager(model)
    SearchIndex(model)
    AuthorizationManager(model)
    PerformanceManager(model)
    return [_datacenter(model, root, each) for each in config.datacenters]


def _datacenter(model: Model, root: Folder, config: inventory.Datacenter) -> Built:
    made = Datacenter(model, config.name, root)
    root.adopt(made)
    built = Built(made, {}, {}, {}, {})
    for store_config in config.datastores:
        store = Datastore(model, store_config.name, made.datastore_folder, store_config.capacity_bytes)
        made.datastore_folder.adopt(store)
        built.datastores[store.name] = store
    for name in config.networks:
        network = Network(model, name, made.network_folder)
        made.network_folder.adopt(network)
        built.networks[name] = network
    for cluster_config in config.clusters:
        _cluster(model, built, cluster_config)
    for vm_config in config.vms:
        add_vm(built, vm_config)
    return built


def _cluster(model: Model, built: Built, config: inventory.Cluster) -> None:
    folder = built.datacenter.host_folder
    cluster = Cluster(model, config.name, folder)
    folder.adopt(cluster)
    built.clusters[config.name] = cluster
    for host_config in config.hosts:
        host = HostSystem(model, host_config, cluster)
        cluster.hosts.append(host)
        built.hosts[host.name] = host
        host.datastores.extend(built.datastores.values())
        host.networks.extend(built.networks.values())
        for store in built.datastores.values():
            store.hosts.append(host)
        for network in built.networks.values():
            network.hosts.append(host)


def add_vm(built: Built, config: inventory.VirtualMachine) -> VirtualMachine:
    """Put a configured VM into a datacenter. Raises ValueError for names that do not exist."""
    wrong = f"VM {config.name} of datacenter {built.datacenter.name}"
    if config.power not in VIM_POWER:
        raise ValueError(f"{wrong}: power must be one of {', '.join(VIM_POWER)}, not {config.power!r}")
    host = _named(built.hosts, config.host, wrong, "host")
    store = _named(built.datastores, config.datastore, wrong, "datastore")
    if config.network is not None:
        _named(built.networks, config.network, wrong, "network")
    folder = built.datacenter.vm_folder
    pool = host.parent.resource_pool  # type: ignore[union-attr]
    record = vm_creation.from_inventory(config, folder, host, pool, store.name)
    vm = VirtualMachine(folder.model, record, folder, host, pool)
    vm.enter()
    return vm


def _named(known: dict[str, T], name: str | None, wrong: str, kind: str) -> T:
    if name is None and known:
        return next(iter(known.values()))
    if name not in known:
        raise ValueError(f"{wrong}: unknown {kind} {name!r}; known: {', '.join(known) or 'none'}")
    return known[name]
