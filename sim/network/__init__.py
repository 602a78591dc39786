"""The network between simulated hosts: topology, devices, names, connections, traces, changes.

network = Network(topology, clock=hub_now)     # wire.Network, and open_transfer for the data plane
network.trace("tyrell-vcde01", "203.0.113.32", 8044).lines()
undo = changes.add_rule(network, "CHC-ESG", FilterRule("99", "drop", ports=(8044,)))
"""

from cxsim.sim.network import changes
from cxsim.sim.network.changes import Change
from cxsim.sim.network.devices import DEVICE_TYPES, DeviceType, Order, Stage
from cxsim.sim.network.live import Circuit, Live, Path
from cxsim.sim.network.model import (
    INTERNET,
    Dns,
    Edge,
    FilterRule,
    HostAttachment,
    NatRule,
    Route,
    Site,
    Subnet,
    Topology,
    Vpn,
    Wan,
)
from cxsim.sim.network.network import Failure, Network, Parameters
from cxsim.sim.network.topology import Problem, TopologyError, UnknownName, nearest, problems_of
from cxsim.sim.network.trace import Outcome, Reason, Step, StepKind, Trace, Verdict

__all__ = [
    "DEVICE_TYPES",
    "INTERNET",
    "Change",
    "Circuit",
    "DeviceType",
    "Dns",
    "Edge",
    "Failure",
    "FilterRule",
    "HostAttachment",
    "Live",
    "NatRule",
    "Network",
    "Order",
    "Outcome",
    "Parameters",
    "Path",
    "Problem",
    "Reason",
    "Route",
    "Site",
    "Stage",
    "Step",
    "StepKind",
    "Subnet",
    "Topology",
    "TopologyError",
    "Trace",
    "UnknownName",
    "Verdict",
    "Vpn",
    "Wan",
    "changes",
    "nearest",
    "problems_of",
]
