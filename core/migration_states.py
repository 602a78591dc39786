"""The life of one VM's migration, as one table.

Rules of this file: states x events -> (state, action), literally. Every action may be done again after an
interruption (it is found by the migration's key or is harmless when repeated), so a state together with
the action that led into it says how to go on. The shell (`migration.py`) asks this table and never decides
by itself.

Statuses by evidence (cx.md 3.3): `Created`, `N% Syncing`, `Cutover ready`, `N% Cutting over`, `Completed`
and `Error` are observed or documented. `Scheduled` is named by the Home page's definition of Transition
[O K4], never seen on a row. `Paused` follows from the pause button of a syncing row [O K4], the word is
inferred [I]. `Cancelled` follows from the cancel button [O K4]; that such a row stays is inferred [I].
"""

from __future__ import annotations

from enum import Enum

from cxsim.core.transitions import TransitionTable


class State(Enum):
    """Where a migration is. `STATUS` says how each is shown."""

    NEW = "new"  # in the wizard; never shown
    REGISTERING = "registering"  # the job is being handed to the provider
    CREATED = "created"
    SCHEDULED = "scheduled"
    SYNCING = "syncing"
    PAUSED = "paused"
    CUTOVER_READY = "cutover ready"
    STOPPING_SOURCE = "stopping source"  # cutover was confirmed; the source VM is being powered off
    REQUESTING_CUTOVER = "requesting cutover"  # the source is off; the provider is being asked
    CUTTING_OVER = "cutting over"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLING = "cancelling"  # replica and replication are being removed at the provider
    CANCELLED = "cancelled"


class Event(Enum):
    """What can happen. `SAW_*`: the provider reports this state; the first groups are ours and the user's."""

    SUBMIT = "submit"
    REGISTERED = "registered"  # the provider has accepted the job
    SAW_CREATED = "saw created"
    SAW_SCHEDULED = "saw scheduled"
    SAW_SYNCING = "saw syncing"
    SAW_PAUSED = "saw paused"
    SAW_READY = "saw cutover ready"
    SAW_CUTTING_OVER = "saw cutting over"
    SAW_COMPLETED = "saw completed"
    PAUSE = "pause"
    RESUME = "resume"
    CUTOVER = "cutover"  # confirmed by the user
    SOURCE_OFF = "source is off"
    SOURCE_NOT_STOPPED = "source could not be stopped"
    CUTOVER_ACCEPTED = "cutover accepted"
    FAILED = "failed"  # the provider reports ERROR, refuses, or has lost the migration
    CANCEL = "cancel"
    CLEANED = "cleaned"  # nothing of it is left at the provider
    ASKED = "asked"  # the provider was asked to pause or to go on, whatever it answered
    GUARDED = "guarded"  # the source VM is marked so that nobody takes it for the one in use


class Action(Enum):
    """What the shell does after the transition."""

    NOTHING = "nothing"
    REGISTER = "register"  # POST the migration under its key
    WATCH = "watch"  # make sure that the cloud's poller runs
    ASK_PAUSE = "ask pause"
    ASK_RESUME = "ask resume"
    STOP_SOURCE = "stop source"  # power off at the source vCenter (already off is as good)
    REQUEST_CUTOVER = "request cutover"  # POST cutover, after looking whether it was accepted before
    CLEAN_UP = "clean up"  # DELETE the migration (gone already is as good)
    GUARD_SOURCE = "guard source"  # mark the source VM at its vCenter (marked already is as good)


# fmt: off
STATUS: dict[State, str] = {
    State.NEW:                "",
    State.REGISTERING:        "Created",
    State.CREATED:            "Created",
    State.SCHEDULED:          "Scheduled",
    State.SYNCING:            "Syncing",
    State.PAUSED:             "Paused",
    State.CUTOVER_READY:      "Cutover ready",
    State.STOPPING_SOURCE:    "Cutting over",
    State.REQUESTING_CUTOVER: "Cutting over",
    State.CUTTING_OVER:       "Cutting over",
    State.COMPLETED:          "Completed",
    State.ERROR:              "Error",
    State.CANCELLING:         "Cancelled",
    State.CANCELLED:          "Cancelled",
}

# Shown with a percentage in front (cx.md 3.3).
WITH_PERCENT = frozenset({"Syncing", "Cutting over"})

# The Home page's ring (cx.md 3.3 [O K4]): Transition = Scheduled + Cutover Ready + Syncing, and no others.
HOME: dict[str, frozenset[str]] = {
    "completed":  frozenset({"Completed"}),
    "error":      frozenset({"Error"}),
    "transition": frozenset({"Scheduled", "Cutover ready", "Syncing"}),
}

_S, _E, _A = State, Event, Action
MIGRATION = TransitionTable(
    "migration",
    start=_S.NEW,
    rows={
        (_S.NEW, _E.SUBMIT): (_S.REGISTERING, _A.REGISTER),

        (_S.REGISTERING, _E.REGISTERED): (_S.CREATED, _A.WATCH),
        (_S.REGISTERING, _E.FAILED):     (_S.ERROR,   _A.NOTHING),

        (_S.CREATED, _E.SAW_CREATED):      (_S.CREATED,       _A.NOTHING),
        (_S.CREATED, _E.SAW_SCHEDULED):    (_S.SCHEDULED,     _A.NOTHING),
        (_S.CREATED, _E.SAW_SYNCING):      (_S.SYNCING,       _A.NOTHING),
        (_S.CREATED, _E.SAW_READY):        (_S.CUTOVER_READY, _A.NOTHING),  # synced between two polls
        (_S.CREATED, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER,  _A.NOTHING),  # cold: no cutover by hand
        (_S.CREATED, _E.SAW_COMPLETED):    (_S.COMPLETED,     _A.GUARD_SOURCE),  # cold, between two polls
        (_S.CREATED, _E.FAILED):           (_S.ERROR,         _A.NOTHING),
        (_S.CREATED, _E.CANCEL):           (_S.CANCELLING,    _A.CLEAN_UP),

        (_S.SCHEDULED, _E.SAW_SCHEDULED):    (_S.SCHEDULED,     _A.NOTHING),
        (_S.SCHEDULED, _E.SAW_CREATED):      (_S.CREATED,       _A.NOTHING),  # its time has come
        (_S.SCHEDULED, _E.SAW_SYNCING):      (_S.SYNCING,       _A.NOTHING),
        (_S.SCHEDULED, _E.SAW_READY):        (_S.CUTOVER_READY, _A.NOTHING),
        (_S.SCHEDULED, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER,  _A.NOTHING),
        (_S.SCHEDULED, _E.SAW_COMPLETED):    (_S.COMPLETED,     _A.GUARD_SOURCE),
        (_S.SCHEDULED, _E.FAILED):           (_S.ERROR,         _A.NOTHING),
        (_S.SCHEDULED, _E.CANCEL):           (_S.CANCELLING,    _A.CLEAN_UP),

        (_S.SYNCING, _E.SAW_SYNCING):      (_S.SYNCING,       _A.NOTHING),
        (_S.SYNCING, _E.SAW_PAUSED):       (_S.PAUSED,        _A.NOTHING),
        (_S.SYNCING, _E.SAW_READY):        (_S.CUTOVER_READY, _A.NOTHING),
        (_S.SYNCING, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER,  _A.NOTHING),
        (_S.SYNCING, _E.SAW_COMPLETED):    (_S.COMPLETED,     _A.GUARD_SOURCE),
        (_S.SYNCING, _E.PAUSE):            (_S.SYNCING,       _A.ASK_PAUSE),
        (_S.SYNCING, _E.ASKED):            (_S.SYNCING,       _A.NOTHING),
        (_S.SYNCING, _E.FAILED):           (_S.ERROR,         _A.NOTHING),
        (_S.SYNCING, _E.CANCEL):           (_S.CANCELLING,    _A.CLEAN_UP),

        (_S.PAUSED, _E.SAW_PAUSED):  (_S.PAUSED,        _A.NOTHING),
        (_S.PAUSED, _E.SAW_SYNCING): (_S.SYNCING,       _A.NOTHING),
        (_S.PAUSED, _E.SAW_READY):   (_S.CUTOVER_READY, _A.NOTHING),
        (_S.PAUSED, _E.RESUME):      (_S.PAUSED,        _A.ASK_RESUME),
        (_S.PAUSED, _E.ASKED):       (_S.PAUSED,        _A.NOTHING),
        (_S.PAUSED, _E.FAILED):      (_S.ERROR,         _A.NOTHING),
        (_S.PAUSED, _E.CANCEL):      (_S.CANCELLING,    _A.CLEAN_UP),

        (_S.CUTOVER_READY, _E.SAW_READY):   (_S.CUTOVER_READY,   _A.NOTHING),
        (_S.CUTOVER_READY, _E.SAW_SYNCING): (_S.SYNCING,         _A.NOTHING),  # a full sync again
        (_S.CUTOVER_READY, _E.SAW_PAUSED):  (_S.PAUSED,          _A.NOTHING),  # paused at the provider
        (_S.CUTOVER_READY, _E.CUTOVER):     (_S.STOPPING_SOURCE, _A.STOP_SOURCE),
        (_S.CUTOVER_READY, _E.FAILED):      (_S.ERROR,           _A.NOTHING),
        (_S.CUTOVER_READY, _E.CANCEL):      (_S.CANCELLING,      _A.CLEAN_UP),

        # Polls still report the state before the cutover until the provider has been asked.
        (_S.STOPPING_SOURCE, _E.SAW_READY):          (_S.STOPPING_SOURCE,    _A.NOTHING),
        (_S.STOPPING_SOURCE, _E.SAW_SYNCING):        (_S.STOPPING_SOURCE,    _A.NOTHING),
        (_S.STOPPING_SOURCE, _E.SOURCE_OFF):         (_S.REQUESTING_CUTOVER, _A.REQUEST_CUTOVER),
        (_S.STOPPING_SOURCE, _E.SOURCE_NOT_STOPPED): (_S.CUTOVER_READY,      _A.NOTHING),
        (_S.STOPPING_SOURCE, _E.FAILED):             (_S.ERROR,              _A.NOTHING),

        (_S.REQUESTING_CUTOVER, _E.SAW_READY):        (_S.REQUESTING_CUTOVER, _A.NOTHING),
        (_S.REQUESTING_CUTOVER, _E.SAW_SYNCING):      (_S.REQUESTING_CUTOVER, _A.NOTHING),
        (_S.REQUESTING_CUTOVER, _E.CUTOVER_ACCEPTED): (_S.CUTTING_OVER,       _A.WATCH),
        (_S.REQUESTING_CUTOVER, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER,       _A.WATCH),
        (_S.REQUESTING_CUTOVER, _E.SAW_COMPLETED):    (_S.COMPLETED,          _A.GUARD_SOURCE),
        (_S.REQUESTING_CUTOVER, _E.FAILED):           (_S.ERROR,              _A.NOTHING),

        (_S.CUTTING_OVER, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER, _A.NOTHING),
        (_S.CUTTING_OVER, _E.CUTOVER_ACCEPTED): (_S.CUTTING_OVER, _A.NOTHING),  # a poll was faster
        # An answer from before, or the cutover that was accepted has come to nothing: look, then ask again.
        (_S.CUTTING_OVER, _E.SAW_READY): (_S.REQUESTING_CUTOVER, _A.REQUEST_CUTOVER),
        (_S.CUTTING_OVER, _E.SAW_COMPLETED):    (_S.COMPLETED,    _A.GUARD_SOURCE),
        (_S.CUTTING_OVER, _E.FAILED):           (_S.ERROR,        _A.NOTHING),

        (_S.COMPLETED, _E.CUTOVER_ACCEPTED): (_S.COMPLETED, _A.NOTHING),  # a poll was faster
        (_S.COMPLETED, _E.GUARDED):          (_S.COMPLETED, _A.NOTHING),

        (_S.ERROR, _E.CANCEL): (_S.CANCELLING, _A.CLEAN_UP),

        (_S.CANCELLING, _E.CLEANED): (_S.CANCELLED, _A.NOTHING),
        # It had gone on at the provider: the target counts.
        (_S.CANCELLING, _E.SAW_CUTTING_OVER): (_S.CUTTING_OVER, _A.WATCH),
        (_S.CANCELLING, _E.SAW_COMPLETED):    (_S.COMPLETED,    _A.GUARD_SOURCE),
        (_S.CANCELLING, _E.FAILED):  (_S.ERROR,     _A.NOTHING),
    },
    final=frozenset({_S.COMPLETED, _S.CANCELLED}),
)
# fmt: on

# Work goes on at the provider in these, so they are polled.
WATCHED = frozenset(
    {
        State.CREATED,
        State.SCHEDULED,
        State.SYNCING,
        State.PAUSED,
        State.CUTOVER_READY,
        State.STOPPING_SOURCE,
        State.REQUESTING_CUTOVER,
        State.CUTTING_OVER,
    }
)


# What a new process does with a migration that the one before it left in this state. Watched states that
# are not listed are watched; with a request to the provider still open, that is sent again first.
RESUME: dict[State, Action] = {
    State.REGISTERING: Action.REGISTER,
    State.STOPPING_SOURCE: Action.STOP_SOURCE,
    State.REQUESTING_CUTOVER: Action.REQUEST_CUTOVER,
    State.CANCELLING: Action.CLEAN_UP,
    State.COMPLETED: Action.GUARD_SOURCE,
}

ASKING = frozenset({Action.ASK_PAUSE, Action.ASK_RESUME})
"""Requests whose outcome only the provider's reports show."""


# The percentage reported with an event belongs to this status alone: a poll that still reports the
# synchronization says nothing about the cutover.
PERCENT_OF: dict[Event, str] = {
    Event.SAW_SYNCING: "Syncing",
    Event.SAW_CUTTING_OVER: "Cutting over",
}


def status_text(status: str, percent: int | None) -> str:
    """The status as a row shows it: `40% Syncing`, `Cutover ready`."""
    return f"{percent or 0}% {status}" if status in WITH_PERCENT else status
