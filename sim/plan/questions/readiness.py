"""`plan readiness`: which VMs can go as they are, which have to be looked at, which cannot, and why.

Rules of this file: every VM of the inventory is in the answer; totals are given with and without those that
are left out. The reasons are those of readiness_rules.py, the fit is that of target.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cxsim.sim.plan.answers.inputs import readiness_tables, target_table
from cxsim.sim.plan.answers.model import Answer, Assumption, Bar, Chart, Tone
from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.readiness import Verdict
from cxsim.sim.plan.target import ASSUMED, Fit, Target, fit

MOST_REASONS = 3
"""On the decision page; the tables have all."""


@dataclass(frozen=True)
class ReadinessQuestion:
    """`target`: whether the planned VMs fit into this vDC, too."""

    target: Target | None = None


def answer(basis: Basis, question: ReadinessQuestion) -> Answer:
    """Raises TargetError for a target that VMs cannot be put into."""
    readiness = basis.readiness
    counts = {verdict: len(readiness.of(verdict)) for verdict in Verdict}
    inside, whole = readiness.total(readiness.planned), readiness.total()
    forced = [one.vm.label for one in readiness.vms if one.forced]
    tone: Tone = "bad" if counts[Verdict.BLOCKED] else "fair" if counts[Verdict.CHECK] else "good"
    decision = [
        f"In the plan: {inside.vms:,} of {whole.vms:,} VMs, with"
        f" {shown(inside.initial_sync_bytes, 'bytes')} of {shown(whole.initial_sync_bytes, 'bytes')}"
        " to copy at first."
    ]
    for verdict in (Verdict.BLOCKED, Verdict.CHECK):
        reasons = Counter(
            reason.rule.name
            for one in readiness.of(verdict)
            for reason in one.reasons
            if reason.rule.verdict is verdict
        )
        if reasons:
            told = ", ".join(f"{name} ({count})" for name, count in reasons.most_common(MOST_REASONS))
            more = f" and {len(reasons) - MOST_REASONS} more reasons" if len(reasons) > MOST_REASONS else ""
            decision.append(f"{verdict.name}: {told}{more}.")
    if forced:
        decision.append(f"In the plan although BLOCKED: {', '.join(forced)}.")
    tables, assumed = list(readiness_tables(readiness)), []
    if question.target is not None:
        sized = [one.vm for one in basis.planned()]
        found = fit(sized, question.target, excluded=basis.excluded_disks)
        tables.append(target_table(found))
        decision.append(_fit_told(found))
        assumed.append(Assumption("what a vDC counts", ASSUMED, "", "sim/plan/target.py", "assumed"))
        if found.whole.short:
            tone = "bad"
    return Answer(
        "plan readiness",
        f"Which VMs of {basis.inventory.source} are ready for {_purpose(basis)}?",
        f"{counts[Verdict.OK]:,} OK, {counts[Verdict.CHECK]:,} CHECK, {counts[Verdict.BLOCKED]:,} BLOCKED",
        tone,
        tuple(decision),
        tuple(tables),
        (_chart(basis),),
        tuple(assumed),
        basis.left_out(),
        basis.problems,
        {"for": basis.kind},
    )


def _purpose(basis: Basis) -> str:
    return basis.kind if basis.kind == "protection" else f"a {basis.kind}"


def _fit_told(found: Fit) -> str:
    needs = "; ".join(f"{need.resource} {need}" for need in found.whole.needs if need.free != float("inf"))
    return f"Into {found.target.name}: {needs or 'nothing is limited'}."


def _chart(basis: Basis) -> Chart:
    reasons: Counter[tuple[int, str]] = Counter()
    for one in basis.readiness.vms:
        for reason in one.reasons:
            reasons[-reason.rule.verdict, reason.rule.name] += 1
    order = sorted(reasons, key=lambda key: (key[0], -reasons[key], key[1]))
    names = tuple(name for _, name in order)
    series = tuple(
        Bar(
            verdict.name,
            names,
            tuple(float(reasons[key]) if key[0] == -verdict else 0.0 for key in order),
        )
        for verdict in (Verdict.BLOCKED, Verdict.CHECK)
    )
    return Chart(
        "reasons",
        "stacked",
        "Reasons, by how many VMs have them",
        "",
        "VMs",
        bars=series,
        y_kind="count",
        note="A VM may have several; BLOCKED ones are left out of the plan.",
    )
