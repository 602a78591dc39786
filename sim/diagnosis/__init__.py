"""`cxsim explain`: why a scenario or an environment does not work, what to change, and proof that it helps.

(subject,) = read([Path("scenarios/enable-failed-nat.yaml")])
diagnosis = diagnose(subject)                  # looks, runs, and runs again with each change made
show(Console(), diagnosis)
"""

from cxsim.sim.diagnosis.diagnosis import Diagnosis, Explained, Proof, diagnose
from cxsim.sim.diagnosis.observation import Found, Instant, Moment, Observation, observe
from cxsim.sim.diagnosis.report import show
from cxsim.sim.diagnosis.subjects import Subject, of_scenario, read

__all__ = [
    "Diagnosis",
    "Explained",
    "Found",
    "Instant",
    "Moment",
    "Observation",
    "Proof",
    "Subject",
    "diagnose",
    "observe",
    "of_scenario",
    "read",
    "show",
]
