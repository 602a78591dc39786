"""The replication engine as plain Python, which looks at everything at every event: the slow oracle.

Rules of this file: the owner steps it to `next_event()` or lets it run to any time, with the same result:
state changes only at events and at inputs, reads extrapolate and never change state. Inputs (capacity,
path, power, pause, sync) come in order of time and before the engine's own events of the same instant;
those go by kind (connection, completion, RPO passed, start), then by index. Times are seconds since the
engine's origin, volumes bytes; capacities and caps `_bps`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from replication_clock_oracle import RpoClock

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication.accounting import VmRpo
from cxsim.sim.replication.records import (
    EngineProgress,
    InstanceDone,
    Kind,
    Route,
    RpoChanged,
    SourceVm,
)
from cxsim.sim.replication.scheduler import Plan, even_out, expected_s, first_expected_s, plan
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.sharing import fair_rates
from cxsim.sim.replication.workload import Disk, RunningTime, VmWorkload


@dataclass
class ReplicationRecord:
    """The state of one replication; only the engine writes it."""

    vm: int
    rpo_s: float
    disks: tuple[Disk, ...]
    clock: RpoClock
    lost_s: float
    attempt_s: float
    scan_left: float
    scan_total: float
    state: ReplicationState = ReplicationState.SYNCING
    route: Route | None = None
    connected: bool = False
    ever_connected: bool = False
    failures: int = 0
    in_error: bool = False
    paused: bool = False
    sequence: int = 0
    """Of the newest complete instance."""
    round: int = 0
    """0: the full copy; 1, 2, ...: blocks changed meanwhile, still part of the initial sync."""
    total: float = 0.0
    left: float = 0.0
    rate: float = 0.0
    moved: float = 0.0
    """By earlier rounds of this sync."""
    started_s: float = 0.0
    """Of the running sync, or of the last one; what it ships is the source at this instant."""
    started_run_s: float = 0.0
    """Running time of the VM then."""
    covered_s: float = math.inf
    """The interval whose changes it ships; inf for the full copy."""
    start_s: float = math.inf
    """When the next instance is due."""
    plan: Plan | None = None
    """What `start_s` was chosen from."""
    wanted: bool = False
    final: bool = False
    durations_s: list[float] = field(default_factory=list)
    latest: InstanceDone | None = None

    @property
    def shipping(self) -> bool:
        """Data can move now."""
        return (
            self.state in (ReplicationState.SYNCING, ReplicationState.ACTIVE)
            and self.connected
            and not self.paused
        )

    @property
    def ended(self) -> bool:
        """Stopped for good."""
        return self.state is ReplicationState.NONE


class OracleEngine:
    """All replications of a simulation."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.clock_s = 0.0
        """Time of the last event or input."""
        self._capacity_bps: list[float] = []
        self._vms: list[SourceVm] = []
        self._replications: list[ReplicationRecord] = []
        self._events: list[InstanceDone | RpoChanged] = []
        self._stale = False

    # Inputs -----------------------------------------------------------------------------------------

    def add_link(self, capacity_bps: float) -> int:
        """A new link; its id."""
        self._capacity_bps.append(_capacity(capacity_bps))
        return len(self._capacity_bps) - 1

    def add_vm(self, workload: VmWorkload, at_s: float = 0.0) -> int:
        """A new source VM; its id. Its running time starts at `at_s`."""
        self._input(at_s)
        self._vms.append(SourceVm(workload, RunningTime(workload.powered_on, self.clock_s)))
        return len(self._vms) - 1

    def set_capacity(self, link: int, capacity_bps: float, at_s: float) -> None:
        """The link carries this much from `at_s` on."""
        self._input(at_s)
        self._capacity_bps[link] = _capacity(capacity_bps)

    def set_power(self, vm: int, on: bool, at_s: float) -> None:
        """The VM is on or off from `at_s` on; while off it writes nothing."""
        self._input(at_s)
        self._vms[vm].running.switch(on, self.clock_s)

    def start(self, vm: int, rpo_s: float, disk_keys: Sequence[int], has_seed: bool, at_s: float) -> int:
        """A new replication that connects at once and then makes its initial sync; its id. Raises
        ValueError for an impossible RPO, KeyError for an unknown disk."""
        self._input(at_s)
        by_key = {disk.key: disk for disk in self._vms[vm].workload.disks}
        disks = tuple(by_key[key] for key in disk_keys)
        allocated = math.fsum(disk.allocated_bytes for disk in disks)
        replication = ReplicationRecord(
            vm=vm,
            rpo_s=rpo_s,
            disks=disks,
            clock=RpoClock(rpo_s, self.settings.late_tolerance_s),
            lost_s=self.clock_s,
            attempt_s=self.clock_s,
            scan_left=allocated,
            scan_total=allocated,
        )
        replication.total = allocated * (self.settings.seed_difference if has_seed else 1.0)
        replication.left = replication.total
        self._replications.append(replication)
        return len(self._replications) - 1

    def set_path(self, replication: int, route: Route | None, at_s: float) -> None:
        """What the replication can reach from `at_s` on; None: nothing. A lost path is noticed at once,
        a new one at the next attempt to connect."""
        self._input(at_s)
        r = self._replications[replication]
        r.route = route
        if route is None and r.connected:
            r.connected, r.rate = False, 0.0
            r.lost_s, r.failures = self.clock_s, 0
            self._back_off(r)
            if self.settings.interrupted_delta == "restart":
                r.left = r.total

    def pause(self, replication: int, at_s: float) -> None:
        """Stop shipping; the data age goes on growing."""
        self._input(at_s)
        self._replications[replication].paused = True

    def resume(self, replication: int, at_s: float) -> None:
        """Go on after a pause."""
        self._input(at_s)
        self._replications[replication].paused = False

    def sync(self, replication: int, final: bool, at_s: float) -> int:
        """Ask for an instance that starts now, or after the one being made; its sequence number.
        `final`: the RPO clock stops now and nothing is scheduled after it."""
        self._input(at_s)
        r = self._replications[replication]
        if final:
            r.clock.finish(self.clock_s)
            r.final = True
        if r.state is ReplicationState.IDLE:
            r.start_s = min(r.start_s, self.clock_s)
            return r.sequence + 1
        r.wanted = True
        return r.sequence + 2

    def stop(self, replication: int, at_s: float) -> None:
        """End for good; RPO accounting ends too."""
        self._input(at_s)
        r = self._replications[replication]
        r.clock.finish(self.clock_s)
        r.state, r.connected, r.route = ReplicationState.NONE, False, None
        r.attempt_s = r.start_s = math.inf

    # Time -------------------------------------------------------------------------------------------

    def next_event(self) -> float:
        """When something happens next if nothing comes from outside; inf when nothing will."""
        return self._next()[0]

    def attempts_due(self, at_s: float) -> list[int]:
        """The replications that will try to connect at or before `at_s`."""
        return [i for i, r in enumerate(self._replications) if r.attempt_s <= at_s]

    def advance(self, until_s: float) -> None:
        """Run every event up to and including `until_s`."""
        while (due := self._next())[0] <= until_s:
            self._integrate(due[0])
            _HANDLERS[due[1]](self, due[2])
            self._stale = True

    def take_events(self) -> list[InstanceDone | RpoChanged]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def _input(self, at_s: float) -> None:
        """Bring the state to `at_s`, leaving the engine's own events of that instant for later."""
        if at_s < self.clock_s:
            raise ValueError(f"time goes back: {at_s!r} after {self.clock_s!r}")
        while (due := self._next())[0] < at_s:
            self.advance(due[0])
        self._integrate(at_s)
        self._stale = True

    def _integrate(self, t_s: float) -> None:
        """Move all data up to `t_s` at the present rates."""
        dt = t_s - self.clock_s
        if dt > 0:
            self._share()
            for r in self._replications:
                if r.shipping:
                    r.left = max(0.0, r.left - r.rate * dt)
                    r.scan_left = max(0.0, r.scan_left - self._scan_rate(r) * dt)
            self.clock_s = t_s

    def _share(self) -> None:
        """Bring the rates (bytes per second) up to date."""
        if not self._stale:
            return
        self._stale = False
        shipping = [r for r in self._replications if r.shipping and r.left > 0]
        efficiency = self.settings.link_efficiency / 8
        rates = fair_rates(
            [c * efficiency for c in self._capacity_bps],
            [self._cap(r) for r in shipping],
            [r.route.links if r.route else () for r in shipping],
        )
        for r in self._replications:
            r.rate = 0.0
        for r, rate in zip(shipping, rates, strict=True):
            r.rate = rate

    def _cap(self, r: ReplicationRecord) -> float:
        """Bytes per second that this replication could ship alone. While the disks are compared nothing
        can be shipped before it was found to differ."""
        read = self.settings.source_read_bps / 8
        found = r.total / r.scan_total if r.scan_left > 0 else 1.0
        assert r.route is not None
        return min(read * found, r.route.cap_bps / 8)

    def _scan_rate(self, r: ReplicationRecord) -> float:
        return self.settings.source_read_bps / 8 if r.scan_left > 0 else 0.0

    def _next(self) -> tuple[float, Kind, int]:
        """The next event: time, kind, replication."""
        self._share()
        best = (math.inf, Kind.START, -1)
        for i, r in enumerate(self._replications):
            for due_s, kind in self._dues(r):
                if (candidate := (max(due_s, self.clock_s), kind, i)) < best and due_s < math.inf:
                    best = candidate
        return best

    def _dues(self, r: ReplicationRecord) -> list[tuple[float, Kind]]:
        """What this replication is waiting for."""
        if r.ended:
            return []
        dues = []
        if not r.connected:
            dues.append((r.attempt_s, Kind.CONNECT))
            if not r.in_error:
                patience_s = (
                    self.settings.error_after_lost_s if r.ever_connected else self.settings.error_after_s
                )
                dues.append((r.lost_s + patience_s, Kind.GIVE_UP))
        if r.shipping:
            if r.scan_left > 0:
                dues.append((self.clock_s + r.scan_left / self._scan_rate(r), Kind.SCANNED))
            elif r.left <= 0:
                dues.append((self.clock_s, Kind.DONE))
            if r.left > 0 and r.rate > 0:
                dues.append((self.clock_s + r.left / r.rate, Kind.DONE))
        if r.state is ReplicationState.IDLE and r.connected and not r.paused:
            dues.append((r.start_s, Kind.START))
        dues.append((r.clock.next_violation_s(), Kind.RPO_PASSED))
        return dues

    # Events -----------------------------------------------------------------------------------------

    def _connect(self, i: int) -> None:
        r = self._replications[i]
        if r.route is None:
            self._back_off(r)
            return
        if not r.ever_connected:
            r.started_s = self.clock_s
            r.started_run_s = self._vms[r.vm].running.at(self.clock_s)
        r.connected = r.ever_connected = True
        r.in_error, r.failures, r.attempt_s = False, 0, math.inf

    def _back_off(self, r: ReplicationRecord) -> None:
        r.failures += 1
        wait_s = min(self.settings.reconnect_step_s * r.failures, self.settings.reconnect_max_s)
        r.attempt_s = self.clock_s + wait_s

    def _give_up(self, i: int) -> None:
        self._replications[i].in_error = True

    def _scanned(self, i: int) -> None:
        self._replications[i].scan_left = 0.0

    def _done(self, i: int) -> None:
        r = self._replications[i]
        r.left = 0.0
        if r.scan_left > 0:
            return
        if r.state is ReplicationState.SYNCING:
            self._round_done(i, r)
        else:
            self._instance_done(i, r)

    def _round_done(self, i: int, r: ReplicationRecord) -> None:
        """A round of the initial sync is complete. It is the last when it took RPO/2 or less, so that a
        delta no longer than it is complete within the RPO, or when rounds get no shorter."""
        took_s = self.clock_s - r.started_s
        if self.settings.initial_catch_up and r.rpo_s / 2 < took_s < r.covered_s:
            r.moved += r.total
            r.round += 1
            self._take_changes(r)
            return
        if r.round:
            r.durations_s = [first_expected_s(took_s, r.covered_s, r.rpo_s)]
        self._complete(i, r)
        r.clock.start(r.started_s, self.clock_s)
        if r.clock.violated_since_s is not None:
            self._events.append(RpoChanged(i, True, self.clock_s, r.clock.age_s(self.clock_s)))

    def _instance_done(self, i: int, r: ReplicationRecord) -> None:
        took_s = self.clock_s - r.started_s
        if not r.durations_s:
            took_s = first_expected_s(took_s, r.covered_s, r.rpo_s)
        r.durations_s = [*r.durations_s, took_s][-self.settings.expected_of_last :]
        was_violated = r.clock.violated_since_s is not None
        r.clock.completed(r.started_s, self.clock_s)
        if was_violated and r.clock.violated_since_s is None:
            self._events.append(RpoChanged(i, False, self.clock_s, r.clock.age_s(self.clock_s)))
        self._complete(i, r)

    def _complete(self, i: int, r: ReplicationRecord) -> None:
        """The content of the running sync is complete: an instance. Plan the next."""
        r.sequence += 1
        sequences = tuple((d.key, self._written(d, r.started_run_s)) for d in r.disks)
        r.latest = InstanceDone(i, r.sequence, r.started_s, self.clock_s, r.moved + r.total, sequences)
        self._events.append(r.latest)
        r.state = ReplicationState.IDLE
        r.rate = 0.0
        if r.wanted:
            r.start_s, r.wanted = self.clock_s, False
        elif r.final:
            r.start_s = math.inf
        else:
            self._plan(r)

    def _plan(self, r: ReplicationRecord) -> None:
        """Decide when the next instance starts."""
        s = self.settings
        expected = expected_s(r.durations_s, s.expected_of_last)
        r.plan = plan(r.started_s, self.clock_s, r.rpo_s, expected, s.expected_margin, s.min_interval_s)
        r.start_s = r.plan.latest_s
        if s.schedule == "continuous":
            r.start_s = max(self.clock_s, r.started_s + s.min_interval_s)
        elif s.schedule == "fixed":
            r.start_s = max(self.clock_s, r.started_s + (s.fixed_interval_s or r.rpo_s))
        elif r.route is not None and len(self._replications) <= s.even_out_up_to:
            self._even_out(r)

    def _even_out(self, r: ReplicationRecord) -> None:
        assert r.route is not None
        links = set(r.route.links)
        waiting = [
            (o, replace(o.plan, from_s=max(o.plan.from_s, self.clock_s)))
            for o in self._replications
            if o.state is ReplicationState.IDLE
            and self.clock_s < o.start_s < math.inf
            and o.plan is not None
            and o.route is not None
            and links.intersection(o.route.links)
        ]
        for (o, _), start_s in zip(waiting, even_out([p for _, p in waiting]), strict=True):
            o.start_s = start_s

    def _rpo_passed(self, i: int) -> None:
        clock = self._replications[i].clock
        clock.violate(self.clock_s)
        self._events.append(RpoChanged(i, True, self.clock_s, clock.age_s(self.clock_s)))

    def _begin(self, i: int) -> None:
        r = self._replications[i]
        r.state, r.start_s, r.moved = ReplicationState.ACTIVE, math.inf, 0.0
        self._take_changes(r)

    def _take_changes(self, r: ReplicationRecord) -> None:
        """Start to ship what has changed since the last start."""
        run_s = self._vms[r.vm].running.at(self.clock_s)
        r.total = r.left = self._dirty(r, r.started_run_s, run_s)
        r.covered_s = self.clock_s - r.started_s
        r.started_s, r.started_run_s = self.clock_s, run_s

    def _dirty(self, r: ReplicationRecord, since_run_s: float, until_run_s: float) -> float:
        return math.fsum(disk.dirty_bytes(since_run_s, until_run_s) for disk in r.disks)

    def _written(self, disk: Disk, run_s: float) -> int:
        """The write sequence: how many blocks had been written to the disk."""
        return int(disk.workload.written_bytes(run_s) // self.settings.block_bytes(disk.size_bytes))

    # Reads ------------------------------------------------------------------------------------------

    def write_sequences(self, vm: int, at_s: float) -> tuple[tuple[int, int], ...]:
        """(disk key, write sequence) of the source VM at `at_s`."""
        run_s = self._vms[vm].running.at(at_s)
        return tuple((d.key, self._written(d, run_s)) for d in self._vms[vm].workload.disks)

    def vm_name(self, vm: int) -> str:
        """The name of a VM."""
        return self._vms[vm].workload.name

    def progress(self, replication: int, at_s: float) -> EngineProgress:
        """What can be seen at `at_s`, which is not before the last event."""
        r = self._replications[replication]
        self._share()
        dt = max(0.0, at_s - self.clock_s) if r.shipping else 0.0
        left = max(0.0, r.left - r.rate * dt)
        compared = r.scan_total - max(0.0, r.scan_left - self._scan_rate(r) * dt)
        if r.state is ReplicationState.SYNCING:
            done = 1 - left / r.total if r.total > 0 else 1.0
            seen = compared / r.scan_total if r.scan_total > 0 else 1.0
            percent = 99 if r.round else min(99, int(100 * min(done, seen))) if r.ever_connected else 0
        elif r.state is ReplicationState.ACTIVE:
            percent = min(99, int(100 * (1 - left / r.total))) if r.total > 0 else 99
        else:
            percent = 100
        state = r.state
        if not r.ended:
            state = ReplicationState.ERROR if r.in_error else ReplicationState.PAUSED if r.paused else r.state
        return EngineProgress(
            state=state,
            percent=percent,
            transferred_bytes=r.moved + r.total - left,
            to_transfer_bytes=r.moved + r.total,
            compared_bytes=compared,
            compare_total_bytes=r.scan_total,
            latest=r.latest,
            connected=r.connected,
        )

    def rpo(self, replication: int, at_s: float, origin_s: float = 0.0) -> VmRpo:
        """RPO compliance up to `at_s`; `origin_s` is added to every instant."""
        r = self._replications[replication]
        return r.clock.report(self._vms[r.vm].workload.name, max(at_s, self.clock_s), origin_s)


def _capacity(capacity_bps: float) -> float:
    if not 0 <= capacity_bps < math.inf:
        raise ValueError(f"capacity_bps = {capacity_bps!r}: must be a number of 0 or more")
    return capacity_bps


_HANDLERS = {
    Kind.CONNECT: OracleEngine._connect,
    Kind.GIVE_UP: OracleEngine._give_up,
    Kind.SCANNED: OracleEngine._scanned,
    Kind.DONE: OracleEngine._done,
    Kind.RPO_PASSED: OracleEngine._rpo_passed,
    Kind.START: OracleEngine._begin,
}
