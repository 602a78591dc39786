"""A vCloud Director for tests: the articles' estate on a host whose clock a test moves by hand."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import greenlet
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from cxsim.fake_vcd import (
    BackingDisk,
    BackingNic,
    BackingVm,
    Estate,
    InMemoryInfrastructure,
    NetworkConfig,
    OrgConfig,
    StorageProfileConfig,
    UserConfig,
    VCloudDirector,
    VdcConfig,
    VimServerConfig,
)
from cxsim.fake_vcd.wire import VCLOUD

GIB = 2**30
START_S = 1_509_958_800.0  # 2017-11-06T09:00:00Z


class ManualHost:
    """An `emulator.host.Host` in which time passes only when the test says so."""

    def __init__(self, name: str = "chc-vcd01") -> None:
        self.name = name
        self.now_s = START_S
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._counts: dict[str, int] = {}
        self._sleeping: list[tuple[float, int, greenlet.greenlet]] = []
        self._number = 0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        me = greenlet.getcurrent()
        assert me.parent is not None, "the test itself cannot sleep: use advance()"
        self._number += 1
        self._sleeping.append((self.now_s + seconds, self._number, me))
        me.parent.switch()

    def spawn(self, work: Callable[[], object], name: str) -> None:
        greenlet.greenlet(work).switch()

    def advance(self, seconds: float) -> None:
        """Let this much time pass, running what becomes due."""
        end_s = self.now_s + seconds
        while due := sorted(s for s in self._sleeping if s[0] <= end_s)[:1]:
            self._sleeping.remove(due[0])
            self.now_s = due[0][0]
            due[0][2].switch()
        self.now_s = end_s

    def log(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]

    def new_uuid(self, purpose: str) -> str:
        self._counts[purpose] = self._counts.get(purpose, 0) + 1
        seed = f"{self.name} {purpose} {self._counts[purpose]}"
        return str(uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))

    def rng(self, purpose: str) -> random.Random:
        return random.Random(purpose)

    def certificate_pem(self) -> str:
        return ""


TYRELL = OrgConfig(
    "Tyrell",
    users=(
        UserConfig("tyrelladmin"),
        UserConfig("holden", role="vApp User"),
        UserConfig("bryant", vdcs=("CHC Tyrell PAYG",)),
        UserConfig("gone", enabled=False),
    ),
    vdcs=(
        VdcConfig(
            "CHC Tyrell PAYG",
            storage_profiles=(
                StorageProfileConfig("CHC Performance", 200 * 1024, datastore="chc-ds01", default=True),
                StorageProfileConfig("CHC Archive", datastore="chc-ds02"),
            ),
            networks=(
                NetworkConfig(
                    "Tyrell Servers", gateway="192.168.0.1", ip_range=("192.168.0.150", "192.168.0.151")
                ),
            ),
        ),
        VdcConfig("CHC Tyrell Lab", storage_profiles=(StorageProfileConfig("CHC Performance", 1024),)),
    ),
)
WALLACE = OrgConfig("Wallace", users=(UserConfig("joi"),), vdcs=(VdcConfig("CHC Wallace"),))
ESTATE = Estate((TYRELL, WALLACE), (VimServerConfig("chc-vc01", "https://chc-vc01.mycloud.local:443"),))


def backing(moref: str, name: str, disk_gib: int = 40, power: str = "off") -> BackingVm:
    """A VM as the replicator leaves it at the provider's vCenter."""
    number = int(moref.rpartition("-")[2])
    nic = BackingNic(0, f"00:50:56:01:00:{number:02x}", "Tyrell Servers")
    return BackingVm(moref, name, 2, 4 * GIB, (BackingDisk(2000, disk_gib * GIB, "chc-ds01"),), (nic,), power)


@dataclass
class Lab:
    """A vCD, its host, its vCenter and clients."""

    vcd: VCloudDirector
    host: ManualHost
    vcenter: InMemoryInfrastructure

    def login(self, user: str = "tyrelladmin@Tyrell", version: str = "29.0") -> Api:
        """A logged-in client."""
        api = Api(self.vcd.wsgi_app.test_client(), version)
        answer = api.post("sessions", headers=basic(user))
        assert answer.status_code == 200, answer.data
        api.headers["x-vcloud-authorization"] = answer.headers["x-vcloud-authorization"]
        return api

    def import_vapp(self, name: str = "deckard", moref: str = "vm-70", owner: str | None = None) -> Any:
        """A finished import of a new VM into the first vDC; the vApp of the model."""
        self.vcenter.add(backing(moref, name))
        answer = self.login("administrator@System").import_as_vapp(self, name, moref)
        assert answer.status_code == 201, answer.data
        self.host.advance(60)
        vapp = self.vdc.vapps[-1]
        if owner is not None:
            vapp.owner = next(u for u in self.vcd.model.orgs[0].users if u.name == owner)
        return vapp

    @property
    def vdc(self) -> Any:
        return self.vcd.model.orgs[0].vdcs[0]


class Api:
    """Flask's test client speaking one API version."""

    def __init__(self, client: FlaskClient, version: str) -> None:
        self.client = client
        self.headers = {"Accept": f"application/*+xml;version={version}"}

    def _open(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        url = path if path.startswith(("http", "/")) else f"/api/{path}"
        self.client.delete_cookie("vcloud-token")
        return self.client.open(
            url.removeprefix("http://localhost"),
            method=method,
            headers={**self.headers, **(headers or {})},
            **more,
        )

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._open("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self._open("POST", path, **more)

    def put(self, path: str, **more: Any) -> TestResponse:
        return self._open("PUT", path, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self._open("DELETE", path, **more)

    def xml(self, path: str) -> etree._Element:
        """GET that must succeed."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.data
        return etree.fromstring(answer.data)

    def import_as_vapp(
        self, lab: Lab, name: str, moref: str, attributes: str = "", inside: str = ""
    ) -> TestResponse:
        """POST importVmAsVApp with sourceMove, onto the default storage profile."""
        server = lab.vcd.model.vim_servers[0].id
        body = (
            '<ImportVmAsVAppParams xmlns="http://www.vmware.com/vcloud/extension/v1.5" '
            f'name="{name}" sourceMove="true" {attributes}><VmMoRef>{moref}</VmMoRef>'
            f'<Vdc href="http://localhost/api/vdc/{lab.vdc.id}"/>{inside}</ImportVmAsVAppParams>'
        )
        return self.post(
            f"admin/extension/vimServer/{server}/importVmAsVApp",
            data=body,
            content_type="application/vnd.vmware.admin.importVmAsVAppParams+xml",
        )


def basic(user: str, password: str = "vmware") -> dict[str, str]:
    """An Authorization header."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def find(element: etree._Element, path: str) -> list[etree._Element]:
    """findall with v: for the vCloud namespace."""
    return element.findall(path, {"v": VCLOUD, "x": "http://www.vmware.com/vcloud/extension/v1.5"})


def make_lab(estate: Estate = ESTATE) -> Lab:
    """A vCloud Director whose clock stands still."""
    host, vcenter = ManualHost(), InMemoryInfrastructure()
    return Lab(VCloudDirector(estate, host, vcenter), host, vcenter)
