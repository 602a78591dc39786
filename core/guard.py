"""The guard of source VMs: after a cutover the source stays, powered off (cx.md 3.4).

Rules of this file: marking may be done again; one watcher looks at all guarded sources in one call, however
many. An alarm is raised once for each time that a source is found running. What kind of duplicate it is
follows from the source's adapters: connected to a network that reaches the target's (a network of the same
name, as a DC extension makes it [I]; cx.md 3.1: addresses are kept only with it) both copies answer to one
address there; otherwise it is an isolated copy, whose data goes its own way all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import UserError
from cxsim.core.messages import tell_error
from cxsim.core.migration_states import State
from cxsim.core.neighbours import OpenVcenter, RunningVm
from cxsim.core.runtime import Runtime
from cxsim.core.workloads import WorkloadRecord

DUPLICATE = "duplicate instance"
ISOLATED = "isolated copy"
SAME_ADDRESS = "same address on one network"

MOVED = frozenset({State.CUTTING_OVER, State.COMPLETED})
"""From here on the target is the one that runs."""


class SourceGuard:
    """Marks migrated sources and watches over them. `records` gives all migrations."""

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        open_vcenter: OpenVcenter,
        records: Callable[[], Sequence[WorkloadRecord]],
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._open_vcenter = open_vcenter
        self._records = records
        self._watching = False
        self._running: set[str] = set()
        """Keys of the migrations whose source was running at the last look."""
        self._complaint: str | None = None

    def mark(self, record: WorkloadRecord) -> None:
        """Mark a source, and take it off its networks if that is configured. Raises what vCenter answers."""
        config = self._config
        text = f"Migrated to {record.cloud} / {record.vdc} by job {record.order.job}. Do not power on."
        with self._open_vcenter() as vcenter:
            vcenter.mark(record.vm, config.guard_attribute, text, config.guard_suffix)
            if config.guard_disconnect:
                vcenter.disconnect(record.vm)

    def watch(self) -> None:
        """Make sure that the watcher runs."""
        if not self._watching and self._config.guard_poll_s > 0:
            self._watching = True
            self._runtime.spawn(self._watch, name="guard of source VMs")

    def _watch(self) -> None:
        while True:
            self._runtime.sleep(self._config.guard_poll_s)
            moved = {record.vm.moref: record for record in self._records() if record.state in MOVED}
            try:
                with self._open_vcenter() as vcenter:
                    running = vcenter.running([record.vm for record in moved.values()])
            except UserError as error:
                if error.reason != self._complaint:
                    tell_error(self._runtime, "source VMs", error)
                self._complaint = error.reason
                continue
            self._complaint = None
            before, self._running = self._running, {moved[vm.moref].order.external_key for vm in running}
            for vm in running:
                if moved[vm.moref].order.external_key not in before:
                    self._alarm(moved[vm.moref], vm)

    def _alarm(self, record: WorkloadRecord, vm: RunningVm) -> None:
        shared = record.network in vm.connected_networks
        kind = SAME_ADDRESS if shared else ISOLATED
        where = f"network {record.network}" if shared else "no network of the target's"
        self._runtime.log(
            "alarm",
            alarm=DUPLICATE,
            vm=record.name,
            kind=kind,
            network=record.network if shared else None,
            address=vm.address,
            text=f"The source VM of {record.name} runs although it was migrated to {record.cloud}: "
            f"{kind} ({where}). Power it off.",
        )
