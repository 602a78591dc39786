"""The journal records what passed, finds it again, and stays small."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from cxsim.emulator.journal import Journal

SOAP = b"<e:Envelope xmlns:e='x'><e:Body><Login xmlns='urn:vim25'/></e:Body></e:Envelope>"


def test_a_request_is_recorded_with_method_path_soap_method_and_status(host, echo_app) -> None:
    journal = Journal(host)
    client = Client(journal.wrap(echo_app))
    assert client.post("/sdk?x=1", data=SOAP, content_type="text/xml").data == SOAP
    client.get("/missing")
    first, second = journal
    assert (first.method, first.path, first.soap_method, first.status) == ("POST", "/sdk?x=1", "Login", 200)
    assert (second.method, second.path, second.soap_method, second.status) == ("GET", "/missing", None, 404)


def test_find_takes_globs_and_the_query_need_not_be_named(host, echo_app) -> None:
    journal = Journal(host)
    client = Client(journal.wrap(echo_app))
    for place in ("/api/task/1", "/api/task/2?poll=1", "/api/org"):
        client.get(place)
    client.post("/sdk", data=SOAP, content_type="text/xml")
    assert [r.path for r in journal.find("GET", "/api/task/*")] == ["/api/task/1", "/api/task/2?poll=1"]
    assert journal.count(path="/api/task/2") == 1
    assert journal.count(soap_method="Log*") == 1
    assert journal.count(method="DELETE") == 0


def test_requests_the_product_does_not_know_are_found_as_unmatched(host, echo_app) -> None:
    journal = Journal(host)
    client = Client(journal.wrap(echo_app))
    client.get("/known")
    client.get("/missing/thing")
    assert [r.path for r in journal.unmatched()] == ["/missing/thing"]


def test_the_oldest_entries_go_first_and_the_total_stays(host, echo_app) -> None:
    journal = Journal(host, capacity=2)
    client = Client(journal.wrap(echo_app))
    for n in range(5):
        client.get(f"/{n}")
    assert [r.path for r in journal] == ["/3", "/4"]
    assert (journal.total, len(journal), [r.number for r in journal]) == (5, 2, [4, 5])
    journal.clear()
    assert (journal.total, len(journal)) == (0, 0)


def test_duration_is_measured_on_the_host_clock(host) -> None:
    def slow(environ, start_response):
        host.sleep(12.5)
        start_response("200 OK", [])
        return [b""]

    journal = Journal(host)
    Client(journal.wrap(slow)).get("/")
    assert [r.duration_s for r in journal] == [12.5]


def test_a_handler_that_raises_is_recorded_with_status_nought(host) -> None:
    def broken(environ, start_response):
        raise RuntimeError("bug")

    journal = Journal(host)
    with pytest.raises(RuntimeError, match="bug"):
        Client(journal.wrap(broken)).get("/")
    assert [r.status for r in journal] == [0]
