"""Login, idle time, roles, termination: who may do what, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter, inventory
from cxsim.fake_vcenter.sessions import COOKIE_NAME

from .conftest import PASSWORD, USER, StepHost, connect, stub_for, tyrell


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), (USER, ""), ("nobody", PASSWORD), ("", ""), (USER, "vmwarE")]
)
def test_a_wrong_name_or_password_is_one_and_the_same_fault(
    vcenter: VCenter, user: str, password: str
) -> None:
    with pytest.raises(vim.fault.InvalidLogin, match="incorrect user name or password"):
        connect(vcenter, user, password)


def test_user_names_ignore_case(vcenter: VCenter) -> None:
    assert connect(vcenter, USER.upper()).content.sessionManager.currentSession.userName == (
        "VSPHERE.LOCAL\\Administrator"
    )


def test_before_login_only_the_service_content_can_be_read(vcenter: VCenter) -> None:
    si = vim.ServiceInstance("ServiceInstance", stub_for(vcenter))
    content = si.RetrieveContent()
    assert si.content.about.apiType == "VirtualCenter"
    query = vmodl.query.PropertyCollector
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=si)], propSet=[query.PropertySpec(type=vim.ServiceInstance, all=True)]
    )
    for attempt in (
        lambda: content.rootFolder.name,
        si.CurrentTime,
        lambda: content.propertyCollector.RetrieveContents([spec]),
        lambda: content.viewManager.CreateContainerView(content.rootFolder, [], True),
    ):
        with pytest.raises(vim.fault.NotAuthenticated) as raised:
            attempt()
        assert raised.value.msg == "The session is not authenticated."


def test_a_session_ends_after_its_idle_time_and_not_before(host: StepHost) -> None:
    vcenter = VCenter(tyrell(session_idle_s=1800.0), host)
    si = connect(vcenter)
    for _ in range(5):
        host.sleep(1700.0)
        assert si.content.rootFolder.name == "Datacenters"
    host.sleep(1801.0)
    with pytest.raises(vim.fault.NotAuthenticated):
        assert si.content.rootFolder.name
    si.content.sessionManager.Login(USER, PASSWORD, None)
    assert si.content.rootFolder.name == "Datacenters"


def test_after_logout_the_cookie_is_worth_nothing(vcenter: VCenter, si: Any) -> None:
    root = si.content.rootFolder
    view = si.content.viewManager.CreateContainerView(root, [], True)
    assert view._moId in vcenter.model.objects
    si.content.sessionManager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated):
        assert root.name
    assert view._moId not in vcenter.model.objects, "views end with their session"
    assert list(vcenter.sessions) == []


def test_an_invented_cookie_is_no_session(vcenter: VCenter) -> None:
    si = vim.ServiceInstance("ServiceInstance", stub_for(vcenter))
    si._stub.cookie = f'{COOKIE_NAME}="{"0" * 40}"; Path=/'
    with pytest.raises(vim.fault.NotAuthenticated):
        si.CurrentTime()


def test_an_auditor_may_look_and_not_touch(vcenter: VCenter) -> None:
    si = connect(vcenter, "auditor", "look")
    vm = si.content.searchIndex.FindByInventoryPath("Tyrell/vm/deckard")
    assert vm.runtime.powerState == "poweredOn"
    assert vm.effectiveRole == [-2]
    with pytest.raises(vim.fault.NoPermission) as raised:
        vm.PowerOffVM_Task()
    assert raised.value.privilegeId == "VirtualMachine.Interact.PowerOff"
    assert vcenter.find_vm(name="deckard").power == "on"


def test_an_administrator_sees_and_ends_the_sessions_of_others(vcenter: VCenter, si: Any) -> None:
    other = connect(vcenter, "auditor", "look")
    manager = si.content.sessionManager
    listed = {session.userName: session.key for session in manager.sessionList}
    assert set(listed) == {"VSPHERE.LOCAL\\Administrator", "auditor"}
    assert manager.SessionIsActive(listed["auditor"], "auditor")
    manager.TerminateSession([listed["auditor"]])
    with pytest.raises(vim.fault.NotAuthenticated):
        other.CurrentTime()
    with pytest.raises(vim.fault.NotFound):
        manager.TerminateSession([listed["auditor"]])
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.TerminateSession([manager.currentSession.key])


def test_sessions_are_the_same_in_every_run_of_a_seed() -> None:
    def cookie(seed: int) -> str:
        return str(connect(VCenter(tyrell(), StepHost(seed=seed)))._stub.cookie)

    assert cookie(1) == cookie(1)
    assert cookie(1) != cookie(2)


def test_an_unknown_role_or_release_is_refused_when_it_is_built(host: StepHost) -> None:
    with pytest.raises(ValueError, match="unknown role 'King'; known: Admin, ReadOnly"):
        VCenter(tyrell(users=(inventory.User("x", "y", role="King"),)), host)
    with pytest.raises(ValueError, match=r"unknown vCenter version '5\.0'"):
        VCenter(tyrell(version="5.0"), host)
