"""The admin API over an instrumented application."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from cxsim.emulator.admin import Instrumented


@pytest.fixture
def instrumented(host, echo_app, model) -> Instrumented:
    return Instrumented(echo_app, host, model)


@pytest.fixture
def client(instrumented) -> Client:
    return Client(instrumented)


def test_health_and_version_name_host_and_product(client) -> None:
    assert client.get("/_emulator/health").json == {
        "status": "ok",
        "host": "chc-vc01",
        "now_s": 1_000_000.0,
        "requests": 0,
    }
    assert client.get("/_emulator/version").json["product"] == "Echo"


def test_the_journal_can_be_asked_and_leaves_the_admin_api_out(client) -> None:
    client.get("/a")
    client.get("/missing")
    client.get("/_emulator/health")
    listed = client.get("/_emulator/journal?path=/a").json
    assert (listed["total"], listed["count"], listed["items"][0]["path"]) == (2, 1, "/a")
    assert [i["path"] for i in client.get("/_emulator/journal?unmatched=1").json["items"]] == ["/missing"]
    assert client.delete("/_emulator/journal").status_code == 204
    assert client.get("/_emulator/journal").json["total"] == 0


def test_a_rule_added_over_http_fires_and_its_firing_is_listed(client) -> None:
    added = client.post("/_emulator/fault-rules", json={"name": "broken", "path": "/a", "status": 500})
    assert added.status_code == 201
    assert client.get("/a").status_code == 500
    assert client.get("/_emulator/journal").json["items"][0]["status"] == 500
    assert client.get("/_emulator/firings").json["items"][0]["rule"] == "broken"
    assert client.get("/_emulator/fault-rules").json["items"][0]["fired"] == 1
    assert client.delete("/_emulator/fault-rules/broken").status_code == 204
    assert client.delete("/_emulator/fault-rules/broken").status_code == 404
    assert client.get("/a").status_code == 200


@pytest.mark.parametrize("wrong", [b"", b"[1]", b'{"name": "x", "colour": "red"}', b'{"name": 1, "nth": ""}'])
def test_a_mistaken_rule_is_answered_with_400_and_a_reason(client, wrong) -> None:
    answer = client.post("/_emulator/fault-rules", data=wrong, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["error"]


def test_reset_puts_model_journal_and_rules_back(client, instrumented, model) -> None:
    model.value = "changed"
    client.post("/_emulator/fault-rules", json={"name": "x", "path": "/never", "status": 500})
    client.get("/a")
    assert client.post("/_emulator/reset").status_code == 204
    assert (model.value, len(instrumented.journal), instrumented.fault_rules.rules) == ("new", 0, [])


def test_an_unknown_admin_path_is_not_passed_to_the_product(client, instrumented) -> None:
    assert client.get("/_emulator/nothing").status_code == 404
    assert instrumented.journal.total == 0
