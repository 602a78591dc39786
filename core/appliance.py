"""The tenant's CX appliance: what its user can do, in one place.

Rules of this file: a facade without logic of its own. Every error that a user can cause or act on comes out
as a `UserError` and is told as a `message` event as well. It threads the parts together and knows the real
clients of vCenter and vCD; tests put others in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cxsim.core.configuration import ApplianceConfig, ReplicatorConfig
from cxsim.core.decisions import Decisions, Journal, NoJournal
from cxsim.core.errors import Conflict, UserError
from cxsim.core.messages import tell_error
from cxsim.core.migration import Migrations
from cxsim.core.neighbours import OfferedVdc, OpenVcd, OpenVcenter
from cxsim.core.probe import TestOutcome
from cxsim.core.provider import AskPassword, ProviderCloud, ProviderClouds, VdcRow
from cxsim.core.runtime import Runtime
from cxsim.core.trust import Trust, TrustedCertificates
from cxsim.core.vcd import VcdLogins
from cxsim.core.vcenter import VcenterLogins
from cxsim.core.vcenter_inventory import TreeNode
from cxsim.core.wizard import CutoverRequest, MigrationRequest, ProviderCloudForm, cloud_endpoints
from cxsim.core.workloads import Home, Job, Workload

__all__ = [
    "Appliance",
    "ApplianceConfig",
    "CutoverRequest",
    "Home",
    "Job",
    "MigrationRequest",
    "ProviderCloud",
    "ProviderCloudForm",
    "ReplicatorConfig",
    "TestOutcome",
    "Trust",
    "VdcRow",
    "Workload",
]


class Appliance:
    """A CX appliance on a machine. All methods block; long work goes on in the Runtime's background."""

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        *,
        open_vcenter: OpenVcenter | None = None,
        open_vcd: OpenVcd | None = None,
        journal: Journal | None = None,
    ) -> None:
        """`open_vcenter`, `open_vcd`: others in the place of the real clients. `journal`: where decisions are
        written down before they take effect (None: nowhere)."""
        self._runtime = runtime
        open_vcd = open_vcd or VcdLogins(config.timeouts_s)
        self._decisions = decisions = Decisions(runtime, journal or NoJournal(), config.journal_most)
        self.trusted = TrustedCertificates(runtime, decisions, config.certificate_dates)
        open_vcenter = open_vcenter or VcenterLogins(runtime, config, self.trusted.registering())
        self._open_vcenter = open_vcenter
        self._clouds = ProviderClouds(runtime, config, self.trusted, open_vcd, decisions)
        self._migrations = Migrations(runtime, config, self._clouds, open_vcenter, decisions)

    def carry_on(self, ask_password: AskPassword) -> None:
        """Go on where the process before this one was cut off, as its journal tells: to be called once,
        before anything else. Every step that may have been under way is done again; each is found by its
        key at the provider, or is harmless when repeated. `ask_password`: for each cloud in the list."""
        known = self._decisions.read()
        self.trusted.restore(known)
        self._migrations.book.restore(known)
        self._clouds.restore(known, ask_password)
        self._migrations.carry_on()

    # --- provider clouds

    def test_cloud(self, form: ProviderCloudForm, trust: Trust) -> TestOutcome:
        """The Test button. What failed is in the outcome; it raises nothing a user can cause."""
        return self._clouds.test(form, trust)

    def add_cloud(self, form: ProviderCloudForm, trust: Trust) -> ProviderCloud | None:
        """Add a provider cloud; enabling goes on in the background. None: certificates declined, nothing
        added. Raises `InputError`, `Conflict` (name in use)."""
        with self._telling(form.name):
            return self._clouds.add(form, trust)

    def edit_cloud(self, name: str, form: ProviderCloudForm, trust: Trust) -> ProviderCloud | None:
        """Change a provider cloud and enable it again. None: certificates declined, nothing changed.
        Raises `NotFound`, `InputError`."""
        with self._telling(name):
            self._refuse_to_move(name, form)
            return self._clouds.edit(name, form, trust)

    def _refuse_to_move(self, name: str, form: ProviderCloudForm) -> None:
        """Migrations under way stay at the provider where they were begun; only the account may change."""
        active = self._migrations.book.active(name)
        if active and cloud_endpoints(form) != self._clouds.record(name).endpoints:
            raise Conflict(
                f"edit the provider cloud {name}",
                "Provider Cloud URL and vCD Extender Cloud Service URL",
                f"migrations to it are under way: {', '.join(record.name for record in active)}",
                "that they are completed or cancelled first; user and password may change",
            )

    def delete_cloud(self, name: str) -> None:
        """Take a provider cloud off the list. Raises `NotFound`, `Conflict` (migrations under way)."""
        with self._telling(name):
            self._clouds.record(name)
            active = self._migrations.book.active(name)
            if active:
                raise Conflict(
                    f"delete the provider cloud {name}",
                    "Provider Clouds",
                    f"migrations to it are under way: {', '.join(record.name for record in active)}",
                    "that they are completed or cancelled first",
                )
            self._clouds.delete(name)

    def clouds(self) -> list[ProviderCloud]:
        """The Provider Clouds list."""
        return self._clouds.all()

    def cloud(self, name: str) -> ProviderCloud:
        """One provider cloud. Raises `NotFound`."""
        return self._clouds.record(name).shown()

    def set_replicator_endpoint(self, typed: str) -> None:
        """Type another Public Endpoint URL for the tenant's replicator (the wizard's step 4 again, cx.md
        2.2); clouds that are enabled from now on are told of it."""
        self._clouds.set_replicator_endpoint(typed)

    # --- migrations

    def migrate(self, request: MigrationRequest) -> list[Workload]:
        """The migration wizard's Finish; returns the rows when the provider has accepted or refused them.
        Raises `InputError`, `Conflict`, `NotFound` or the trouble met; then nothing was begun."""
        with self._telling(request.job):
            return [record.shown() for record in self._migrations.start(request)]

    def cutover(self, request: CutoverRequest) -> list[Workload]:
        """The cutover dialogue's Finish; the cutovers go on in the background. Raises `InputError`,
        `Conflict`, `NotFound`: then nothing was begun."""
        with self._telling(", ".join(request.vms)):
            return [record.shown() for record in self._migrations.cut_over(request)]

    def pause(self, vm: str) -> Workload:
        """Pause a syncing VM. Raises `Conflict`, `NotFound`."""
        with self._telling(vm):
            return self._migrations.pause(vm).shown()

    def resume(self, vm: str) -> Workload:
        """Resume a paused VM. Raises `Conflict`, `NotFound`."""
        with self._telling(vm):
            return self._migrations.resume(vm).shown()

    def cancel(self, vm: str) -> Workload:
        """Cancel a migration and clean up at the provider. Raises `Conflict`, `NotFound`."""
        with self._telling(vm):
            return self._migrations.cancel(vm).shown()

    def workloads(self) -> list[Workload]:
        """The Workloads list."""
        return [record.shown() for record in self._migrations.book.all()]

    def jobs(self) -> list[Job]:
        """The Jobs list."""
        return self._migrations.book.jobs()

    def inventory(self) -> TreeNode:
        """The wizard's inventory tree: VMs with power state and disk sizes. Raises what vCenter answers."""
        with self._telling("vCenter"), self._open_vcenter() as vcenter:
            return vcenter.tree()

    def targets(self, cloud: str) -> list[OfferedVdc]:
        """What the wizard offers of a cloud: vDCs with CPU, memory, storage profiles, networks, as the user's
        rights allow. Raises `NotFound`, or what vCloud Director answers."""
        with self._telling(cloud), self._clouds.open_vcd(self._clouds.record(cloud)) as vcd:
            return list(vcd.vdcs())

    def home(self) -> Home:
        """The Home page's figures."""
        return self._migrations.book.home()

    @contextmanager
    def _telling(self, subject: str) -> Iterator[None]:
        try:
            yield
        except UserError as error:
            tell_error(self._runtime, subject, error)
            raise
