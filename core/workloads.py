"""The Workloads list: what the appliance knows of every VM's migration, and the Home page's figures.

Rules of this file: `WorkloadBook.decide` is the only place where a migration changes state, and it shows
the change (`workload` and `home` events, only when something visible changed). It calls no product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cxsim.core.cx_cloud_service import MigrationOrder
from cxsim.core.decisions import SNAPSHOT, Decision, Decisions
from cxsim.core.migration_states import (
    ASKING,
    HOME,
    MIGRATION,
    PERCENT_OF,
    STATUS,
    WATCHED,
    WITH_PERCENT,
    Action,
    Event,
    State,
    status_text,
)
from cxsim.core.neighbours import SourceVm
from cxsim.core.runtime import Runtime


@dataclass(frozen=True)
class Workload:
    """A row of the Workloads list. `percent` only with `Syncing` and `Cutting over`."""

    vm: str
    job: str
    status: str
    percent: int | None
    text: str
    """As shown: `40% Syncing`."""
    reason: str | None
    cloud: str
    vdc: str
    vapp: str
    tag: str
    key: str
    """The identity of this migration, for ever."""


@dataclass(frozen=True)
class Home:
    """The `Migration Health` ring (cx.md 3.3)."""

    completed: int = 0
    error: int = 0
    transition: int = 0


@dataclass(frozen=True)
class Job:
    """A row of the Jobs list. `statuses`: how many of its VMs are in each, in order of appearance."""

    name: str
    type: str
    cloud: str
    vms: tuple[str, ...]
    statuses: tuple[tuple[str, int], ...]


@dataclass(eq=False)
class WorkloadRecord:
    """What the appliance keeps of one VM's migration."""

    order: MigrationOrder
    vm: SourceVm
    cloud: str
    vdc: str
    state: State = State.NEW
    percent: int | None = None
    reason: str | None = None
    remote_id: str | None = None
    """The provider's identifier, once it has accepted the order."""
    network: str = ""
    """The Org VDC network's name."""
    power_on: bool = True
    cutover_tag: str = ""
    asking: Action | None = None
    """A pause or resume that the provider may not have been asked for yet."""
    guarded: bool = False
    """The source VM was marked after its cutover."""
    told: set[str] = field(default_factory=set)
    """What the poller has complained of already."""

    @property
    def name(self) -> str:
        """The VM's name."""
        return self.vm.name

    @property
    def status(self) -> str:
        """The status without percentage."""
        return STATUS[self.state]

    @property
    def text(self) -> str:
        """The status as shown."""
        return status_text(self.status, self.percent)

    def shown(self) -> Workload:
        """The row as the list shows it now."""
        return Workload(
            self.name,
            self.order.job,
            self.status,
            self.percent,
            self.text,
            self.reason,
            self.cloud,
            self.vdc,
            self.order.vapp_name,
            self.order.tag,
            self.order.external_key,
        )


class WorkloadBook:
    """All migrations of the appliance, in the order of their submission."""

    def __init__(self, runtime: Runtime, decisions: Decisions) -> None:
        self._runtime = runtime
        self._decisions = decisions
        self._records: list[WorkloadRecord] = []
        self._home = Home()
        decisions.keep(self._snapshot)
        self._statuses: dict[str, str] = {}
        """The status of each migration by its key, as it was counted last."""
        self._count: Counter[str] = Counter()

    def add(self, record: WorkloadRecord) -> None:
        """Take a new migration in; it is shown from its first decision on."""
        self._records.append(record)

    def submit(self, records: Sequence[WorkloadRecord]) -> Action:
        """Begin the migrations of a job, all or none; returns what each of them needs next."""

        def apply(record: WorkloadRecord) -> Callable[[State], None]:
            def begun(after: State) -> None:
                record.state = after
                self._show(record)

            return begun

        return self._decisions.begin(
            MIGRATION,
            Event.SUBMIT,
            [(record.order.external_key, _submitted(record), apply(record)) for record in records],
        )

    def restore(self, decisions: Iterable[Decision]) -> None:
        """Take in what an earlier process has written down. Nothing is shown: nothing has changed."""
        known: dict[str, WorkloadRecord] = {}
        for decision in decisions:
            if decision.machine != MIGRATION.name:
                continue
            if decision.event in (Event.SUBMIT.value, SNAPSHOT):
                known[decision.subject] = _restored(decision)
                self._records.append(known[decision.subject])
            if decision.event != SNAPSHOT:
                _repeat(known[decision.subject], decision)
        for record in known.values():
            self._counted(record)
        self._home = self.home()

    def _snapshot(self) -> list[Decision]:
        return [
            Decision(
                MIGRATION.name,
                record.order.external_key,
                SNAPSHOT,
                "",
                record.state.value,
                "",
                _known(record),
            )
            for record in self.all()
        ]

    def forget_new(self, records: Sequence[WorkloadRecord]) -> None:
        """Drop those of these migrations that were never submitted (their decision could not be taken)."""
        dropped = [record for record in records if record.state is State.NEW]
        self._records = [record for record in self._records if record not in dropped]

    def all(self) -> list[WorkloadRecord]:
        """All migrations that were submitted."""
        return [record for record in self._records if record.state is not State.NEW]

    def jobs(self) -> list[Job]:
        """The Jobs list: the migrations by job and cloud, in order of submission."""
        by_job: dict[tuple[str, str, str], list[WorkloadRecord]] = {}
        for record in self.all():
            by_job.setdefault((record.order.job, record.order.type, record.cloud), []).append(record)
        return [
            Job(
                job,
                kind.capitalize(),
                cloud,
                tuple(dict.fromkeys(record.name for record in records)),
                tuple(Counter(record.status for record in records).items()),
            )
            for (job, kind, cloud), records in by_job.items()
        ]

    def latest(self, vm: str) -> WorkloadRecord | None:
        """The VM's newest migration, also one that is just being submitted."""
        return next((record for record in reversed(self._records) if record.name == vm), None)

    def own_vapps(self, cloud: str, vdc: str, grouped: bool) -> frozenset[str]:
        """vApps in a vDC that may exist before a migration into them begins: those that a failed one left,
        which are cleared first, and, for grouped VMs, those that earlier grouped ones are in."""
        return frozenset(
            record.order.vapp_name
            for record in self.all()
            if (record.cloud, record.vdc) == (cloud, vdc)
            and (record.state is State.ERROR or (grouped and record.order.group_vapp))
        )

    def active(self, cloud: str) -> list[WorkloadRecord]:
        """The migrations to a cloud that have neither ended nor failed."""
        ended = MIGRATION.final | {State.ERROR}
        return [record for record in self.all() if record.cloud == cloud and record.state not in ended]

    def watched(self, cloud: str) -> list[WorkloadRecord]:
        """The migrations at a cloud in which something may happen by itself."""
        return [record for record in self.all() if record.cloud == cloud and record.state in WATCHED]

    def home(self) -> Home:
        """The Home page's figures now."""
        return Home(
            **{figure: sum(self._count[status] for status in shown) for figure, shown in HOME.items()}
        )

    def _counted(self, record: WorkloadRecord) -> None:
        """Let a migration's new status count, and its old one no more."""
        key, status = record.order.external_key, record.status
        before = self._statuses.get(key)
        if status != before:
            self._statuses[key] = status
            self._count[status] += 1
            if before is not None:
                self._count[before] -= 1

    def changes(self, record: WorkloadRecord, event: Event, percent: int | None) -> bool:
        """False if the event would change nothing at all, so that it need not be decided or written down."""
        if not MIGRATION.allows(record.state, event):
            return True
        after, action = MIGRATION.step(record.state, event)
        same = after is record.state and action is Action.NOTHING
        return not same or _percent(record, event, after, percent) != record.percent

    def decide(
        self,
        record: WorkloadRecord,
        event: Event,
        *,
        percent: int | None = None,
        reason: str | None = None,
        remote_id: str | None = None,
        **facts: Any,
    ) -> Action | None:
        """Let an event happen to a migration; returns what is to be done now. Raises `IllegalTransition`.

        `facts`: what a journal must know besides to carry on after an interruption.
        """

        def apply(after: State) -> None:
            before = (record.text, record.reason)
            record.percent = _percent(record, event, after, percent)
            _move(record, event, after, MIGRATION.rows[record.state, event][1])
            record.reason = reason
            record.remote_id = remote_id or record.remote_id
            if before != (record.text, record.reason):
                self._show(record)

        known = {"vm": record.name, "reason": reason, "remote_id": remote_id, "percent": percent, **facts}
        key = record.order.external_key
        return self._decisions.take(MIGRATION, key, lambda: record.state, event, apply, known)

    def _show(self, record: WorkloadRecord) -> None:
        self._runtime.log(
            "workload",
            vm=record.name,
            job=record.order.job,
            status=record.status,
            percent=record.percent,
            text=record.text,
            reason=record.reason,
        )
        self._counted(record)
        home = self.home()
        if home != self._home:
            self._home = home
            self._runtime.log("home", completed=home.completed, error=home.error, transition=home.transition)


def _percent(record: WorkloadRecord, event: Event, after: State, percent: int | None) -> int | None:
    status = STATUS[after]
    if status not in WITH_PERCENT:
        return None
    if percent is not None and PERCENT_OF.get(event) == status:
        return percent
    return (record.percent or 0) if status == record.status else 0


def _move(record: WorkloadRecord, event: Event, after: State, action: Action) -> None:
    """Change the state and what hangs on it."""
    if action in ASKING:
        record.asking = action
    elif event is Event.ASKED or after is not record.state:
        record.asking = None
    record.guarded = record.guarded or event is Event.GUARDED
    record.state = after


def _submitted(record: WorkloadRecord) -> dict[str, Any]:
    """What must be known of a migration from its beginning on."""
    return {
        "vm": {f.name: getattr(record.vm, f.name) for f in fields(SourceVm)},
        "order": asdict(record.order),
        "cloud": record.cloud,
        "vdc": record.vdc,
        "network": record.network,
    }


_KEPT = ("percent", "reason", "remote_id", "power_on", "cutover_tag", "guarded")
"""What a record has learned since its submission, in plain values."""


def _known(record: WorkloadRecord) -> dict[str, Any]:
    """All that must be known of a migration."""
    asking = record.asking.value if record.asking else None
    return {**_submitted(record), **{name: getattr(record, name) for name in _KEPT}, "asking": asking}


def _restored(decision: Decision) -> WorkloadRecord:
    facts = decision.facts
    order, vm = MigrationOrder(**facts["order"]), SourceVm(**facts["vm"])
    record = WorkloadRecord(order, vm, facts["cloud"], facts["vdc"], network=facts["network"])
    if decision.event == SNAPSHOT:
        record.state = State(decision.after)
        record.asking = Action(facts["asking"]) if facts["asking"] else None
        for name in _KEPT:
            setattr(record, name, facts[name])
    return record


def _repeat(record: WorkloadRecord, decision: Decision) -> None:
    """Let a decision that was written down happen to a record again."""
    event, after, facts = Event(decision.event), State(decision.after), decision.facts
    record.percent = _percent(record, event, after, facts.get("percent"))
    _move(record, event, after, Action(decision.action))
    record.reason = facts.get("reason")
    record.remote_id = facts.get("remote_id") or record.remote_id
    if event is Event.CUTOVER:
        record.power_on, record.cutover_tag = facts["power_on"], facts["tag"]
