"""The tenant's list of provider clouds: add, edit, enable in the background, delete.

Rules of this file: a thin shell round the table in `provider_states.py`. Every change of state goes through
`_decide`, which also shows it (`cloud` and `vdc` events). An outcome of an enabling attempt that was
overtaken by Edit or Delete is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.cx_cloud_service import CloudService
from cxsim.core.decisions import SNAPSHOT, Decision, Decisions
from cxsim.core.enabling import Enabled, Enabling
from cxsim.core.errors import Conflict, InputError, NotFound, UserError
from cxsim.core.messages import tell, tell_error
from cxsim.core.neighbours import OfferedVdc, OpenVcd, TargetVcd
from cxsim.core.probe import CloudProbe, TestOutcome, cloud_service
from cxsim.core.provider_states import CLOUD, CloudAction, CloudEvent, CloudState
from cxsim.core.runtime import Runtime, Task, TaskCancelled
from cxsim.core.trust import Trust, TrustedCertificates
from cxsim.core.wizard import CloudEndpoints, ProviderCloudForm, cloud_endpoints, nearest

LOADING = "Loading..."
"""What the vDC list says until the cloud is Running (cx.md 2.3)."""


AskPassword = Callable[[str, str], str | None]
"""Asks for a password again, which is never written down: (provider cloud, user) -> it, None if not known."""

PASSWORD_MISSING = "its password is needed again: edit the provider cloud"


@dataclass(frozen=True)
class VdcRow:
    """A row of the vDC list: used / allocated, as the plugin shows them."""

    name: str
    cpu: str
    memory: str
    storage: str


@dataclass(frozen=True)
class ProviderCloud:
    """A provider cloud as the list shows it. `vdcs` None: `Loading...`."""

    name: str
    status: str
    reason: str | None
    vdcs: tuple[VdcRow, ...] | None


@dataclass
class CloudRecord:
    """What the appliance keeps of a provider cloud."""

    form: ProviderCloudForm
    endpoints: CloudEndpoints
    service: CloudService
    state: CloudState = CloudState.ABSENT
    reason: str | None = None
    vdcs: tuple[VdcRow, ...] | None = None
    replicator_id: str | None = None
    attempt: int = 0
    task: Task[None] | None = field(default=None, repr=False)

    def shown(self) -> ProviderCloud:
        """As the list shows it now."""
        return ProviderCloud(self.form.name, self.state.value, self.reason, self.vdcs)


@dataclass(frozen=True)
class Outcome:
    """How an enabling attempt ended."""

    attempt: int
    enabled: Enabled | None = None
    reason: str | None = None


class ProviderClouds:
    """All provider clouds of the appliance."""

    def __init__(
        self,
        runtime: Runtime,
        config: ApplianceConfig,
        trusted: TrustedCertificates,
        open_vcd: OpenVcd,
        decisions: Decisions,
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._trusted = trusted
        self._open_vcd = open_vcd
        self._decisions = decisions
        self._probe = CloudProbe(runtime, config, trusted, open_vcd)
        self._records: dict[str, CloudRecord] = {}
        self._names_in_use: set[str] = set()
        decisions.keep(self._snapshot)

    def set_replicator_endpoint(self, typed: str) -> None:
        """Advertise the tenant's replicator by another Public Endpoint URL from now on."""
        replicator = replace(self._config.replicator, public_endpoint=typed)
        self._config = replace(self._config, replicator=replicator)

    # --- what the user does

    def test(self, form: ProviderCloudForm, trust: Trust) -> TestOutcome:
        """The Test button."""
        return self._probe.test(form, trust)

    def add(self, form: ProviderCloudForm, trust: Trust) -> ProviderCloud | None:
        """Add a provider cloud; enabling goes on in the background. None: the certificates were declined and
        nothing was added. Raises `InputError` (form) and `Conflict` (name in use)."""
        endpoints = cloud_endpoints(form)
        key = form.name.casefold()
        if key in self._names_in_use:
            raise Conflict(
                f"add the provider cloud {form.name}",
                "Provider Cloud Name",
                "a provider cloud of this name exists already",
                "the list of provider clouds, or choose another name",
            )
        self._names_in_use.add(key)  # before the first network call, so that nobody else can take it
        added = False
        try:
            if not self._certificates_trusted(form.name, endpoints, trust):
                tell(self._runtime, form.name, "The certificates were not trusted; nothing was added.")
                return None
            record = self._records[form.name] = self._record(form, endpoints)
            added = True
        finally:
            if not added:
                self._names_in_use.discard(key)
        self._decide(record, CloudEvent.ADD)
        return record.shown()

    def edit(self, name: str, form: ProviderCloudForm, trust: Trust) -> ProviderCloud | None:
        """Change a provider cloud and enable it again. None: the certificates were declined and nothing was
        changed. Raises `NotFound` and `InputError`."""
        record = self.record(name)
        endpoints = cloud_endpoints(form)
        if form.name != name:
            raise InputError(
                f"edit the provider cloud {name}",
                "Provider Cloud Name",
                f"it cannot be changed to '{form.name}'",
                "the name, or add a second provider cloud",
            )
        if not self._certificates_trusted(name, endpoints, trust):
            tell(self._runtime, name, "The certificates were not trusted; nothing was changed.")
            return None
        record.form, record.endpoints = form, endpoints
        record.service = cloud_service(form, endpoints, self._trusted.pins(), self._config)
        self._decide(record, CloudEvent.EDIT)
        return record.shown()

    def delete(self, name: str) -> None:
        """Take a provider cloud off the list. Raises `NotFound`."""
        record = self.record(name)
        self._decide(record, CloudEvent.DELETE)

    # --- carrying on in a new process

    def restore(self, decisions: Iterable[Decision], ask_password: AskPassword) -> None:
        """Take in what an earlier process has written down; clouds whose password is not known any more
        become `Enable Failed`, and enabling that was cut off begins again."""
        for decision in decisions:
            if decision.machine == CLOUD.name:
                self._repeat(decision)
        for record in list(self._records.values()):
            password = ask_password(record.form.name, record.form.user)
            if password:
                record.form = replace(record.form, password=password)
                record.service = self._service(record.form, record.endpoints)
            if not password and CLOUD.allows(record.state, CloudEvent.PASSWORD_MISSING):
                missing = Outcome(record.attempt, reason=PASSWORD_MISSING)
                self._decide(record, CloudEvent.PASSWORD_MISSING, missing)
            elif CLOUD.allows(record.state, CloudEvent.RESUMED):
                self._decide(record, CloudEvent.RESUMED)

    def _repeat(self, decision: Decision) -> None:
        """Let a decision that was written down happen again, without its action."""
        name, event, facts = decision.subject, decision.event, decision.facts
        if event == CloudEvent.DELETE.value:
            self._records.pop(name, None)
            self._names_in_use.discard(name.casefold())
            return
        if "url" in facts:
            form = ProviderCloudForm(name, facts["url"], facts["cx_url"], facts["user"], "")
            endpoints = cloud_endpoints(form, password_known=False)
            record = self._records.get(name)
            if record is None:
                record = self._records[name] = self._record(form, endpoints)
                self._names_in_use.add(name.casefold())
            record.form, record.endpoints, record.vdcs = form, endpoints, None
            record.attempt += 1
        record = self._records[name]
        record.state, record.reason = CloudState(decision.after), facts.get("reason")
        if event in (CloudEvent.ENABLED.value, SNAPSHOT):
            record.replicator_id = facts["replicator_id"]
            record.vdcs = None if facts["vdcs"] is None else tuple(VdcRow(**row) for row in facts["vdcs"])

    def _snapshot(self) -> list[Decision]:
        return [
            Decision(
                CLOUD.name,
                record.form.name,
                SNAPSHOT,
                "",
                record.state.value,
                "",
                {
                    **_facts(record, None),
                    "reason": record.reason,
                    "replicator_id": record.replicator_id,
                    "vdcs": None if record.vdcs is None else [asdict(row) for row in record.vdcs],
                },
            )
            for record in list(self._records.values())
            if record.state not in CLOUD.final and record.state is not CLOUD.start
        ]

    # --- what others ask

    def all(self) -> list[ProviderCloud]:
        """The list, in the order in which clouds were added."""
        return [record.shown() for record in list(self._records.values())]

    def record(self, name: str) -> CloudRecord:
        """A cloud by name. Raises `NotFound` with the nearest names."""
        try:
            return self._records[name]
        except KeyError:
            raise NotFound(
                f"find the provider cloud {name}",
                "Provider Clouds",
                f"there is no provider cloud '{name}'",
                nearest(name, self._records, "provider cloud"),
            ) from None

    def open_vcd(self, record: CloudRecord) -> AbstractContextManager[TargetVcd]:
        """Log in at the cloud's vCloud Director."""
        form = record.form
        return self._open_vcd(record.endpoints, form.user, form.password, self._trusted.pins())

    # --- the one place where a cloud changes

    def _decide(self, record: CloudRecord, event: CloudEvent, outcome: Outcome | None = None) -> None:
        name = record.form.name
        reason = outcome.reason if outcome else None

        def apply(after: CloudState) -> None:
            record.state, record.reason = after, reason
            if outcome is None:
                record.attempt += 1
                record.vdcs = None
            elif outcome.enabled is not None:
                record.replicator_id = outcome.enabled.replicator_id
                record.vdcs = rows(outcome.enabled.vdcs)
            self._runtime.log("cloud", cloud=name, status=after.value, reason=reason)

        action = self._decisions.take(
            CLOUD,
            name,
            lambda: record.state,
            event,
            apply,
            facts=_facts(record, outcome),
            valid=lambda: outcome is None or outcome.attempt == record.attempt,
        )
        if action is CloudAction.ENABLE:
            self._stop(record)
            self._runtime.log("vdc", cloud=name, vdcs=LOADING)
            record.task = self._runtime.spawn(
                self._enable, record, record.attempt, name=f"enable provider cloud {name}"
            )
        elif action is CloudAction.SHOW_VDCS:
            self._runtime.log("vdc", cloud=name, vdcs=[asdict(row) for row in record.vdcs or ()])
        elif action is CloudAction.STOP:
            self._stop(record)
            record.service.close()
            self._records.pop(name, None)
            self._names_in_use.discard(name.casefold())

    @staticmethod
    def _stop(record: CloudRecord) -> None:
        if record.task is not None:
            record.task.cancel()
            record.task = None

    # --- enabling, in the background

    def _enable(self, record: CloudRecord, attempt: int) -> None:
        enabling = Enabling(
            self._runtime,
            self._config,
            self._open_vcd,
            record.form,
            record.endpoints,
            record.service,
            self._trusted.pins(),
        )
        try:
            enabled = enabling.run()
        except TaskCancelled:
            raise
        except UserError as error:
            if attempt == record.attempt:
                tell_error(self._runtime, record.form.name, error)
            self._decide(record, CloudEvent.FAILED, Outcome(attempt, reason=error.reason))
        except Exception as mistake:
            # A mistake of this program must not leave the cloud at Enabling for ever.
            reason = f"internal error ({type(mistake).__name__})"
            self._decide(record, CloudEvent.FAILED, Outcome(attempt, reason=reason))
            raise
        else:
            self._decide(record, CloudEvent.ENABLED, Outcome(attempt, enabled=enabled))

    # --- forms and certificates

    def _certificates_trusted(self, name: str, endpoints: CloudEndpoints, trust: Trust) -> bool:
        return self._trusted.ask(name, "Add", self._probe.certificates(endpoints), trust)

    def _record(self, form: ProviderCloudForm, endpoints: CloudEndpoints) -> CloudRecord:
        return CloudRecord(form, endpoints, self._service(form, endpoints))

    def _service(self, form: ProviderCloudForm, endpoints: CloudEndpoints) -> CloudService:
        return cloud_service(form, endpoints, self._trusted.pins(), self._config)


def _facts(record: CloudRecord, outcome: Outcome | None) -> dict[str, Any]:
    """What must be known to carry on after an interruption. The password is asked for again."""
    if outcome is not None:
        enabled = outcome.enabled
        return {
            "reason": outcome.reason,
            "replicator_id": enabled.replicator_id if enabled else None,
            "vdcs": [asdict(row) for row in rows(enabled.vdcs)] if enabled else None,
        }
    form = record.form
    return {"name": form.name, "url": form.url, "cx_url": form.cx_url, "user": form.user}


def rows(vdcs: Sequence[OfferedVdc]) -> tuple[VdcRow, ...]:
    """The vDC list's rows."""
    return tuple(VdcRow(vdc.name, vdc.cpu, vdc.memory, vdc.storage) for vdc in vdcs)
