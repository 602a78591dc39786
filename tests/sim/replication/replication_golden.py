"""SimGrid's reference sets (tests/golden/simgrid/README.md) as inputs of `fluid`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from cxsim.sim.replication.sharing import Floats, Flows

FOLDER = Path(__file__).parents[2] / "golden" / "simgrid"
SETS = ("n1000_c10", "n1000_c100", "cap_n2000_c10")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open() as stream:
        return list(csv.DictReader(stream))


def load(name: str) -> tuple[Floats, Flows, Floats]:
    """Capacities, flows over three links each (s<src>, wan, d<dst>), and SimGrid's finish times."""
    links = rows(f"{name}_links")
    ids = {row["link"]: i for i, row in enumerate(links)}
    capacity = np.array([float(row["capacity_Bps"]) for row in links])
    flows = rows(f"{name}_flows")
    routes = [[ids["s" + row["src"]], ids["wan"], ids["d" + row["dst"]]] for row in flows]
    starts = [float(row["start_s"]) for row in flows]
    sizes = [float(row["size_B"]) for row in flows]
    finish = np.array([float(row["finish_s"]) for row in rows(f"{name}_simgrid")])
    return capacity, Flows.of(starts, sizes, routes), finish


def private_links_as_caps(capacity: Floats, flows: Flows) -> tuple[Floats, Flows]:
    """The same set with every link that one flow alone uses turned into that flow's cap."""
    users = np.bincount(flows.route_links, minlength=len(capacity))
    begin = flows.route_begin
    routes, caps = [], []
    for f in range(len(flows.start_s)):
        route = flows.route_links[begin[f] : begin[f + 1]]
        own = [link for link in route if users[link] == 1]
        routes.append([int(link) for link in route if users[link] > 1])
        caps.append(min((float(capacity[link]) for link in own), default=np.inf))
    return capacity, Flows.of(flows.start_s.tolist(), flows.size.tolist(), routes, caps)
