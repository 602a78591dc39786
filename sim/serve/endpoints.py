"""Which places of an environment are served, and what stands there.

Rules of this file: reading only. A public endpoint is a place as the tenant's CX appliance knows it: what its
administrator types, and what the provider advertises to it. With `everything`, each API of each host as well,
seen from that host itself, so that faults between sites do not touch it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.faults import PublicEndpointFault
from cxsim.sim.world.world import HTTPS, REPLICATION_MANAGER, REPLICATOR, World


@dataclass(frozen=True)
class Account:
    """Who may log in there. `purpose`: what the account is for; the password's key in migrate.yaml."""

    purpose: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Endpoint:
    """One place to serve. Connections come from the simulated host `source` and go to `host:port`, through
    name resolution and network of the environment."""

    product: str
    source: str
    host: str
    port: int
    path: str = ""
    accounts: tuple[Account, ...] = ()

    @property
    def place(self) -> str:
        """`host:port` as it is typed in the environment."""
        return f"{self.host}:{self.port}"


def endpoints_of(world: World, everything: bool = False) -> list[Endpoint]:
    """The places to serve, each once, in a fixed order."""
    found: dict[tuple[str, str], Endpoint] = {}
    for endpoint in (*_public(world), *(_private(world) if everything else ())):
        found.setdefault((endpoint.host.lower(), str(endpoint.port)), endpoint)
    return list(found.values())


def connector_of(environment: Environment) -> written.Connector:
    """The tenant's CX appliance, where the core would run."""
    return next(h for h in environment.hosts.values() if isinstance(h, written.Connector))


def _public(world: World) -> Iterator[Endpoint]:
    environment = world.environment
    connector = connector_of(environment)
    source = connector.name
    vcenter = environment.hosts[connector.vcenter]
    assert isinstance(vcenter, written.VCenter)
    account = Account("vcenter", vcenter.user, vcenter.password)
    yield Endpoint("tenant vCenter", source, vcenter.address, HTTPS, "/sdk", (account,))
    replicator = environment.hosts[connector.replicator]
    assert isinstance(replicator, written.Replicator)
    accounts = _replicator_accounts(replicator)
    yield Endpoint("tenant replicator", source, replicator.address, REPLICATOR, "", accounts)
    for cloud in environment.provider_clouds.values():
        login = (Account("cloud", cloud.user, cloud.password),)
        for product, url in (("vCloud Director", cloud.url), ("CX cloud service", cloud.cx_url)):
            place = place_of_url(url)
            if place is not None:
                yield Endpoint(f"{product} ({cloud.name})", source, *place, _path(url), login)
    for manager in (h for h in environment.hosts.values() if isinstance(h, written.ReplicationManager)):
        now, before = world.public_endpoint(manager.name), manager.public_endpoint or ""
        for typed in dict.fromkeys((now, before, *_typed_later(environment, manager.name))):
            place = place_of_url(f"https://{typed}" if typed else f"https://{manager.address}:8044")
            if place is not None:
                yield Endpoint(f"Replication Manager ({manager.name})", source, *place)


def _typed_later(environment: Environment, appliance: str) -> Iterator[str]:
    """Public Endpoint URLs that faults of a scenario type for an appliance while it runs."""
    for fault in environment.faults if isinstance(environment, Scenario) else ():
        if isinstance(fault.fault, PublicEndpointFault) and fault.fault.appliance == appliance:
            yield fault.fault.url


def _private(world: World) -> Iterator[Endpoint]:
    for host in world.environment.hosts.values():
        if isinstance(host, written.VCenter):
            login = Account(f"{host.name}", host.user, host.password)
            yield Endpoint(f"vCenter ({host.name})", host.name, host.address, HTTPS, "/sdk", (login,))
        elif isinstance(host, written.Vcd):
            login = Account(f"{host.name}", f"{host.user}@System", host.password)
            yield Endpoint(f"vCloud Director ({host.name})", host.name, host.address, HTTPS, "/api", (login,))
        elif isinstance(host, written.CloudService):
            login = Account(f"{host.name}", "root", host.password)
            yield Endpoint(f"CX cloud service ({host.name})", host.name, host.address, HTTPS, "", (login,))
        elif isinstance(host, written.ReplicationManager):
            login = Account(f"{host.name}", "root", host.password)
            port = REPLICATION_MANAGER
            yield Endpoint(f"Replication Manager ({host.name})", host.name, host.address, port, "", (login,))
        elif isinstance(host, written.Replicator):
            accounts = tuple(Account(host.name, a.user, a.password) for a in _replicator_accounts(host))
            yield Endpoint(f"Replicator ({host.name})", host.name, host.address, REPLICATOR, "", accounts)


def _replicator_accounts(host: written.Replicator) -> tuple[Account, ...]:
    return (
        Account("replicator", "root", host.password),
        Account("replicator_sso", host.sso_user, host.sso_password),
    )


def place_of_url(url: str) -> tuple[str, int] | None:
    """Host and port of an https URL as typed; None when it names none (a mistake that is a scenario's
    subject)."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port or HTTPS
    except ValueError:
        return None
    return (host, port) if host and parts.scheme == "https" else None


def _path(url: str) -> str:
    path = urlsplit(url.strip()).path
    return "" if path == "/" else path
