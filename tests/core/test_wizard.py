"""Every field of the forms with a wrong value: one message that names the field and what is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from core_world import FORM, START_S, config

from cxsim.core.errors import InputError
from cxsim.core.wizard import CloudEndpoints, MigrationRequest, check_migration, cloud_endpoints, nearest

URL = "Provider Cloud URL"
CX_URL = "vCD Extender Cloud Service URL"
LIKE_URL = "that it looks like https://<host>/cloud/org/<organization>"
LIKE_CX = "that it looks like https://<host>:443"

CLOUD_MISTAKES: list[tuple[dict[str, str], str, str, str]] = [
    ({"name": " "}, "Provider Cloud Name", "it is empty", "that a name is given"),
    ({"url": ""}, URL, "'' does not begin with https://", LIKE_URL),
    (
        {"url": "chc.mycloud.local/cloud/org/T"},
        URL,
        "'chc.mycloud.local/cloud/org/T' does not begin with https://",
        LIKE_URL,
    ),
    (
        {"url": "http://chc/cloud/org/T"},
        URL,
        "'http://chc/cloud/org/T' does not begin with https://",
        LIKE_URL,
    ),
    ({"url": "https:///cloud/org/T"}, URL, "'https:///cloud/org/T' has no valid host name", LIKE_URL),
    ({"url": "https://a b/cloud/org/T"}, URL, "'https://a b/cloud/org/T' has no valid host name", LIKE_URL),
    ({"url": "https://chc/"}, URL, "'https://chc/' does not name an organization", LIKE_URL),
    (
        {"url": "https://chc/cloud/org/"},
        URL,
        "'https://chc/cloud/org/' does not name an organization",
        LIKE_URL,
    ),
    (
        {"url": "https://chc/cloud/org/a/b"},
        URL,
        "'https://chc/cloud/org/a/b' does not name an organization",
        LIKE_URL,
    ),
    (
        {"url": "https://chc/cloud/org/T?x=1"},
        URL,
        "'https://chc/cloud/org/T?x=1' has parts that do not belong here (user, query or fragment)",
        LIKE_URL,
    ),
    (
        {"url": "https://u:p@chc/cloud/org/T"},
        URL,
        "'https://u:p@chc/cloud/org/T' has parts that do not belong here (user, query or fragment)",
        LIKE_URL,
    ),
    ({"cx_url": "vcde:443"}, CX_URL, "'vcde:443' does not begin with https://", LIKE_CX),
    ({"cx_url": "https://vcde:0"}, CX_URL, "'https://vcde:0' has port 0", LIKE_CX),
    (
        {"cx_url": "https://vcde:99999"},
        CX_URL,
        "'https://vcde:99999' is not a URL (Port out of range 0-65535)",
        LIKE_CX,
    ),
    (
        {"cx_url": "https://vcde:443/ui/mgmt"},
        CX_URL,
        "'https://vcde:443/ui/mgmt' has a path ('/ui/mgmt')",
        f"{LIKE_CX}, without a path",
    ),
    ({"user": ""}, "Org Admin user", "it is empty", "that a user name is given"),
    (
        {"user": "tyrelladmin@Tyrell"},
        "Org Admin user",
        "'tyrelladmin@Tyrell' contains '@' or ':'",
        "that it is the bare name; the organization is taken from the Provider Cloud URL",
    ),
    ({"password": ""}, "Password", "it is empty", "that a password is given"),
]


@pytest.mark.parametrize(("change", "where", "answer", "check"), CLOUD_MISTAKES)
def test_each_field_of_the_provider_cloud_form_is_refused_with_its_name(
    change: dict[str, str], where: str, answer: str, check: str
) -> None:
    with pytest.raises(InputError) as caught:
        cloud_endpoints(replace(FORM, **change))
    error = caught.value
    assert (error.where, error.answer, error.check) == (where, answer, check)


def test_a_good_form_names_two_places_and_an_organization() -> None:
    endpoints = cloud_endpoints(FORM)
    assert endpoints == CloudEndpoints("chc.mycloud.local", 443, "Tyrell", "vcde.mycloud.local", 443)
    assert endpoints.vcd_url == "https://chc.mycloud.local"
    assert endpoints.places == (("chc.mycloud.local", 443), ("vcde.mycloud.local", 443))


def test_ports_default_to_443_and_one_shared_place_is_looked_at_once() -> None:
    form = replace(FORM, url="https://10.0.0.1:8443/cloud/org/A%20B/", cx_url="https://10.0.0.1:8443/")
    endpoints = cloud_endpoints(form)
    assert endpoints.org == "A B"
    assert endpoints.vcd_url == "https://10.0.0.1:8443"
    assert endpoints.places == (("10.0.0.1", 8443),)
    assert cloud_endpoints(replace(FORM, cx_url="https://[2001:db8::1]")).cx_url == "https://[2001:db8::1]"


def test_a_form_never_shows_its_password() -> None:
    assert "vmware" not in repr(FORM)
    shown = repr(config())
    assert not any(secret in shown for secret in ("vmware", "root-secret", "sso-secret"))


REQUEST = MigrationRequest(
    job="Move deckard",
    type="Warm",
    vms=("deckard",),
    cloud="MyCloud-CHC",
    vdc="CHC Tyrell PAYG",
    storage_profile="CHC Performance",
    network="Tyrell Servers",
)
NO_INSTANT = "it is not a date and time"
MINUTES = "that it is a whole number of minutes from 5 to 1440"

JOB_MISTAKES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"job": " "}, "Job Name", "it is empty", "that a name is given"),
    ({"type": "Hot"}, "Type", "'Hot' is not a choice", "that it is Warm or Cold"),
    ({"vms": ()}, "Source VMs", "none is selected", "that at least one VM is selected"),
    ({"vms": ("roy", "roy")}, "Source VMs", "selected twice: roy", "the selection"),
    ({"layout": "row"}, "vApp layout", "'row' is not a choice", "that it is individual or group"),
    ({"layout": "group"}, "vApp name", "it is empty", "that the single vApp has a name"),
    ({"vapp_name": "x"}, "vApp name", "'x' is given", "that VMs are grouped, or leave it empty"),
    ({"disk_type": "Flat"}, "Disk Type", "'Flat' is not a choice", "that it is Thin or Thick"),
    (
        {"start": START_S - 1},
        "Start synchronization",
        "2017-11-06T08:59:59Z is in the past; it is 2017-11-06T09:00:00Z now",
        "date and time",
    ),
    ({"start": float("nan")}, "Start synchronization", NO_INSTANT, "that it is like 2017-11-06T20:00Z"),
    ({"start": 1e300}, "Start synchronization", NO_INSTANT, "that it is like 2017-11-06T20:00Z"),
    ({"tag": "x" * 129}, "Tag", "it has 129 characters", "that it has at most 128 characters"),
    ({"rpo_s": None}, "Target RPO", "it is empty", MINUTES),
    ({"rpo_s": 0.0}, "Target RPO", "0 minutes is not possible", MINUTES),
    ({"rpo_s": -900.0}, "Target RPO", "-15 minutes is not possible", MINUTES),
    ({"rpo_s": 240.0}, "Target RPO", "4 minutes is not possible", MINUTES),
    ({"rpo_s": 86460.0}, "Target RPO", "1441 minutes is not possible", MINUTES),
    ({"rpo_s": 930.0}, "Target RPO", "15.5 minutes is not possible", MINUTES),
    ({"rpo_s": float("inf")}, "Target RPO", "inf minutes is not possible", MINUTES),
]


@pytest.mark.parametrize(("change", "where", "answer", "check"), JOB_MISTAKES)
def test_each_field_of_the_migration_wizard_is_refused_with_its_name(
    change: dict[str, Any], where: str, answer: str, check: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_migration(replace(REQUEST, **change), config(), START_S)
    error = caught.value
    assert (error.where, error.answer, error.check) == (where, answer, check)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"start": START_S + 3600},
        {"layout": "group", "vapp_name": "Nexus"},
        {"rpo_s": 300.0},
        {"rpo_s": 86400.0},
        {"type": "Cold", "rpo_s": None},
        {"disk_type": "Thick"},
    ],
)
def test_good_requests_pass(change: dict[str, Any]) -> None:
    check_migration(replace(REQUEST, **change), config(), START_S)


def test_the_nearest_names_are_offered_whatever_their_case() -> None:
    known = ["deckard", "rachael", "roy"]
    assert nearest("dekard", known, "VM") == "the VM's name; nearest: deckard"
    assert nearest("RACHAEL", known, "VM") == "the VM's name; nearest: rachael"
    assert nearest("zzz", known, "VM") == "the VM's name; there are: deckard, rachael, roy"
    assert nearest("zzz", [f"vm{i}" for i in range(9)], "VM").endswith("vm0, vm1, vm2, vm3, vm4 and 4 more")
    assert nearest("x", [], "vDC") == "that a vDC exists and that this user may see it"
