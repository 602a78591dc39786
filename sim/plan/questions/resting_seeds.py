"""What figures of initial syncs and cutovers rest on, for an answer.

Rules of this file: values, units, sources and grades as settings.py and the link have them; no figure is made
here.
"""

from __future__ import annotations

from collections.abc import Sequence

from cxsim.sim.plan.answers.inputs import input_assumptions
from cxsim.sim.plan.answers.model import Assumption, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.questions.resting import data_plane_assumptions
from cxsim.sim.plan.seeding.job import EVERY_HOST, REPLICATOR

SETTINGS = (
    "link_efficiency",
    "source_read_bps",
    "initial_catch_up",
    "compression",
    "allocation_known",
    "schedule",
    "expected_of_last",
    "expected_margin",
)
"""Settings that every seeding rests on."""


def seeding_assumptions(basis: Basis, link: Link, rpo_s: float) -> tuple[Assumption, ...]:
    """The link as it was read, the RPO, limits, the data plane's constants, change rates and sizes."""
    found = [
        Assumption("link", link.text, "as quoted", "; ".join(link.assumed) or "the link given", "assumed"),
        Assumption("link, what replication may use", link.planned_bps, "bit/s", "the link given", "derived"),
        Assumption("RPO of the replications", rpo_s, "s", f"{basis.kind}, as asked", "assumed"),
    ]
    found.extend(data_plane_assumptions(basis, SETTINGS))
    for group, most in sorted(basis.limits.items()):
        words = {REPLICATOR: "the replicator", EVERY_HOST: "each host"}.get(group, f"host {group}")
        found.append(
            Assumption(f"replications at once, {words}", most, "replications", "as asked", "assumed")
        )
    found.append(
        Assumption(
            "first copies",
            "all at once, in fair shares, as far as limits of replications at once allow",
            "-",
            "the data plane's rule (docs/replication.md)",
            "inferred",
        )
    )
    return (*found, *input_assumptions(basis.changes))


def meta(basis: Basis, **more: Value) -> dict[str, Value]:
    """What repeats an answer."""
    return {"seed": basis.seed, "inventory": basis.inventory.source, **more}


def shares_in_words(spent_s: dict[str, float], least: float = 0.05) -> str:
    """`WAN 93 %, source read 7 %` of all that was spent; "nothing" for nothing."""
    total = sum(spent_s.values())
    if total <= 0:
        return "nothing"
    shares = sorted(((seconds / total, name) for name, seconds in spent_s.items()), reverse=True)
    told = [f"{name} {shown(round(share, 3), 'share')}" for share, name in shares if share >= least]
    return ", ".join(told or [shares[0][1]])


ADVICE = {
    "WAN": "a faster link makes it shorter",
    "link closed": "the link carries nothing at some hours: more hours make it shorter",
    "concurrency": "the limit of replications at once makes it longer, not the link",
    "source read": "reading the source disks limits it: a faster link would not make it shorter",
    "path": "the most that one VM's transfer may carry (window over round trip) limits it, not the link",
    "connecting": "there was no connection",
}
"""What follows from each limit (watching.LIMITS)."""


def limits_in_words(spent_s: dict[str, float]) -> list[str]:
    """The sentence of what limited the initial syncs, the most first, and what follows; none for nothing."""
    if not spent_s:
        return []
    most = next(iter(spent_s))
    return [f"What limits: {shares_in_words(spent_s)} of the time of the initial syncs: {ADVICE[most]}."]


def numbered(count: int, noun: str, nouns: str | None = None) -> str:
    """`1 VM`, `12 VMs`."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
