"""Initial syncs and cutovers of many VMs over one link, simulated: what seed, deadline and waves ask.

outcome = run_job(Job(members, link, week_s)); outcome.seeded_s; outcome.limited_s
"""

from cxsim.sim.plan.seeding.job import EVERY_HOST, REPLICATOR, Course, Job, Member, MemberOutcome, Outcome
from cxsim.sim.plan.seeding.running import run_job

__all__ = [
    "EVERY_HOST",
    "REPLICATOR",
    "Course",
    "Job",
    "Member",
    "MemberOutcome",
    "Outcome",
    "run_job",
]
