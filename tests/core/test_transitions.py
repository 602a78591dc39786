"""Both literal tables: reachable, without dead ends, and closed against everything they do not list."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from cxsim.core.migration_states import (
    HOME,
    MIGRATION,
    PERCENT_OF,
    STATUS,
    WATCHED,
    WITH_PERCENT,
    Action,
    Event,
    State,
    status_text,
)
from cxsim.core.provider_states import CLOUD, CloudAction, CloudEvent, CloudState
from cxsim.core.transitions import IllegalTransition, TransitionTable

TABLES: list[tuple[TransitionTable[Any, Any, Any], type[Enum], type[Enum], type[Enum]]] = [
    (CLOUD, CloudState, CloudEvent, CloudAction),
    (MIGRATION, State, Event, Action),
]
each_table = pytest.mark.parametrize(
    ("table", "states", "events", "actions"), TABLES, ids=["cloud", "migration"]
)


@each_table
def test_every_state_is_reachable_and_every_event_and_action_is_used(
    table: Any, states: Any, events: Any, actions: Any
) -> None:
    assert table.reachable() == frozenset(states)
    assert {event for _, event in table.rows} == set(events)
    assert {action for _, action in table.rows.values()} == set(actions)


@each_table
def test_from_every_state_a_final_one_can_be_reached(
    table: Any, states: Any, events: Any, actions: Any
) -> None:
    for state in states:
        assert table.reachable(state) & table.final, f"{state} is a dead end"


@each_table
def test_final_states_are_never_left(table: Any, states: Any, events: Any, actions: Any) -> None:
    for (before, _), (after, _) in table.rows.items():
        assert before not in table.final or after is before


@each_table
def test_what_is_not_in_the_table_raises_and_says_what_and_where(
    table: Any, states: Any, events: Any, actions: Any
) -> None:
    illegal = [(s, e) for s in states for e in events if (s, e) not in table.rows]
    assert illegal
    for state, event in illegal:
        assert not table.allows(state, event)
        with pytest.raises(IllegalTransition, match=f"{event.value} is not possible in state {state.value}"):
            table.step(state, event)


def test_the_statuses_are_exactly_the_documented_ones() -> None:
    assert set(STATUS) == set(State)
    assert set(STATUS.values()) - {""} == {
        "Scheduled",
        "Created",
        "Syncing",
        "Paused",
        "Cutover ready",
        "Cutting over",
        "Completed",
        "Error",
        "Cancelled",
    }


def test_only_syncing_and_cutting_over_show_a_percentage() -> None:
    texts = {status: status_text(status, 40) for status in set(STATUS.values())}
    assert {status for status, text in texts.items() if text != status} == WITH_PERCENT
    assert texts["Syncing"] == "40% Syncing"
    assert status_text("Cutting over", None) == "0% Cutting over"
    assert set(PERCENT_OF.values()) == WITH_PERCENT


def test_home_counts_each_status_at_most_once() -> None:
    counted = [status for statuses in HOME.values() for status in statuses]
    assert len(counted) == len(set(counted))
    assert set(counted) <= set(STATUS.values())


def test_a_source_is_stopped_only_from_cutover_ready_and_the_provider_asked_only_when_it_is_off() -> None:
    stops = {before for (before, _), (_, action) in MIGRATION.rows.items() if action is Action.STOP_SOURCE}
    asks = {key for key, (_, action) in MIGRATION.rows.items() if action is Action.REQUEST_CUTOVER}
    assert stops == {State.CUTOVER_READY}
    assert asks == {(State.STOPPING_SOURCE, Event.SOURCE_OFF), (State.CUTTING_OVER, Event.SAW_READY)}


def test_a_cutover_that_has_begun_cannot_be_cancelled() -> None:
    for state in (State.STOPPING_SOURCE, State.REQUESTING_CUTOVER, State.CUTTING_OVER, State.COMPLETED):
        assert not MIGRATION.allows(state, Event.CANCEL)


def test_every_watched_state_takes_the_report_of_an_error() -> None:
    for state in WATCHED:
        assert MIGRATION.step(state, Event.FAILED)[0] is State.ERROR


def test_reports_never_move_a_migration_backwards_out_of_a_cutover() -> None:
    cutover = {
        State.STOPPING_SOURCE,
        State.REQUESTING_CUTOVER,
        State.CUTTING_OVER,
        State.COMPLETED,
        State.ERROR,
    }
    for (before, event), (after, _) in MIGRATION.rows.items():
        if before in cutover - {State.ERROR} and event.name.startswith("SAW_"):
            assert after in cutover
