"""When faults are on: from/until, or from the moment that a trigger is reached.

Rules of this file: a fault without a time is on before the first packet. Every switch is recorded as a
`fault` event; `met` is recorded at the end.
"""

from __future__ import annotations

from functools import partial

from cxsim.sim.faults.effects import Effect, World, take_effect
from cxsim.sim.kernel import Hub
from cxsim.sim.result import FaultRecord
from cxsim.sim.scenario import Condition, Fault, Scenario, Watch


class FaultSchedule:
    """The faults of one scenario in one world."""

    def __init__(self, hub: Hub, world: World, scenario: Scenario, watch: Watch) -> None:
        self._hub, self._world = hub, world
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
        effect = take_effect(self._world, fault)
        self._effects[fault.name].append(effect)
        self._hub.record("-", "fault", {"fault": fault.name, "change": "on"})
        if fault.until_s is not None:
            self._hub.call_at(self._hub.start_s + fault.until_s, lambda: self._end(fault, effect))
        elif fault.lasts_s is not None:
            self._hub.call_in(fault.lasts_s, lambda: self._end(fault, effect))

    def _end(self, fault: Fault, effect: Effect) -> None:
        effect.undo()
        self._hub.record("-", "fault", {"fault": fault.name, "change": "off"})

    def finish(self) -> tuple[FaultRecord, ...]:
        """What became of each fault; records `met` for those that met something."""
        records = []
        for fault in self._faults:
            met = sum(effect.met() for effect in self._effects[fault.name]) > 0
            if met:
                self._hub.record("-", "fault", {"fault": fault.name, "change": "met"})
            records.append(FaultRecord(fault.name, str(fault.place), met))
        return tuple(records)
