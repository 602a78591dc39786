"""Looking at the migrations of a provider cloud: one task a cloud, one call a look, however many VMs.

Rules of this file: a look names the migrations that it is about while they are few, and asks for all when
they are many. What is in motion, or may be because the user wanted it, is looked at every `poll_s`; what is
settled (it is ready for its cutover, or its start is far away) at every `settled_looks`-th look only. It
decides nothing: what was seen goes to `compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import RemoteMigration
from cxsim.core.errors import UserError
from cxsim.core.messages import tell_error
from cxsim.core.migration_states import State
from cxsim.core.provider import ProviderClouds
from cxsim.core.runtime import Runtime
from cxsim.core.workloads import WorkloadBook, WorkloadRecord

MOST_NAMED = 50
"""Migrations that a look names; their identifiers make 2 kB of URL, which every proxy on the way takes."""


class Poller:
    """Looks at the watched migrations of each cloud until none is left.

    `compare(looked_at, remotes)` is given the migrations that a look was about and what the provider said.
    """

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        clouds: ProviderClouds,
        book: WorkloadBook,
        compare: Callable[[Sequence[WorkloadRecord], Sequence[RemoteMigration]], None],
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._clouds = clouds
        self._book = book
        self._compare = compare
        self._polled: set[str] = set()
        self._lock = runtime.lock()

    def watch(self, cloud: str) -> None:
        """Make sure that the cloud's one task runs."""
        with self._lock:
            running = cloud in self._polled
            self._polled.add(cloud)
        if not running:
            self._runtime.spawn(self._poll, cloud, name=f"poll {cloud}")

    def _poll(self, cloud: str) -> None:
        complaint: str | None = None
        look = 0
        while True:
            self._runtime.sleep(self._config.poll_s)
            with self._lock:
                watched = self._book.watched(cloud)
                if not watched:
                    self._polled.discard(cloud)
                    return
            wanted = watched
            if look % self._config.settled_looks:
                wanted = [record for record in watched if not self._is_settled(record)]
            if not wanted:
                look += 1
                continue
            try:
                remotes = self._clouds.record(cloud).service.migrations(_names(wanted))
            except UserError as error:
                # The migrations go on at the provider; only our view of them is old.
                if error.reason != complaint:
                    tell_error(self._runtime, cloud, error)
                complaint = error.reason
                continue
            complaint = None
            look += 1
            self._compare(wanted, remotes)

    def _is_settled(self, record: WorkloadRecord) -> bool:
        if record.state is State.SCHEDULED and record.order.start_time is not None:
            start_s = datetime.fromisoformat(record.order.start_time).timestamp()
            return start_s > self._runtime.now() + self._config.settled_looks * self._config.poll_s
        return record.state is State.CUTOVER_READY


def _names(records: Sequence[WorkloadRecord]) -> list[str] | None:
    """The provider's identifiers of these, None when they are too many to be named."""
    named = [record.remote_id for record in records if record.remote_id is not None]
    return named if 0 < len(named) <= MOST_NAMED else None
