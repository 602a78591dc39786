"""What else goes wrong while the core dies: a fault of the network, drawn by seed.

Rules of this file: a table of faults, each by its network change; begin and length are drawn too. Every
fault ends, so every migration can come to its end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from cxsim.sim.crash.harness import Case
from cxsim.sim.network import changes
from cxsim.sim.world.world import World

Begin = Callable[[World], changes.Change]


def _down(host: str) -> Begin:
    return lambda world: changes.host_down(world.network, host)


def _restart(host: str) -> Begin:
    return lambda world: changes.restart_host(world.network, host)


def _stop(host: str, port: int) -> Begin:
    return lambda world: changes.stop_service(world.network, host, port)


def _edge(edge: str) -> Begin:
    return lambda world: changes.edge_down(world.network, edge)


def _line(line: str) -> Begin:
    return lambda world: changes.set_line(world.network, line, is_up=False)


FAULTS: tuple[tuple[str, Begin], ...] = (
    ("the tenant's edge is down", _edge("TYR-ESG")),
    ("the provider's edge is down", _edge("CHC-ESG")),
    ("the tenant's line is down", _line("tyrell-wan")),
    ("the provider's line is down", _line("mycloud-wan")),
    ("the tenant's vCenter cannot be reached", _down("tyrell-vc01")),
    ("the tenant's replicator cannot be reached", _down("tyrell-cce01")),
    ("the cloud service cannot be reached", _down("chc-vcde01")),
    ("the Replication Manager cannot be reached", _down("chc-ccm01")),
    ("the provider's replicator cannot be reached", _down("chc-cce01")),
    ("vCloud Director cannot be reached", _down("chc-vcd01")),
    ("the provider's vCenter cannot be reached", _down("chc-vc01")),
    ("the cloud service refuses connections", _stop("chc-vcde01", 443)),
    ("the Replication Manager refuses connections", _stop("chc-ccm01", 8044)),
    ("the tenant's replicator refuses connections", _stop("tyrell-cce01", 8043)),
    ("the connections of the cloud service are reset", _restart("chc-vcde01")),
    ("the connections of the Replication Manager are reset", _restart("chc-ccm01")),
    ("the connections of the tenant's vCenter are reset", _restart("tyrell-vc01")),
)


def sampled(points: int, seeds: Sequence[int]) -> dict[int, list[Case]]:
    """A case a seed: where the core dies, and which fault begins within two minutes of it and lasts up to
    twenty. By the number of the point."""
    cases: dict[int, list[Case]] = {}
    for seed in seeds:
        draw = random.Random(seed)
        point = draw.randrange(points)
        name, begin = draw.choice(FAULTS)
        after_s, lasts_s = draw.choice((0.0, draw.uniform(0, 120))), draw.choice((5.0, 60.0, 300.0, 1200.0))
        sockets = draw.choice(("reset", "silent"))
        title = f"seed {seed}: {name} {after_s:.0f} s after, for {lasts_s:.0f} s; "
        trouble = _trouble(begin, after_s, lasts_s)
        case = Case(point, sockets, trouble, title, trouble_s=after_s + lasts_s, seed=seed)
        cases.setdefault(point, []).append(case)
    return cases


def _trouble(begin: Begin, after_s: float, lasts_s: float) -> Callable[[World], None]:
    def trouble(world: World) -> None:
        def start() -> None:
            change = begin(world)
            world.hub.call_in(lasts_s, change.undo)

        world.hub.call_in(after_s, start)

    return trouble
