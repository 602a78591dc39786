"""Carrying migrations out: straight-line blocking steps round the table in `migration_states.py`.

Rules of this file: an action is done by one method of `_do`, which returns the action that follows; each
may be done again (see the table). Whatever the provider reports comes in through `_observe`; `poller` looks.
No lock is held across a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import CloudService, RemoteMigration
from cxsim.core.decisions import Decisions
from cxsim.core.errors import Conflict, InputError, NotFound, UserError
from cxsim.core.guard import SourceGuard
from cxsim.core.messages import tell, tell_error
from cxsim.core.migration_states import MIGRATION, RESUME, WATCHED, Action, Event, State
from cxsim.core.neighbours import OpenVcenter
from cxsim.core.patience import patiently, until_answered
from cxsim.core.poller import Poller
from cxsim.core.preflight import plan
from cxsim.core.provider import ProviderClouds
from cxsim.core.provider_states import CloudState
from cxsim.core.runtime import Runtime
from cxsim.core.slots import Slots
from cxsim.core.transitions import IllegalTransition
from cxsim.core.wizard import (
    GROUP,
    CutoverRequest,
    MigrationRequest,
    check_cutover,
    check_migration,
    nearest,
)
from cxsim.core.workloads import WorkloadBook, WorkloadRecord

SEEN: dict[str, Event] = {
    "CREATED": Event.SAW_CREATED,
    "SCHEDULED": Event.SAW_SCHEDULED,
    "SYNCING": Event.SAW_SYNCING,
    "PAUSED": Event.SAW_PAUSED,
    "CUTOVER_READY": Event.SAW_READY,
    "CUTTING_OVER": Event.SAW_CUTTING_OVER,
    "COMPLETED": Event.SAW_COMPLETED,
    "ERROR": Event.FAILED,
}
"""The provider's states (docs/inferred-api.md section 1) as events of the table."""

CHECKS: dict[Event, str] = {
    Event.CUTOVER: "the Workloads list; each VM must be Cutover ready",
    Event.PAUSE: "the Workloads list; it must be Syncing",
    Event.RESUME: "the Workloads list; it must be Paused",
    Event.CANCEL: "the Workloads list; a cutover that has begun cannot be cancelled",
}
"""What to check when the status does not allow what the user wants."""

SOURCE_IS_OFF = (State.REQUESTING_CUTOVER, State.CUTTING_OVER)
SOURCE_OFF_NOTE = "the source VM is powered off; to use it again, cancel first, which clears the target"

CUTTING = (State.STOPPING_SOURCE, *SOURCE_IS_OFF)
"""A cutover was begun and has not ended."""

CUTOVER_TAKEN = ("CUTTING_OVER", "COMPLETED")


class Migrations:
    """All migrations of the appliance, at work."""

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        clouds: ProviderClouds,
        open_vcenter: OpenVcenter,
        decisions: Decisions,
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._clouds = clouds
        self._open_vcenter = open_vcenter
        self.book = WorkloadBook(runtime, decisions)
        self._guard = SourceGuard(runtime, config, open_vcenter, self.book.all)
        self._poller = Poller(runtime, config, clouds, self.book, self._compare)
        self._stops = Slots(runtime, config.stops_per_host)
        self._cutovers = Slots(runtime, config.cutovers_per_replicator)
        self._lock = runtime.lock()
        self._do: dict[Action, Callable[[WorkloadRecord], Action | None]] = {
            Action.NOTHING: lambda _: None,
            Action.REGISTER: self._register,
            Action.WATCH: self._watch,
            Action.ASK_PAUSE: self._ask_pause,
            Action.ASK_RESUME: self._ask_resume,
            Action.STOP_SOURCE: self._stop_source,
            Action.REQUEST_CUTOVER: self._request_cutover,
            Action.CLEAN_UP: self._clean_up,
            Action.GUARD_SOURCE: self._guard_source,
        }

    # --- what the user does

    def start(self, request: MigrationRequest) -> list[WorkloadRecord]:
        """The wizard's Finish: check everything, then hand one migration per VM to the provider.

        Raises `InputError`, `Conflict` or the trouble that kept it from checking; then nothing was begun. A
        single VM that the provider refuses becomes `Error`, the others go on.
        """
        check_migration(request, self._config, self._runtime.now())
        cloud = self._clouds.record(request.cloud)
        replicator_id = cloud.replicator_id
        if cloud.state is not CloudState.RUNNING or replicator_id is None:
            raise Conflict(
                f"start job '{request.job}'",
                f"Target Cloud {request.cloud}",
                f"its status is {cloud.state.value}",
                "the provider cloud; it must be Running",
            )
        with self._open_vcenter() as vcenter, self._clouds.open_vcd(cloud) as vcd:
            planned = plan(
                request,
                self._config,
                replicator_id,
                vcenter,
                vcd,
                lambda: self._runtime.new_id("migration"),
                self.book.own_vapps(request.cloud, request.vdc, request.layout == GROUP),
            )
        records = [
            WorkloadRecord(item.order, item.vm, request.cloud, request.vdc, network=request.network)
            for item in planned
        ]
        self._clear_earlier(records)
        self._take_in(records)
        try:
            action = self.book.submit(records)
        finally:
            self.book.forget_new(records)
        for record in records:
            self._carry_on(record, action)
        return records

    def carry_on(self) -> None:
        """In a new process: go on with every migration where the one before it was cut off."""
        for record in self.book.all():
            wanted = RESUME.get(record.state) or record.asking
            if wanted is not None and not record.guarded:
                work = self._cut_over_in_turn if record.state in CUTTING else self._carry_on
                self._runtime.spawn(work, record, wanted, name=f"carry on with {record.name}")
            if record.state in WATCHED:
                self._watch(record)
            if record.guarded:
                self._guard.watch()

    def cut_over(self, request: CutoverRequest) -> list[WorkloadRecord]:
        """The cutover dialogue's Finish: every VM goes on in a task of its own.

        Raises `InputError` (not confirmed, unknown VM) or `Conflict` (not ready); then nothing was begun.
        """
        attempted = "start the cutover"
        check_cutover(attempted, request)
        records = [self._find(attempted, vm) for vm in request.vms]
        self._demand(attempted, records, Event.CUTOVER, CHECKS[Event.CUTOVER])
        if not request.confirmed:
            raise InputError(
                attempted,
                "Confirmation",
                f"it was not given; the source VMs would be powered off: {', '.join(request.vms)}",
                "that an outage is acceptable now, then confirm",
            )
        for record in records:
            record.power_on, record.cutover_tag = request.power_on, request.tag
            action = self._wanted(
                attempted, record, Event.CUTOVER, power_on=request.power_on, tag=request.tag
            )
            self._runtime.spawn(self._cut_over_in_turn, record, action, name=f"cut over {record.name}")
        return records

    def pause(self, vm: str) -> WorkloadRecord:
        """The pause button. Raises `Conflict` when the VM is not syncing, `NotFound`."""
        return self._command(f"pause {vm}", vm, Event.PAUSE)

    def resume(self, vm: str) -> WorkloadRecord:
        """Go on after a pause. Raises `Conflict`, `NotFound`."""
        return self._command(f"resume {vm}", vm, Event.RESUME)

    def cancel(self, vm: str) -> WorkloadRecord:
        """The cancel button: replica and replication are removed at the provider. Raises `Conflict`."""
        return self._command(f"cancel the migration of {vm}", vm, Event.CANCEL)

    # --- deciding and acting

    def _cut_over_in_turn(self, record: WorkloadRecord, action: Action | None) -> None:
        """A cutover from its beginning to its end, as one of the few at a time at its replicator."""
        with self._cutovers.taken(record.order.replicator_id):
            self._carry_on(record, action)
            while record.state in CUTTING:
                self._runtime.sleep(self._config.poll_s)

    def _carry_on(self, record: WorkloadRecord, action: Action | None) -> None:
        """Do an action and what follows from it."""
        while action is not None:
            action = self._do[action](record)

    def _happened(
        self, record: WorkloadRecord, event: Event, reason: str | None = None, remote_id: str | None = None
    ) -> Action | None:
        """Decide about the outcome of an action. When the migration has moved on meanwhile (the provider
        reported an error, say), the outcome is told and leads nowhere."""
        try:
            return self.book.decide(record, event, reason=reason, remote_id=remote_id)
        except IllegalTransition:
            text = f"{record.name}: {event.value}, but its status is {record.text} by now."
            tell(self._runtime, record.name, text)
            return None

    def _failed(
        self, record: WorkloadRecord, event: Event, error: UserError, note: str = ""
    ) -> Action | None:
        tell_error(self._runtime, record.name, error)
        return self._happened(record, event, reason=error.reason + note)

    def _service(self, record: WorkloadRecord) -> CloudService:
        return self._clouds.record(record.cloud).service

    def _register(self, record: WorkloadRecord) -> Action | None:
        try:
            service = self._service(record)
            remote = patiently(self._runtime, self._config, lambda: service.start_migration(record.order))
        except UserError as error:
            return self._failed(record, Event.FAILED, error)
        action = self._happened(record, Event.REGISTERED, remote_id=remote.id)
        self._observe(record, remote)
        return action

    def _stop_source(self, record: WorkloadRecord) -> Action | None:
        try:
            with self._stops.taken(record.vm.host), self._open_vcenter() as vcenter:
                vcenter.power_off(record.vm)
        except UserError as error:
            return self._failed(record, Event.SOURCE_NOT_STOPPED, error)
        return self._happened(record, Event.SOURCE_OFF)

    def _request_cutover(self, record: WorkloadRecord) -> Action | None:
        def look_then_ask() -> None:
            service, remote_id = self._service(record), record.remote_id or ""
            if service.migration(remote_id).state not in CUTOVER_TAKEN:
                service.cut_over(remote_id, record.name, record.power_on, record.cutover_tag)

        # The provider may have begun although its answer was lost: whoever gave up now, and let the source
        # be powered on again, would have two copies running.
        try:
            until_answered(
                self._runtime,
                self._config,
                look_then_ask,
                wanted=lambda: record.state is State.REQUESTING_CUTOVER,
                complain=lambda error: tell_error(self._runtime, record.name, error),
            )
        except UserError as error:
            return self._failed(record, Event.FAILED, error, f"; {SOURCE_OFF_NOTE}")
        return self._happened(record, Event.CUTOVER_ACCEPTED)

    def _ask_pause(self, record: WorkloadRecord) -> Action | None:
        return self._ask(record, lambda service, remote_id: service.pause(remote_id, record.name))

    def _ask_resume(self, record: WorkloadRecord) -> Action | None:
        return self._ask(record, lambda service, remote_id: service.resume(remote_id, record.name))

    def _ask(self, record: WorkloadRecord, command: Callable[[CloudService, str], None]) -> Action | None:
        """The poller sees what comes of it; a refusal is told and changes nothing."""
        try:
            command(self._service(record), record.remote_id or "")
        except UserError as error:
            tell_error(self._runtime, record.name, error)
        if MIGRATION.allows(record.state, Event.ASKED):
            self.book.decide(record, Event.ASKED, reason=record.reason)
        return None

    def _guard_source(self, record: WorkloadRecord) -> Action | None:
        """Mark the source; trouble is told and changes nothing: the migration is complete."""
        try:
            patiently(self._runtime, self._config, lambda: self._guard.mark(record))
        except UserError as error:
            tell_error(self._runtime, record.name, error)
        else:
            self._happened(record, Event.GUARDED)
        self._guard.watch()
        return None

    def _clean_up(self, record: WorkloadRecord) -> Action | None:
        """Remove what the provider has of a migration, unless it turns out to be cutting over or complete:
        then the target counts, and the source must not run again."""

        def remove() -> Event:
            remote = self._remote(service, record)
            if remote is None:
                return Event.CLEANED
            if remote.state in CUTOVER_TAKEN:
                return SEEN[remote.state]
            with suppress(NotFound):  # gone already is as good
                service.remove(remote.id, record.name)
            return Event.CLEANED

        try:
            service = self._service(record)
            event = patiently(self._runtime, self._config, remove)
        except UserError as error:
            return self._failed(record, Event.FAILED, error, "; its replica may be left at the provider")
        return self._happened(record, event)

    @staticmethod
    def _remote(service: CloudService, record: WorkloadRecord) -> RemoteMigration | None:
        """The migration at the provider; one whose registration was never answered may exist all the same."""
        key = record.order.external_key
        return next((remote for remote in service.migrations() if remote.external_key == key), None)

    # --- watching

    def _watch(self, record: WorkloadRecord) -> Action | None:
        """Make sure that the migration is looked at."""
        self._poller.watch(record.cloud)
        return None

    def _compare(self, watched: Sequence[WorkloadRecord], remotes: Sequence[RemoteMigration]) -> None:
        by_id = {remote.id: remote for remote in remotes}
        for record in watched:
            remote = by_id.get(record.remote_id or "")
            if remote is not None:
                self._observe(record, remote)
            elif record.state in WATCHED:
                self._failed(record, Event.FAILED, _vanished(record))

    def _observe(self, record: WorkloadRecord, remote: RemoteMigration) -> None:
        """Let the provider's report happen. A report that cannot follow is told once and changes nothing."""
        event = SEEN[remote.state]
        reason = remote.error
        if event is Event.FAILED and record.state in SOURCE_IS_OFF:
            reason = f"{reason or 'no reason given'}; {SOURCE_OFF_NOTE}"
        if record.state not in WATCHED or not self.book.changes(record, event, remote.percent):
            return
        try:
            action = self.book.decide(record, event, percent=remote.percent, reason=reason)
        except IllegalTransition as illegal:
            if remote.state not in record.told:
                record.told.add(remote.state)
                tell_error(self._runtime, record.name, _impossible(record, remote, illegal))
            return
        if event is Event.FAILED:
            tell_error(self._runtime, record.name, _reported(record, remote))
        if action in (Action.REQUEST_CUTOVER, Action.GUARD_SOURCE):  # the others are not kept waiting
            self._runtime.spawn(self._carry_on, record, action, name=f"{action.value}: {record.name}")
        else:
            self._carry_on(record, action)

    # --- finding and refusing

    def _clear_earlier(self, records: Sequence[WorkloadRecord]) -> None:
        """Cancel failed migrations of these VMs, or await a cancel that is under way: what is left of them at
        the provider would be in the way, or might even go on. Raises `Conflict` when that fails."""
        for record in records:
            earlier = self.book.latest(record.name)
            while earlier is not None and earlier.state is State.CANCELLING:
                self._runtime.sleep(self._config.task_poll_s)
            if earlier is not None and earlier.state is State.ERROR:
                attempted = f"start job '{record.order.job}'"
                self._carry_on(earlier, self._wanted(attempted, earlier, Event.CANCEL))
                if earlier.state is State.ERROR:
                    raise Conflict(
                        attempted,
                        "Source VMs",
                        f"the failed migration of {record.name} could not be cleaned up: {earlier.reason}",
                        "the provider cloud, then try again",
                    )

    def _take_in(self, records: Sequence[WorkloadRecord]) -> None:
        """Enter new migrations into the book, unless one of the VMs is being migrated already."""
        with self._lock:
            ended = MIGRATION.final | {State.ERROR}
            busy = []
            for record in records:
                earlier = self.book.latest(record.name)
                if earlier is not None and earlier.state not in ended:
                    busy.append(f"{record.name} ({earlier.text})")
            if busy:
                raise Conflict(
                    f"start job '{records[0].order.job}'",
                    "Source VMs",
                    f"already being migrated: {', '.join(busy)}",
                    "the Workloads list, or cancel the earlier migration",
                )
            for record in records:
                self.book.add(record)

    def _find(self, attempted: str, vm: str) -> WorkloadRecord:
        record = self.book.latest(vm)
        if record is None:
            names = [known.name for known in self.book.all()]
            raise NotFound(attempted, "Workloads", f"no migration of a VM '{vm}'", nearest(vm, names, "VM"))
        return record

    @staticmethod
    def _demand(attempted: str, records: Sequence[WorkloadRecord], event: Event, check: str) -> None:
        offenders = [record for record in records if not MIGRATION.allows(record.state, event)]
        if offenders:
            raise _not_now(attempted, offenders, check)

    def _wanted(self, attempted: str, record: WorkloadRecord, event: Event, **facts: Any) -> Action | None:
        """Decide about what the user wants of one migration. Raises `Conflict`."""
        try:
            return self.book.decide(record, event, **facts)
        except IllegalTransition:
            raise _not_now(attempted, [record], CHECKS[event]) from None

    def _command(self, attempted: str, vm: str, event: Event) -> WorkloadRecord:
        record = self._find(attempted, vm)
        self._carry_on(record, self._wanted(attempted, record, event))
        return record


def _not_now(attempted: str, offenders: Sequence[WorkloadRecord], check: str) -> UserError:
    named = ", ".join(f"{record.name} ({record.text})" for record in offenders)
    return Conflict(attempted, "Workloads", f"not possible in this status: {named}", check)


def _reported(record: WorkloadRecord, remote: RemoteMigration) -> UserError:
    check = "the reason; at 0 % it is almost certainly the network: port 44045 between the replicators, "
    check += "and the replicators' public endpoints (LWD address and port)"
    return UserError(
        f"migrate {record.name}", f"provider cloud {record.cloud}", remote.error or "no reason given", check
    )


def _vanished(record: WorkloadRecord) -> UserError:
    return NotFound(
        f"follow the migration of {record.name}",
        f"provider cloud {record.cloud}",
        "the provider no longer knows this migration",
        "with the provider whether it was removed there",
    )


def _impossible(record: WorkloadRecord, remote: RemoteMigration, illegal: IllegalTransition) -> UserError:
    return Conflict(
        f"follow the migration of {record.name}",
        f"provider cloud {record.cloud}",
        f"it reports {remote.state} while the status here is {record.text} ({illegal.event.value})",
        "with the provider what was done to this migration there",
    )
