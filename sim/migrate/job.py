"""The administrator of `cxsim migrate`: one job, from the provider cloud to the last VM.

Rules of this file: it uses the core's facade and nothing else of the core's inside; whatever the core tells
comes as events. Everything it does may have been done by a process before this one, so it looks first: the
same call again goes on where the last one ended, and a VM whose migration had failed is migrated anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cxsim.core.appliance import (
    Appliance,
    CutoverRequest,
    MigrationRequest,
    ProviderCloud,
    ProviderCloudForm,
    Trust,
    Workload,
)
from cxsim.core.decisions import SNAPSHOT, Decision
from cxsim.core.errors import UserError
from cxsim.core.journal import SqliteJournal
from cxsim.core.runtime import Runtime

GUARD_LIMIT_S = 120.0
"""How long the marking of a migrated source VM is waited for, seconds of the core's time."""

READY, COMPLETED = "Cutover ready", "Completed"
FAILED = frozenset({"Error", "Cancelled"})
ENDED = FAILED | {COMPLETED}
_GUARDED = "guarded"


class NotDone(Exception):
    """The job cannot go on; the text says why and what to do."""


class NotingJournal:
    """A journal that also remembers which source VMs were marked (by the migration's key)."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.guarded = {d.subject for d in journal.decisions() if _marks(d)}

    def record(self, *decisions: Decision) -> None:
        """As the journal."""
        self._journal.record(*decisions)
        self.guarded |= {decision.subject for decision in decisions if _marks(decision)}

    def decisions(self) -> Iterator[Decision]:
        """As the journal."""
        return self._journal.decisions()

    def replace(self, *decisions: Decision) -> bool:
        """As the journal."""
        return self._journal.replace(*decisions)


def _marks(decision: Decision) -> bool:
    """True if a source VM is marked from here on."""
    return decision.event == _GUARDED or (decision.event == SNAPSHOT and bool(decision.facts.get(_GUARDED)))


@dataclass(frozen=True)
class CutoverPlan:
    """When VMs that are ready are cut over. `not_before_s`: seconds since the epoch; `ask`: asked with the
    names of those that are ready, True for yes."""

    power_on: bool
    tag: str
    not_before_s: float | None = None
    ask: Callable[[Sequence[str]], bool] | None = None


class Administrator:
    """Works the job off. `pace_s`: between two looks at the lists, seconds of the core's time."""

    def __init__(
        self,
        runtime: Runtime,
        appliance: Appliance,
        journal: NotingJournal,
        form: ProviderCloudForm,
        request: MigrationRequest,
        cutover: CutoverPlan,
        trust: Trust,
        pace_s: float = 1.0,
    ) -> None:
        self._runtime, self._appliance, self._journal = runtime, appliance, journal
        self._form, self._request, self._cutover = form, request, cutover
        self._trust, self._pace_s = trust, pace_s
        self._declined: set[str] = set()

    def run(self) -> list[Workload]:
        """Do the job; its rows at the end. Raises NotDone and the `UserError` family."""
        self._appliance.carry_on(self._password)
        self._enable()
        done = {row.vm for row in self._rows() if row.status not in FAILED}
        left = tuple(vm for vm in self._request.vms if vm not in done)
        if left:
            self._appliance.migrate(replace(self._request, vms=left))
        while True:
            rows = self._rows()
            self._cut_over([row.vm for row in rows if row.status == READY])
            if all(row.status in ENDED for row in rows):
                break
            self._runtime.sleep(self._pace_s)
        self._await_marks()
        return self._rows()

    def _password(self, cloud: str, user: str) -> str | None:
        same = (cloud, user) == (self._form.name, self._form.user)
        return self._form.password if same else None

    def _rows(self) -> list[Workload]:
        """The newest row of each VM of the job."""
        rows = {row.vm: row for row in self._appliance.workloads() if row.job == self._request.job}
        return [rows[vm] for vm in self._request.vms if vm in rows]

    # -- the provider cloud

    def _enable(self) -> None:
        name, form = self._form.name, self._form
        known = {cloud.name: cloud for cloud in self._appliance.clouds()}.get(name)
        if known is None:
            if not self._appliance.test_cloud(form, self._trust).connected:
                raise NotDone(f"the provider cloud {name} cannot be used as it is typed")
            if self._appliance.add_cloud(form, self._trust) is None:
                raise NotDone("the certificates were not trusted; nothing was added")
        elif known.status == "Enable Failed" and self._appliance.edit_cloud(name, form, self._trust) is None:
            raise NotDone("the certificates were not trusted; nothing was changed")
        cloud = self._enabled()
        if cloud.status != "Running":
            raise NotDone(f"provider cloud {name}: {cloud.status} - {cloud.reason}")

    def _enabled(self) -> ProviderCloud:
        while (cloud := self._appliance.cloud(self._form.name)).status == "Enabling":
            self._runtime.sleep(self._pace_s)
        return cloud

    # -- cutover

    def _cut_over(self, ready: list[str]) -> None:
        plan = self._cutover
        ready = [vm for vm in ready if vm not in self._declined]
        if not ready or (plan.not_before_s is not None and self._runtime.now() < plan.not_before_s):
            return
        if plan.ask is not None and not plan.ask(ready):
            self._declined.update(ready)
            raise NotDone(
                f"not cut over: {', '.join(ready)}; the replication goes on, and the same command asks again"
            )
        try:
            self._appliance.cutover(CutoverRequest(tuple(ready), plan.power_on, plan.tag, confirmed=True))
        except UserError:
            # A VM that left Cutover ready meanwhile is looked at again; the core has told it.
            self._runtime.sleep(self._pace_s)

    def _await_marks(self) -> None:
        """Source VMs are marked after their migration is complete: that belongs to the job."""
        limit_s = self._runtime.now() + GUARD_LIMIT_S
        while self._runtime.now() < limit_s:
            done = {row.key for row in self._rows() if row.status == COMPLETED}
            if done <= self._journal.guarded:
                return
            self._runtime.sleep(self._pace_s)
