"""Findings about what answers behind an accepted connection."""

from __future__ import annotations

from collections.abc import Callable

from cxsim.sim.explain.evaluate import FlowVerdict
from cxsim.sim.explain.finding import Finding, Matter
from cxsim.sim.explain.flows import TITLES
from cxsim.sim.explain.proposal import Remedy
from cxsim.sim.network import Change, Network

LATE, WRONG = "LATE", "BAD ANSWER"


def hrefs_lead_nowhere(
    verdict: FlowVerdict, url: str, beyond: FlowVerdict, remedy: Remedy, place: str
) -> Finding:
    """vCloud Director's answers name an address that their reader cannot reach (cx.md P22). `beyond`: the
    flow to that address."""
    source, trace = verdict.source.name, beyond.trace
    step = trace.deciding if trace is not None else None
    how = f"{step.text} at {step.device}" if step is not None else beyond.asked.error
    return Finding(
        Matter.HREF,
        step.device if step is not None else verdict.target.name,
        f"{verdict.target.name}'s answers name {url}, which {source} cannot reach: {how}",
        "NO WAY BACK IN",
        "a log-in that works, then time-outs at the addresses in the answers",
        f"{source} follows the hrefs of {verdict.target.name} to {url} (cx.md P22) in vain: {how}",
        remedy,
        place,
    )


def answers_otherwise(
    verdict: FlowVerdict, text: str, outcome: str, place: str, apply: Callable[[Network], Change]
) -> Finding:
    """The web server does not answer as the product does. `text`: what it does; `outcome`: LATE or WRONG."""
    target, port = verdict.target, verdict.row.port
    title = TITLES[target.role]
    seen = "a time-out after the connection" if outcome == LATE else "an answer that the product never gives"
    return Finding(
        Matter.SERVICE,
        target.name,
        f"the web server on {port} {text}",
        outcome,
        seen,
        f"the connection to {title} {target.name} is fine, but what listens on {port} {text}",
        Remedy(
            target.party,
            f"repair the service of {target.name} on {port}: it {text}",
            steps=(f"looking at its log and load, and restarting the service of {title}",),
            apply=apply,
        ),
        place,
    )
