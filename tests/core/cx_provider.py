"""A provider's cloud service and Replication Manager in memory, answering by docs/inferred-api.md.

For tests of the core's shells: tests set what the provider does; `requests` is answered by `responses`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import responses

CX = "https://vcde.mycloud.local/mobility"
MANAGER = "https://203.0.113.32:8044"

Reply = tuple[int, dict[str, str], str]


def reply(status: int, document: Any = None, **headers: str) -> Reply:
    """A JSON answer."""
    body = "" if document is None else json.dumps(document)
    return status, {"Content-Type": "application/json", **headers}, body


def error_object(code: str, msg: str) -> dict[str, Any]:
    """An appliance's error."""
    return {"code": code, "msg": msg, "args": [], "stacktrace": None}


class CxProvider:
    """What the provider's side knows and does; tests change the attributes."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.info: Any = {"deploymentType": "cx-cloud-service", "version": "1.1.0"}
        self.password = "vmware"
        self.tokens = 0
        self.valid_token = ""
        self.manager_url = MANAGER
        self.about: Reply = reply(200, {"product": "h4-manager", "version": "1.1.0"})
        self.task_polls = 2
        self.task_error: dict[str, Any] | None = None
        self.migrations: dict[str, dict[str, Any]] = {}
        self.looks: list[list[str]] = []
        """What each bulk status was about."""
        self.overrides: dict[str, list[Reply | Exception]] = {}
        """`METHOD path` -> what to answer instead, one after the other."""

    @contextmanager
    def installed(self) -> Iterator[CxProvider]:
        """Answer all requests of this process."""
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in ("GET", "POST", "DELETE"):
                mock.add_callback(method, re.compile(re.escape(CX) + ".*"), callback=self._cloud_service)
                mock.add_callback(method, re.compile(re.escape(MANAGER) + ".*"), callback=self._manager)
            yield self

    def report(self, vm: str, state: str, percent: int | None = None, error: Any = None) -> None:
        """Let the provider report this of a VM from now on."""
        found = next(m for m in self.migrations.values() if m["vmName"] == vm)
        found.update(state=state, percent=percent, error=error)

    def called(self, pattern: str) -> int:
        """How often a call matching the pattern was made."""
        return sum(re.fullmatch(pattern, call) is not None for call in self.calls)

    def _cloud_service(self, request: Any) -> Reply:
        path, _, query = request.url[len(CX) :].partition("?")
        call, body = self._note(request, path)
        if self.overrides.get(call):
            return _given(self.overrides[call].pop(0))
        if call == "GET /info":
            return reply(200, self.info)
        if call == "GET /tenant/login":
            return self._login(request)
        if request.headers.get("x-mobility-authorization") != self.valid_token:
            return reply(401, error_object("NotAuthenticated", "Not authenticated."))
        if call == "GET /tenant/replicationmanager":
            token = {"registrationToken": "token-1", "thumbprint": "SHA-256:AA"}
            return reply(200, {"apiUrl": self.manager_url, **token})
        if call == "POST /tenant/migrations":
            return self._accept(body)
        if call == "GET /tenant/migrations":
            named = parse_qs(query).get("id", [",".join(self.migrations)])[0].split(",")
            self.looks.append(named)
            return reply(200, {"items": [m for key, m in self.migrations.items() if key in named]})
        return self._one_migration(request.method, path)

    def _login(self, request: Any) -> Reply:
        expected = base64.b64encode(f"tyrelladmin@Tyrell:{self.password}".encode()).decode()
        if request.headers["Authorization"] != f"Basic {expected}":
            return reply(401, error_object("NotAuthenticated", "Bad credentials."))
        self.tokens += 1
        self.valid_token = f"token-{self.tokens}"
        return 204, {"x-mobility-authorization": self.valid_token}, ""

    def _accept(self, body: Any) -> Reply:
        for known in self.migrations.values():
            if known["externalKey"] == body["externalKey"]:
                return reply(200, known)
        migration_id = f"M-{len(self.migrations) + 1}"
        state = "SCHEDULED" if body["startTime"] else "CREATED"
        self.migrations[migration_id] = {
            "id": migration_id,
            "externalKey": body["externalKey"],
            "vmName": body["vmName"],
            "state": state,
            "percent": None,
            "error": None,
        }
        return reply(201, self.migrations[migration_id])

    def _one_migration(self, method: str, path: str) -> Reply:
        found = re.fullmatch(r"/tenant/migrations/([^/]+)(?:/(\w+))?", path)
        if found is None or found[1] not in self.migrations:
            return reply(404, error_object("MigrationNotFound", "No such migration."))
        migration = self.migrations[found[1]]
        if method == "DELETE":
            del self.migrations[found[1]]
            return 204, {}, ""
        if found[2] == "cutover":
            migration.update(state="CUTTING_OVER", percent=0)
        if found[2] == "pause":
            migration.update(state="PAUSED", percent=None)
        if found[2] == "resume":
            migration.update(state="SYNCING", percent=50)
        return reply(202 if found[2] else 200, migration)

    def _manager(self, request: Any) -> Reply:
        call, _ = self._note(request, request.url[len(MANAGER) :])
        if self.overrides.get(call):
            return _given(self.overrides[call].pop(0))
        if call == "GET /diagnostics/about":
            assert "X-VCAV-Auth" not in request.headers, "a secret was sent before the product was known"
            return self.about
        assert request.headers["X-VCAV-Auth"] == "token-1"
        task: dict[str, Any] = {"id": "T-1", "state": "RUNNING", "error": None}
        if call == "GET /tasks/T-1":
            self.task_polls -= 1
            if self.task_polls <= 0:
                task["state"] = "FAILED" if self.task_error else "SUCCEEDED"
                task["error"] = self.task_error
                task["workflowInfo"] = {"resourceId": "R-7"}
            return reply(200, task)
        return reply(202, task)

    def _note(self, request: Any, path: str) -> tuple[str, Any]:
        call = f"{request.method} {path}"
        self.calls.append(call)
        body = json.loads(request.body) if request.body else None
        self.bodies.append(body)
        return call, body


def _given(answer: Reply | Exception) -> Reply:
    if isinstance(answer, Exception):
        raise answer
    return answer
