"""What both CX appliances have: identity, administrators' logins, the appliances they manage.

Rules of this file: the model behind `mgmt_api`, for the cloud service and the connector alike; no urls.
Changing a managed appliance's Public Endpoint URL really calls that appliance (cx.md P3).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task, TaskClock, TaskState
from cxsim.fake_cx import errors
from cxsim.fake_cx.appliance_setup import SECRET_HEADER
from cxsim.fake_cx.config import ROOT, ManagedAppliance
from cxsim.fake_cx.outgoing import Outgoing
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import as_h4

LOCAL_MACHINE, VCENTER = "LOCAL_MACHINE", "VCENTER"


@dataclass(frozen=True)
class Identity:
    """What an administrator configured. `deployment_type`: cx-cloud-service or cx-connector."""

    deployment_type: str
    root_password: str
    sso_user: str
    sso_password: str
    vcenter_name: str
    vcenter_url: str
    lookup_service_url: str


@dataclass
class Entry:
    """A managed appliance with the id that the mobility API knows it by."""

    id: str
    appliance: ManagedAppliance

    def to_json(self) -> dict[str, Any]:
        """As GET /mgmt/wp/managers and /replicators show it (field names: cx.md 5.2)."""
        return {
            "entityId": self.id,
            "entityName": self.appliance.name,
            "apiURL": self.appliance.url,
            "publicEndpoint": self.appliance.public_endpoint,
            "configured": True,
            "isActivated": True,
        }


@dataclass
class Mobility:
    """The management side of one CX appliance."""

    host: Host
    settings: CxSettings
    outgoing: Outgoing
    identity: Identity
    managers: list[Entry] = field(default_factory=list)
    replicators: list[Entry] = field(default_factory=list)
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sessions: Sessions[str] = Sessions(self.host, "mobility session", self.settings.session_life_s)
        self.tasks = TaskClock(self.host)

    def entry(self, appliance: ManagedAppliance) -> Entry:
        """A managed appliance with a new id."""
        return Entry(self.host.new_uuid("entity"), appliance)

    def log_in(self, authenticator: str, credentials: tuple[str, str] | None) -> str | None:
        """Check an administrator. A token for SSO users, None for the local one (who sends the password
        with every call, cx.md 5.2). Raises `NotAuthenticated`."""
        user, password = credentials or ("", "")
        accounts = {
            LOCAL_MACHINE: (ROOT, self.identity.root_password),
            VCENTER: (self.identity.sso_user, self.identity.sso_password),
        }
        known = accounts.get(authenticator)
        if known is None or user != known[0] or not hmac.compare_digest(password.encode(), known[1].encode()):
            raise errors.NotAuthenticated("The user name or password is wrong.")
        return self.sessions.open(user) if authenticator == VCENTER else None

    def set_public_endpoint(
        self, entries: list[Entry], entity_id: str, typed: str, change: Callable[[ManagedAppliance], None]
    ) -> Task:
        """Start replacing an appliance's Public Endpoint URL; `change` tells the appliance. Raises
        `NotFound`."""
        entry = next((e for e in entries if e.id == entity_id), None)
        if entry is None:
            raise errors.NotFound(f"There is no appliance {entity_id}.", entity_id)

        def work(task: Task) -> None:
            try:
                change(entry.appliance)
            except Exception as error:
                raise as_h4(self.host, "publicendpoint", error) from error
            entry.appliance = replace(entry.appliance, public_endpoint=typed)

        return self._start("publicendpoint", entry.appliance.name, work)

    def tell_replicator(self, appliance: ManagedAppliance, url: str, lwd_address: str, lwd_port: int) -> None:
        """Give a replicator its new endpoint. Raises the `CommunicationError` family."""
        self.outgoing.peer(appliance.url, appliance.thumbprint).call(
            "POST",
            "/config/endpoints",
            json_body={"url": url, "lwdIpAddress": lwd_address, "lwdPort": lwd_port},
            headers={SECRET_HEADER: appliance.root_password},
        ).expect(200)

    def _start(self, kind: str, target: str, work: Callable[[Task], None]) -> Task:
        def ended(task: Task) -> None:
            error = task.error.to_json() if isinstance(task.error, errors.H4Error) else None
            self.host.log("task", kind=kind, target=target, state=_RESULTS[task.state], error=error)

        return self.tasks.start(self.host.new_uuid("task"), kind, target, work, on_end=ended)

    def task_json(self, task_id: str) -> dict[str, Any]:
        """As GET /mgmt/wp/tasks shows it (cx.md 5.2). Raises `TaskNotFound`."""
        task = self.tasks.tasks.get(task_id)
        if task is None:
            raise errors.TaskNotFound(f"There is no task {task_id}.", task_id)
        running = task.state is TaskState.RUNNING
        return {
            "taskId": task.id,
            "taskName": task.kind,
            "taskStatus": {
                "progress": task.percent(self.host.now()),
                "state": "RUNNING" if running else "FINISHED",
                "result": None if running else _RESULTS[task.state],
            },
            "errorDetails": task.error.to_json() if isinstance(task.error, errors.H4Error) else None,
        }


_RESULTS = {TaskState.SUCCEEDED: "SUCCESS", TaskState.FAILED: "FAILURE"}
