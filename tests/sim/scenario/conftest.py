"""Paths and shorthand for the tests of the scenario room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.scenario.expect import Expectation
from cxsim.sim.scenario.places import TreeMap, stamp
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.yamlfile import parse

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages show paths relative to the working directory."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def tree() -> Callable[[str], TreeMap]:
    """A YAML text as a tree with paths."""

    def read(text: str) -> TreeMap:
        problems = Problems()
        made = parse(text, "test.yaml", problems)
        assert made is not None, problems.found
        assert not problems.found
        stamp(made)
        return made

    return read


@pytest.fixture
def expecting(tree: Callable[[str], TreeMap]) -> Callable[[str], Expectation]:
    """An expectation from its YAML."""
    return lambda text: Expectation.model_validate(tree(text))


Event = tuple[float, str, dict[str, Any]]


@pytest.fixture
def log() -> Callable[..., list[LoggedEvent]]:
    """Events from (seconds, event, fields) or (seconds, host, event, fields)."""

    def record(*events: Any) -> list[LoggedEvent]:
        made = EventLog()
        for event in events:
            t_s, host, name, fields = event if len(event) == 4 else (event[0], "tyrell-vcde01", *event[1:])
            made.record(round(t_s * 1_000_000), host, name, fields)
        return made.events

    return record
