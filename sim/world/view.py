"""A world as explanations see it: who is what, and what was typed where."""

from __future__ import annotations

from cxsim.sim.explain.flows import Role
from cxsim.sim.explain.view import EnvironmentView, Inspect, Typed, ViewCloud, ViewHost
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment


def view_of(
    environment: Environment, typed: dict[str, Typed], inspect: Inspect | None = None
) -> EnvironmentView:
    """The view of an environment. `typed`: Public Endpoint URLs that differ from the environment's, by
    appliance. `inspect` looks behind accepted connections."""
    hosts = []
    for host in environment.hosts.values():
        endpoint: Typed | None = None
        if isinstance(host, written.ReplicationManager | written.Replicator):
            endpoint = typed.get(host.name, Typed(host.public_endpoint or "", str(host.place)))
        party = environment.sites[host.site].party
        hosts.append(
            ViewHost(host.name, Role(host.role), party, host.site, host.address, str(host.place), endpoint)
        )
    clouds = tuple(
        ViewCloud(cloud.name, Typed(cloud.url, str(cloud.place)), Typed(cloud.cx_url, str(cloud.place)))
        for cloud in environment.provider_clouds.values()
    )
    return EnvironmentView(tuple(hosts), clouds, inspect)
