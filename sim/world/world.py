"""A scenario's environment, built and ready to run: kernel, network, emulators, data plane and the core.

Rules of this file: composition only, in the order in which the parts need each other. The provider side is
set up already when a run begins (cx.md 2.1): the Replication Manager knows its replicators. What belongs to
one product is in `products`, to the network in `topology`, to the data plane in `workloads`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from cxsim.core.appliance import Appliance, ApplianceConfig, ReplicatorConfig
from cxsim.fake_cx import CloudService, CxSettings, Replicator, ReplicationManager
from cxsim.fake_vcd import VCloudDirector
from cxsim.fake_vcenter import VCenter
from cxsim.sim import identities
from cxsim.sim.eventlog import EventLog
from cxsim.sim.kernel import Hub, SimHost
from cxsim.sim.network import Network
from cxsim.sim.replication.plane import SimDataPlane
from cxsim.sim.replication.settings import Settings
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.world import products
from cxsim.sim.world.infrastructure import Vcenters
from cxsim.sim.world.topology import topology_of
from cxsim.sim.world.workloads import workload_of

H = TypeVar("H", bound=written.HostBase)

API_PORTS = {
    "vcenter": 443,
    "vcd": 443,
    "cx-cloud-service": 443,
    "replication-manager": 8044,
    "replicator": 8043,
}
"""Where each product's API listens (cx.md 1.2)."""


class World:
    """Everything of one scenario. `hub` runs it; `appliance` is the migration core under test."""

    def __init__(
        self,
        environment: Environment,
        seed: int,
        log: EventLog | None = None,
        cx_settings: CxSettings | None = None,
        plane_settings: Settings | None = None,
    ) -> None:
        self.environment = environment
        self.log = log if log is not None else EventLog()
        self.hub = Hub(seed, environment.start_s, self.log)
        self._cx = cx_settings or CxSettings()
        self.hosts: dict[str, SimHost] = {
            host.name: self.hub.add_host(host.name, host.clock_skew_s) for host in environment.hosts.values()
        }
        self.network = Network(
            topology_of(environment), clock=lambda: self.hub.now_s, listeners=self.hub.listener
        )
        self.hub.network = self.network
        self.vcenters = self._make_vcenters()
        self.plane = SimDataPlane(
            self.hub,
            self.network,
            {self._uuids[vm.name]: workload_of(vm) for vm in environment.vms.values()},
            plane_settings,
            self.log,
            environment.start_s,
        )
        self.directors = self._make_directors()
        self.managers = {h.name: self._make_manager(h) for h in self._of(written.ReplicationManager)}
        self.replicators = {h.name: self._make_replicator(h) for h in self._of(written.Replicator)}
        self.cloud_services = {h.name: self._make_cloud_service(h) for h in self._of(written.CloudService)}
        self.appliance = self._make_core()

    def _of(self, kind: type[H]) -> list[H]:
        return [host for host in self.environment.hosts.values() if isinstance(host, kind)]

    def _listen(self, host: written.HostBase, app: Callable[..., object]) -> None:
        machine = self.hosts[host.name]
        machine.listen(
            API_PORTS[host.role],
            app,
            machine.identity
            or identities.self_signed(self.hub.seed, host.name, around_s=self.environment.start_s),
        )

    # -- products -------------------------------------------------------------------------------------

    def _make_vcenters(self) -> Mapping[str, VCenter]:
        self._uuids: dict[str, str] = {}
        made: dict[str, VCenter] = {}
        for host in self._of(written.VCenter):
            machine = self.hosts[host.name]
            for vm in self.environment.vms.values():
                esxi = self.environment.hosts[vm.esxi]
                if isinstance(esxi, written.Esxi) and esxi.vcenter == host.name:
                    self._uuids[vm.name] = machine.new_uuid(f"instanceUuid {vm.name}")
            config = products.vcenter_of(self.environment, host, self._uuids)
            made[host.name] = VCenter(config, machine)
            self._listen(host, made[host.name].wsgi_app)
        return made

    def _make_directors(self) -> Mapping[str, VCloudDirector]:
        made: dict[str, VCloudDirector] = {}
        for host in self._of(written.Vcd):
            estate = products.vcd_of(self.environment, host)
            made[host.name] = VCloudDirector(estate, self.hosts[host.name], Vcenters(self.vcenters))
            self._listen(host, made[host.name].wsgi_app)
        return made

    def _make_manager(self, host: written.ReplicationManager) -> ReplicationManager:
        manager = ReplicationManager(products.manager_of(host), self._cx, self.hosts[host.name])
        self._listen(host, manager.wsgi_app)
        return manager

    def _make_replicator(self, host: written.Replicator) -> Replicator:
        config = products.replicator_of(self.environment, host)
        replicator = Replicator(config, self._cx, self.hosts[host.name], self.plane)
        self._listen(host, replicator.wsgi_app)
        if host.replication_manager is not None:
            self.managers[host.replication_manager].adopt_replicator(replicator)
        return replicator

    def _make_cloud_service(self, host: written.CloudService) -> CloudService:
        config = products.cloud_service_of(self.environment, host)
        service = CloudService(config, self._cx, self.hosts[host.name])
        self._listen(host, service.wsgi_app)
        return service

    def _make_core(self) -> Appliance:
        """The migration core on the tenant's CX appliance: it is what is under test, so fake_cx's connector
        does not stand there."""
        host = self._of(written.Connector)[0]
        vcenter, replicator = self.environment.hosts[host.vcenter], self.environment.hosts[host.replicator]
        assert isinstance(vcenter, written.VCenter)
        assert isinstance(replicator, written.Replicator)
        self.core_host = self.hosts[host.name]
        config = ApplianceConfig(
            site=host.site,
            cx_version=self.environment.cx_version,
            vcenter_host=vcenter.address,
            vcenter_port=443,
            vcenter_user=vcenter.user,
            vcenter_password=vcenter.password,
            replicator=ReplicatorConfig(
                url=f"https://{replicator.address}:8043",
                public_endpoint=replicator.public_endpoint or "",
                root_password=replicator.password,
                sso_user=replicator.sso_user,
                sso_password=replicator.sso_password,
            ),
        )
        return Appliance(self.hub.runtime(self.core_host), config)

    # -- what faults reach (faults.effects.World) -----------------------------------------------------

    def ports_of(self, host: str) -> Sequence[int]:
        """The ports that a host listens on."""
        return sorted({*self.hosts[host].listeners, *self.network.host(host).services})
