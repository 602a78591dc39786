"""Scenarios: the YAML format, its loader, and the expectation language (docs/scenarios.md)."""

from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.expect import Expectation, Figures, Outcome, Report, RpoReport, VmFigures, evaluate
from cxsim.sim.scenario.faults import Fault
from cxsim.sim.scenario.loader import discover, load, load_environment
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problem, ScenarioErrors
from cxsim.sim.scenario.scenario import Scenario
from cxsim.sim.scenario.schema import json_schema
from cxsim.sim.scenario.steps import Step
from cxsim.sim.scenario.waiting import Condition, Watch

__all__ = [
    "Condition",
    "Environment",
    "Expectation",
    "Fault",
    "Figures",
    "Outcome",
    "Place",
    "Problem",
    "Report",
    "RpoReport",
    "Scenario",
    "ScenarioErrors",
    "Step",
    "VmFigures",
    "Watch",
    "discover",
    "evaluate",
    "json_schema",
    "load",
    "load_environment",
]
