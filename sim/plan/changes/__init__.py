"""Change rates: what each VM changes, from traces, backups, counters, classes or a default.

changes = grade_rates(inventory.vms, Sources(backups=(Path("veeam.csv"),)), seed=1)
rate = changes.of("deckard"); rate.grade; rate.delta(rpo_s=900.0); rate.workload(rpo_s=900.0)
"""

from cxsim.sim.plan.changes.classes import CLASSES, Default, DefaultError, parse_default
from cxsim.sim.plan.changes.grading import Sources, grade_rates
from cxsim.sim.plan.changes.model import ChangeRate, Changes, Delta, Grade, disk_of, scaled

__all__ = [
    "CLASSES",
    "ChangeRate",
    "Changes",
    "Default",
    "DefaultError",
    "Delta",
    "Grade",
    "Sources",
    "disk_of",
    "grade_rates",
    "parse_default",
    "scaled",
]
