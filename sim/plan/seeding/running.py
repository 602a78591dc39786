"""A job, run by the data plane: initial syncs that start when they should, deltas beside, cutovers.

Rules of this file: the engine decides every rate; here are only its inputs, in order of time, at one instant
capacity, start, sync, cutover. Looks and steps change no figure. The same job gives the same outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby

import numpy as np

from cxsim.sim.plan.seeding.job import (
    REPLICATOR,
    Job,
    Member,
    MemberOutcome,
    Outcome,
    allocated_bytes,
)
from cxsim.sim.plan.seeding.watching import Watch
from cxsim.sim.replication import kernel_state as s
from cxsim.sim.replication.engine import Engine
from cxsim.sim.replication.fleet import begin
from cxsim.sim.replication.workload import VmWorkload

Seen = Callable[[float], object]
_CAPACITY, _START, _AHEAD, _CUTOVER, _STOP = range(5)
STEPS = 24
"""Between looks whether everything is done, of the time that the first copies would take alone."""
LEAST_STEP_S = 60.0
KEPT_VIOLATIONS = 1_000_000


def run_job(job: Job, seen: Seen | None = None) -> Outcome:
    """The outcome of a job. `seen`: called with seconds after the start of the plan at least every 0.2 s of
    wall time; may raise to give up. Raises ValueError for two members of one name or a job without any."""
    names = [member.vm.name for member in job.members]
    if not names or len(set(names)) != len(names):
        raise ValueError("a job needs members, each with a name of its own")
    return _Run(job, seen).outcome()


class _Run:
    """One run. Inside, times are the engine's: seconds after `job.origin_s`."""

    def __init__(self, job: Job, seen: Seen | None) -> None:
        self.job, self.origin_s = job, job.origin_s
        self.seen: Seen | None = None if seen is None else lambda at_s: seen(at_s + job.origin_s)
        self.engine = Engine(job.settings, notify=False, per_vm_ages=False, keep_violations=KEPT_VIOLATIONS)
        hosts = job.host_limits()
        for group, most in hosts.items():
            self.engine.set_limit(f"host {group}", most)
        if REPLICATOR in job.limits:
            self.engine.set_limit(REPLICATOR, job.limits[REPLICATOR])
        self.link = self.engine.add_link(job.link.planned_bps, measured_bps=job.measured_bps)
        self.capacity_bps = job.link.planned_bps
        self.vms = [self.engine.add_vm(VmWorkload(m.vm.name, m.vm.disks, m.powered_on)) for m in job.members]
        self.order = sorted(range(len(job.members)), key=lambda k: (job.members[k].start_s, k))
        """Places of members by replication."""
        self.replication = {place: i for i, place in enumerate(self.order)}
        kept = 1.0 - job.settings.compression
        first = [allocated_bytes(job.members[place].vm) * kept for place in self.order]
        disks = [job.members[place].vm.disks for place in self.order]
        self.watch = Watch(self.engine, first, disks) if job.samples else None
        self.give_up_s = min(job.give_up_s, job.reasonable_s) - self.origin_s
        self.inputs = self._inputs()
        self.waiting: list[list[int]] = []
        """Units whose cutover is due, in order: places of their members."""
        self.off_s: dict[int, float] = {}
        self.at_work: list[int] = []
        """Members whose final delta may be under way."""
        self.step_s = max(LEAST_STEP_S, job.alone_s / max(STEPS, job.samples))

    def _inputs(self) -> list[tuple[float, int, int, float]]:
        """(time, what, place of the member, value), in order."""
        job, found = self.job, list[tuple[float, int, int, float]]()
        for at_s, capacity_bps in job.link.changes(job.week_s + self.origin_s, self.give_up_s):
            found.append((at_s, _CAPACITY, 0, capacity_bps))
        for place, member in enumerate(job.members):
            found.append((member.start_s - self.origin_s, _START, place, 0.0))
            if member.cutover_s is not None:
                cutover_s = member.cutover_s - self.origin_s
                found.append((cutover_s, _CUTOVER, place, 0.0))
                if job.sync_ahead_s > 0:
                    ahead_s = max(0.0, cutover_s - job.sync_ahead_s)
                    found.append((ahead_s, _AHEAD, place, 0.0))
        return sorted(found)

    def outcome(self) -> Outcome:
        """Run to the end."""
        done_s = self._run_to_end()
        end_s = max(done_s or 0.0, self.engine.clock_s)
        if done_s is None:
            end_s = self.give_up_s
        elif self.job.hold_s > 0:
            end_s = done_s + self.job.hold_s
            self._steps_to(end_s)
        members = tuple(self._member(place, done_s, end_s) for place in range(len(self.vms)))
        course = self.watch.course(self.origin_s) if self.watch else None
        return Outcome(members, (end_s if done_s is None else done_s) + self.origin_s, course)

    def _run_to_end(self) -> float | None:
        """When everything was done; None: it was given up."""
        at_s = since_s = self._advance_to(0.0)
        self._look(0.0)
        while True:
            step_s = at_s + self.step_s
            at_s = self._advance_to(min(step_s, self.give_up_s))
            if at_s >= step_s:
                self._look(at_s)
            done_s = self._done_s()
            if done_s is not None:
                self._look(max(at_s, self.engine.clock_s))
                return done_s
            if at_s >= self.give_up_s:
                return None
            if self.watch is None and at_s - since_s > 2 * self.job.alone_s + 2 * self.step_s:
                self.step_s, since_s = self.step_s * 1.5, at_s

    def _steps_to(self, until_s: float) -> None:
        at_s = self.engine.clock_s
        while at_s < until_s:
            at_s = self._advance_to(until_s)

    def _advance_to(self, until_s: float) -> float:
        """Up to there, inputs of that instant included, or to the next instant at which something has to be
        decided; where it is now."""
        while self.inputs and self.inputs[0][0] <= until_s:
            at_s = self.inputs[0][0]
            if self.waiting and self.engine.next_event() < at_s:
                break
            now = []
            while self.inputs and self.inputs[0][0] == at_s:
                now.append(self.inputs.pop(0))
            self._enter(at_s, now)
            if self.watch and any(what == _START for _, what, _, _ in now) and at_s + self.origin_s > 0:
                self.engine.advance(at_s, self.seen)
                self._look(at_s)
        if self.waiting:
            until_s = min(until_s, self.engine.next_event())
        self.engine.advance(until_s, self.seen)
        self._begin_cutovers(until_s)
        return until_s

    def _enter(self, at_s: float, inputs: list[tuple[float, int, int, float]]) -> None:
        # Brings the engine to this instant: what is read of it below is of now.
        self.engine.set_capacity(self.link, self.capacity_bps, at_s)
        for what, some in groupby(inputs, key=lambda one: one[1]):
            for _, _, place, value in some:
                if what == _CAPACITY:
                    self.capacity_bps = value
                    self.engine.set_capacity(self.link, value, at_s)
                elif what == _START:
                    self._start(place, at_s)
                elif what == _AHEAD:
                    if self._seeded_s(place) is not None:
                        self.engine.sync(self.replication[place], False, at_s)
                else:
                    self._line_up(place)
        self._begin_cutovers(at_s)

    def _start(self, place: int, at_s: float) -> None:
        member, vm = self.job.members[place], self.vms[place]
        host = f"host {member.vm.host}" if member.vm.host else None
        i = begin(self.engine, vm, member.vm, self.link, at_s, host, REPLICATOR)
        assert i == self.replication[place]

    def _line_up(self, place: int) -> None:
        """Its cutover is due; one that is not seeded has none."""
        if self._seeded_s(place) is None:
            return
        unit = self.job.members[place].unit
        for waiting in self.waiting:
            if unit and self.job.members[waiting[0]].unit == unit:
                waiting.append(place)
                return
        self.waiting.append([place])

    def _begin_cutovers(self, at_s: float) -> None:
        most = self.job.cutovers_at_once
        while self.waiting:
            if most is not None:
                self.at_work = [place for place in self.at_work if self._final_s(place) is None]
                if self.at_work and len(self.at_work) + len(self.waiting[0]) > most:
                    return
            for place in self.waiting.pop(0):
                member: Member = self.job.members[place]
                if member.powered_on:
                    self.engine.set_power(self.vms[place], False, at_s)
                self.engine.sync(self.replication[place], True, at_s)
                self.off_s[place] = at_s
                self.at_work.append(place)

    # What has happened ------------------------------------------------------------------------------

    def _seeded_s(self, place: int) -> float | None:
        i = self.replication[place]
        if i >= self.engine.replications:
            return None
        seeded_s = float(self.engine.store.state.real[i, s.FROM])
        return None if seeded_s == math.inf else seeded_s

    def _final_s(self, place: int) -> float | None:
        """When the final delta of a cutover had arrived."""
        i = self.replication[place]
        state = self.engine.store.state
        row = state.whole[i]
        if row[s.STATE] != s.IDLE or row[s.WANTED] or state.real[i, s.START] < math.inf:
            return None
        return float(state.real[i, s.DONE])

    def _done_s(self) -> float | None:
        """When everything was done, if it is."""
        if any(what in (_START, _CUTOVER) for _, what, _, _ in self.inputs) or self.waiting:
            return None
        seeded = self.engine.store.state.real[: self.engine.replications, s.FROM]
        if len(seeded) < len(self.vms) or np.isinf(seeded).any():
            return None
        finals = [self._final_s(place) for place in self.off_s]
        if None in finals:
            return None
        return max([float(seeded.max()), *(final_s for final_s in finals if final_s is not None)])

    def _look(self, at_s: float) -> None:
        if self.watch is None:
            return
        self.watch.look(at_s, self.capacity_bps * self.job.efficiency)
        if self.watch.looks > 2 * self.job.samples:
            self.watch.thin()
            self.step_s *= 2

    def _member(self, place: int, done_s: float | None, end_s: float) -> MemberOutcome:
        name, seeded_s = self.job.members[place].vm.name, self._seeded_s(place)
        i = self.replication[place]
        if i >= self.engine.replications:
            return MemberOutcome(name, None, 0.0)
        off_s = self.off_s.get(place)
        final_s = None if off_s is None else self._final_s(place)
        held = None
        if done_s is not None and end_s > done_s and seeded_s is not None and off_s is None:
            violations = self.engine.rpo(i, end_s).violations
            lost_s = math.fsum(
                max(0.0, min(one.until_s, end_s) - max(one.from_s, done_s)) for one in violations
            )
            held = 1.0 - lost_s / (end_s - done_s)
        watch = self.watch
        return MemberOutcome(
            name,
            None if seeded_s is None else seeded_s + self.origin_s,
            self.engine.shipped_bytes(i),
            None if off_s is None else off_s + self.origin_s,
            None if final_s is None else final_s + self.origin_s,
            held,
            None if watch is None else watch.copied_bytes(i),
            {} if watch is None else watch.limited_s(i),
        )
