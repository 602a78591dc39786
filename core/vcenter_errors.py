"""What a user is told when the vCenter refuses something.

Rules of this file: one table from vim faults to the `UserError` family, read from the top; a fault that no
row names is told with its own name and words. Trouble of communication is not told here but by
`errors.translated`. Sources: fault names of the vSphere API; what to check follows cx.md 3.2 and 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyVmomi import vmodl

from cxsim.core.errors import BadAnswer, Conflict, LoginRefused, NotFound, UserError, translated


class VcenterError(UserError):
    """The vCenter refused, or what it did failed. `fault`: name of the vim fault, None if there was none."""

    fault: str | None = None


class VcenterLoginRefused(VcenterError, LoginRefused):
    """The vCenter does not accept the account or does not let it do this."""


class VcenterNotFound(VcenterError, NotFound):
    """The vCenter does not have the object."""


class VcenterConflict(VcenterError, Conflict):
    """The object is in a state that does not allow this."""


class VcenterBadAnswer(VcenterError, BadAnswer):
    """What answers is no vCenter, or not one that speaks the API as it should."""


@dataclass(frozen=True)
class Row:
    """What a fault means. `answer` may use {message}, the fault's own text."""

    faults: tuple[str, ...]
    error: type[VcenterError]
    answer: str
    check: str


ROWS: tuple[Row, ...] = (
    Row(
        ("InvalidLogin",),
        VcenterLoginRefused,
        "user name or password is not accepted",
        "the vCenter user and password in the appliance's setup",
    ),
    Row(
        ("NoPermission",),
        VcenterLoginRefused,
        "the account lacks a privilege ({message})",
        "the role of the appliance's account in the vCenter",
    ),
    Row(
        ("NotAuthenticated",),
        VcenterLoginRefused,
        "the session is not accepted any more, not even after a new login",
        "the state of the vCenter's services",
    ),
    Row(
        ("ManagedObjectNotFound",),
        VcenterNotFound,
        "the object does not exist any more",
        "whether the VM was deleted or registered anew (it then has another identity)",
    ),
    Row(
        ("InvalidPowerState", "InvalidState", "TaskInProgress", "ConcurrentAccess"),
        VcenterConflict,
        "{message}",
        "the state of the VM in the vCenter, and tasks that are running on it",
    ),
    Row(
        ("DuplicateName",),
        VcenterConflict,
        "{message}",
        "for another object of this name in the same folder",
    ),
)

_LOOK = "the task list and events of the vCenter"


def fault_name(fault: Any) -> str:
    """`InvalidPowerState` of a vim fault."""
    return type(fault).__name__.rpartition(".")[2]


def refused(fault: Any, attempted: str, where: str) -> VcenterError:
    """A vim fault in the user's words."""
    name = fault_name(fault)
    message = (fault.msg or "").strip().rstrip(".") or name
    row = next((row for row in ROWS if name in row.faults), None)
    if row is None:
        told = VcenterError(attempted, where, f"{message} ({name})", _LOOK)
    else:
        told = row.error(attempted, where, row.answer.format(message=message), row.check)
    told.fault = name
    return told


class NoVcenterAnswer(Exception):
    """Raised by the transport for an answer that no vCenter gives; `told` makes a `VcenterBadAnswer` of it.
    `status`: the HTTP status if that is what was wrong."""

    def __init__(self, answer: str, status: int | None = None) -> None:
        super().__init__(answer)
        self.answer = answer
        self.status = status


@contextmanager
def told(attempted: str, where: str) -> Iterator[None]:
    """Raise whatever the vCenter refuses, and trouble of communication, in the user's words."""
    try:
        with translated(attempted, where):
            yield
    except vmodl.MethodFault as fault:
        raise refused(fault, attempted, where) from fault
    except NoVcenterAnswer as wrong:
        check = "that the address and port are the vCenter's and that no proxy answers in its place"
        error = VcenterBadAnswer(attempted, where, wrong.answer, check)
        error.status = wrong.status
        raise error from wrong
