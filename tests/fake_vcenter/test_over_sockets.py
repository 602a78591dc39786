"""The emulated vCenter on real sockets: unmodified pyVmomi, from SmartConnect to Disconnect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcenter import VCenter

from .conftest import PASSWORD, USER, tyrell


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    vcenter = VCenter(tyrell(), ThreadHost("tyrell-vc01", speed=50.0))
    with Server(vcenter.wsgi_app, certificate=pem) as running:
        yield running


def smart_connect(server: Server, **changes: Any) -> Any:
    given = {
        "host": server.address,
        "port": server.port,
        "user": USER,
        "pwd": PASSWORD,
        "disableSslCertValidation": True,
        "httpConnectionTimeout": 10,
        **changes,
    }
    return SmartConnect(**given)


def test_smart_connect_negotiates_logs_in_works_and_leaves(server: Server) -> None:
    si = smart_connect(server)
    assert si._stub.version == "vim.version.v8_0_3_0"
    content = si.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    rachael = next(vm for vm in view.view if vm.name == "rachael")
    assert WaitForTask(rachael.PowerOffVM_Task()) == "success"
    assert rachael.runtime.powerState == "poweredOff"
    with pytest.raises(vim.fault.InvalidPowerState):
        WaitForTask(rachael.PowerOffVM_Task())
    Disconnect(si)
    with pytest.raises(vim.fault.NotAuthenticated):
        assert rachael.name


def test_a_wrong_password_is_refused_over_the_wire(server: Server) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        smart_connect(server, pwd="wrong")


def test_an_older_vcenter_is_spoken_to_in_its_own_version() -> None:
    vcenter = VCenter(tyrell(version="6.5"), ThreadHost("tyrell-vc01"))
    with Server(vcenter.wsgi_app) as server:
        si = smart_connect(server, protocol="http")
        assert si._stub.versionId == '"urn:vim25/6.5"'
        assert si.content.about.apiVersion == "6.5"
        Disconnect(si)


def test_what_is_no_vcenter_is_recognised() -> None:
    def other(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/html")])
        return [b"<html/>"]

    with Server(other) as server, pytest.raises(Exception, match="is down or is not a VIM server"):
        smart_connect(server, protocol="http")
