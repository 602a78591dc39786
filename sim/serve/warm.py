"""Compiling the data plane before anything is served.

Rules of this file: the kernels are compiled on their first use, which takes up to a minute after an update; a
twin that stopped for that in the middle of a migration would be late by hours of virtual time. So a first
replication is run in a world of its own, which is thrown away. With a warm cache it takes no time.
"""

from __future__ import annotations

from cxsim.fake_cx.dataplane import Sink, Source
from cxsim.sim.eventlog import EventLog
from cxsim.sim.kernel import hooks
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.serve.endpoints import connector_of
from cxsim.sim.world.workloads import FIRST_DISK_KEY
from cxsim.sim.world.world import World

_ID = "warm-up"
_RPO_S = 900.0
_RUN_S = 7200.0


def compile_data_plane(environment: Environment) -> None:
    """Run a replication of the first VM for two hours of virtual time. Does nothing in an environment without
    a VM or a provider's replicator."""
    vm = next(iter(environment.vms.values()), None)
    target = next(
        (
            h
            for h in environment.hosts.values()
            if isinstance(h, written.Replicator) and h.replication_manager
        ),
        None,
    )
    hosts = [h for h in environment.hosts.values() if isinstance(h, written.Esxi)]
    written_to = next((h for h in hosts if target is not None and h.vcenter == target.vcenter), None)
    if vm is None or target is None or written_to is None:
        return
    source = environment.hosts[connector_of(environment).replicator]
    esxi = environment.hosts[vm.esxi].address
    address = (target.public_endpoint or "").rpartition(":")[0] or target.address
    with hooks.installed():
        world = World(environment, 0, EventLog())
        with world.hub as hub:
            records = (record for vcenter in world.vcenters.values() for record in vcenter.vms())
            identity = next(record.instance_uuid for record in records if record.name == vm.name)
            world.plane.expect(target.name, Sink(_ID, written_to.address, thin=True))
            world.plane.start(
                source.name,
                Source(_ID, identity, esxi, source.address, address, 44045, _RPO_S, (FIRST_DISK_KEY,)),
            )
            hub.run(hub.now_s + _RUN_S)
            world.plane.report()
