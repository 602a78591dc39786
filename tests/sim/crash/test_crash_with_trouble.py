"""A crash and a fault of the network at the same time, drawn by seed. 10,000 more: `make test-long`."""

from __future__ import annotations

import pytest

from cxsim.fake_cx.cutover import Cutover
from cxsim.sim.crash.sampling import FIRST_SEED, PLANS, command, run_here


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plan", PLANS)
def test_a_fault_at_the_same_time_changes_nothing_of_that(plan: str) -> None:
    verdicts = run_here(plan, range(FIRST_SEED), lambda verdict: None)
    assert sorted(verdict.seed or 0 for verdict in verdicts) == list(range(FIRST_SEED))
    bad = [
        f"{verdict.case}: {verdict.problems}: {command(plan, verdict.seed or 0)}"
        for verdict in verdicts
        if verdict.problems
    ]
    assert not bad, "\n".join(bad)


UNDOING = 30
"""A seed whose fault lets a cutover of `WARM` fail when its VM is in vCloud Director already."""


def test_the_harness_sees_what_a_product_leaves_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator of the harness does not clean up: a product that does not is found out."""
    monkeypatch.setattr(Cutover, "undo", lambda self, migration: None)
    (verdict,) = run_here("warm", [UNDOING], lambda verdict: None)
    text = "left behind: vApp deckard after the migration of deckard was cancelled"
    assert any(text in problem for problem in verdict.problems)
