"""One provider and one tenant's replicator on 127.0.0.1, in real time on sockets or in virtual time.

Rules of this file: both worlds run the same emulators and the same appliance; what differs is who serves
the sockets and who owns the clock. Calls are noted at the servers.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core_world import FakeVcenter, config

from cxsim.core.appliance import Appliance, ProviderCloudForm, ReplicatorConfig
from cxsim.core.threads import ThreadRuntime
from cxsim.core.vcd import VcdLogins
from cxsim.emulator.host import Host
from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_cx import config as cx
from cxsim.fake_cx.cloud_service import CloudService
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_vcd import (
    Estate,
    InMemoryInfrastructure,
    NetworkConfig,
    OrgConfig,
    StorageProfileConfig,
    UserConfig,
    VCloudDirector,
    VdcConfig,
    VimServerConfig,
)
from cxsim.sim.eventlog import EventLog
from cxsim.sim.identities import Identity, self_signed
from cxsim.sim.kernel import Attempt, Fate, Hub, NameAnswer, hooks

ADDRESS = "127.0.0.1"
NAMES = ("vcd", "cloud service", "manager", "replicator")
Event = tuple[str, dict[str, Any]]


class World(Protocol):
    """What the two worlds have in common."""

    ports: dict[str, int]
    events: list[Event]
    calls: list[tuple[str, str]]

    def host(self, name: str) -> Host:
        """The machine that an emulator runs on."""

    def serve(self, name: str, app: Any) -> None:
        """Let an emulator answer at its port."""

    def run(self, work: Callable[[Any], Any]) -> Any:
        """`work(runtime)` on the tenant's CX appliance."""

    def close(self) -> None:
        """End it."""


def noted(world: World, name: str, app: Any) -> Any:
    """The app, with every call noted."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", environ["PATH_INFO"])
        world.calls.append((name, f"{environ['REQUEST_METHOD']} {path}"))
        return app(environ, start_response)

    return call


def _free_ports(count: int) -> list[int]:
    """Free ports; all are held until the last is chosen, so that no two are the same."""
    with ExitStack() as held:
        return [held.enter_context(socket.create_server((ADDRESS, 0))).getsockname()[1] for _ in range(count)]


class RealWorld:
    """Threads, loopback sockets, OpenSSL. `speed`: seconds of the clocks per second of wall time."""

    def __init__(self, folder: Path, speed: float = 50.0) -> None:
        self._folder, self._speed = folder, speed
        self._servers: list[Server] = []
        self.ports = dict(zip(NAMES, _free_ports(len(NAMES)), strict=True))
        self.events: list[Event] = []
        self.calls: list[tuple[str, str]] = []
        self._identities = {name: self_signed(1, name, around_s=time.time()) for name in NAMES}

    def host(self, name: str) -> Host:
        return ThreadHost(name, speed=self._speed, certificate_pem=self._identities[name].certificate_pem())

    def serve(self, name: str, app: Any) -> None:
        identity = self._identities[name]
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_text(identity.certificate_pem())
        key.write_text(identity.private_key_pem())
        server = Server(noted(self, name, app), self.ports[name], ADDRESS, certificate, key)
        self._servers.append(server.start())

    def run(self, work: Callable[[Any], Any]) -> Any:
        guard = threading.Lock()

        def log(event: str, fields: dict[str, Any]) -> None:
            with guard:
                self.events.append((event, fields))

        return work(ThreadRuntime(self._speed, log=log))

    def close(self) -> None:
        stopping = [threading.Thread(target=server.stop) for server in self._servers]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()


@dataclass
class Circuit:
    """A connection that never breaks."""

    latency_s: float = 0.0001
    fate: Fate = Fate.ACCEPTED
    max_segment_bytes: int | None = None
    on_change: Callable[[], None] | None = None
    forgotten_by: tuple[str, ...] = ()

    def touched(self, now_s: float) -> None: ...

    def closed(self) -> None: ...


class VirtualWorld:
    """The simulator's kernel with a network that is one address."""

    def __init__(self) -> None:
        self.ports = {name: 9000 + number for number, name in enumerate(NAMES)}
        self.calls: list[tuple[str, str]] = []
        self._log = EventLog()
        self._hub = Hub(1, 1_509_958_800.0, self._log)
        self._hub.network = self
        self._client = self._hub.add_host("appliance")
        self._hosts = {name: self._hub.add_host(name) for name in NAMES}
        for name, host in self._hosts.items():
            host.identity = self_signed(1, name, around_s=1_509_958_800.0)

    @property
    def events(self) -> list[Event]:
        return [(e.event, e.fields) for e in self._log.events if e.host == "appliance"]

    def host(self, name: str) -> Host:
        return self._hosts[name]

    def serve(self, name: str, app: Any) -> None:
        identity: Identity | None = self._hosts[name].identity  # type: ignore[assignment]
        self._hosts[name].listen(self.ports[name], noted(self, name, app), identity)

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        found = name == ADDRESS
        return NameAnswer((ADDRESS,) if found else (), None if found else socket.EAI_NONAME, 0.0)

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        for host in self._hosts.values():
            if port in host.listeners:
                return Attempt(Fate.ACCEPTED, 0.0002, host.listeners[port], Circuit(), (ADDRESS, 40000))
        return Attempt(Fate.REFUSED, 0.0002)

    def run(self, work: Callable[[Any], Any]) -> Any:
        results: list[Any] = []
        with hooks.installed():
            self._hub.spawn(self._client, lambda: results.append(work(self._hub.runtime(self._client))))
            while not results and not self._hub.failures:
                self._hub.run(self._hub.now_s + 1)
        return results[0]

    def close(self) -> None:
        self._hub.close()


class Provider:
    """The emulators of a world; `manager_endpoint` is what was typed as the manager's Public Endpoint URL."""

    def __init__(self, world: World, manager_endpoint: str | None = None, manager_runs: bool = True) -> None:
        self.world = world
        ports = world.ports
        settings = CxSettings()
        plane: Any = None  # nothing is replicated here
        vcd = VCloudDirector(ESTATE, world.host("vcd"), InMemoryInfrastructure())
        manager = ReplicationManager(
            cx.ManagerConfig(ADDRESS, manager_endpoint or f"{ADDRESS}:{ports['manager']}", site="mycloud"),
            settings,
            world.host("manager"),
        )
        service = CloudService(
            cx.CloudServiceConfig(
                ADDRESS,
                cx.ManagedAppliance("manager", f"https://{ADDRESS}:{ports['manager']}"),
                f"https://{ADDRESS}:{ports['vcd']}",
                site="mycloud",
            ),
            settings,
            world.host("cloud service"),
        )
        replicator = Replicator(
            cx.ReplicatorConfig(
                ADDRESS, ADDRESS, public_endpoint=f"{ADDRESS}:{ports['replicator']}", site="Tyrell"
            ),
            settings,
            world.host("replicator"),
            plane,
        )
        world.serve("vcd", vcd.wsgi_app)
        world.serve("cloud service", service.wsgi_app)
        world.serve("replicator", replicator.wsgi_app)
        if manager_runs:
            world.serve("manager", manager.wsgi_app)

    def appliance(self, runtime: Any) -> Appliance:
        """The tenant's appliance of this world."""
        endpoint = f"{ADDRESS}:{self.world.ports['replicator']}"
        made = config(
            replicator=ReplicatorConfig(
                f"https://{endpoint}", endpoint, "vmware", "administrator@vsphere.local", "vmware"
            )
        )
        return Appliance(runtime, made, open_vcenter=FakeVcenter().open, open_vcd=VcdLogins(made.timeouts_s))

    def form(self) -> ProviderCloudForm:
        """What is typed into `Add a Provider Cloud`."""
        ports = self.world.ports
        return ProviderCloudForm(
            "MyCloud-CHC",
            f"https://{ADDRESS}:{ports['vcd']}/cloud/org/Tyrell",
            f"https://{ADDRESS}:{ports['cloud service']}",
            "tyrelladmin",
            "vmware",
        )


ESTATE = Estate(
    orgs=(
        OrgConfig(
            "Tyrell",
            users=(UserConfig("tyrelladmin"),),
            vdcs=(
                VdcConfig(
                    "CHC Tyrell PAYG",
                    storage_profiles=(
                        StorageProfileConfig("CHC Performance", limit_mb=200 * 1024, default=True),
                    ),
                    networks=(NetworkConfig("Tyrell Servers"),),
                ),
            ),
        ),
    ),
    vim_servers=(VimServerConfig("chc-vc01"),),
)
