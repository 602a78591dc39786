"""The simulator's kernel: virtual time, greenlets, sockets in memory, the hooks."""

import cxsim.sim.kernel.hooks as hooks
from cxsim.sim.kernel.clock import Timer
from cxsim.sim.kernel.greenlets import Process, ProcessDead, current
from cxsim.sim.kernel.host import SimHost
from cxsim.sim.kernel.http_server import HttpServer
from cxsim.sim.kernel.hub import Hub, TcpLimits
from cxsim.sim.kernel.runtime import SimRuntime
from cxsim.sim.kernel.sockets import SimSocket, SocketService
from cxsim.sim.kernel.tasks import SimEvent, SimLock, SimTask
from cxsim.sim.kernel.wire import (
    Attempt,
    Circuit,
    Fate,
    Listener,
    NameAnswer,
    Network,
    TlsIdentity,
)

__all__ = [
    "Attempt",
    "Circuit",
    "Fate",
    "HttpServer",
    "Hub",
    "Listener",
    "NameAnswer",
    "Network",
    "Process",
    "ProcessDead",
    "SimEvent",
    "SimHost",
    "SimLock",
    "SimRuntime",
    "SimSocket",
    "SimTask",
    "SocketService",
    "TcpLimits",
    "Timer",
    "TlsIdentity",
    "current",
    "hooks",
]
