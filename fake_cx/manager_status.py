"""The status of replications, asked from the replicators in bulk and only where what is known is too old.

Rules of this file: one call for each source replicator, whatever the number of its replications that are
due; a replicator that cannot be reached keeps its last status and is left alone for a while; nobody waits
for a call that somebody else has under way.
"""

from __future__ import annotations

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.manager_model import ReplicationRecord, ReplicatorRecord
from cxsim.fake_cx.manager_replications import Replications
from cxsim.fake_cx.settings import CxSettings


class StatusCache:
    """Keeps the replications' status fresh enough."""

    def __init__(self, host: Host, settings: CxSettings, replications: Replications) -> None:
        self._host = host
        self._settings = settings
        self._replications = replications

    def refresh(self) -> None:
        """Ask every source replicator for what is too old. Never raises."""
        by_source: dict[str, list[ReplicationRecord]] = {}
        now_s = self._host.now()
        for record in self._replications.all():
            if record.started and self._is_due(record, now_s):
                by_source.setdefault(record.source.id, []).append(record)
        for records in by_source.values():
            source = records[0].source
            if not source.asking and self._host.now() >= source.retry_at_s:
                self._ask(source, records)

    def _is_due(self, record: ReplicationRecord, now_s: float) -> bool:
        restless = record.awaited and record.state != "paused"
        limit_s = self._settings.status_freshness_s if restless else self._settings.settled_freshness_s
        return now_s - record.asked_at_s >= limit_s

    def _ask(self, source: ReplicatorRecord, records: list[ReplicationRecord]) -> None:
        source.asking = True
        try:
            answered = source.client.statuses([record.id for record in records])
            statuses = {str(s.get("id")): s for s in answered if s.get("role") == "source"}
        except errors.H4Error as error:
            source.online, source.error = False, error
            source.retry_at_s = self._host.now() + self._settings.offline_retry_s
            return
        finally:
            source.asking = False
        now_s = self._host.now()
        source.online, source.error = True, None
        for record in records:
            record.asked_at_s = now_s
            status = statuses.get(record.id)
            if status is not None and record.take(status, now_s):
                self._replications.log(record)
