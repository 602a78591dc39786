"""The replication engine: arrays of plain state, moved by compiled kernels, with no clock of its own.

Rules of this file: the owner steps it to `next_event()` or lets it run to any time, with the same result:
state changes only at events and at inputs, reads extrapolate and never change state. Inputs (capacity,
path, power, pause, sync) come in order of time and before the engine's own events of the same instant;
those go by kind (connection, completion, RPO passed, start), then by index. Times are seconds since the
engine's origin, volumes bytes; capacities and caps `_bps`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from cxsim.fake_cx.dataplane import ReplicationState
from cxsim.sim.replication import kernel_engine as kernel
from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.accounting import CAUSES, Ages, VmRpo, bins_of, percentiles, vm_rpo
from cxsim.sim.replication.kernel_bottleneck import CAPACITY, NOW
from cxsim.sim.replication.kernel_cache import announce
from cxsim.sim.replication.links import Links, checked_bps
from cxsim.sim.replication.records import (
    EngineProgress,
    InstanceDone,
    Route,
    RpoChanged,
    SourceVm,
)
from cxsim.sim.replication.settings import Settings
from cxsim.sim.replication.store import Store
from cxsim.sim.replication.workload import Disk, RunningTime, VmWorkload

UNLIMITED_BPS = 1e300
"""Of a route without links."""
SLICE_S = 0.2
"""The longest that a free run keeps the interpreter's other threads and signals waiting."""
_RULES = {"vendor": s.VENDOR, "fixed": s.FIXED, "continuous": s.CONTINUOUS}
_STATES = (
    ReplicationState.SYNCING,
    ReplicationState.IDLE,
    ReplicationState.ACTIVE,
    ReplicationState.NONE,
)
Kept = tuple[float, float, int]
Floats = npt.NDArray[np.float64]


class Engine:
    """All replications of a simulation."""

    def __init__(
        self,
        settings: Settings | None = None,
        notify: bool = True,
        per_vm_ages: bool = True,
        keep_violations: int = 1_000_000,
    ) -> None:
        """`notify`: tell of instances and RPO changes (`take_events`); without, a free run is faster and
        its figures the same. `per_vm_ages`: keep the distribution of the data age for every VM (2.5 kB
        each), not only for the fleet. `keep_violations`: how many keep their times; all are counted."""
        announce()
        self.settings = settings or Settings()
        self._notify, self._keep = notify, keep_violations
        self._store = Store(self.settings.expected_of_last, per_vm_ages)
        self._links = Links()
        self._unsettled = True
        self._vms: list[SourceVm] = []
        self._of: list[tuple[int, tuple[Disk, ...]]] = []
        self._routes: list[tuple[int, ...] | None] = []
        self._in_use: dict[tuple[int, ...], int] = {}
        self._groups: dict[str, int] = {}
        self._stale = False
        self._events: list[InstanceDone | RpoChanged] = []
        self._latest: dict[int, InstanceDone] = {}
        self._violations: dict[int, list[Kept]] = {}
        self._kept = 0
        self.earlier_peaks_s: Floats = np.zeros(0)  # observing.take_peaks
        self._budget = 20_000
        self._configure()

    def _configure(self) -> None:
        given, num, cnt = self.settings, self._store.state.num, self._store.state.cnt
        num[s.READ_RATE] = given.source_read_bps / 8
        num[s.MARGIN], num[s.MIN_INTERVAL_S] = given.expected_margin, given.min_interval_s
        num[s.TOLERANCE_S] = given.late_tolerance_s
        num[s.STEP_S], num[s.MOST_S] = given.reconnect_step_s, given.reconnect_max_s
        num[s.PATIENCE_S], num[s.PATIENCE_LOST_S] = given.error_after_s, given.error_after_lost_s
        num[s.INTERVAL_S] = given.fixed_interval_s
        num[s.SHIPPED_FRACTION] = 1.0 - given.compression
        cnt[s.NOTIFY], cnt[s.RULE] = int(self._notify), _RULES[given.schedule]
        cnt[s.RESTART] = int(given.interrupted_delta == "restart")
        cnt[s.CATCH_UP] = int(given.initial_catch_up)
        cnt[s.KEEP] = int(self._keep > 0)
        cnt[s.EVEN_OUT] = given.even_out_up_to

    @property
    def clock_s(self) -> float:
        """Time of the last event or input."""
        return float(self._store.state.num[s.CLOCK_S])

    @property
    def events_run(self) -> int:
        """How many events have happened."""
        return int(self._store.state.cnt[s.EVENTS])

    @property
    def replications(self) -> int:
        """How many replications were started."""
        return self._store.replications

    @property
    def store(self) -> Store:
        """The state, for reading (results.py)."""
        return self._store

    # Inputs -----------------------------------------------------------------------------------------

    def add_link(
        self, capacity_bps: float, efficiency: float | None = None, measured_bps: float | None = None
    ) -> int:
        """A new link; its id. What replication gets of it: `measured_bps`, or the capacity times
        `efficiency` (default: the settings'). Raises ValueError for figures that mean nothing."""
        if efficiency is None:
            efficiency = self.settings.link_efficiency
        return self._links.add(capacity_bps, efficiency, measured_bps)

    def set_burst(self, link: int, burst_bps: float, saved_bytes: float, at_s: float) -> None:
        """From `at_s` on the link carries up to `burst_bps` while what was saved of its capacity lasts: at
        most `saved_bytes`, which it has now (bursts.py). Raises ValueError for figures that mean nothing."""
        self._links.check_burst(link, burst_bps, saved_bytes)
        self._input(at_s)
        self._links.set_burst(link, burst_bps, saved_bytes, at_s)
        self._carry(link, burst_bps)

    def add_vm(self, workload: VmWorkload, at_s: float = 0.0) -> int:
        """A new source VM; its id. Its running time starts at `at_s`."""
        self._input(at_s)
        self._vms.append(SourceVm(workload, RunningTime(workload.powered_on, at_s)))
        return self._store.add_vm(workload.powered_on, at_s)

    def set_limit(self, group: str, most: int) -> None:
        """At most so many replications of a host or replicator are at work at once. Raises ValueError
        below 1; to be told before replications of the group start."""
        if most < 1:
            raise ValueError(f"limit of {group} = {most!r}: must be 1 or more")
        if group in self._groups:
            self._store.state.slots[self._groups[group], 0] = most
        else:
            self._groups[group] = self._store.add_group(most)

    def set_capacity(self, link: int, capacity_bps: float, at_s: float) -> None:
        """The link carries this much from `at_s` on; one with a burst bursts only while this is what it had
        when the burst was set."""
        capacity_bps = checked_bps(capacity_bps)
        self._input(at_s)
        self._carry(link, self._links.with_burst(link, capacity_bps))

    def _carry(self, link: int, capacity_bps: float) -> None:
        """The link carries this much from now on."""
        self._links.capacity_bps[link] = capacity_bps
        st = self._store.state
        if not st.cnt[s.GENERAL]:
            self._stale = self._stale or any(link in route for route in self._in_use)
        else:
            self._flush()
            if self._store.state.cnt[s.GENERAL]:
                self._enter(kernel.CAPACITY_CHANGED, link, self._links.usable(link, capacity_bps))

    def set_power(self, vm: int, on: bool, at_s: float) -> None:
        """The VM is on or off from `at_s` on; while off it writes nothing."""
        self._input(at_s)
        running = self._vms[vm].running
        running.switch(on, at_s)
        self._store.state.running[vm] = (float(on), at_s, running.at(at_s))

    def start(
        self,
        vm: int,
        rpo_s: float,
        disk_keys: Sequence[int],
        has_seed: bool,
        at_s: float,
        host: str | None = None,
        replicator: str | None = None,
        receiver: str | None = None,
    ) -> int:
        """A new replication that connects at once and then makes its initial sync; its id. `host`,
        `replicator` and `receiver` (the replicator at the other end) name the limits it is under
        (`set_limit`), if there are any. Raises ValueError for an
        impossible RPO, KeyError for an unknown disk."""
        if not 0 < rpo_s < math.inf:
            raise ValueError(f"rpo_s = {rpo_s!r}: must be above 0")
        by_key = {disk.key: disk for disk in self._vms[vm].workload.disks}
        disks = tuple(by_key[key] for key in disk_keys)
        self._input(at_s)
        i = self._store.add_replication(disks)
        if not self._store.fits_calendar(rpo_s):
            self._store.new_calendar(rpo_s, at_s)
            self._enter(kernel.CALENDAR, 0, 0.0)
        self._of.append((vm, disks))
        self._routes.append(None)
        compared, differs = self._first_copy(disks, has_seed)
        st = self._store.state
        real, whole = st.real[i], st.whole[i]
        real[s.RPO] = rpo_s
        real[s.LOST] = real[s.ATTEMPT] = real[s.MARK] = at_s
        real[s.SCAN_LEFT] = real[s.SCAN_TOTAL] = compared
        real[s.TOTAL] = real[s.LEFT] = differs * (1.0 - self.settings.compression)
        whole[s.VM] = vm
        whole[s.HOST] = self._groups.get(host, -1) if host else -1
        whole[s.REPLICATOR] = self._groups.get(replicator, -1) if replicator else -1
        whole[s.RECEIVER] = self._groups.get(receiver, -1) if receiver else -1
        self._enter(kernel.NEW, i, 0.0)
        return i

    def _first_copy(self, disks: Sequence[Disk], has_seed: bool) -> tuple[float, float]:
        """What the initial sync compares, and what of it differs: empty regions are skipped where the
        storage tells which they are (cx.md 6.2), and never shipped."""
        allocated = math.fsum(disk.allocated_bytes for disk in disks)
        known = self.settings.allocation_known
        compared = math.fsum(
            disk.allocated_bytes if known and not disk.thick else disk.size_bytes for disk in disks
        )
        return compared, allocated * (self.settings.seed_difference if has_seed else 1.0)

    def set_path(self, replication: int, route: Route | None, at_s: float) -> None:
        """What the replication can reach from `at_s` on; None: nothing. A lost path is noticed at once,
        a new one at the next attempt to connect."""
        self._input(at_s)
        new = None if route is None else tuple(sorted(route.links))
        self._change_route(replication, new)
        if route is None:
            self._enter(kernel.PATH_LOST, replication, 0.0)
        else:
            self._store.state.whole[replication, s.PATH_CAUSE] = CAUSES.index(route.cap_cause)
            self._enter(kernel.PATH_CHANGED, replication, route.cap_bps / 8)

    def _change_route(self, replication: int, new: tuple[int, ...] | None) -> None:
        old = self._routes[replication]
        if old == new:
            return
        self._routes[replication] = new
        before = len(self._in_use)
        for route, step in ((old, -1), (new, 1)):
            if route is not None:
                users = self._in_use.get(route, 0) + step
                if users:
                    self._in_use[route] = users
                else:
                    del self._in_use[route]
        general = len(self._in_use) > 1 or bool(self._store.state.cnt[s.GENERAL])
        self._stale = self._stale or general or before != len(self._in_use)

    def pause(self, replication: int, at_s: float) -> None:
        """Stop shipping; the data age goes on growing."""
        self._input(at_s)
        self._enter(kernel.PAUSE_CHANGED, replication, 1.0)

    def resume(self, replication: int, at_s: float) -> None:
        """Go on after a pause."""
        self._input(at_s)
        self._enter(kernel.PAUSE_CHANGED, replication, 0.0)

    def sync(self, replication: int, final: bool, at_s: float) -> int:
        """Ask for an instance that starts now, or after the one being made; its sequence number.
        `final`: the RPO clock stops now and nothing is scheduled after it."""
        self._input(at_s)
        whole = self._store.state.whole[replication]
        sequence = int(whole[s.SEQUENCE]) + (1 if whole[s.STATE] == s.IDLE else 2)
        self._enter(kernel.SYNC_FINAL if final else kernel.SYNC, replication, 0.0)
        return sequence

    def stop(self, replication: int, at_s: float) -> None:
        """End for good; RPO accounting ends too."""
        self._input(at_s)
        self._change_route(replication, None)
        self._enter(kernel.STOP, replication, 0.0)

    # Time -------------------------------------------------------------------------------------------

    def next_event(self) -> float:
        """When something happens next if nothing comes from outside; inf when nothing will."""
        self._settle()
        return min(self._links.due_s, kernel.peek(self._store.state.layout))

    def _settle(self) -> None:
        """Have the sharing fit the routes and capacities; begin and end bursts."""
        self._flush()
        if not self._links.may_burst or not self._unsettled:
            return
        self._unsettled = False
        self._links.bring_to(self.clock_s)
        for _ in self._links.capacity_bps:
            # One link's burst may fill another's: each switches once at most, or nothing is left to do.
            switched = list(self._links.switched(self._at_work()))
            for link, capacity_bps in switched:
                self._carry(link, capacity_bps)
            self._flush()
            if not switched:
                return

    def _at_work(self) -> list[tuple[tuple[int, ...], float]]:
        """Route and cap (bytes a second) of every transfer that is at work."""
        st = self._store.state
        moving = np.flatnonzero(st.whole[: self._store.replications, s.MOVING])
        return [(self._routes[i] or (), float(st.real[i, s.CAP])) for i in moving.tolist()]

    def carried_bps(self) -> list[float]:
        """What every link carries now, by id: its capacity when it is full."""
        self._settle()
        return self._links.carried_bps(self._at_work())

    def attempts_due(self, at_s: float) -> list[int]:
        """The replications that will try to connect at or before `at_s`."""
        attempts = self._store.state.real[: self._store.replications, s.ATTEMPT]
        return [int(i) for i in np.flatnonzero(attempts <= at_s)]

    def advance(self, until_s: float, seen: Callable[[float], object] | None = None) -> None:
        """Run every event up to and including `until_s`, in slices of at most 0.2 s of wall time; `seen` is
        called after each with the time reached, and may raise to give up."""
        self._run(until_s, False, seen)

    def take_events(self) -> list[InstanceDone | RpoChanged]:
        """What happened since the last call, in order."""
        self._drain()
        events, self._events = self._events, []
        return events

    def _run(self, until_s: float, strict: bool, seen: Callable[[float], object] | None = None) -> None:
        self._flush()
        while self._links.may_burst:
            due_s = self.next_event()
            if due_s > until_s or (strict and due_s == until_s):
                break
            emptied = self._links.due_s == due_s
            self._run_freely(due_s, emptied, seen)
            if emptied:
                self._store.state.num[s.CLOCK_S] = due_s
                self._settle()
        self._run_freely(until_s, strict, seen)

    def _run_freely(self, until_s: float, strict: bool, seen: Callable[[float], object] | None) -> None:
        """To `until_s`, by which no bucket runs empty."""
        self._unsettled = True
        while True:
            # Slices matter to a caller that watches; next to the kernel's clock nobody does, and the wall
            # clock is not read there.
            begin = time.perf_counter() if seen is not None else 0.0
            finished = kernel.run(self._store.state.layout, until_s, strict, self._budget)
            full = bool(self._store.state.cnt[s.OUT] > s.OUT_ROWS // 2)
            if full or finished:
                self._drain()
            if seen is not None:
                self._fit_budget(time.perf_counter() - begin, finished or full)
                seen(self.clock_s)
            if finished:
                return

    def _fit_budget(self, took_s: float, cut_short: bool) -> None:
        """Make the next slice fit `SLICE_S` of wall time."""
        if took_s > SLICE_S / 2:
            self._budget = max(1000, self._budget // 2)
        elif not cut_short and took_s < SLICE_S / 4:
            self._budget = min(100_000_000, self._budget * 2)

    def _input(self, at_s: float) -> None:
        """Bring the state to `at_s`, leaving the engine's own events of that instant for later."""
        now = self.clock_s
        if at_s < now:
            raise ValueError(f"time goes back: {at_s!r} after {now!r}")
        if at_s > now:
            self._run(at_s, True)
            self._store.state.num[s.CLOCK_S] = at_s

    def _enter(self, what: int, i: int, value: float) -> None:
        self._unsettled = True
        kernel.enter(self._store.state.layout, what, i, value)
        if self._store.state.cnt[s.OUT] > s.OUT_ROWS - s.OUT_SPARE:
            self._drain()

    def _flush(self) -> None:
        """Have the sharing fit the routes in use: one bottleneck, or a network."""
        if not self._stale:
            return
        self._stale = False
        st, now = self._store.state, self.clock_s
        usable = self._links.all_usable()
        general = len(self._in_use) > 1
        least = 0.0
        if not general:
            shared = next(iter(self._in_use), None)
            if shared is not None:
                least = min((usable[link] for link in shared), default=UNLIMITED_BPS)
            if not st.cnt[s.GENERAL]:
                if least != st.level[CAPACITY]:
                    self._enter(kernel.CAPACITY_CHANGED, 0, least)
                return
        self._enter(kernel.UNLOAD, 0, 0.0)
        if general:
            self._store.set_network([route or () for route in self._routes], usable, now)
        else:
            st.level[CAPACITY], st.level[NOW] = least, now
        self._store.state.cnt[s.GENERAL] = int(general)
        self._enter(kernel.LOAD, 0, 0.0)

    def _drain(self) -> None:
        """Take what the kernels tell."""
        st = self._store.state
        rows = int(st.cnt[s.OUT])
        if not rows:
            return
        st.cnt[s.OUT] = 0
        for kind, i, a, b, c, d, e in st.out[:rows].tolist():
            i = int(i)
            if kind == s.VIOLATION:
                if self._kept < self._keep:
                    self._kept += 1
                    self._violations.setdefault(i, []).append((a, b, int(c)))
            elif kind == s.INSTANCE:
                sequences = tuple((disk.key, self._written(disk, e)) for disk in self._of[i][1])
                done = InstanceDone(i, int(a), b, c, d, sequences)
                self._latest[i] = done
                self._events.append(done)
            else:
                last = self._violations.get(i, ())
                cause = CAUSES[last[-1][2]] if last and not a and last[-1][1] == b else None
                self._events.append(RpoChanged(i, bool(a), b, c, cause))
        if self._kept >= self._keep:
            st.cnt[s.KEEP] = 0

    # Reads ------------------------------------------------------------------------------------------

    def _written(self, disk: Disk, run_s: float) -> int:
        """The write sequence: how many blocks had been written to the disk."""
        return int(disk.workload.written_bytes(run_s) // self.settings.block_bytes(disk.size_bytes))

    def write_sequences(self, vm: int, at_s: float) -> tuple[tuple[int, int], ...]:
        """(disk key, write sequence) of the source VM at `at_s`."""
        run_s = self._vms[vm].running.at(at_s)
        return tuple((d.key, self._written(d, run_s)) for d in self._vms[vm].workload.disks)

    def vm_name(self, vm: int) -> str:
        """The name of a VM."""
        return self._vms[vm].workload.name

    def name_of(self, replication: int) -> str:
        """The name of a replication's VM."""
        return self.vm_name(self._of[replication][0])

    def progress(self, replication: int, at_s: float) -> EngineProgress:
        """What can be seen at `at_s`, which is not before the last event."""
        self._flush()
        self._drain()
        st = self._store.state
        real, whole = st.real[replication], st.whole[replication]
        at_s = max(at_s, self.clock_s)
        left = kernel.left(st.layout, replication, at_s)
        total, moved, scan_total = float(real[s.TOTAL]), float(real[s.MOVED]), float(real[s.SCAN_TOTAL])
        scan_left = float(real[s.SCAN_LEFT])
        if real[s.SCAN_FROM] < math.inf:
            scan_left = max(0.0, scan_left - (at_s - float(real[s.SCAN_FROM])) * float(st.num[s.READ_RATE]))
        compared = scan_total - scan_left
        state = _STATES[whole[s.STATE]]
        done = 1 - left / total if total > 0 else 1.0
        if state is ReplicationState.SYNCING:
            seen = compared / scan_total if scan_total > 0 else 1.0
            percent = 99 if whole[s.ROUND] else min(99, int(100 * min(done, seen))) if whole[s.EVER] else 0
        elif state is ReplicationState.ACTIVE:
            percent = min(99, int(100 * done))
        else:
            percent = 100
        if state is not ReplicationState.NONE:
            if whole[s.IN_ERROR]:
                state = ReplicationState.ERROR
            elif whole[s.PAUSED]:
                state = ReplicationState.PAUSED
        return EngineProgress(
            state=state,
            percent=percent,
            transferred_bytes=moved + total - left,
            to_transfer_bytes=moved + total,
            compared_bytes=compared,
            compare_total_bytes=scan_total,
            latest=self._latest.get(replication),
            connected=bool(whole[s.CONNECTED]),
        )

    def rpo(self, replication: int, at_s: float, origin_s: float = 0.0) -> VmRpo:
        """RPO compliance up to `at_s`; `origin_s` is added to every instant."""
        self._flush()
        self._drain()
        st = self._store.state
        at_s = max(at_s, self.clock_s)
        kept = self._violations.get(replication, ())
        spent = np.zeros(s.CAUSES)
        kernel.spent(st.layout, replication, at_s, spent)
        earlier = self.earlier_peaks_s
        earlier_s = float(earlier[replication]) if replication < len(earlier) else 0.0
        return vm_rpo(st, replication, self.name_of(replication), at_s, spent, kept, origin_s, earlier_s)

    def shipped_bytes(self, replication: int) -> float:
        """All bytes of complete instances."""
        return float(self._store.state.real[replication, s.SHIPPED])

    def fleet_ages(self, at_s: float) -> Ages | None:
        """The distribution of the data age of all VMs up to `at_s`, in RPOs."""
        st = self._store.state
        kinks, sums = st.fleet.copy()
        real = st.real[: self._store.replications]
        running = real[(real[:, s.FROM] < math.inf) & (real[:, s.UNTIL] == math.inf)]
        for ages_s, sign in ((running[:, s.TOOTH], 1.0), (at_s - running[:, s.NEWEST], -1.0)):
            bins = bins_of(ages_s / running[:, s.RPO])
            np.add.at(kinks, bins, sign * running[:, s.RPO])
            np.add.at(sums, bins, sign * ages_s)
        return percentiles(kinks, sums)
