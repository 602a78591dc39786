"""The migrations of a cloud service: create, start, watch, pause, delete. Cutover is in `cutover`.

Rules of this file: a migration's background work is one greenlet or thread that sleeps; nobody waits for
a call that somebody else has under way. The Replication Manager is asked in bulk, when a tenant asks and what
is known is too old, and every `monitor_s` when nobody does. Starting is idempotent by (org, externalKey).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.manager_client import ManagerClient
from cxsim.fake_cx.migration import ENDED, REPLICATING, TABLE, Event, Migration, MigrationRequest, State
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import as_h4

RESTLESS = (State.SYNCING, State.CUTTING_OVER)
"""States in which somebody waits for progress."""


class Migrations:
    """Every migration of one cloud service. `cut_over(migration)` is the work of a cutover, run in the
    background once its last instance was asked for; `undo(migration)` clears vCD after a failed one."""

    def __init__(
        self,
        host: Host,
        settings: CxSettings,
        manager: ManagerClient,
        site: str,
        cut_over: Callable[[Migration], None],
        undo: Callable[[Migration], None],
    ) -> None:
        self._host = host
        self._settings = settings
        self._manager = manager
        self._site = site
        self._cut_over = cut_over
        self._undo = undo
        self._migrations: dict[str, Migration] = {}
        self._by_key: dict[tuple[str, str], Migration] = {}
        self._asking = False
        self._retry_at_s = 0.0
        self._watched = False

    def create(self, org: str, request: MigrationRequest) -> tuple[Migration, bool]:
        """The migration, and whether it is new."""
        later = request.start_s is not None and request.start_s > self._host.now()
        migration = Migration(
            self._host.new_uuid("migration"), org, request, State.SCHEDULED if later else State.CREATED
        )
        kept = self._by_key.setdefault((org, request.external_key), migration)
        if kept is not migration:
            return kept, False
        self._migrations[migration.id] = migration
        self._changed(migration)
        self._host.spawn(lambda: self._begin(migration), f"migration {request.vm_name}")
        return migration, True

    def find(self, migration_id: str, org: str) -> Migration:
        """A migration of this organization. Raises `MigrationNotFound`."""
        migration = self._migrations.get(migration_id)
        if migration is None or migration.org != org:
            raise errors.MigrationNotFound(f"There is no migration {migration_id}.", migration_id)
        return migration

    def of(self, org: str) -> list[Migration]:
        """The migrations of an organization, oldest first."""
        return [m for m in list(self._migrations.values()) if m.org == org]

    def _changed(self, migration: Migration) -> None:
        self._host.log(
            "task",
            kind="migration",
            target=migration.request.vm_name,
            state=migration.state.value,
            error=None if migration.error is None else migration.error.to_json(),
        )

    def apply(self, migration: Migration, event: Event) -> None:
        """Change a migration's state and log it. Raises `InvalidState`."""
        migration.apply(event)
        self._changed(migration)

    def fail(self, migration: Migration, error: BaseException) -> None:
        """Something failed for good; a migration that has ended or was deleted stays what it is."""
        if migration.deleted or migration.state in ENDED:
            return
        migration.error = as_h4(self._host, f"migration {migration.request.vm_name}", error)
        self.apply(migration, Event.FAILED)

    def _begin(self, migration: Migration) -> None:
        try:
            if migration.state is State.SCHEDULED:
                self._host.sleep(max(0.0, (migration.request.start_s or 0.0) - self._host.now()))
                if migration.deleted:
                    return
                self.apply(migration, Event.DUE)
            migration.replication_id = self._start_replication(migration)
            if migration.deleted:
                self._manager.remove(migration.replication_id, "ALL")
                return
            self.apply(migration, Event.STARTED)
        except Exception as error:
            self.fail(migration, error)
            if migration.deleted:
                self._remove_late(migration)
            return
        self._watch()

    def _start_replication(self, migration: Migration) -> str:
        document = self._replication_document(migration)
        migration.ordered = True
        for attempt in range(1, self._settings.attempts + 1):
            try:
                return self._manager.start(document)
            except errors.H4Error as error:
                if attempt == self._settings.attempts or not errors.is_transient(error):
                    raise
            self._host.sleep(self._settings.retry_delay_s)
            if migration.deleted:
                break
        raise errors.InvalidState("The migration was deleted.", migration.id)

    def _replication_document(self, migration: Migration) -> dict[str, Any]:
        request = migration.request
        return {
            "owner": migration.org,
            "externalKey": migration.id,
            "description": request.job_name,
            "vcId": request.vc_id,
            "vmId": request.vm_id,
            "rpo": request.rpo_min,
            "quiesced": request.quiesced,
            "excludedDiskKeys": [],
            "sourceLocation": {"site": request.site, "replicatorId": request.replicator_id},
            "destinationLocation": {"site": self._site},
            "targetDiskType": request.target_disk_type,
        }

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            self._host.spawn(self._monitor, "migration monitor")

    def _monitor(self) -> None:
        try:
            while any(m.state in REPLICATING for m in list(self._migrations.values())):
                self._host.sleep(self._settings.monitor_s)
                self.refresh(self._settings.monitor_s)
        finally:
            self._watched = False

    def refresh(self, at_least_s: float = 0.0) -> None:
        """Ask the Replication Manager, in one call, for the replications of which too old things are known
        (older than `at_least_s`, too). Never raises an `H4Error`."""
        now_s = self._host.now()
        if self._asking or now_s < self._retry_at_s:
            return
        due = [m for m in list(self._migrations.values()) if self._is_due(m, now_s, at_least_s)]
        if not due:
            return
        self._asking = True
        try:
            statuses = self._manager.statuses([str(m.replication_id) for m in due])
        except errors.H4Error:
            self._retry_at_s = self._host.now() + self._settings.offline_retry_s
            return
        finally:
            self._asking = False
        now_s = self._host.now()
        for migration in due:
            migration.asked_at_s = now_s
            if migration.state in REPLICATING and not migration.deleted:
                with suppress(errors.InvalidState):  # somebody paused or deleted it meanwhile
                    self._observe(migration, statuses.get(str(migration.replication_id)))

    def _is_due(self, migration: Migration, now_s: float, at_least_s: float) -> bool:
        if migration.state not in REPLICATING:
            return False
        restless = migration.state in RESTLESS
        limit_s = self._settings.status_freshness_s if restless else self._settings.settled_freshness_s
        return now_s - migration.asked_at_s >= max(limit_s, at_least_s)

    def _observe(self, migration: Migration, status: dict[str, Any] | None) -> None:
        if status is None:
            if migration.state is not State.CUTTING_OVER:
                self.fail(migration, errors.ReplicationNotFound("The replication is gone.", migration.id))
            return
        migration.status = status
        if migration.state is State.SYNCING and migration.latest is not None:
            self._synced(migration)
        trouble = self.lasting_trouble(migration)
        if trouble is not None and migration.state is not State.CUTTING_OVER:
            self.fail(migration, trouble)

    def _synced(self, migration: Migration) -> None:
        if not migration.request.cold:
            self.apply(migration, Event.SYNCED)
            return
        migration.power_on = migration.request.power_on
        self.apply(migration, Event.SYNCED_COLD)
        self._run_cutover(migration)

    def lasting_trouble(self, migration: Migration) -> errors.H4Error | None:
        """The error of a replication that has been in error for `error_grace_s`, else None."""
        if migration.source_state.get("state") != "error":
            migration.error_since_s = None
            return None
        now_s = self._host.now()
        if migration.error_since_s is None:
            migration.error_since_s = now_s
        if now_s - migration.error_since_s < self._settings.error_grace_s:
            return None
        known = errors.relayed(migration.source_state.get("lastError"), 500)
        return known or errors.ReplicationFailed("The replication is in error.", migration.id)

    def pause(self, migration: Migration) -> None:
        """Stop shipping. Raises `InvalidState`, or what the Replication Manager answers."""
        _require(migration, Event.PAUSE)
        self._manager.act(str(migration.replication_id), "pause")
        self.apply(migration, Event.PAUSE)

    def resume(self, migration: Migration) -> None:
        """Go on. Raises `InvalidState`, or what the Replication Manager answers."""
        event = Event.RESUME if migration.latest is None else Event.RESUME_READY
        _require(migration, event)
        self._manager.act(str(migration.replication_id), "resume")
        self.apply(migration, event)
        migration.asked_at_s = 0.0

    def cut_over(self, migration: Migration, power_on: bool) -> None:
        """Ask for the last instance, then cut over in the background. A cutover that is under way or done
        is not started again. Raises `InvalidState`, `SourceVmPoweredOn`, or what the Replication Manager
        answers; then the migration stays what it was."""
        if migration.cutover_asked or migration.state in (State.CUTTING_OVER, State.COMPLETED):
            return
        _require(migration, Event.CUTOVER)
        migration.cutover_asked = True
        try:
            migration.final_sequence = self._manager.sync(str(migration.replication_id), final=True)
            migration.power_on = power_on
            self.apply(migration, Event.CUTOVER)
        except Exception:
            migration.cutover_asked = False
            raise
        self._run_cutover(migration)

    def _run_cutover(self, migration: Migration) -> None:
        migration.asked_at_s = 0.0

        def work() -> None:
            try:
                self._cut_over(migration)
                self.apply(migration, Event.IMPORTED)
            except Exception as error:
                self.fail(migration, error)

        self._host.spawn(work, f"cutover {migration.request.vm_name}")
        self._watch()

    def delete(self, migration: Migration) -> None:
        """Forget a migration, with its replica and whatever a cutover that failed has left; a completed one's
        VM stays. Raises `InvalidState` during a cutover and while the VM of a failed one runs, or what vCD or
        the Replication Manager answers: then it is still there, and can be deleted again."""
        if migration.state is State.CUTTING_OVER:
            raise errors.InvalidState(
                f"The cutover of {migration.request.vm_name} is under way.", migration.id
            )
        if migration.state is not State.COMPLETED:
            self._undo(migration)
            self._remove_replication(migration)
        migration.deleted = True
        self._migrations.pop(migration.id, None)
        self._by_key.pop((migration.org, migration.request.external_key), None)

    def _remove_replication(self, migration: Migration) -> None:
        replication_id = migration.replication_id
        if replication_id is None and migration.ordered:
            replication_id = self._manager.find(migration.id)
        if replication_id is not None:
            self._manager.remove(replication_id, "ALL")

    def _remove_late(self, migration: Migration) -> None:
        """It was deleted while it was being started, and how the start ended is not known."""
        for _ in range(self._settings.removal_attempts):
            with suppress(errors.H4Error):
                self._remove_replication(migration)
                return
            self._host.sleep(self._settings.removal_retry_s)


def _require(migration: Migration, event: Event) -> None:
    """Raise `InvalidState` when the table has no row for this, changing nothing."""
    if (migration.state, event) not in TABLE:
        migration.apply(event)
