"""When faults are on: times, flapping, and that taking one back leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxsim.sim.faults import FaultSchedule
from cxsim.sim.faults.catalogue import ENTRIES
from cxsim.sim.faults.effects import take_effect
from cxsim.sim.faults.entry import Entry
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.scenario import Scenario, ScenarioErrors, Watch, load
from cxsim.sim.world.world import World

SCENARIO = """schema: 1
title: t
extends: environments/tyrell-mycloud.yaml
faults:
  - name: f
    host_down: {{host: chc-ccm01}}
    {when}
steps: [run_for: 10 min]
expect: [eventually: {{fault: f, change: on}}]
"""


def written(tmp_path: Path, when: str) -> Scenario:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format(when=when))
    return load(path)[0]


@pytest.mark.parametrize(
    ("when", "changes"),
    [
        ("from: 10 s", ["on 10"]),
        ("until: 40 s", ["on 0", "off 40"]),
        ("{from: 10 s, for: 30 s}", ["on 10", "off 40"]),
        (
            "{from: 10 s, until: 200 s, flapping: {on: 30 s, off: 60 s}}",
            ["on 10", "off 40", "on 100", "off 130", "on 190", "off 200"],
        ),
        ("{for: 90 s, flapping: {on: 30 s, off: 60 s}}", ["on 0", "off 30"]),
    ],
)
def test_a_fault_is_on_at_its_times(tmp_path: Path, when: str, changes: list[str]) -> None:
    lines = when.strip("{}") if when.startswith("{") else when
    scenario = written(tmp_path, "\n    ".join(_keys(lines)))
    world = World(scenario, 1)
    with world.hub:
        FaultSchedule(world.hub, world, scenario, Watch(world.log))
        world.hub.run(scenario.start_s + 600)
    seen = [f"{e.fields['change']} {e.t_us / 1e6:g}" for e in world.log.of("fault")]
    assert seen == changes


def _keys(text: str) -> list[str]:
    """`a: 1, b: {c: 2, d: 3}` as lines."""
    depth, parts = 0, [""]
    for letter in text + ("}" if text.count("{") > text.count("}") else ""):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def test_a_flapping_fault_needs_both_times(tmp_path: Path) -> None:
    with pytest.raises(ScenarioErrors, match="off"):
        written(tmp_path, "flapping: {on: 30 s}")


def test_a_flapping_fault_comes_and_goes_at_exact_instants_and_has_met_what_came_while_it_was_on(
    tmp_path: Path,
) -> None:
    scenario = written(tmp_path, "for: 1 h\n    flapping: {on: 100 ms, off: 300 ms}")
    world = World(scenario, 1)
    works: list[bool] = []
    switched_s: list[float] = []

    def look() -> None:
        fate = world.network.connect("tyrell-cce01", "203.0.113.32", 8044).fate
        works.append(fate is Fate.ACCEPTED)

    with world.hub as hub:
        schedule = FaultSchedule(
            hub, world, scenario, Watch(world.log), lambda: switched_s.append(hub.env.now)
        )
        for tenth in range(12):
            hub.call_at(hub.start_s + tenth / 10 + 0.05, look)
        hub.run(scenario.start_s + 600)
        (record,) = schedule.finish()
    assert works == [False, True, True, True] * 3
    assert switched_s == [round(0.4 * number, 6) for number in range(1500)]
    assert record.met


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_fault_that_is_taken_back_leaves_every_flow_as_it_was(entry: Entry) -> None:
    scenario = entry.load()
    world = World(scenario, scenario.seed)
    with world.hub:
        before = _flows(world)
        effects = [take_effect(world, fault) for fault in scenario.faults]
        for effect in reversed(effects):
            effect.undo()
            effect.undo()  # twice does nothing
        assert _flows(world) == before


def _flows(world: World) -> list[object]:
    from cxsim.sim.explain import evaluate

    return [
        (v.flow, v.status, v.trace.lines() if v.trace else None, v.finding and str(v.finding))
        for v in evaluate(world.view(), world.network)
    ]
