"""Real vCloud clients against the emulated vCloud Director: vcd-cli and pyvcloud, over loopback.

They are installed in a virtual environment of their own, named by CXSIM_CLIENTS_VENV
(`pip install vcd-cli pyvcloud six setuptools`; peers.md 2.1). Skipped without one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcd import InMemoryInfrastructure, VCloudDirector

sys.path.insert(0, str(Path(__file__).parents[1] / "fake_vcd"))

from vcd_lab import ESTATE, backing

VENV = Path(os.environ.get("CXSIM_CLIENTS_VENV", "/nonexistent"))
pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(not (VENV / "bin" / "vcd").exists(), reason="CXSIM_CLIENTS_VENV has no vcd-cli"),
]


@dataclass
class Cloud:
    """A served vCloud Director and a home for the clients' files."""

    url: str
    vcd: VCloudDirector
    host: ThreadHost
    home: Path

    def run(self, *arguments: str, program: str = "vcd", fails: bool = False) -> str:
        """Run a client; its output."""
        done = subprocess.run(
            [VENV / "bin" / program, *arguments],
            cwd=self.home,
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, output
        return output

    def table(self, *arguments: str) -> dict[str, str]:
        """Run an `info` command (whose JSON output vcd-cli cannot always make); its properties."""
        lines = [line.split(None, 1) for line in self.run(*arguments).splitlines()]
        return {line[0]: line[1].strip() for line in lines if len(line) == 2}

    def json(self, *arguments: str) -> Any:
        """Run vcd-cli with JSON output."""
        return json.loads(self.run("-j", *arguments))

    def python(self, script: str) -> str:
        """Run a script with the clients' interpreter; URL is predefined."""
        return self.run("-c", f"URL = {self.url!r}\n{script}", program="python")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    host = ThreadHost("chc-vcd01", speed=200.0)
    vcenter = InMemoryInfrastructure()
    vcenter.add(backing("vm-70", "deckard"))
    vcd = VCloudDirector(ESTATE, host, vcenter)
    with Server(vcd.wsgi_app) as server:
        cloud = Cloud(server.url, vcd, host, tmp_path_factory.mktemp("home"))
        cloud.python(IMPORT)
        assert host.join(10)
        yield cloud
    assert [fields for event, fields in host.events if event == "trouble"] == []


IMPORT = """
from lxml import etree
from pyvcloud.vcd.client import BasicLoginCredentials, Client
from pyvcloud.vcd.system import System
client = Client(URL, api_version="29.0")
client.set_credentials(BasicLoginCredentials("administrator", "System", "vmware"))
servers = client.get_resource(client.get_api_uri() + "/admin/extension/vimServerReferences")
server = servers["{http://www.vmware.com/vcloud/extension/v1.5}VimServerReference"].get("href")
vdc = next(iter(client.get_typed_query("adminOrgVdc", equality_filter=("name", "CHC Tyrell PAYG")).execute()))
href = vdc.get("href").replace("/admin/vdc/", "/vdc/")
body = etree.fromstring(
    '<ImportVmAsVAppParams xmlns="http://www.vmware.com/vcloud/extension/v1.5" '
    'name="deckard" sourceMove="true">'
    f'<VmMoRef>vm-70</VmMoRef><Vdc href="{href}"/></ImportVmAsVAppParams>')
vapp = client.post_resource(
    server + "/importVmAsVApp", body, "application/vnd.vmware.admin.importVmAsVAppParams+xml")
client.get_task_monitor().wait_for_success(vapp.Tasks.Task[0], timeout=20, poll_frequency=0.05)
client.logout()
"""


@pytest.fixture(scope="module")
def logged_in(cloud: Cloud) -> Cloud:
    output = cloud.run("login", cloud.url, "Tyrell", "tyrelladmin", "-p", "vmware", "-i", "-w")
    assert "tyrelladmin logged in, org: 'Tyrell', vdc: 'CHC Tyrell PAYG'" in output
    return cloud


def test_vcd_cli_refuses_a_wrong_password(cloud: Cloud) -> None:
    output = cloud.run("login", cloud.url, "Tyrell", "tyrelladmin", "-p", "wrong", "-i", "-w", fails=True)
    assert "Login failed" in output or "please login again" in output


def test_vcd_cli_lists_and_shows_organizations(logged_in: Cloud) -> None:
    assert logged_in.json("org", "list") == [{"name": "Tyrell", "logged_in": True, "in_use": True}]
    shown = logged_in.json("org", "info", "Tyrell")
    assert shown["vdcs"] == ["CHC Tyrell PAYG", "CHC Tyrell Lab"]
    assert shown["org_networks"] == ["Tyrell Servers"]
    assert shown["catalogs"] == []


def test_vcd_cli_lists_shows_and_uses_vdcs(logged_in: Cloud) -> None:
    assert [v["name"] for v in logged_in.json("vdc", "list")] == ["CHC Tyrell PAYG", "CHC Tyrell Lab"]
    shown = logged_in.table("vdc", "info", "CHC Tyrell PAYG")
    assert shown["allocation_model"] == "AllocationVApp"
    assert shown["cpu_capacity"] == "units: MHz"
    assert shown["storage_profiles"] == "CHC Performance"
    assert shown["networks"] == "Tyrell Servers"
    assert shown["vapps"] == "deckard"
    assert "now using" in logged_in.run("vdc", "use", "CHC Tyrell PAYG")


def test_vcd_cli_lists_and_shows_vapps_and_vms(logged_in: Cloud) -> None:
    assert [v["name"] for v in logged_in.json("vapp", "list")] == ["deckard"]
    shown = logged_in.run("vapp", "info", "deckard")
    assert "vm-1: storage-profile    CHC Performance" in shown
    assert "Powered off" in shown
    vm = logged_in.json("vm", "info", "deckard", "deckard")
    assert (vm["cpu"], vm["memory-MB"], vm["disk-2000"]["size-MB"]) == ("2", "4096", "40960")
    assert vm["nic-0"]["mac"] == "00:50:56:01:00:46"


def test_vcd_cli_powers_a_vapp_on_and_off(logged_in: Cloud) -> None:
    assert "result: success" in logged_in.run("vapp", "power-on", "deckard")
    assert logged_in.table("vapp", "info", "deckard")["status"] == "Powered on"
    assert "result: success" in logged_in.run("vapp", "power-off", "-y", "deckard")
    assert logged_in.table("vapp", "info", "deckard")["status"] == "Powered off"
    output = logged_in.run("vapp", "power-off", "-y", "deckard", fails=True)
    assert "Can't power off vApp. Current state of vApp: Powered off." in output


def test_vcd_cli_sets_and_shows_metadata(logged_in: Cloud) -> None:
    named = ("--domain", "GENERAL", "--visibility", "READWRITE", "--key", "wave", "--value", "1")
    output = logged_in.run(
        "vm", "set-metadata", "deckard", "deckard", *named, "--value-type", "MetadataNumberValue"
    )
    assert "result: success" in output
    assert logged_in.json("vm", "list-metadata", "deckard", "deckard") == {"wave": "1"}


def test_vcd_cli_lists_catalogs_networks_and_tasks(logged_in: Cloud) -> None:
    assert logged_in.run("catalog", "list").strip() in ("", "\x1b[2K")
    assert "Tyrell Servers" in logged_in.run("network", "list")
    tasks = logged_in.json("task", "list", "SUCCESS")
    assert "vappImport" in {t["name"] for t in tasks}
    assert tasks == sorted(tasks, key=lambda t: t["startDate"], reverse=True)


def test_vcd_cli_searches_with_filters(logged_in: Cloud) -> None:
    assert [v["name"] for v in logged_in.json("search", "vm")] == ["deckard"]
    found = logged_in.json("search", "vapp", "--filter", "name==deck*;numberOfCpus=ge=2")
    assert [v["name"] for v in found] == ["deckard"]
    assert "not found" in logged_in.run("search", "vapp", "--filter", "name==roy")


def test_vcd_cli_sees_the_system_as_administrator(cloud: Cloud) -> None:
    cloud.run("login", cloud.url, "System", "administrator", "-p", "vmware", "-i", "-w")
    assert {o["name"] for o in cloud.json("org", "list")} == {"System", "Tyrell", "Wallace"}
    assert "chc-vc01" in cloud.run("search", "virtualcenter")
    cloud.run("logout")
    assert "please login again" in cloud.run("org", "list", fails=True)


@pytest.mark.parametrize("version", ["27.0", "28.0", "29.0"])
def test_pyvcloud_walks_through_an_organization_in_every_version(cloud: Cloud, version: str) -> None:
    output = cloud.python(f"""
from pyvcloud.vcd.client import BasicLoginCredentials, Client
from pyvcloud.vcd.org import Org
from pyvcloud.vcd.vapp import VApp
from pyvcloud.vcd.vdc import VDC
client = Client(URL, api_version={version!r})
client.set_credentials(BasicLoginCredentials("tyrelladmin", "Tyrell", "vmware"))
org = Org(client, resource=client.get_resource(client.get_org().get("href")))
vdc = VDC(client, resource=org.get_vdc("CHC Tyrell PAYG"))
profile = vdc.get_storage_profile("CHC Performance")
print(client.get_resource(profile.get("href")).Limit)
vapp = VApp(client, resource=vdc.get_vapp("deckard"))
print([vm.get("name") for vm in vapp.get_all_vms()])
print([n.get("name") for n in vdc.list_orgvdc_network_records()])
print([u.get("name") for u in org.list_users()])
client.logout()
""")
    assert output.splitlines() == [
        "204800",
        "['deckard']",
        "['Tyrell Servers']",
        "['tyrelladmin', 'holden', 'bryant', 'gone']",
    ]


def test_pyvcloud_gets_its_own_exceptions(cloud: Cloud) -> None:
    output = cloud.python("""
from pyvcloud.vcd import exceptions
from pyvcloud.vcd.client import BasicLoginCredentials, Client
client = Client(URL, api_version="29.0")
client.set_credentials(BasicLoginCredentials("tyrelladmin", "Tyrell", "vmware"))
api = client.get_api_uri()
for path in ("/admin/extension", "/vdc/00000000-0000-0000-0000-000000000000", "/org/x", "/nowhere"):
    try:
        client.get_resource(api + path)
    except exceptions.VcdResponseException as error:
        print(type(error).__name__, error.vcd_error.get("minorErrorCode"))
""")
    assert output.splitlines() == [
        "AccessForbiddenException ACCESS_TO_RESOURCE_IS_FORBIDDEN",
        "AccessForbiddenException ACCESS_TO_RESOURCE_IS_FORBIDDEN",
        "BadRequestException BAD_REQUEST",
        "NotFoundException RESOURCE_NOT_FOUND",
    ]


def test_no_client_met_a_gap(cloud: Cloud) -> None:
    assert [fields["operation"] for event, fields in cloud.host.events if event == "gap"] == []
