"""Why a CX environment does not work: required flows, verdicts, causes, remedies.

verdicts = evaluate(view, network)
print("\\n".join(cause_lines(verdicts, network)))
"""

from cxsim.sim.explain.cause import Cause, ClientLimits, cause_lines, causes, flow_table
from cxsim.sim.explain.evaluate import FlowVerdict, Status, evaluate, failing
from cxsim.sim.explain.flows import FLOWS, PORTS, TITLES, Endpoint, FlowRow, Phase, Role
from cxsim.sim.explain.remedy import Cure, Remedy, cure
from cxsim.sim.explain.view import Asked, EnvironmentView, Typed, ViewCloud, ViewHost, asked

__all__ = [
    "FLOWS",
    "PORTS",
    "TITLES",
    "Asked",
    "Cause",
    "ClientLimits",
    "Cure",
    "Endpoint",
    "EnvironmentView",
    "FlowRow",
    "FlowVerdict",
    "Phase",
    "Remedy",
    "Role",
    "Status",
    "Typed",
    "ViewCloud",
    "ViewHost",
    "asked",
    "cause_lines",
    "causes",
    "cure",
    "evaluate",
    "failing",
    "flow_table",
]
