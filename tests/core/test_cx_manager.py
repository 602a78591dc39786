"""The client of the Replication Manager: what answers is checked before any secret is sent."""

# ruff: noqa: E501 (texts for users are compared whole and stay on one line)
from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import requests
import responses
from core_world import config
from cx_provider import CxProvider, error_object, reply

from cxsim.core.cx_cloud_service import ReplicationManagerInfo
from cxsim.core.cx_manager import ReplicationManager, advertised_url
from cxsim.core.errors import BadAnswer, CertificateMismatch, ConnectionTrouble, UserError
from cxsim.core.pinning import FirstSight, thumbprint

ENDPOINT = "at the provider: the Replication Manager's Public Endpoint URL (address and port, normally 8044)"


def manager(url: str = "https://203.0.113.32:8044", pin: str = "SHA-256:AA") -> ReplicationManager:
    return ReplicationManager(ReplicationManagerInfo(url, pin, "token-1"), (3.0, 7.0))


def test_a_replication_manager_is_recognised(cx: CxProvider) -> None:
    manager().check_product()
    assert cx.calls == ["GET /diagnostics/about"]


@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (reply(200, {"product": "h4-replicator"}), "a Replicator answers there, not a Replication Manager"),
        (reply(200, {"product": "apache"}), "'apache' answers there, not a Replication Manager"),
        (reply(200, {}), "another product answers there, not a Replication Manager"),
        (reply(200, []), "another product answers there, not a Replication Manager"),
        (
            reply(404, error_object("NotFound", "There is no /diagnostics/about.")),
            "something answers there that is not a Replication Manager: it does not know what was asked for "
            "(HTTP 404): There is no /diagnostics/about [NotFound]",
        ),
        (
            (200, {"Content-Type": "text/html"}, "<html><title>vCloud Director</title>"),
            "something answers there that is not a Replication Manager: a web page ('vCloud Director') came back "
            "instead of JSON",
        ),
        (
            (401, {"Content-Type": "application/json"}, ""),
            "something answers there that is not a Replication Manager: it does not accept the login (HTTP 401)",
        ),
    ],
)
def test_another_product_at_the_public_endpoint_is_noticed(cx: CxProvider, about: Any, answer: str) -> None:
    cx.about = about
    with pytest.raises(BadAnswer) as caught:
        manager().check_product()
    assert caught.value.answer == answer
    assert caught.value.check == ENDPOINT
    assert caught.value.where == "Replication Manager (https://203.0.113.32:8044)"


def test_a_manager_in_trouble_is_not_mistaken_for_another_product(cx: CxProvider) -> None:
    cx.about = reply(503)
    with pytest.raises(BadAnswer) as caught:
        manager().check_product()
    assert caught.value.answer == "the service is not available (HTTP 503)"


def test_another_certificate_than_the_announced_one_is_refused(
    cx: CxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = FirstSight()
    seen.judge("203.0.113.32", 8044, b"shown")
    monkeypatch.setattr("cxsim.core.cx_manager.FirstSight", lambda: seen)
    with pytest.raises(CertificateMismatch, match="differs from the expected one"):
        manager(pin=thumbprint(b"announced")).check_product()
    manager(pin=thumbprint(b"shown")).check_product()


def test_an_unreachable_manager_is_told_with_both_sides_to_check() -> None:
    with responses.RequestsMock() as mock:
        mock.add("GET", re.compile(".*"), body=requests.ConnectTimeout("timed out"))
        with pytest.raises(ConnectionTrouble) as caught:
            manager().check_product()
    assert str(caught.value) == (
        "Could not reach the Replication Manager. Replication Manager (https://203.0.113.32:8044): nothing answered "
        "the connection attempt (timed out). Check that the firewalls of both sides let this appliance reach this "
        "address and port (normally 8044), that the provider's NAT forwards it to the Replication Manager, and the "
        "manager's Public Endpoint URL."
    )


@pytest.mark.parametrize(
    "url", ["", "203.0.113.32:8044", "http://203.0.113.32:8044", "https://", "https://a:b"]
)
def test_an_endpoint_that_is_no_url_is_told(url: str) -> None:
    with pytest.raises(BadAnswer, match="the address that the cloud service gives is not a URL") as caught:
        manager(url)
    assert caught.value.check == ENDPOINT


def test_an_endpoint_with_the_scheme_typed_twice_is_told() -> None:
    with pytest.raises(UserError):
        manager("https://https://203.0.113.32:8044").check_product()


def test_the_replicator_is_registered_as_documented(cx: CxProvider) -> None:
    task = manager().register_replicator("Tyrell", "Tyrell", config().replicator, "SHA-256:BB")
    assert (task.id, task.state) == ("T-1", "RUNNING")
    assert cx.bodies[-1] == {
        "owner": "Tyrell",
        "site": "Tyrell",
        "description": "tenant replicator of Tyrell",
        "details": {
            "apiUrl": "https://198.51.100.10:443",
            "apiThumbprint": "SHA-256:BB",
            "rootPassword": "root-secret",
            "ssoUser": "sso@vsphere.local",
            "ssoPassword": "sso-secret",
        },
    }


def test_a_task_tells_its_outcome(cx: CxProvider) -> None:
    cx.task_polls = 1
    done = manager().task("T-1")
    assert (done.state, done.result_id, done.error) == ("SUCCEEDED", "R-7", None)
    cx.task_polls, cx.task_error = 1, error_object("ConnectionTimedOut", "No answer.")
    failed = manager().task("T-1")
    assert (failed.state, failed.error_code, failed.error) == (
        "FAILED",
        "ConnectionTimedOut",
        "No answer [ConnectionTimedOut]",
    )


@pytest.mark.parametrize("document", [[], {"id": "T-1"}, {"id": "T-1", "state": "RUNNING", "error": "x"}])
def test_a_task_that_is_not_as_documented_is_refused(cx: CxProvider, document: Any) -> None:
    cx.overrides["GET /tasks/T-1"] = [reply(200, document)]
    with pytest.raises(BadAnswer, match="not as documented"):
        manager().task("T-1")


def test_without_a_public_endpoint_the_private_address_is_advertised() -> None:
    assert advertised_url(config().replicator) == "https://198.51.100.10:443"
    assert advertised_url(replace(config().replicator, public_endpoint=" ")) == "https://192.168.0.34:8043"
