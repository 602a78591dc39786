"""Initial syncs and cutovers of many VMs over one link, simulated: what seed, deadline and waves ask.

outcome = run_job(Job(members, link, week_s)); outcome.seeded_s; outcome.limited_s
with JobRunner(folder=results_folder()) as jobs:
    outcomes = jobs.run([Job(members, link, week_s) for link in links])
"""

from cxsim.sim.plan.seeding.job import EVERY_HOST, REPLICATOR, Course, Job, Member, MemberOutcome, Outcome
from cxsim.sim.plan.seeding.running import run_job
from cxsim.sim.plan.seeding.work import JobRunner

__all__ = [
    "EVERY_HOST",
    "REPLICATOR",
    "Course",
    "Job",
    "JobRunner",
    "Member",
    "MemberOutcome",
    "Outcome",
    "run_job",
]
