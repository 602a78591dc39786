"""The same appliances on threads, over real TLS sockets on the loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_cx.config import ManagerConfig, ReplicatorConfig
from cxsim.fake_cx.outgoing import Outgoing, thumbprint_of_pem
from cxsim.fake_cx.replication_manager import ReplicationManager
from cxsim.fake_cx.replicator import Replicator
from cxsim.fake_cx.settings import CxSettings

from .world import Clock, InstantDataPlane, StubVcenter

SETTINGS = CxSettings(connect_timeout_s=5.0, read_timeout_s=5.0)
LOGIN = {"type": "ssoCredentials", "username": "administrator@vsphere.local", "password": "vmware"}


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


class Loopback:
    """A Replication Manager and a tenant's replicator, listening."""

    def __init__(self, folder: Path) -> None:
        pems = {name: folder / f"{name}.pem" for name in ("ccm", "cce")}
        for path in pems.values():
            trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
        self.hosts = {n: ThreadHost(n, 1, certificate_pem=p.read_text()) for n, p in pems.items()}
        ports = {name: _free_port() for name in pems}
        manager = ManagerConfig("127.0.0.1", f"127.0.0.1:{ports['ccm']}", port=ports["ccm"])
        self.manager = ReplicationManager(manager, SETTINGS, self.hosts["ccm"])
        replicator = ReplicatorConfig("127.0.0.1", "vc", site="tyrell", port=ports["cce"])
        self.replicator = Replicator(
            replicator, SETTINGS, self.hosts["cce"], InstantDataPlane(Clock()),
            vcenter=lambda *_: StubVcenter("vc"),
        )  # fmt: skip
        self.servers = [
            Server(app, ports[name], certificate=pems[name]).start()
            for name, app in (("ccm", self.manager.wsgi_app), ("cce", self.replicator.wsgi_app))
        ]
        self.thumbprints = {n: thumbprint_of_pem(p.read_text()) for n, p in pems.items()}
        self.replicator_url = f"https://127.0.0.1:{ports['cce']}"
        outgoing = Outgoing(self.hosts["ccm"], SETTINGS)
        self.peer = outgoing.peer(f"https://127.0.0.1:{ports['ccm']}", self.thumbprints["ccm"])

    def register(self, thumbprint: str) -> dict:
        """The registration task at its end."""
        login = self.peer.call("POST", "/sessions", json_body=LOGIN).expect(200)
        headers = {"X-VCAV-Auth": login.header("X-VCAV-Auth")}
        details = {
            "apiUrl": self.replicator_url, "apiThumbprint": thumbprint, "rootPassword": "vmware",
            "ssoUser": LOGIN["username"], "ssoPassword": "vmware",
        }  # fmt: skip
        body = {"owner": "Tyrell", "site": "tyrell", "details": details}
        task = self.peer.call("POST", "/replicators", json_body=body, headers=headers).expect(202).document()
        while task["state"] == "RUNNING":
            time.sleep(0.02)
            task = self.peer.call("GET", f"/tasks/{task['id']}", headers=headers).expect(200).document()
        return task


@pytest.fixture(scope="module")
def loopback(tmp_path_factory) -> Iterator[Loopback]:
    made = Loopback(tmp_path_factory.mktemp("loopback"))
    yield made
    for server in made.servers:
        server.stop()


def test_a_replicator_registers_over_real_sockets(loopback):
    task = loopback.register(loopback.thumbprints["cce"])
    assert (task["state"], task["error"]) == ("SUCCEEDED", None)
    states = [f["state"] for name, f in loopback.hosts["ccm"].events if name == "task"]
    assert states[-2:] == ["RUNNING", "SUCCEEDED"]


def test_a_wrong_thumbprint_is_noticed_on_a_real_handshake(loopback):
    task = loopback.register(loopback.thumbprints["ccm"])
    assert task["error"]["args"] == [
        loopback.replicator_url, loopback.thumbprints["ccm"], loopback.thumbprints["cce"],
    ]  # fmt: skip
