"""Findings about lines and edges that let a connection through and still spoil it."""

from __future__ import annotations

from collections.abc import Callable

from cxsim.sim.explain.evaluate import FlowVerdict
from cxsim.sim.explain.finding import Finding, Matter
from cxsim.sim.explain.proposal import Remedy
from cxsim.sim.network import Change, Network

Apply = Callable[[Network], Change]


def swallows_segments(
    verdict: FlowVerdict, line: str, party: str, limit_bytes: int, place: str, apply: Apply
) -> Finding:
    """Full segments vanish."""
    return Finding(
        Matter.LINE,
        line,
        f"packets above {limit_bytes} bytes vanish on the way to {verdict.target.name}",
        "BLACK HOLE",
        "a connection at once, then no progress: 0 %",
        f"{line} loses packets above {limit_bytes} bytes without telling the sender (no ICMP comes back), so "
        "small control messages pass and full segments of data do not",
        Remedy(
            party,
            f"{line}: let ICMP `fragmentation needed` (type 3 code 4) come back, or clamp the TCP MSS to "
            f"{limit_bytes - 40} bytes on the edge",
            ("set the same MTU on everything between the replicators (cx.md P19)",),
            apply=apply,
        ),
        place,
    )


def too_slow(
    verdict: FlowVerdict,
    line: str,
    party: str,
    figures: str,
    change: str,
    instead: tuple[str, ...],
    place: str,
    apply: Apply,
) -> Finding:
    """Less can be sent than is written. `figures`: both, in words; `change`: what would do; `instead`: what
    would do too."""
    return Finding(
        Matter.LINE,
        line,
        figures,
        "TOO SLOW",
        "progress, but the synchronisation is never done or the RPO is missed",
        f"{figures}, so changes pile up faster than they are sent",
        Remedy(party, f"{line}: {change}", instead, apply=apply),
        place,
    )


def small_table(edge: str, party: str, most: int, needed: int, place: str, apply: Apply) -> Finding:
    """The edge keeps fewer connections than CX holds at once."""
    return Finding(
        Matter.STATE,
        edge,
        f"keeps no more than {most} connections; enabling alone holds {needed} at once across an edge",
        "TABLE FULL",
        "some connections at once, others ConnectTimeout",
        f"{edge} drops connections beyond {most}, and CX needs {needed} at once",
        Remedy(party, raise_limit(edge, most), apply=apply),
        place,
    )


def raise_limit(edge: str, most: int) -> str:
    """What to do about a small table."""
    return f"edge {edge}: raise the limit of connections (now {most})"


def forgets_early(
    edge: str, party: str, after_s: float, reused_s: float, place: str, apply: Apply
) -> Finding:
    """The edge forgets connections that the appliances still use."""
    return Finding(
        Matter.STATE,
        edge,
        f"forgets a connection after {after_s:g} s of silence; appliances use one again for {reused_s:g} s",
        "FORGOTTEN",
        "requests on a connection that was used before are never answered",
        f"{edge} forgets connections after {after_s:g} s, before the appliances do",
        Remedy(
            party,
            f"edge {edge}: set the idle time-out of TCP connections to 3600 s (now {after_s:g} s)",
            apply=apply,
        ),
        place,
    )
