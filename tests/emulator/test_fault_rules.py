"""Fault rules: which requests they meet, when they fire, what they do; mistakes in rules are refused."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from cxsim.emulator.fault_rules import SOAP_FAULT_KEY, FaultRule, FaultRules, SoapFault, TransportFault

SOAP = b"<e:Envelope xmlns:e='x'><e:Body><Login xmlns='urn:vim25'/></e:Body></e:Envelope>"


def statuses(rules, app, count, path="/api/x") -> list[int]:
    client = Client(rules.wrap(app))
    return [client.get(path).status_code for _ in range(count)]


def test_the_first_rule_that_fires_decides(host, echo_app) -> None:
    rules = FaultRules(
        host,
        [
            FaultRule("other path", path="/other/*", status=500),
            FaultRule("first", path="/api/*", status=503, body="busy", headers={"Retry-After": "5"}),
            FaultRule("second", path="/api/*", status=500),
        ],
    )
    answer = Client(rules.wrap(echo_app)).get("/api/x")
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "busy", "5")
    assert [f.rule for f in rules.firings] == ["first"]


def test_the_nth_call_alone_goes_wrong(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("third", nth=3, status=500)])
    assert statuses(rules, echo_app, 5) == [200, 200, 500, 200, 200]


def test_skip_and_max_counts_bound_the_firings(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("some", skip_count=1, max_count=2, status=500)])
    assert statuses(rules, echo_app, 5) == [200, 500, 500, 200, 200]


def test_a_rule_that_does_not_fire_lets_the_next_one_decide(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("once", max_count=1, status=500), FaultRule("rest", status=418)])
    assert statuses(rules, echo_app, 3) == [500, 418, 418]


def test_chance_is_the_same_for_the_same_seed(host, echo_app) -> None:
    def run() -> list[int]:
        return statuses(FaultRules(type(host)(), [FaultRule("p", probability=0.5, status=500)]), echo_app, 40)

    assert run() == run()
    assert 5 < run().count(500) < 35


def test_latency_passes_on_the_host_clock_and_the_request_goes_on(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("slow", latency_s=2.0, latency_max_s=4.0)])
    before_s = host.now()
    assert statuses(rules, echo_app, 1) == [200]
    assert 2.0 <= host.now() - before_s <= 4.0
    assert rules.firings[0].latency_s == pytest.approx(host.now() - before_s)


def test_soap_rules_meet_the_operation_and_hand_the_fault_to_the_product(host) -> None:
    seen = []

    def product(environ, start_response):
        seen.append(environ.get(SOAP_FAULT_KEY))
        start_response("200 OK", [])
        return [b""]

    fault = SoapFault("NotAuthenticated", "The session is not authenticated.")
    rules = FaultRules(host, [FaultRule("expire", protocol="soap", soap_method="Log*", soap_fault=fault)])
    client = Client(rules.wrap(product))
    client.post("/sdk", data=SOAP, content_type="text/xml")
    client.get("/sdk")
    assert seen == [fault, None]


def test_http_rules_leave_soap_alone(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("http only", protocol="http", status=500)])
    client = Client(rules.wrap(echo_app))
    assert client.post("/sdk", data=SOAP, content_type="text/xml").status_code == 200
    assert client.get("/sdk").status_code == 500


def test_a_transport_fault_leaves_the_application_as_an_exception(host, echo_app) -> None:
    rules = FaultRules(host, [FaultRule("rst", transport="reset")])
    with pytest.raises(TransportFault) as raised:
        statuses(rules, echo_app, 1)
    assert raised.value.kind == "reset"
    assert len(rules.firings) == 1


def test_a_disabled_rule_does_nothing(host, echo_app) -> None:
    assert statuses(FaultRules(host, [FaultRule("off", enabled=False, status=500)]), echo_app, 1) == [200]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "x", "probability": 2}, "probability must be between 0 and 1"),
        ({"name": "x", "transport": "explode"}, "transport must be one of reset, empty"),
        ({"name": "x", "nth": 0}, "nth counts from 1"),
        ({"name": "x", "latency_s": 3, "latency_max_s": 1}, "latency_max_s must not be less"),
        ({"name": "x", "status": 9}, "status must be an HTTP status"),
        ({"name": "x", "colour": "red"}, "unknown keys: colour"),
        ({"name": "x", "soap_fault": {"kind": "y"}}, "kind"),
        ({}, "name"),
        ({"name": "x", "latency_s": "long"}, "not supported between"),
    ],
)
def test_a_mistaken_rule_is_refused_with_its_reason(given, says) -> None:
    with pytest.raises(ValueError, match=says):
        FaultRule.from_dict(given)


def test_two_rules_of_one_name_are_refused_and_a_rule_can_be_removed(host) -> None:
    rules = FaultRules(host, [FaultRule("a")])
    with pytest.raises(ValueError, match="exists already"):
        rules.add(FaultRule("a"))
    assert rules.remove("a")
    assert not rules.remove("a")
