"""The life of a provider cloud in the tenant's list, as one table.

Rules of this file: the table is the whole truth about what can follow what; the shell that does the work
(`provider.py`) asks it and never decides by itself.

`Running` and `Enable Failed` are observed (cx.md 2.3, screenshots of the article). `Enabling` is inferred
[I]: no source names the status between Add and the outcome. `Deleted` is ours, for the event log.
"""

from __future__ import annotations

from enum import Enum

from cxsim.core.transitions import TransitionTable


class CloudState(Enum):
    """States; the values are the statuses as shown."""

    ABSENT = "Absent"  # before Add; never shown
    ENABLING = "Enabling"
    RUNNING = "Running"
    ENABLE_FAILED = "Enable Failed"
    DELETED = "Deleted"


class CloudEvent(Enum):
    """What can happen to a provider cloud."""

    ADD = "add"  # the user pressed Add and trusts the certificates
    ENABLED = "enabled"  # the replicator is registered and the vDCs are known
    FAILED = "failed"  # a step of enabling failed
    EDIT = "edit"  # the user changed the form; enabling starts again
    DELETE = "delete"
    RESUMED = "resumed"  # a new process carries on
    PASSWORD_MISSING = "password missing"  # a new process was not told it; it is never written down


class CloudAction(Enum):
    """What the shell does after the transition."""

    ENABLE = "enable"  # start enabling in the background, after stopping one that still runs
    SHOW_VDCS = "show vDCs"
    NOTHING = "nothing"
    STOP = "stop"  # stop enabling and forget the cloud


# fmt: off
_S, _E, _A = CloudState, CloudEvent, CloudAction
CLOUD = TransitionTable(
    "provider cloud",
    start=_S.ABSENT,
    rows={
        (_S.ABSENT,        _E.ADD):     (_S.ENABLING,      _A.ENABLE),
        (_S.ENABLING,      _E.ENABLED): (_S.RUNNING,       _A.SHOW_VDCS),
        (_S.ENABLING,      _E.FAILED):  (_S.ENABLE_FAILED, _A.NOTHING),
        (_S.ENABLING,      _E.EDIT):    (_S.ENABLING,      _A.ENABLE),
        (_S.RUNNING,       _E.EDIT):    (_S.ENABLING,      _A.ENABLE),
        (_S.ENABLE_FAILED, _E.EDIT):    (_S.ENABLING,      _A.ENABLE),
        (_S.ENABLING,      _E.RESUMED): (_S.ENABLING,      _A.ENABLE),
        (_S.ENABLING,      _E.PASSWORD_MISSING): (_S.ENABLE_FAILED, _A.NOTHING),
        (_S.RUNNING,       _E.PASSWORD_MISSING): (_S.ENABLE_FAILED, _A.NOTHING),
        (_S.ENABLING,      _E.DELETE):  (_S.DELETED,       _A.STOP),
        (_S.RUNNING,       _E.DELETE):  (_S.DELETED,       _A.STOP),
        (_S.ENABLE_FAILED, _E.DELETE):  (_S.DELETED,       _A.STOP),
    },
    final=frozenset({_S.DELETED}),
)
# fmt: on
