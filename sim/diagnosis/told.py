"""What the core told its user in a run: errors that still stand at its end.

Rules of this file: the texts are the core's own (`message` events: attempted, where, answer, check); nothing
is added. An error stands until the same subject - a provider cloud, a VM - ends well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxsim.sim.eventlog import LoggedEvent

RUNNING, DELETED, ERROR, ENABLE_FAILED = "Running", "Deleted", "Error", "Enable Failed"


@dataclass(frozen=True)
class Told:
    """An error as its user read it. `t_us`: microseconds since the start of the scenario."""

    t_us: int
    subject: str
    text: str
    attempted: str
    where: str
    answer: str
    check: str


def one_line(text: str) -> str:
    """A text that may quote what a server sent, on one line that can be printed."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split()))


def last_statuses(events: Sequence[LoggedEvent]) -> tuple[dict[str, str], dict[str, str]]:
    """The last status of each provider cloud that was not deleted, and of each VM's migration."""
    clouds: dict[str, str] = {}
    vms: dict[str, str] = {}
    for event in events:
        if event.event == "cloud":
            clouds[event.fields["cloud"]] = event.fields["status"]
        elif event.event == "workload":
            vms[event.fields["vm"]] = event.fields["status"]
    return {name: status for name, status in clouds.items() if status != DELETED}, vms


def standing_errors(events: Sequence[LoggedEvent]) -> list[Told]:
    """The errors that nothing later made good, the last of each subject."""
    standing: dict[str, Told] = {}
    for event in events:
        fields = event.fields
        if event.event == "message":
            if fields["level"] == "error":
                keys = ("text", "attempted", "where", "answer", "check")
                texts = (one_line(fields.get(key) or "") for key in keys)
                standing[fields["subject"]] = Told(event.t_us, fields["subject"], *texts)
            else:
                standing.pop(fields["subject"], None)
        elif event.event == "cloud" and fields["status"] in (RUNNING, DELETED):
            standing.pop(fields["cloud"], None)
        elif event.event == "workload" and fields["status"] != ERROR:
            standing.pop(fields["vm"], None)
    return list(standing.values())
