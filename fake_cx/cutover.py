"""The cutover of one migration: last instance, export, import into vCD, network, power on, clean up.

Rules of this file: straight-line work in the background, each step a `Phase` whose progress is the
migration's percent (cx.md 3.4). The cloud service alone imports into vCD, as system administrator (cx.md
5.1 [I]). VMs that are grouped in one vApp go one after the other, because vCD allows one task on a vApp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.config import CloudServiceConfig
from cxsim.fake_cx.manager_client import ManagerClient
from cxsim.fake_cx.migration import Migration, Phase
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcd_client import ImportedVm, Vcd, VcdSession
from cxsim.fake_cx.vcd_xml import ImportParams

SYSTEM_ORG = "System"
RUNNING = ("POWERED_ON", "SUSPENDED")
"""States of a VM in vCD in which it may hold data that no other copy has."""


class Cutover:
    """Carries out cutovers. `refresh()` brings the migrations' status up to date, `lasting_trouble` tells
    a replication that is in error for good."""

    def __init__(
        self, host: Host, settings: CxSettings, config: CloudServiceConfig, manager: ManagerClient, vcd: Vcd
    ) -> None:
        self._host = host
        self._settings = settings
        self._config = config
        self._manager = manager
        self._vcd = vcd
        self._holders: dict[tuple[str, str, str], str] = {}
        """Who works on a grouped vApp now: (org, vDC, name) -> migration id."""
        self._grouped: dict[tuple[str, str, str], str] = {}
        """hrefs of the grouped vApps that were made."""

    def run(
        self,
        migration: Migration,
        refresh: Callable[[], None],
        lasting_trouble: Callable[[Migration], errors.H4Error | None],
    ) -> None:
        """From the last instance to a VM in vCD. Raises an `H4Error` where it ends."""
        replication_id = str(migration.replication_id)
        instance_id = self._last_instance(migration, refresh, lasting_trouble)
        migration.cutover_percent = Phase.EXPORT.percent(0)

        def exported(percent: int) -> None:
            migration.cutover_percent = Phase.EXPORT.percent(percent)

        result = self._manager.follow(self._manager.export(replication_id, instance_id), exported)
        if not isinstance(result, dict) or not isinstance(result.get("vmId"), str):
            raise errors.UnexpectedAnswer("The export named no VM", replication_id)
        migration.exported_vm = result["vmId"]
        with self._alone(migration):
            self._bring_into_vcd(migration, result["vmId"])
        migration.cutover_percent = Phase.CLEAN_UP.percent(0)
        self._clean_up(replication_id)

    def _last_instance(
        self,
        migration: Migration,
        refresh: Callable[[], None],
        lasting_trouble: Callable[[Migration], errors.H4Error | None],
    ) -> str:
        """Wait for the last instance; its key."""
        if migration.final_sequence is None:
            migration.final_sequence = self._manager.sync(str(migration.replication_id), final=True)
        waited_s = 0.0
        while True:
            refresh()
            latest = migration.latest
            if latest is not None and int(latest["sequenceNumber"]) >= migration.final_sequence:
                return str(latest["key"])
            trouble = lasting_trouble(migration)
            if trouble is not None:
                raise trouble
            if waited_s >= self._settings.final_sync_limit_s:
                raise errors.TookTooLong(f"The last synchronization has not ended after {waited_s:g} s")
            if migration.source_state.get("state") == "active":
                percent = int(migration.source_state.get("percent") or 0)
                migration.cutover_percent = Phase.FINAL_SYNC.percent(percent)
            self._host.sleep(self._settings.task_poll_s)
            waited_s += self._settings.task_poll_s

    def _bring_into_vcd(self, migration: Migration, moref: str) -> None:
        config, target = self._config, migration.request.target
        migration.cutover_percent = Phase.IMPORT.percent(0)
        with self._vcd.session(config.vcd_user, SYSTEM_ORG, config.vcd_password) as session:
            network = session.name_of(target.network)
            params = ImportParams(
                moref, migration.request.vm_name, target.storage_profile, network, target.network
            )
            imported = self._import(session, migration, params)
            migration.vapp_href, migration.vm_href = imported.vapp_href, imported.vm_href
            migration.cutover_percent = Phase.NETWORK.percent(0)
            session.connect(imported, network, target.network)
            migration.cutover_percent = Phase.POWER_ON.percent(0)
            if migration.power_on:
                session.power_on(imported.vm_href)

    def undo(self, migration: Migration) -> None:
        """Remove from vCD what a cutover that failed has brought there, found by the exported VM: the answer
        to the import may have been lost. Raises `InvalidState` while the VM runs: its data are in use."""
        if migration.exported_vm is None:
            return
        config = self._config
        with self._vcd.session(config.vcd_user, SYSTEM_ORG, config.vcd_password) as session:
            found = session.find_by_moref(config.vcenter_name, migration.exported_vm)
            if found is None:
                return
            if found.status in RUNNING:
                raise errors.InvalidState(
                    f"The VM {found.name} of vApp {found.vapp_name} is {found.status} in vCloud Director: "
                    "power it off there if the migration is to be undone.",
                    found.name,
                    found.vapp_name,
                )
            session.delete(found)

    def _import(self, session: VcdSession, migration: Migration, params: ImportParams) -> ImportedVm:
        target = migration.request.target
        vim_server = session.vim_server(self._config.vcenter_name)
        if not target.group_vapp:
            return session.import_as_vapp(vim_server, target.vapp_name, target.vdc, params)
        key = _vapp_key(migration)
        made = self._grouped.get(key)
        if made is not None and session.vapp_exists(made):
            return session.import_into_vapp(vim_server, made, params)
        imported = session.import_as_vapp(vim_server, target.vapp_name, target.vdc, params)
        self._grouped[key] = imported.vapp_href
        return imported

    @contextmanager
    def _alone(self, migration: Migration) -> Iterator[None]:
        """Wait until no other migration works on the same grouped vApp."""
        if not migration.request.target.group_vapp:
            yield
            return
        key = _vapp_key(migration)
        while self._holders.setdefault(key, migration.id) != migration.id:
            self._host.sleep(self._settings.vcd_task_poll_s)
        try:
            yield
        finally:
            self._holders.pop(key, None)

    def _clean_up(self, replication_id: str) -> None:
        """Remove the replication. The VM is in vCD by now: trouble here is logged, and it is tried again in
        the background [I]."""
        if not self._removed(replication_id):
            self._host.spawn(lambda: self._remove_later(replication_id), f"remove {replication_id}")

    def _removed(self, replication_id: str) -> bool:
        try:
            self._manager.remove(replication_id, "AUTO")
        except errors.H4Error as error:
            self._host.log(
                "task", kind="removeReplication", target=replication_id, state="FAILED", error=error.to_json()
            )
            return False
        return True

    def _remove_later(self, replication_id: str) -> None:
        for _ in range(self._settings.removal_attempts):
            self._host.sleep(self._settings.removal_retry_s)
            if self._removed(replication_id):
                return


def _vapp_key(migration: Migration) -> tuple[str, str, str]:
    target = migration.request.target
    return migration.org, target.vdc, target.vapp_name
