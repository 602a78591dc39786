"""What must hold whatever fails: at any time, and when everything has come to its end.

Rules of this file: it looks and never touches. At any time: never two copies of a VM run, and the source is
never lost. At the end: every VM runs at the target, with exactly the content that its source had when it was
powered off; nothing else is left at the provider; decisions followed the table.
"""

from __future__ import annotations

from collections.abc import Iterable

from cxsim.core.decisions import SNAPSHOT, Decision
from cxsim.core.migration_states import MIGRATION, Action, Event, State
from cxsim.core.provider_states import CLOUD as CLOUDS
from cxsim.core.provider_states import CloudAction, CloudEvent, CloudState
from cxsim.fake_vcenter.records import VmRecord
from cxsim.sim.crash.plans import PROVIDER_VCENTER, TENANT_VCENTER, Plan
from cxsim.sim.world.world import World

GONE = ("destroyed", "unregistered")


class Safety:
    """Watches the VMs of one plan in one world; `problems` is what did not hold."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world, self._plan = world, plan
        self.problems: list[str] = []
        self._tenant, self._provider = world.vcenters[TENANT_VCENTER], world.vcenters[PROVIDER_VCENTER]
        self._sources = {record.moref: record for record in self._tenant.vms()}
        self._names = {moref: record.name for moref, record in self._sources.items()}
        self._at_power_off = {
            self._names[moref]: world.plane.write_sequences(record.instance_uuid)
            for moref, record in self._sources.items()
            if record.power == "off"
        }
        self._tenant.observers.append(self._source_changed)
        self._provider.observers.append(self._target_changed)

    def problem(self, text: str) -> None:
        """Note what did not hold, with the virtual time."""
        self.problems.append(f"{self._world.hub.elapsed_us / 1e6:.3f} s: {text}")

    # --- at any time

    def _source_changed(self, change: str, record: VmRecord) -> None:
        name = self._names.get(record.moref, record.name)
        if change in GONE:
            self.problem(f"the source of {name} was {change}")
        if change == "power" and record.power == "off":
            self._at_power_off[name] = self._world.plane.write_sequences(record.instance_uuid)
        self._count(name)

    def _target_changed(self, change: str, record: VmRecord) -> None:
        self._count(self._original(record.name))

    def _original(self, name: str) -> str:
        """The source's name of an exported VM (it may carry the replication's id)."""
        return name.partition(" (")[0]

    def _count(self, name: str) -> None:
        running = [
            f"{self._names[moref]} at the tenant"
            for moref, record in self._sources.items()
            if self._names[moref] == name and record.power == "on"
        ]
        running += [
            f"{record.name} at the provider"
            for record in self._provider.vms()
            if self._original(record.name) == name and record.power == "on"
        ]
        if len(running) > 1:
            self.problem(f"two copies run: {', '.join(running)}")

    # --- at the end

    def finish(self, decisions: Iterable[Decision]) -> list[str]:
        """Check the end; everything that did not hold."""
        self._check_targets()
        for left in self.left():
            self.problem(left)
        self._check_decisions(list(decisions))
        for failure in self._world.hub.failures:
            if isinstance(failure.error, ConnectionError):
                continue  # a server could not send its answer to the process that died
            self.problem(f"{failure.host}: {failure.task}: {failure.error!r}")
        return self.problems

    def _check_targets(self) -> None:
        vapps = sorted(vapp.name for d in self._world.directors.values() for vapp in d.model.vapps)
        if vapps != self._plan.vapps:
            self.problem(f"vApps at the end: {vapps}, not {self._plan.vapps}")
        for name in self._plan.vms:
            found = [r for r in self._provider.vms() if self._original(r.name) == name]
            if len(found) != 1 or found[0].power != "on":
                self.problem(f"{name} at the provider: {[(r.name, r.power) for r in found]}")
            held = [r.progress().latest for r in self._world.plane._replications if self._is(r.vm, name)]
            latest = held[-1] if held else None
            wanted = self._at_power_off.get(name)
            if latest is None or tuple(latest.write_sequences) != wanted:
                got = None if latest is None else latest.write_sequences
                self.problem(f"{name} at the target holds {got}, the source at power-off {wanted}")
        for moref, record in self._sources.items():
            if record.power != "off":
                self.problem(f"the source of {self._names[moref]} is {record.power}")

    def _is(self, vm: int, name: str) -> bool:
        return self._world.plane.engine.vm_name(vm) == name

    def left(self) -> list[str]:
        """What is left of migrations besides the VMs at the target, now."""
        world, found = self._world, []
        for name, manager in world.managers.items():
            if ids := [record.id for record in manager.replications.all()]:
                found.append(f"replications left at {name}: {ids}")
        for name, replicator in world.replicators.items():
            if ids := [*replicator.sources._replications, *replicator.destinations._replicas]:
                found.append(f"replicas left at {name}: {ids}")
        for moref, record in self._sources.items():
            if record.replication is not None:
                found.append(f"{self._names[moref]} is still configured for replication")
        imported = sum(len(v.vms) for d in world.directors.values() for v in d.model.vapps)
        if len(self._provider.vms()) != imported:
            names = [record.name for record in self._provider.vms()]
            found.append(f"VMs at the provider's vCenter: {names}, in vCloud Director: {imported}")
        return found

    def _check_decisions(self, decisions: list[Decision]) -> None:
        """Every decision is a row of its table, and begins where the one before it ended."""
        at: dict[tuple[str, str], str] = {}
        for d in decisions:
            if d.event == SNAPSHOT:
                at[d.machine, d.subject] = d.after
                continue
            if d.machine == MIGRATION.name:
                row = MIGRATION.rows.get((State(d.before), Event(d.event)))
                right = row == (State(d.after), Action(d.action))
                start = MIGRATION.start.value
            elif d.machine == CLOUDS.name:
                found = CLOUDS.rows.get((CloudState(d.before), CloudEvent(d.event)))
                right = found == (CloudState(d.after), CloudAction(d.action))
                start = CLOUDS.start.value
            else:
                continue
            if not right or at.get((d.machine, d.subject), start) != d.before:
                self.problem(f"decision off the table: {d}")
            at[d.machine, d.subject] = d.after
