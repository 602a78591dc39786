"""Evaluate and explain an environment whose edges have 1,000 rules each; changes under 1,000 live circuits.

python -m benchmarks.network_rules [RULES [CIRCUITS]]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cxsim.sim.explain import cause_lines, evaluate, failing
from cxsim.sim.network import FilterRule, NatRule, Network, Topology, changes
from cxsim.sim.scenario.loader import load_environment
from cxsim.sim.world.topology import topology_of
from cxsim.sim.world.view import view_of

ENVIRONMENT = Path(__file__).parents[1] / "scenarios" / "environments" / "tyrell-mycloud.yaml"
GOAL_S = 3.0


def filled(topology: Topology, rules: int) -> Topology:
    """Every edge with that many rules in front of its own, none of which matches, and half as many DNATs."""

    def other(number: int) -> FilterRule:
        return FilterRule(
            f"o{number}",
            ("allow", "drop", "reject")[number % 3],
            f"other {number}",
            source=(f"172.16.{number // 250 % 250}.0/24", f"172.20.{number % 250}.1-172.20.{number % 250}.9"),
            destination=f"203.0.113.{number % 30 + 100}",
            protocol="tcp",
            ports=(1000 + number % 5000, f"{20000 + number}-{20010 + number}"),
        )

    def nat(number: int) -> NatRule:
        public = f"203.0.113.{number % 100 + 100}:{2000 + number}"
        return NatRule(f"n{number}", "dnat", public, f"10.3.0.{number % 200 + 50}:443", protocol="tcp")

    edges = tuple(
        replace(
            edge,
            rules=(*(other(n) for n in range(rules)), *edge.rules),
            nat=(*(nat(n) for n in range(rules // 2)), *edge.nat),
        )
        for edge in topology.edges
    )
    return replace(topology, edges=edges)


def timed(what: str, work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    took_s = time.perf_counter() - began_s
    print(f"{what:<58} {took_s * 1e3:9.1f} ms")
    return took_s


def main(rules: int = 1000, circuits: int = 1000) -> None:
    """Print the figures."""
    environment = load_environment(ENVIRONMENT)
    topology, view = topology_of(environment), view_of(environment, {})
    hosts = tuple(replace(h, services=(*h.services, 443, 8043, 8044)) for h in topology.hosts)
    topology = replace(topology, hosts=hosts)
    made: list[Network] = []
    total_s = timed(
        f"make a network, {rules} rules an edge", lambda: made.append(Network(filled(topology, rules)))
    )
    network = made[0]
    total_s += timed("evaluate, nothing fails", lambda: evaluate(view, network))
    for rule in ("1", "2", "3"):
        for edge in network.edges:
            try:
                changes.remove_rule(network, edge, rule)
            except LookupError:
                continue
    for edge in network.edges:
        changes.add_rule(network, edge, FilterRule("end", "drop"), "bottom")
    total_s += timed("evaluate, most of it fails", lambda: evaluate(view, network))
    failed = len(failing(evaluate(view, network)))
    walks = network.walks
    total_s += timed(f"explain {failed} failing flows", lambda: cause_lines(evaluate(view, network), network))
    print(f"{'walks for that':<58} {network.walks - walks:9d}")
    verdict = "kept" if total_s < GOAL_S else "MISSED"
    print(f"{'together (goal: under 3 s)':<58} {total_s * 1e3:9.1f} ms   {verdict}")

    live = Network(filled(topology, rules))
    for _ in range(circuits):
        attempt = live.connect("tyrell-cce01", "203.0.113.32", 8044)
        assert attempt.circuit is not None
    timed(
        f"a rule is added, {circuits} circuits",
        lambda: changes.add_rule(live, "CHC-ESG", FilterRule("x", "drop")),
    )
    timed(f"a line changes, {circuits} circuits", lambda: changes.set_line(live, "tyrell-wan", rtt_s=0.03))
    timed(f"a line goes down, {circuits} circuits", lambda: changes.set_line(live, "tyrell-wan", is_up=False))
    timed(f"the table is flushed, {circuits} circuits", lambda: changes.flush(live, "CHC-ESG"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
