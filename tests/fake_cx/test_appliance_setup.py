"""The set-up calls that a Replication Manager and a replicator share: every answer, byte for byte.

The transcript is tests/golden/fake_cx/appliance-setup.txt; UPDATE_GOLDEN=1 writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cxsim.fake_cx.config import ManagerConfig, ReplicatorConfig
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator

from .conftest import Cx

MANAGER, REPLICATOR = "https://10.0.0.5:8044", "https://10.0.0.5:8043"
OLD, NEW, WRONG = ({"Config-Secret": word} for word in ("vmware", "new", "guessed"))
SETUP = {"rootPassword": "new", "lsUrl": "https://psc/lookupservice/sdk", "site": "site1"}
LOGIN = {"type": "ssoCredentials", "username": "administrator@vsphere.local", "password": "vmware"}
SESSION = "session"
"""Stands for the token of the newest login."""

CALLS: tuple[tuple[str, str, Any, Any], ...] = (
    ("GET", "/diagnostics/about", None, None),
    ("POST", "/sessions", LOGIN, None),
    ("GET", "/config", None, None),
    ("GET", "/config/certificate", None, None),
    ("POST", "/config", SETUP, None),
    ("POST", "/config", SETUP, WRONG),
    ("POST", "/config", [], OLD),
    ("POST", "/config", {**SETUP, "rootPassword": ""}, OLD),
    ("POST", "/config", {"rootPassword": "new"}, OLD),
    ("POST", "/config", {"rootPassword": "new", "lsUrl": "https://psc", "site": 7}, OLD),
    ("POST", "/config", {"rootPassword": "new", "lsUrl": "https://psc"}, OLD),
    ("POST", "/config", SETUP, OLD),
    ("POST", "/config", SETUP, NEW),
    ("POST", "/sessions", {**LOGIN, "type": "localUser"}, None),
    ("POST", "/sessions", {**LOGIN, "password": "guessed"}, None),
    ("POST", "/sessions", {**LOGIN, "username": "nobody"}, None),
    ("POST", "/sessions", LOGIN, None),
    ("GET", "/config", None, SESSION),
    ("GET", "/config/certificate", None, SESSION),
    ("DELETE", "/sessions", None, SESSION),
    ("GET", "/config", None, SESSION),
    ("GET", "/config/certificate", None, SESSION),
    ("PUT", "/config", SETUP, NEW),
)


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> Cx:
    """A manager and a replicator on one address that await POST /config; their certificates are names."""
    for kind in (ReplicationManager, Replicator):
        shown = property(lambda self: f"SHA-256 of {self.host.name}")
        monkeypatch.setattr(kind, "thumbprint", shown)
    cx = Cx()
    adapters = cx.wires.adapters("h4va")
    manager = ReplicationManager(
        ManagerConfig("10.0.0.5", preconfigured=False), cx.settings, cx.hosts["chc-ccm01"], adapters=adapters
    )
    cx.cloud_replicator = Replicator(
        ReplicatorConfig("10.0.0.5", "vc", preconfigured=False), cx.settings, cx.hosts["chc-cce01"],
        cx.data_plane, vcenter=lambda *_: cx.cloud_vcenter, adapters=adapters,
    )  # fmt: skip
    cx.wires.listen("10.0.0.5:8044", "chc-ccm01", manager.wsgi_app)
    cx.wires.listen("10.0.0.5:8043", "chc-cce01", cx.cloud_replicator.wsgi_app)
    return cx


def test_both_appliances_are_set_up_by_the_same_calls(
    unconfigured: Cx, golden: Callable[[str, str], None]
) -> None:
    def walk() -> str:
        lines: list[str] = []
        for base in (MANAGER, REPLICATOR):
            token = ""
            for method, path, document, headers in CALLS:
                sent = {"X-VCAV-Auth": token} if headers is SESSION else headers
                answer = unconfigured.call(method, base + path, document, headers=sent)
                token = answer.header("X-VCAV-Auth") or token
                shown = (
                    "-" if headers is None else headers if headers is SESSION else headers["Config-Secret"]
                )
                lines.append(f"{method} {base}{path} ({shown}) {json.dumps(document)}")
                lines.append(f"    {answer.status} {answer.content_type} {answer.body.decode()}".rstrip())
        return "\n".join(lines) + "\n"

    golden("fake_cx/appliance-setup.txt", unconfigured.run(walk))


def test_refused_endpoints_leave_the_replicator_as_it_was(unconfigured: Cx) -> None:
    def walk() -> str:
        for port in (None, 0, "8043"):
            typed = {"url": "elsewhere:443", "lwdIpAddress": "203.0.113.9", "lwdPort": port}
            refused = unconfigured.call("POST", f"{REPLICATOR}/config/endpoints", typed, headers=OLD)
            assert (refused.status, refused.document()["args"]) == (400, ["lwdPort"])
        return unconfigured.cloud_replicator.public_endpoint

    assert unconfigured.run(walk) == ""
