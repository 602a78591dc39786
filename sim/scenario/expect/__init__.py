"""The expectation language: operators over subjects, judged from the event log."""

from cxsim.sim.scenario.expect.outcome import Expectation, Outcome, evaluate
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.timeline import Figures, Report, RpoReport, VmFigures, clock

__all__ = [
    "Expectation",
    "Figures",
    "Outcome",
    "Report",
    "RpoReport",
    "Subject",
    "VmFigures",
    "clock",
    "evaluate",
]
