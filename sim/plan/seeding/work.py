"""Jobs as work that is done anywhere, and kept: the seam of sim/plan/runs for initial syncs and cutovers.

Rules of this file: an outcome that was kept is the one that was computed, to the last bit; results are of the
code that makes them. Who does the work, and in which order, is sim/plan/runs/runner.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from cxsim.sim.plan.runs.kept import Form, digest_of
from cxsim.sim.plan.runs.runner import Kind, Works
from cxsim.sim.plan.seeding.job import Course, Job, MemberOutcome, Outcome
from cxsim.sim.plan.seeding.running import run_job

SYNCS_PER_S = 2e5
"""About what one core does of jobs of hundreds of VMs; decides only whether processes are worth starting."""
_HERE = Path(__file__).parent
_SIM = _HERE.parents[1]


def to_plain(outcome: Outcome) -> dict[str, Any]:
    """For a file: columns of members, plain lists."""
    course = outcome.course
    return {
        "members": {f.name: [_value(one, f.name) for one in outcome.members] for f in fields(MemberOutcome)},
        "end_s": outcome.end_s,
        "course": None if course is None else {f.name: getattr(course, f.name) for f in fields(Course)},
    }


def _value(one: MemberOutcome, name: str) -> Any:
    found = getattr(one, name)
    return dict(found) if isinstance(found, Mapping) else found


def from_plain(plain: Mapping[str, Any]) -> Outcome:
    """What `to_plain` gave. Raises KeyError, TypeError, ValueError for anything else."""
    columns, course = plain["members"], plain["course"]
    rows = zip(*(columns[f.name] for f in fields(MemberOutcome)), strict=True)
    return Outcome(
        tuple(MemberOutcome(*row) for row in rows),
        plain["end_s"],
        None if course is None else Course(**{name: tuple(values) for name, values in course.items()}),
    )


def code_digest() -> str:
    """Of everything that decides an outcome, apart from the job."""
    return digest_of(_HERE, _HERE.parent / "links.py", _SIM / "replication")


OUTCOMES: Form[Outcome] = Form(to_plain, from_plain, code_digest)


class JobRunner(Works[Job, Outcome]):
    """Does jobs; options as for Works."""

    kind = Kind(run_job, OUTCOMES, SYNCS_PER_S)

    def here(self, job: Job, during: Callable[[float], object]) -> Outcome:
        end_s = max(1.0, job.likely_end_s)
        return run_job(job, lambda at_s: during(job.weight * min(1.0, max(0.0, at_s) / end_s)))

    def one(self, job: Job) -> Outcome:
        """The outcome of one job. Raises what `each` raises."""
        return self.run([job])[0]
