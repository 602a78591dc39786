"""The data plane of the simulator: the engine beside the kernel's clock and the network.

Rules of this file: it translates and keeps no account of its own. Instants of the kernel become seconds
since the origin in whole microseconds; replications, VMs and links become ids; connections become routes.
One timer is armed, for the engine's next event, rounded up to the microsecond; at its instant it steps
aside once, so that whatever was asked for at the same instant before (a fault, a new capacity) comes first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from cxsim.fake_cx.dataplane import Instance, Progress, ReplicationState, Sink, Source
from cxsim.sim.replication.accounting import RpoReport, fleet_of
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.legs import Legs, Trouble
from cxsim.sim.replication.records import InstanceDone, Route, RpoChanged
from cxsim.sim.replication.seams import Recorder, Scheduler, Timer, TransferNetwork
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.workload import VmWorkload


@dataclass(frozen=True)
class LineFacts:
    """What replication gets of a link, beside its capacity. `efficiency`: its part; None: the settings'.
    `burst_bps`: the most it carries while `saved_bytes`, what was left of its capacity before, last."""

    efficiency: float | None = None
    burst_bps: float | None = None
    saved_bytes: float = 0.0


class SimReplication:
    """A running replication: implements fake_cx.dataplane.Replication."""

    def __init__(self, plane: SimDataPlane, index: int, vm: int, source: Source, legs: Legs) -> None:
        self._plane, self.index, self.vm, self.source, self.legs = plane, index, vm, source, legs

    def progress(self) -> Progress:
        """What can be seen now; looking changes nothing."""
        return self._plane.progress(self)

    def sync(self, final: bool = False) -> int:
        """Ask for an instance; its sequence number. `final`: the RPO clock stops now."""
        with self._plane.input() as (engine, now_s):
            return engine.sync(self.index, final, now_s)

    def pause(self) -> None:
        """Stop shipping; data age goes on growing."""
        with self._plane.input() as (engine, now_s):
            engine.pause(self.index, now_s)

    def resume(self) -> None:
        """Go on after a pause."""
        with self._plane.input() as (engine, now_s):
            engine.resume(self.index, now_s)

    def stop(self) -> None:
        """End for good."""
        with self._plane.input() as (engine, now_s):
            engine.stop(self.index, now_s)
        self.legs.close()


class _Input:
    """Brings the engine to now before an input and arms the timer after it."""

    def __init__(self, plane: SimDataPlane) -> None:
        self._plane = plane

    def __enter__(self) -> tuple[Engine, float]:
        return self._plane.engine, self._plane.catch_up()

    def __exit__(self, *error: object) -> None:
        self._plane.arm()


class SimDataPlane:
    """Implements fake_cx.dataplane.DataPlane over a network's `open_transfer`."""

    def __init__(
        self,
        scheduler: Scheduler,
        network: TransferNetwork,
        workloads: Mapping[str, VmWorkload],
        settings: Settings | None = None,
        log: Recorder | None = None,
        origin_s: float | None = None,
        limits: Mapping[str, int] | None = None,
        lines: Mapping[str, LineFacts] | None = None,
    ) -> None:
        """`workloads`: by instanceUuid of the source VM, in the order that breaks ties. `origin_s`: start
        of the scenario, seconds since the epoch; now when not given. `limits`: replications at once by name
        of the source ESXi, the source replicator or the one that receives. `lines`: by id of the link."""
        self.settings = settings or Settings()
        self.engine = Engine(self.settings)
        for host, most in (limits or {}).items():
            self.engine.set_limit(host, most)
        self._lines = dict(lines or {})
        self._workloads: dict[str, VmWorkload] = {}
        self._scheduler, self._network, self._log = scheduler, network, log
        self._origin_s = scheduler.now_s if origin_s is None else origin_s
        self._vms: dict[str, int] = {}
        self._links: dict[str, int] = {}
        self._capacity_bps: dict[str, float] = {}
        self._sinks: dict[tuple[str, str], Sink] = {}
        self._replications: list[SimReplication] = []
        self._timer: Timer | None = None
        self._armed_s = math.inf
        self._happened: deque[InstanceDone | RpoChanged] = deque()
        self._recording = False
        for vm_uuid, workload in workloads.items():
            self.add_vm(vm_uuid, workload)

    # DataPlane --------------------------------------------------------------------------------------

    def expect(self, replicator_host: str, sink: Sink) -> None:
        """The destination replicator accepts this replication from now on."""
        self._sinks[replicator_host, sink.replication_id] = sink

    def forget(self, replicator_host: str, replication_id: str) -> None:
        """It no longer does; a running stream is cut."""
        self._sinks.pop((replicator_host, replication_id), None)
        for replication in self._replications:
            if replication.source.replication_id == replication_id:
                self._path_changed(replication)

    def start(self, replicator_host: str, source: Source) -> SimReplication:
        """Start replicating. Raises KeyError for a VM or a disk that the data plane was not told of."""
        if source.vm_uuid not in self._vms:
            raise KeyError(f"no workload is known for VM {source.vm_uuid}")
        vm = self._vms[source.vm_uuid]
        workload = self._workloads[source.vm_uuid]
        expected = [(at, sink) for (at, known), sink in self._sinks.items() if known == source.replication_id]
        has_seed = workload.has_seed or any(sink.has_seed for _, sink in expected)
        receiver = expected[0][0] if expected else None
        excluded = {disk.key for disk in workload.disks if not disk.replicated}
        keys = [key for key in source.disk_keys if key not in excluded]
        esxi = self._network.host_at(replicator_host, source.esxi_address)
        with self.input() as (engine, now_s):
            index = engine.start(vm, source.rpo_s, keys, has_seed, now_s, esxi, replicator_host, receiver)
            legs = Legs(
                self._network,
                self.settings,
                replicator_host,
                source,
                lambda: self._path_changed(self._replications[index]),
            )
            self._replications.append(SimReplication(self, index, vm, source, legs))
        return self._replications[index]

    # Around it --------------------------------------------------------------------------------------

    def add_vm(self, vm_uuid: str, workload: VmWorkload) -> None:
        """Tell of a source VM."""
        self.catch_up()
        self._workloads[vm_uuid] = workload
        self._vms[vm_uuid] = self.engine.add_vm(workload, self._now())

    def vm_power(self, vm_uuid: str, on: bool) -> None:
        """A VM was powered on or off (other than the known source VMs: of no interest)."""
        if vm_uuid in self._vms:
            with self.input() as (engine, now_s):
                engine.set_power(self._vms[vm_uuid], on, now_s)

    def efficiency(self, link_id: str) -> float:
        """The part of a link's capacity that replication gets."""
        given = self._lines.get(link_id, LineFacts()).efficiency
        return self.settings.link_efficiency if given is None else given

    def write_sequences(self, vm_uuid: str) -> tuple[tuple[int, int], ...]:
        """(disk key, write sequence) of the source VM's replicated disks now: compare with the last
        Instance's."""
        replicated = {disk.key for disk in self._workloads[vm_uuid].disks if disk.replicated}
        every = self.engine.write_sequences(self._vms[vm_uuid], self._now())
        return tuple((key, sequence) for key, sequence in every if key in replicated)

    def report(self) -> RpoReport:
        """Who kept the RPO up to now, in the order in which the replications were started."""
        now_s = self._now()
        vms = tuple(self.engine.rpo(r.index, now_s, self._origin_s) for r in self._replications)
        return RpoReport(
            at_s=now_s + self._origin_s,
            late_tolerance_s=self.settings.late_tolerance_s,
            vms=vms,
            fleet=fleet_of(vms, self.engine.fleet_ages(now_s)),
            inferred=self.settings.inferred(),
        )

    def troubles(self) -> dict[str, Trouble]:
        """Why replications have no connection now, by replication id."""
        return {r.source.replication_id: r.legs.trouble for r in self._replications if r.legs.trouble}

    def progress(self, replication: SimReplication) -> Progress:
        """What can be seen of a replication now."""
        seen = self.engine.progress(replication.index, self._now())
        error = None
        if seen.state is ReplicationState.ERROR:
            trouble = replication.legs.trouble
            error = f"no connection: {trouble.text()}" if trouble else "no connection"
        return Progress(
            state=seen.state,
            percent=seen.percent,
            bytes_transferred=round(seen.transferred_bytes),
            bytes_to_transfer=round(seen.to_transfer_bytes),
            checksum_compared_bytes=round(seen.compared_bytes),
            checksum_total_bytes=round(seen.compare_total_bytes),
            latest=self._instance(seen.latest) if seen.latest else None,
            error=error,
        )

    def _instance(self, done: InstanceDone) -> Instance:
        return Instance(
            sequence=done.sequence,
            started_s=self._origin_s + done.started_s,
            completed_s=self._origin_s + done.completed_s,
            transfer_bytes=round(done.transfer_bytes),
            write_sequences=done.write_sequences,
        )

    # Time -------------------------------------------------------------------------------------------

    def _now(self) -> float:
        """Now in engine time, whole microseconds; never before what the engine has done."""
        now_s = round((self._scheduler.now_s - self._origin_s) * 1e6) / 1e6
        return max(now_s, self.engine.clock_s)

    def input(self) -> _Input:
        """`with plane.input() as (engine, now_s)`: the engine, up to date, for an input at now_s."""
        return _Input(self)

    def catch_up(self) -> float:
        """Run the engine's events before now, leaving those of this instant; now."""
        now_s = self._now()
        while (due_s := self.engine.next_event()) < now_s:
            self._run(due_s)
        return now_s

    def _run(self, due_s: float) -> None:
        """Run the events of one instant. Attempts to connect look at the network first."""
        for index in self.engine.attempts_due(due_s):
            replication = self._replications[index]
            reached = replication.legs.open(self._sinks)
            self.engine.set_path(index, self._route(replication, due_s) if reached else None, due_s)
        self.engine.advance(due_s)
        self._record()

    def arm(self) -> None:
        """Have one timer, for the engine's next event."""
        due_s = self.engine.next_event()
        if due_s == self._armed_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_s = None, due_s
        if due_s < math.inf:
            self._timer = self._scheduler.call_at(self._origin_s + _us(due_s) / 1e6, self._step_aside)

    def _step_aside(self) -> None:
        self._timer = self._scheduler.call_at(self._scheduler.now_s, self._fire)

    def _fire(self) -> None:
        due_s, self._timer, self._armed_s = self._armed_s, None, math.inf
        self._run(due_s)
        self.arm()

    # Network ----------------------------------------------------------------------------------------

    def _path_changed(self, replication: SimReplication) -> None:
        """A connection of a replication, or the capacity of one of its links, has changed."""
        with self.input() as (engine, now_s):
            if engine.progress(replication.index, now_s).connected:
                held = replication.legs.holds(self._sinks)
                engine.set_path(replication.index, self._route(replication, now_s) if held else None, now_s)

    def _route(self, replication: SimReplication, now_s: float) -> Route:
        legs = replication.legs
        return Route(tuple(self._link(name, now_s) for name in legs.link_ids()), legs.cap_bps())

    def _link(self, name: str, now_s: float) -> int:
        capacity_bps = self._network.capacity_bps(name)
        if name not in self._links:
            facts = self._lines.get(name, LineFacts())
            self._links[name] = self.engine.add_link(capacity_bps, self.efficiency(name))
            if facts.burst_bps is not None:
                self.engine.set_burst(self._links[name], facts.burst_bps, facts.saved_bytes, now_s)
        elif capacity_bps != self._capacity_bps[name]:
            self.engine.set_capacity(self._links[name], capacity_bps, now_s)
        self._capacity_bps[name] = capacity_bps
        return self._links[name]

    # Log --------------------------------------------------------------------------------------------

    def _record(self) -> None:
        """Record what happened. A listener may call back into the plane: order is kept."""
        happened_now = self.engine.take_events()
        if self._log is None:
            return
        self._happened.extend(happened_now)
        if self._recording:
            return
        self._recording = True
        try:
            while self._happened:
                happened = self._happened.popleft()
                vm = self._vm_name(happened.replication)
                if isinstance(happened, InstanceDone):
                    self._log.record(
                        _us(happened.completed_s),
                        "-",
                        "instance",
                        {
                            "vm": vm,
                            "sequence": happened.sequence,
                            "started_us": _us(happened.started_s),
                            "bytes": round(happened.transfer_bytes),
                        },
                    )
                else:
                    change = "violated" if happened.violated else "restored"
                    fields = {"vm": vm, "change": change, "age_s": round(happened.age_s, 6)}
                    if happened.cause is not None:
                        fields["bottleneck"] = happened.cause
                    self._log.record(_us(happened.at_s), "-", "rpo", fields)
        finally:
            self._recording = False

    def _vm_name(self, replication: int) -> str:
        return self.engine.vm_name(self._replications[replication].vm)


def _us(t_s: float) -> int:
    """Whole microseconds, rounded up (less what is rounding of the float itself)."""
    return math.ceil(t_s * 1e6 - 1e-3)
