"""A scenario's environment, built and ready to run: kernel, network, emulators, data plane and the core.

Rules of this file: composition only, in the order in which the parts need each other. The provider side is
set up already when a run begins (cx.md 2.1): the Replication Manager knows its replicators. What belongs to
one product is in `products`, to the network in `topology`, to the data plane in `workloads`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from cxsim.core.appliance import Appliance, ApplianceConfig, ReplicatorConfig
from cxsim.core.decisions import Journal
from cxsim.fake_cx.cloud_service import CloudService
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_vcd import VCloudDirector
from cxsim.fake_vcenter import VCenter
from cxsim.fake_vcenter.records import VmRecord
from cxsim.sim import identities
from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.explain import EnvironmentView, Typed
from cxsim.sim.identities import Identity
from cxsim.sim.kernel import Hub, Process, SimHost
from cxsim.sim.kernel.streams import stream
from cxsim.sim.network import Network
from cxsim.sim.replication.plane import SimDataPlane
from cxsim.sim.replication.settings import Settings
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.world import products
from cxsim.sim.world.fronts import Manner
from cxsim.sim.world.infrastructure import Vcenters
from cxsim.sim.world.inspection import Inspection
from cxsim.sim.world.interposed import Interposed, TlsDevice
from cxsim.sim.world.lines import LineHours
from cxsim.sim.world.machines import Machines
from cxsim.sim.world.topology import topology_of
from cxsim.sim.world.view import view_of
from cxsim.sim.world.workloads import lines_of, settings_of, workloads_of

H = TypeVar("H", bound=written.HostBase)
Undo = Callable[[], None]

HTTPS, REPLICATION_MANAGER, REPLICATOR = 443, 8044, 8043
"""Where the products' APIs listen (cx.md 1.2)."""

MANAGER_ENDPOINT_CALL = "GET /mobility/tenant/replicationmanager"
REPLICATOR_ENDPOINT_CALL = "POST /replicators"
"""The calls that hand a public endpoint on to somebody who will use it (docs/inferred-api.md)."""


def sso_of(host: written.Replicator) -> str:
    """The host whose single sign-on a replicator uses."""
    return host.psc or host.vcenter


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
        self._dates = environment.certificate_dates == "checked"
        self.log = log if log is not None else EventLog()
        self.hub = Hub(seed, environment.start_s, self.log)
        self.places: dict[str, str] = {}
        """Where the state of a line or an edge was last changed, by its name."""
        self._cx = self.cx_settings = cx_settings or CxSettings(certificate_dates=self._dates)
        self._typed: dict[str, Typed] = {}
        self._endpoint_calls = {MANAGER_ENDPOINT_CALL: 0, REPLICATOR_ENDPOINT_CALL: 0}
        self.log.listeners.append(self._count_endpoint_calls)
        self.hosts: dict[str, SimHost] = {
            host.name: self.hub.add_host(host.name, host.clock_skew_s) for host in environment.hosts.values()
        }
        self.network = Network(
            topology_of(environment),
            clock=lambda: self.hub.now_s,
            listeners=self.hub.listener,
            streams=partial(stream, seed),
        )
        self.network.composition = self
        self.interposed = Interposed(self.network)
        self.hub.network = self.interposed
        self.machines = Machines(self.hub, self.network, self.hosts)
        self._calls: Counter[str] = Counter()
        self.vcenters = self._make_vcenters()
        self.plane = SimDataPlane(
            self.hub,
            self.interposed,
            {self._uuids[vm]: writes for vm, writes in workloads_of(environment, seed).items()},
            plane_settings or settings_of(environment),
            self.log,
            environment.start_s,
            limits=environment.replication.limits,
            lines=lines_of(environment),
        )
        LineHours(self.hub, self.network, environment)
        self.directors = self._make_directors()
        self.managers = {h.name: self._make_manager(h) for h in self._of(written.ReplicationManager)}
        self.replicators = {h.name: self._make_replicator(h) for h in self._of(written.Replicator)}
        self.cloud_services = {h.name: self._make_cloud_service(h) for h in self._of(written.CloudService)}
        self.core_config = self._core_config()
        self.appliance = self.start_core()

    def _of(self, kind: type[H]) -> list[H]:
        return [host for host in self.environment.hosts.values() if isinstance(host, kind)]

    def _listen(self, host: written.HostBase, port: int, app: Callable[..., object]) -> None:
        self.machines.listen(host.name, port, app)

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
            made[host.name].observers.append(self._vm_changed)
            self._listen(host, HTTPS, made[host.name].wsgi_app)
        return made

    def _vm_changed(self, change: str, record: VmRecord) -> None:
        if change == "power":
            self.plane.vm_power(record.instance_uuid, record.power == "on")

    def _make_directors(self) -> Mapping[str, VCloudDirector]:
        made: dict[str, VCloudDirector] = {}
        for host in self._of(written.Vcd):
            estate = products.vcd_of(self.environment, host)
            made[host.name] = VCloudDirector(estate, self.hosts[host.name], Vcenters(self.vcenters))
            self._listen(host, HTTPS, made[host.name].wsgi_app)
        return made

    def _make_manager(self, host: written.ReplicationManager) -> ReplicationManager:
        manager = ReplicationManager(products.manager_of(host), self._cx, self.hosts[host.name])
        self._listen(host, REPLICATION_MANAGER, manager.wsgi_app)
        return manager

    def _make_replicator(self, host: written.Replicator) -> Replicator:
        config = products.replicator_of(self.environment, host)
        replicator = Replicator(config, self._cx, self.hosts[host.name], self.plane)
        replicator.sso_clock = self.hosts[sso_of(host)].now
        self._listen(host, REPLICATOR, replicator.wsgi_app)
        if host.replication_manager is not None:
            self.managers[host.replication_manager].adopt_replicator(replicator)
        return replicator

    def _make_cloud_service(self, host: written.CloudService) -> CloudService:
        config = products.cloud_service_of(self.environment, host)
        service = CloudService(config, self._cx, self.hosts[host.name])
        self._listen(host, HTTPS, service.wsgi_app)
        return service

    def _core_config(self) -> ApplianceConfig:
        """The migration core stands on the tenant's CX appliance: it is what is under test, so fake_cx's
        connector does not stand there."""
        host = self._connector = self._of(written.Connector)[0]
        vcenter, replicator = self.environment.hosts[host.vcenter], self.environment.hosts[host.replicator]
        assert isinstance(vcenter, written.VCenter)
        assert isinstance(replicator, written.Replicator)
        self.core_host = self.hosts[host.name]
        return ApplianceConfig(
            site=host.site,
            cx_version=self.environment.cx_version,
            vcenter_host=vcenter.address,
            vcenter_port=443,
            vcenter_user=vcenter.user,
            vcenter_password=vcenter.password,
            certificate_dates=self._dates,
            replicator=ReplicatorConfig(
                url=f"https://{replicator.address}:8043",
                public_endpoint=replicator.public_endpoint or "",
                root_password=replicator.password,
                sso_user=replicator.sso_user,
                sso_password=replicator.sso_password,
            ),
        )

    def start_core(self, process: Process | None = None, journal: Journal | None = None) -> Appliance:
        """Start the core: in a process of its own, with a journal, or in the host's without one."""
        runtime = self.hub.runtime(self.core_host, process)
        self.appliance = Appliance(
            runtime,
            self.core_config,
            journal=journal,
        )
        return self.appliance

    # -- public endpoints -----------------------------------------------------------------------------

    def public_endpoint(self, appliance: str) -> str:
        """The Public Endpoint URL of a Replication Manager or replicator as it is now, as typed."""
        return self._endpoint_owner(appliance).public_endpoint

    def set_public_endpoint(self, appliance: str, typed: str, place: str) -> None:
        """Type another Public Endpoint URL, at `place` of a file."""
        self._endpoint_owner(appliance).set_public_endpoint(typed)
        self._typed[appliance] = Typed(typed, place)
        if appliance == self._connector.replicator:
            self.appliance.set_replicator_endpoint(typed)

    def _endpoint_owner(self, appliance: str) -> ReplicationManager | Replicator:
        return self.managers[appliance] if appliance in self.managers else self.replicators[appliance]

    def endpoint_uses(self, appliance: str) -> int:
        """How many calls carried an appliance's public endpoint to somebody who will use it."""
        is_manager = appliance in self.managers
        return self._endpoint_calls[MANAGER_ENDPOINT_CALL if is_manager else REPLICATOR_ENDPOINT_CALL]

    def _count_endpoint_calls(self, event: LoggedEvent) -> None:
        if event.event in ("message", "cloud"):
            self._calls[event.host] += 1
        if event.event == "call":
            self._calls.update((event.fields["src"], event.fields["dst"]))
            key = f"{event.fields['method']} {event.fields['path']}"
            if key in self._endpoint_calls:
                self._endpoint_calls[key] += 1

    def view(self) -> EnvironmentView:
        """What explanations need to know."""
        return view_of(self.environment, self._typed, Inspection(self))

    # -- what faults reach (faults.effects.World) -----------------------------------------------------

    def ports_of(self, host: str) -> Sequence[int]:
        """The ports that a host listens on."""
        return sorted({*self.hosts[host].listeners, *self.network.host(host).services})

    def dns_server(self, site: str) -> str:
        """The host that resolves names for a site."""
        return self.environment.sites[site].dns.server

    def identity(self, host: str) -> Identity:
        """The certificate that a host shows now."""
        return self.machines.identity(host)

    def new_identity(self, host: str, generation: int, expired_s: float | None = None) -> Identity:
        """A certificate for a host: of another generation, or one that expired so long before the start."""
        return self.machines.new_identity(host, generation, expired_s)

    def show_identity(self, host: str, identity: Identity, place: str, restart: bool) -> Undo:
        """Let a host show another certificate."""
        return self.machines.show_identity(host, identity, place, restart)

    def times_shown(self, host: str) -> int:
        """How many clients have been shown the certificate that a host shows now."""
        return self.machines.times_shown(host)

    def end_tls(self, edge: str, port: int, by: str, place: str) -> Undo:
        """A device at an edge ends TLS on a published port."""
        identity = identities.self_signed(self.hub.seed, by, around_s=self.environment.start_s)
        return self.interposed.put(TlsDevice(by, edge, port, identity, place))

    def times_ended(self, by: str) -> int:
        """How many connections a device that ends TLS has taken."""
        return sum(device.taken for device in self.interposed.devices if device.name == by)

    def skew_clock(self, host: str, ahead_s: float, place: str) -> Undo:
        """Put the clock of a host forward."""
        return self.machines.skew_clock(host, ahead_s, place)

    def calls_of(self, host: str) -> int:
        """How many calls a host has made or answered, and what it has told its user of them."""
        return self._calls[host]

    def answer_otherwise(self, host: str, manner: Manner, place: str) -> Undo:
        """Let the web server of a host answer in another manner."""
        return self.machines.answer_otherwise(host, manner, place)

    def times_answered(self, host: str) -> int:
        """How many requests a web server has answered in a manner that is not the product's."""
        return self.machines.times_answered(host)
