"""What answers about an RPO rest on, and what follows from each bottleneck.

Rules of this file: values, units, sources and grades as they are elsewhere; no figure is made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxsim.sim.plan.answers.inputs import input_assumptions
from cxsim.sim.plan.answers.model import Assumption, Value
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.links import Link
from cxsim.sim.plan.questions.trials import DAY_S
from cxsim.sim.plan.runs.kept import code_digest

GRADES = {"D": "documented", "O": "observed", "C": "code", "I": "inferred"}
SETTINGS = (
    "link_efficiency",
    "compression",
    "source_read_bps",
    "schedule",
    "expected_of_last",
    "expected_margin",
    "even_out_up_to",
    "late_tolerance_s",
)
"""Settings that every time in RPO rests on."""

BOTTLENECKS: Mapping[str, str] = {
    "wan": "the link is full: a faster one helps",
    "path": "a VM's own transfer is at its limit (window over round trip, host, a cap): a faster link does"
    " not help",
    "source read": "reading the source disks takes too long: a faster link does not help",
    "replicator": "syncs wait for the replicator's limit of replications at once, not for the link",
    "host": "syncs wait for their host's limit of replications at once, not for the link",
    "schedule": "syncs begin too late for how long they take: the schedule expects the mean of the last ones"
    " and a margin, so bursts come as a surprise; a faster link helps little, a longer RPO or a larger margin"
    " does",
    "connection": "there was no connection, or nothing that the link carries at that hour",
    "pause": "replication was paused",
}
"""What follows from what violated time was spent on (sim/replication/accounting.CAUSES)."""


def shares_in_words(causes: Sequence[tuple[str, float]], least: float = 0.05) -> str:
    """`wan 93 %, schedule 7 %`; empty for nothing."""
    total = sum(seconds for _, seconds in causes)
    told = [
        f"{name} {round(100 * seconds / total)} %"
        for name, seconds in causes
        if total and seconds / total >= least
    ]
    return ", ".join(told)


def rpo_assumptions(
    basis: Basis, links: Sequence[Link], rpos_s: Sequence[float], duration_s: float, seeds: int
) -> tuple[Assumption, ...]:
    """What was simulated, the data plane's constants, change rates and sizes."""
    spread = f"seeds {basis.seed} to {basis.seed + seeds - 1}" if seeds > 1 else f"seed {basis.seed}"
    found = [
        Assumption(
            "RPOs", ", ".join(shown(rpo_s, "seconds") for rpo_s in rpos_s), "-", "as asked", "assumed"
        ),
        Assumption("time simulated", duration_s / DAY_S, "days", f"as asked; {spread}", "assumed"),
        Assumption(
            "first copies",
            "there already; replications begin within one RPO, one after another",
            "-",
            "the question: ongoing deltas (`plan seed` is about first copies)",
            "assumed",
        ),
    ]
    for said in dict.fromkeys(said for link in links for said in link.assumed):
        found.append(Assumption("a link's text", said, "-", "as quoted", "assumed"))
    if any(link.commit_bps is not None for link in links):
        found.append(
            Assumption(
                "bursts of links",
                "not counted on: what is committed is planned with",
                "-",
                "links.py",
                "assumed",
            )
        )
    found.extend(data_plane_assumptions(basis, SETTINGS))
    for group, most in sorted(basis.limits.items()):
        found.append(
            Assumption(f"replications at once: {group}", most, "replications", "as asked", "assumed")
        )
    return (*found, *input_assumptions(basis.changes))


def data_plane_assumptions(basis: Basis, names: Sequence[str]) -> list[Assumption]:
    """The data plane's constants of these names; where it was measured what the link carries, that and not
    the link's efficiency."""
    found = []
    if basis.measured_bps is not None:
        found.append(
            Assumption(
                "carried by the link",
                basis.measured_bps,
                "bit/s",
                "--measured, replaces efficiency",
                "measured",
            )
        )
    constants = {constant.name: constant for constant in basis.settings.constants()}
    for name in names:
        if name != "link_efficiency" or basis.measured_bps is None:
            one = constants[name]
            found.append(Assumption(name, plain(one.value), one.unit, one.source, GRADES[one.grade]))
    return found


def plain(value: object) -> Value:
    """A constant's value for an answer."""
    return value if isinstance(value, str | int | float | bool) else str(value)


def meta(basis: Basis, duration_s: float, seeds: int) -> dict[str, Value]:
    """What repeats an answer."""
    return {
        "seed": basis.seed,
        "seeds": seeds,
        "days": duration_s / DAY_S,
        "start": basis.start,
        "inventory": basis.inventory.source,
        "code": code_digest(),
    }
