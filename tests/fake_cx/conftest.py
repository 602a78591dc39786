"""The provider and tenant of the article series, wired together in process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from cxsim.fake_cx.cloud_service import CloudService
from cxsim.fake_cx.config import (
    CloudServiceConfig,
    ConnectorConfig,
    ManagedAppliance,
    ManagerConfig,
    ReplicatorConfig,
)
from cxsim.fake_cx.connector import Connector
from cxsim.fake_cx.outgoing import Answer, Outgoing, thumbprint_of
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcenter_client import DiskShape, VmShape
from cxsim.fake_vcd import (
    Estate,
    NetworkConfig,
    OrgConfig,
    StorageProfileConfig,
    UserConfig,
    VCloudDirector,
    VdcConfig,
    VimServerConfig,
)

from .world import Clock, FakeHost, InstantDataPlane, StubVcenter, Wires, certificate

GIB = 1024**3
TENANT_REPLICATOR = "198.51.100.10:443"


def shape(name: str, powered_on: bool = True) -> VmShape:
    """A VM of the tenant."""
    return VmShape(
        name, f"uuid-{name}", 2, 4 * GIB, "otherGuest64", "vmx-13", (DiskShape(2000, 40 * GIB),), 1,
        powered_on, "192.168.0.21",
    )  # fmt: skip


class Cx:
    """All appliances, with a client for each party."""

    def __init__(self, settings: CxSettings | None = None, **endpoints: str) -> None:
        self.settings = settings or CxSettings()
        self.clock = Clock()
        self.wires = Wires(self.clock)
        self.data_plane = InstantDataPlane(self.clock)
        names = ("chc-vcde01", "chc-ccm01", "chc-cce01", "chc-vcd01", "tyrell-cce01", "tyrell-vcde01")
        self.hosts = {n: FakeHost(n, self.clock) for n in names}
        self.tenant_vcenter, self.cloud_vcenter = StubVcenter("tyrell-vc01"), StubVcenter("chc-vc01")
        self.tenant_vcenter.shapes["vm-62"] = shape("deckard")
        self.tenant_vcenter.shapes["vm-63"] = shape("rachael")
        self.manager = self._manager(endpoints.get("manager", "203.0.113.32:8044"))
        self.cloud_replicator = self._replicator(
            "chc-cce01", "10.3.0.34", "cloud", endpoints.get("cloud_replicator", "203.0.113.32:44045"),
            self.cloud_vcenter,
        )  # fmt: skip
        self.tenant_replicator = self._replicator(
            "tyrell-cce01", "192.168.0.34", "tyrell", TENANT_REPLICATOR, self.tenant_vcenter
        )
        self.cloud_replicator_id = self.manager.adopt_replicator(self.cloud_replicator)
        self.cloud_service = self._cloud_service()
        self._listen()

    @cached_property
    def vcd(self) -> VCloudDirector:
        """Made when it is first used: most of the time of a test is building apps."""
        return VCloudDirector(_estate(), self.hosts["chc-vcd01"], self.cloud_vcenter.infrastructure)

    @cached_property
    def connector(self) -> Connector:
        """The tenant's appliance without the core, made when it is first used."""
        replicator = ManagedAppliance("tyrell-cce01", "https://192.168.0.34:8043")
        return Connector(
            ConnectorConfig("192.168.0.32", (replicator,)),
            self.settings,
            self.hosts["tyrell-vcde01"],
            adapters=self.wires.adapters("tyrell-vcde01"),
        )

    def _manager(self, public_endpoint: str) -> ReplicationManager:
        config = ManagerConfig("10.3.0.33", public_endpoint)
        return ReplicationManager(
            config, self.settings, self.hosts["chc-ccm01"], adapters=self.wires.adapters("chc-ccm01")
        )

    def _replicator(
        self, name: str, address: str, site: str, public_endpoint: str, vcenter: StubVcenter
    ) -> Replicator:
        config = ReplicatorConfig(address, "vc", public_endpoint=public_endpoint, site=site)
        return Replicator(
            config, self.settings, self.hosts[name], self.data_plane, vcenter=lambda *_: vcenter,
            adapters=self.wires.adapters(name),
        )  # fmt: skip

    def _cloud_service(self) -> CloudService:
        manager = ManagedAppliance("chc-ccm01", "https://10.3.0.33:8044", thumbprint=thumbprint("chc-ccm01"))
        replicator = ManagedAppliance("chc-cce01", "https://10.3.0.34:8043")
        config = CloudServiceConfig("10.3.0.32", manager, "https://10.3.0.41", replicators=(replicator,))
        return CloudService(
            config, self.settings, self.hosts["chc-vcde01"], adapters=self.wires.adapters("chc-vcde01")
        )

    def _listen(self) -> None:
        listen = self.wires.listen
        for place in ("10.3.0.32:443", "203.0.113.32:443"):
            listen(place, "chc-vcde01", self.cloud_service.wsgi_app)
        for place in ("10.3.0.33:8044", "203.0.113.32:8044"):
            listen(place, "chc-ccm01", self.manager.wsgi_app)
        listen("10.3.0.34:8043", "chc-cce01", self.cloud_replicator.wsgi_app)
        listen("10.3.0.41:443", "chc-vcd01", lambda *call: self.vcd.wsgi_app(*call))
        for place in ("192.168.0.34:8043", TENANT_REPLICATOR):
            listen(place, "tyrell-cce01", self.tenant_replicator.wsgi_app)
        listen("192.168.0.32:443", "tyrell-vcde01", lambda *call: self.connector.wsgi_app(*call))

    def call(self, method: str, url: str, document: Any = None, **more: Any) -> Answer:
        """One call of a tenant's appliance. Must run inside `clock.run`."""
        outgoing = Outgoing(self.hosts["tyrell-vcde01"], self.settings, self.wires.adapters("tenant"))
        return outgoing.peer(url, None).call(method, "", json_body=document, **more)

    def run(self, work: Callable[[], Any]) -> Any:
        """Run work in virtual time; nothing may have failed beside it."""
        value = self.clock.run(work)
        assert self.clock.troubles == []
        for host in self.hosts.values():
            assert host.logged("trouble") == []
        return value


class Tenant:
    """The tenant's side of the conversation, as the core has it. Every method runs inside `cx.run`."""

    def __init__(self, cx: Cx) -> None:
        self.cx = cx
        self.token = ""
        self.replicator_id = ""

    def log_in(self, user: str = "tyrelladmin@Tyrell", password: str = "vmware") -> Answer:
        answer = self.cx.call(
            "GET",
            "https://203.0.113.32/mobility/tenant/login",
            basic=(user, password),
            headers={"x-mobility-authenticator": "VCD"},
        )
        self.token = answer.header("x-mobility-authorization")
        return answer

    def ask(self, method: str, path: str, document: Any = None) -> Answer:
        return self.cx.call(
            method,
            f"https://203.0.113.32/mobility/tenant{path}",
            document,
            headers={"x-mobility-authorization": self.token},
        )

    def registration(self, **changes: Any) -> dict[str, Any]:
        details = {
            "apiUrl": f"https://{TENANT_REPLICATOR}",
            "apiThumbprint": thumbprint("tyrell-cce01"),
            "rootPassword": "vmware",
            "ssoUser": "administrator@vsphere.local",
            "ssoPassword": "vmware",
            **changes,
        }
        return {"owner": "Tyrell", "site": "tyrell", "description": "", "details": details}

    def register(self, **changes: Any) -> dict[str, Any]:
        """Log in, register the replicator, follow the task to its end."""
        if not self.token:
            self.log_in().expect(204)
        manager = self.ask("GET", "/replicationmanager").expect(200).document()
        headers = {"X-VCAV-Auth": manager["registrationToken"]}
        url = manager["apiUrl"]
        body = self.registration(**changes)
        task = self.cx.call("POST", f"{url}/replicators", body, headers=headers).expect(202).document()
        while task["state"] == "RUNNING":
            self.cx.clock.sleep(5.0)
            task = self.cx.call("GET", f"{url}/tasks/{task['id']}", headers=headers).expect(200).document()
        self.replicator_id = task["workflowInfo"]["resourceId"]
        return task

    def order(self, vm: str = "deckard", moref: str = "vm-62", **changes: Any) -> dict[str, Any]:
        vdc = self.cx.vcd.model.orgs[0].vdcs[0]
        base = "https://chc.mycloud.local/api"
        target = {
            "vdc": f"{base}/vdc/{vdc.id}",
            "storageProfile": f"{base}/vdcStorageProfile/{vdc.storage_profiles[0].id}",
            "network": f"{base}/network/{vdc.networks[0].id}",
            "vAppName": vm,
            "groupVApp": False,
            **changes.pop("target", {}),
        }
        return {
            "externalKey": f"key-{vm}", "jobName": "Wave 1", "vmName": vm, "type": "WARM", "site": "tyrell",
            "replicatorId": self.replicator_id, "vcId": "vc", "vmId": moref, "vmUuid": f"uuid-{vm}",
            "rpo": 15, "quiesced": False, "targetDiskType": "THIN", "startTime": None, "tag": "",
            "target": target, **changes,
        }  # fmt: skip

    def start(self, vm: str = "deckard", moref: str = "vm-62", **changes: Any) -> str:
        answer = self.ask("POST", "/migrations", self.order(vm, moref, **changes)).expect(201)
        return answer.text("id")

    def look(self, migration_id: str) -> dict[str, Any]:
        return self.ask("GET", f"/migrations/{migration_id}").expect(200).document()

    def wait(self, migration_id: str, *states: str, limit_s: float = 7200.0) -> list[tuple[str, int | None]]:
        """Look every 10 s until one of the states; the (state, percent) pairs seen, without repeats."""
        seen: list[tuple[str, int | None]] = []
        until_s = self.cx.clock.now_s + limit_s
        while self.cx.clock.now_s < until_s:
            shown = self.look(migration_id)
            now = (shown["state"], shown["percent"])
            if not seen or seen[-1] != now:
                seen.append(now)
            if shown["state"] in states:
                return seen
            self.cx.clock.sleep(10.0)
        raise AssertionError(f"{states} not reached: {seen}, {shown['error']}")


def thumbprint(name: str) -> str:
    """Of a host's certificate."""
    return thumbprint_of(certificate(name)[1])


def _estate() -> Estate:
    vdc = VdcConfig(
        "CHC Tyrell PAYG",
        storage_profiles=(StorageProfileConfig("CHC Performance", 200 * 1024, 0, "chc-ds01", True),),
        networks=(NetworkConfig("Tyrell Servers"),),
    )
    org = OrgConfig("Tyrell", (UserConfig("tyrelladmin"),), (vdc,))
    return Estate((org,), (VimServerConfig("chc-vc01"),))


@pytest.fixture
def cx() -> Cx:
    """Provider and tenant, everything reachable."""
    return Cx()


@pytest.fixture
def tenant(cx: Cx) -> Tenant:
    """The tenant of `cx`, not logged in."""
    return Tenant(cx)
