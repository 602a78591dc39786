"""The migration table by itself."""

from __future__ import annotations

import itertools

import pytest

from cxsim.fake_cx.errors import InvalidState
from cxsim.fake_cx.migration import ENDED, TABLE, Event, Migration, MigrationRequest, Phase, State, Target

TARGET = Target("vdc", "profile", "network", "vapp", False)
REQUEST = MigrationRequest(
    "key", "job", "deckard", False, "tyrell", "r", "vc", "vm-62", "uuid", 15, False, "THIN", None, True, "",
    TARGET,
)  # fmt: skip


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_an_event_follows_the_table_or_changes_nothing(state, event):
    migration = Migration("id", "Tyrell", REQUEST, state)
    if (state, event) in TABLE:
        migration.apply(event)
        assert migration.state is TABLE[(state, event)]
    else:
        with pytest.raises(InvalidState, match="deckard"):
            migration.apply(event)
        assert migration.state is state


def test_nothing_leads_out_of_an_end():
    assert [row for row in TABLE if row[0] in ENDED] == []


def test_every_state_that_is_no_end_can_fail():
    assert all((state, Event.FAILED) in TABLE for state in State if state not in ENDED)


def test_a_deleted_migration_takes_no_events():
    migration = Migration("id", "Tyrell", REQUEST, State.SYNCING, deleted=True)
    with pytest.raises(InvalidState):
        migration.apply(Event.SYNCED)


def test_the_steps_of_a_cutover_join_without_gaps():
    steps = [phase.value for phase in Phase]
    assert [end for _, end in steps[:-1]] == [begin for begin, _ in steps[1:]]
    assert (Phase.EXPORT.percent(0), Phase.EXPORT.percent(50), Phase.EXPORT.percent(300)) == (30, 45, 60)
