"""When faults are on: from/until, or from the moment that a trigger is reached.

Rules of this file: a fault without a time is on before the first packet. Every switch is recorded as a
`fault` event; `met` is recorded at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from cxsim.sim.faults.effects import Effect, World, take_effect
from cxsim.sim.kernel import Hub
from cxsim.sim.result import FaultRecord
from cxsim.sim.scenario import Condition, Fault, Scenario, Watch


class FaultSchedule:
    """The faults of one scenario in one world."""

    def __init__(
        self,
        hub: Hub,
        world: World,
        scenario: Scenario,
        watch: Watch,
        on_begin: Callable[[], None] | None = None,
    ) -> None:
        """`on_begin` is called whenever a fault has come on: remedies are tried then."""
        self._hub, self._world, self._on_begin = hub, world, on_begin
        self._faults = scenario.faults
        self._effects: dict[str, list[Effect]] = {fault.name: [] for fault in self._faults}
        for fault in self._faults:
            if fault.when is not None:
                self._arm(fault, Condition(fault.when, scenario), watch)
            elif not fault.from_s:
                self._begin(fault)
            else:
                hub.call_at(hub.start_s + fault.from_s, partial(self._begin, fault))

    def _arm(self, fault: Fault, condition: Condition, watch: Watch) -> None:
        def reached() -> None:
            watch.remove(condition)
            # Not within EventLog.record: the fault begins as the next thing at this instant.
            self._hub.call_in(0.0, lambda: self._begin(fault))

        watch.add(condition, reached)
        condition.arm()

    def _begin(self, fault: Fault) -> None:
        until_s = math.inf
        if fault.until_s is not None:
            until_s = self._hub.start_s + fault.until_s
        elif fault.lasts_s is not None:
            until_s = self._hub.now_s + fault.lasts_s
        self._on(fault, until_s)

    def _on(self, fault: Fault, until_s: float) -> None:
        """Switch a fault on, and see to its end: the end of its time, or its next pause."""
        effect = take_effect(self._world, fault)
        self._effects[fault.name].append(effect)
        self._hub.record("-", "fault", {"fault": fault.name, "change": "on"})
        if self._on_begin is not None:
            self._on_begin()
        flapping = fault.flapping
        off_s = until_s if flapping is None else min(until_s, self._hub.now_s + flapping.on_s)
        if off_s < math.inf:
            self._hub.call_at(off_s, lambda: self._off(fault, effect, until_s))

    def _off(self, fault: Fault, effect: Effect, until_s: float) -> None:
        effect.undo()
        self._hub.record("-", "fault", {"fault": fault.name, "change": "off"})
        if fault.flapping is None:
            return
        on_s = self._hub.now_s + fault.flapping.off_s
        if on_s < until_s:
            self._hub.call_at(on_s, lambda: self._on(fault, until_s))

    def finish(self) -> tuple[FaultRecord, ...]:
        """What became of each fault; records `met` for those that met something."""
        records = []
        for fault in self._faults:
            met = sum(effect.met() for effect in self._effects[fault.name]) > 0
            if met:
                self._hub.record("-", "fault", {"fault": fault.name, "change": "met"})
            records.append(FaultRecord(fault.name, str(fault.place), met))
        return tuple(records)
