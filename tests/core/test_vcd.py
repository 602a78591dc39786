"""The core's vCD client against the emulated vCloud Director: in memory, and once over real sockets."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import pytest
import requests

from cxsim.core.errors import BadAnswer, ConnectionTrouble, LoginRefused
from cxsim.core.pinning import FirstSight
from cxsim.core.vcd import VcdClient, VcdLogins
from cxsim.core.wizard import CloudEndpoints
from cxsim.emulator.serving import Server

sys.path.insert(0, str(Path(__file__).parent))

from vcd_wsgi import URL, client

sys.path.insert(0, str(Path(__file__).parents[1] / "fake_vcd"))

from vcd_lab import ESTATE, TYRELL, Lab, make_lab

GIB = 2**30


@pytest.fixture
def lab() -> Lab:
    return make_lab()


def test_vdcs_are_shown_as_the_plugin_shows_them(lab: Lab) -> None:
    vcd, _ = client(lab, "bryant")
    (vdc,) = vcd.vdcs()
    assert (vdc.name, vdc.cpu, vdc.memory) == ("CHC Tyrell PAYG", "0 MHz / Unlimited", "0 / Unlimited")
    assert vdc.href == f"{URL}/api/vdc/{lab.vdc.id}"
    assert [(p.name, p.limit_bytes, p.used_bytes) for p in vdc.profiles] == [
        ("CHC Performance", 200 * GIB, 0),
        ("CHC Archive", None, 0),
    ]
    assert vdc.storage == "0 / Unlimited", "one of its profiles is"
    assert [n.name for n in vdc.networks] == ["Tyrell Servers"]


def test_the_articles_vdc_reads_as_in_the_article() -> None:
    vdc = dataclasses.replace(TYRELL.vdcs[0], storage_profiles=TYRELL.vdcs[0].storage_profiles[:1])
    lab = make_lab(
        dataclasses.replace(ESTATE, orgs=(dataclasses.replace(TYRELL, vdcs=(vdc,), users=TYRELL.users[:1]),))
    )
    vcd, _ = client(lab)
    (shown,) = vcd.vdcs()
    assert (shown.cpu, shown.memory, shown.storage) == ("0 MHz / Unlimited", "0 / Unlimited", "0 / 200.00 GB")


def test_use_shows_after_an_import_that_runs(lab: Lab) -> None:
    vapp = lab.import_vapp()
    lab.login().post(f"vApp/vapp-{vapp.id}/power/action/powerOn")
    lab.host.advance(60)
    figures = client(lab)[0].figures()[0]
    assert (figures.cpu_mhz.used, figures.memory_bytes.used) == (2000, 4 * GIB)
    assert figures.profiles[0].used_bytes == 44 * GIB
    assert figures.storage_bytes.available is None
    shown = figures.offered()
    assert (shown.cpu, shown.memory) == ("2000 MHz / Unlimited", "4.00 GB / Unlimited")
    assert shown.storage == "44.00 GB / Unlimited"


def test_the_calls_are_those_of_a_browser_of_the_api(lab: Lab) -> None:
    vcd, adapter = client(lab)
    vcd.login()
    vcd.vdcs()
    vcd.logout()
    ids = re.compile(r"[0-9a-f-]{36}")
    assert [ids.sub("ID", path) for path in adapter.paths()] == [
        "GET /api/versions",
        "POST /api/sessions",
        "GET /api/org/ID",
        "GET /api/vdc/ID",
        "GET /api/vdc/ID",
        "GET /api/query",
        "GET /api/query",
        "DELETE /api/session",
    ]
    assert lab.vcd.model.sessions == {}
    assert lab.host.of("gap") == []


@pytest.mark.parametrize(
    ("release", "version"),
    [("8.20", "27.0"), ("9.0", "29.0"), ("9.1", "29.0"), ("9.5", "29.0"), ("9.7", "29.0")],
)
def test_every_release_is_spoken_to_in_a_version_both_know(release: str, version: str) -> None:
    vcd, _ = client(make_lab(dataclasses.replace(ESTATE, vcd_version=release)))
    assert vcd.api_version is None
    assert len(vcd.vdcs()) == 2
    assert vcd.api_version == version


def test_no_common_version_is_said(lab: Lab) -> None:
    vcd, _ = client(lab, api_versions=("31.0", "32.0"))
    with pytest.raises(BadAnswer) as caught:
        vcd.login()
    assert str(caught.value) == (
        "Could not agree on an API version. vCloud Director (https://chc.mycloud.local): it offers "
        "API versions "
        "5.5, 5.6, 9.0, 20.0, 27.0, 28.0, 29.0, and none of 31.0, 32.0. "
        "Check that the provider runs vCloud Director 8.20 or 9.x."
    )


@pytest.mark.parametrize(
    ("user", "org", "password"),
    [("tyrelladmin", "Tyrell", "wrong"), ("nobody", "Tyrell", "vmware"), ("tyrelladmin", "Tyrel", "vmware")],
)
def test_a_refused_login_says_what_to_check_and_never_the_password(
    lab: Lab, user: str, org: str, password: str
) -> None:
    vcd, _ = client(lab, user, org, password)
    with pytest.raises(LoginRefused) as caught:
        vcd.login()
    assert str(caught.value) == (
        f"Could not log in as {user}@{org}. vCloud Director (https://chc.mycloud.local): "
        "it does not accept the login (HTTP 401). Check user, organization and password."
    )
    assert password not in repr(vars(caught.value))


def test_a_session_that_has_ended_is_replaced_once(lab: Lab) -> None:
    vcd, adapter = client(lab)
    vcd.vdcs()
    lab.host.advance(31 * 60)
    adapter.asked.clear()
    assert len(vcd.vdcs()) == 2
    statuses = [status for _, _, status in adapter.asked]
    assert statuses[:3] == [401, 200, 200]
    assert statuses.count(401) == 1


def test_an_account_that_was_disabled_meanwhile_is_told(lab: Lab) -> None:
    vcd, adapter = client(lab)
    vcd.vdcs()
    lab.vcd.model.orgs[0].users[0].enabled = False
    adapter.asked.clear()
    with pytest.raises(LoginRefused):
        vcd.vdcs()
    assert [method for method, _, _ in adapter.asked] == ["GET", "POST"]


def test_profiles_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from cxsim.core import vcd as vcd_module

    lab = make_lab()
    monkeypatch.setattr(vcd_module, "PAGE_SIZE", 1)
    vcd, adapter = client(lab)
    found = vcd.vdcs()
    assert [len(v.profiles) for v in found] == [2, 1]
    assert sum("type=orgVdcStorageProfile" in url for _, url, _ in adapter.asked) == 3


def test_a_disabled_profile_is_not_offered(lab: Lab) -> None:
    profile = lab.vdc.storage_profiles[1]
    profile.config = dataclasses.replace(profile.config, enabled=False)
    vdc = client(lab)[0].vdcs()[0]
    assert [p.name for p in vdc.profiles] == ["CHC Performance"]
    assert vdc.storage == "0 / 200.00 GB"


def test_an_organization_without_vdcs_has_an_empty_list() -> None:
    lab = make_lab(
        dataclasses.replace(ESTATE, orgs=(dataclasses.replace(TYRELL, vdcs=(), users=TYRELL.users[:1]),))
    )
    assert client(lab)[0].vdcs() == []


def test_logging_out_twice_or_from_nowhere_says_nothing(lab: Lab) -> None:
    vcd, adapter = client(lab)
    vcd.logout()
    assert adapter.asked == []
    vcd.login()
    vcd.logout()
    vcd.logout()
    assert adapter.paths().count("DELETE /api/session") == 1


def test_a_public_address_that_leads_elsewhere_is_named(lab: Lab) -> None:
    """cx.md P22: hrefs repeat the address that the provider configured, not the one that was typed."""
    lab.vcd.model.public_base_url = "https://127.0.0.1:1"
    with Server(lab.vcd.wsgi_app) as server:
        session = requests.Session()
        vcd = VcdClient(session, server.url, "Tyrell", "tyrelladmin", "vmware", (2.0, 2.0))
        vcd.login()
        with pytest.raises(ConnectionTrouble) as caught:
            vcd.vdcs()
        session.close()
    assert str(caught.value) == (
        "Could not list the virtual data centers. vCloud Director (https://127.0.0.1:1): "
        "the connection was refused. Check at the provider, the REST API base URL among vCloud Director's "
        "public addresses: vCloud Director's answer led there."
    )
    assert caught.value.kind == "refused"


def test_the_same_over_real_sockets(lab: Lab) -> None:
    lab.import_vapp()
    with Server(lab.vcd.wsgi_app) as server:
        session = requests.Session()
        vcd = VcdClient(session, server.url, "Tyrell", "tyrelladmin", "vmware", (5.0, 5.0))
        over_sockets = vcd.vdcs()
        vcd.logout()
        session.close()
    in_memory = client(lab)[0].vdcs()
    assert [v.name for v in over_sockets] == [v.name for v in in_memory]
    assert [v.storage for v in over_sockets] == [v.storage for v in in_memory]


def test_the_appliance_opens_it_with_its_own_trust(lab: Lab) -> None:
    """`VcdLogins` speaks https only and closes what it opened, also when the login fails."""
    with Server(lab.vcd.wsgi_app) as server:
        endpoints = CloudEndpoints("127.0.0.1", server.port, "Tyrell", "x", 443)
        logins = VcdLogins((2.0, 2.0))
        with pytest.raises(ConnectionTrouble) as caught, logins(endpoints, "a", "b", FirstSight()):
            pass
    assert caught.value.attempted == "agree on an API version"
    assert "TLS" in caught.value.answer
