"""The rule that splits a typed Public Endpoint URL (cx.md 1.3)."""

from __future__ import annotations

import pytest

from cxsim.fake_cx.endpoints import ReplicatorEndpoint, manager_api_url, split_replicator_endpoint

PRIVATE = "192.168.0.34"

TABLE = [
    ("", "https://192.168.0.34:8043", PRIVATE, 44045),
    ("   ", "https://192.168.0.34:8043", PRIVATE, 44045),
    ("198.51.100.10:443", "https://198.51.100.10:443", "198.51.100.10", 44045),
    ("198.51.100.10:8043", "https://198.51.100.10:8043", "198.51.100.10", 44045),
    ("203.0.113.32:44045", "https://203.0.113.32:44045", "203.0.113.32", 44045),
    ("203.0.113.32:45001", "https://203.0.113.32:45001", "203.0.113.32", 45001),
    (" cce.mycloud.local:44045 ", "https://cce.mycloud.local:44045", "cce.mycloud.local", 44045),
    ("cce.mycloud.local", "https://cce.mycloud.local", "cce.mycloud.local", 44045),
    ("203.0.113.32:8044", "https://203.0.113.32:8044", "203.0.113.32", 8044),
    ("https://203.0.113.32:443", "https://https://203.0.113.32:443", "https://203.0.113.32", 44045),
    ("203.0.113.32:port", "https://203.0.113.32:port", "203.0.113.32:port", 44045),
    ("203.0.113.32:99999", "https://203.0.113.32:99999", "203.0.113.32:99999", 44045),
    ("203.0.113.32:", "https://203.0.113.32:", "203.0.113.32:", 44045),
    (":443", "https://:443", ":443", 44045),
    ("not an address", "https://not an address", "not an address", 44045),
]


@pytest.mark.parametrize(("typed", "api_url", "lwd_address", "lwd_port"), TABLE)
def test_a_replicators_endpoint_is_split_as_typed(typed, api_url, lwd_address, lwd_port):
    assert split_replicator_endpoint(typed, PRIVATE) == ReplicatorEndpoint(api_url, lwd_address, lwd_port)


@pytest.mark.parametrize(
    ("typed", "api_url"),
    [
        ("", "https://10.3.0.33:8044"),
        ("203.0.113.32:8044", "https://203.0.113.32:8044"),
        ("203.0.113.32:443", "https://203.0.113.32:443"),
        ("https://203.0.113.32:8044", "https://https://203.0.113.32:8044"),
    ],
)
def test_a_managers_endpoint_is_told_as_typed(typed, api_url):
    assert manager_api_url(typed, "10.3.0.33") == api_url
