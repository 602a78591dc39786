"""Operations in time: progress, order, power rules, guests that shut down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyVim.task import WaitForTask, WaitForTasks
from pyVmomi import vim, vmodl

from cxsim.fake_vcenter import VCenter
from cxsim.fake_vcenter.virtual_machine import POWER_RULES

from .conftest import StepHost

OPERATIONS = {
    "PowerOnVM_Task": lambda vm: vm.PowerOnVM_Task(),
    "PowerOffVM_Task": lambda vm: vm.PowerOffVM_Task(),
    "SuspendVM_Task": lambda vm: vm.SuspendVM_Task(),
    "ResetVM_Task": lambda vm: vm.ResetVM_Task(),
}
STATES = {"on": "poweredOn", "off": "poweredOff", "suspended": "suspended"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("method", OPERATIONS)
def test_power_operations_follow_the_table(
    vcenter: VCenter, deckard: Any, method: str, state: str, done: Callable[[Any], Any]
) -> None:
    vcenter.power(deckard._moId, state)
    rule = POWER_RULES[method]
    if state in rule.allowed:
        done(OPERATIONS[method](deckard))
        assert deckard.runtime.powerState == STATES[rule.becomes]
    else:
        with pytest.raises(vim.fault.InvalidPowerState) as raised:
            done(OPERATIONS[method](deckard))
        assert raised.value.existingState == STATES[state]
        assert raised.value.requestedState == STATES[rule.becomes]
        assert deckard.runtime.powerState == STATES[state]


def test_a_task_shows_progress_while_it_runs_and_its_end(
    vcenter: VCenter, deckard: Any, host: StepHost
) -> None:
    seen: list[tuple[str, int | None]] = []
    held = vim.Task("", None)

    def look() -> None:
        info = vim.Task(held._moId, deckard._stub).info
        seen.append((info.state, info.progress))

    began_s = host.now()
    with host.hold() as run_next:
        held = deckard.PowerOffVM_Task()
        look()
        host.on_sleep.append(look)
        run_next()
    look()
    # Before its work is scheduled it has run for no time; the sleep of the work itself moves the clock.
    assert seen == [("running", 0), ("running", 99), ("success", None)]
    info = held.info
    assert (info.descriptionId, info.entityName) == ("VirtualMachine.powerOff", "deckard")
    assert info.name.info.wsdlName == "PowerOffVM_Task"
    assert (info.completeTime - info.startTime).total_seconds() == vcenter.config.durations.power_off_s
    assert host.now() - began_s == vcenter.config.durations.power_off_s
    assert info.reason.userName == "VSPHERE.LOCAL\\Administrator"


def test_pyvim_waits_for_a_task_and_raises_its_fault(deckard: Any) -> None:
    assert WaitForTask(deckard.PowerOffVM_Task()) == "success"
    with pytest.raises(vim.fault.InvalidPowerState, match=r"current state \(Powered off\)"):
        WaitForTask(deckard.PowerOffVM_Task())
    WaitForTasks([deckard.PowerOnVM_Task()])
    assert deckard.runtime.powerState == "poweredOn"


def test_operations_on_one_vm_queue_and_run_in_order(deckard: Any, host: StepHost) -> None:
    with host.hold() as run_next:
        first, second = deckard.PowerOffVM_Task(), deckard.PowerOnVM_Task()
        assert [first.info.state, second.info.state] == ["running", "queued"]
        assert second.info.startTime is None
        run_next()
        assert [first.info.state, second.info.state] == ["success", "running"]
        run_next()
    assert second.info.state == "success"
    assert second.info.startTime >= first.info.completeTime
    assert deckard.runtime.powerState == "poweredOn"


def test_operations_on_two_vms_do_not_wait_for_each_other(deckard: Any, roy: Any, host: StepHost) -> None:
    with host.hold():
        tasks = [deckard.PowerOffVM_Task(), roy.PowerOnVM_Task()]
        assert [task.info.state for task in tasks] == ["running", "running"]


def test_the_end_of_a_task_is_logged_with_its_error(deckard: Any, host: StepHost) -> None:
    deckard.PowerOffVM_Task()
    deckard.PowerOffVM_Task()
    assert [(t["kind"], t["target"], t["state"]) for t in host.named("task")] == [
        ("PowerOffVM_Task", "deckard", "succeeded"),
        ("PowerOffVM_Task", "deckard", "failed"),
    ]
    assert host.named("task")[1]["error"].startswith("InvalidPowerState: The attempted operation")
    assert host.named("vcenter.vm") == [
        {"vcenter": "tyrell-vc01", "vm": "deckard", "change": "power", "power": "off"}
    ]


def test_a_task_that_ended_long_ago_is_forgotten(si: Any, deckard: Any, host: StepHost) -> None:
    old = deckard.PowerOffVM_Task()
    assert [t._moId for t in si.content.taskManager.recentTask] == [old._moId]
    host.sleep(601.0)
    new = deckard.PowerOnVM_Task()
    assert [t._moId for t in deckard.recentTask] == [new._moId]
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        assert old.info


def test_a_task_cannot_be_cancelled(deckard: Any, host: StepHost) -> None:
    with host.hold(), pytest.raises(vmodl.fault.NotSupported):
        deckard.PowerOffVM_Task().CancelTask()
    host.events.clear()


def test_a_guest_shuts_down_in_its_own_time_without_a_task(vcenter: VCenter, deckard: Any) -> None:
    before_s = vcenter.host.now()
    assert deckard.ShutdownGuest() is None
    assert deckard.runtime.powerState == "poweredOff"
    assert vcenter.host.now() - before_s == vcenter.config.durations.shutdown_guest_s


def test_a_guest_that_was_switched_off_meanwhile_is_left_alone(
    vcenter: VCenter, deckard: Any, host: StepHost
) -> None:
    with host.hold() as run_next:
        deckard.ShutdownGuest()
        deckard.PowerOffVM_Task()
        deckard.PowerOnVM_Task()
        run_next(1)  # the plug is pulled
        run_next(1)  # and put in again
        run_next()  # now the shutdown would be through
    assert deckard.runtime.powerState == "poweredOn"


def test_guest_operations_need_tools_and_a_running_vm(vcenter: VCenter, deckard: Any, roy: Any) -> None:
    with pytest.raises(vim.fault.InvalidPowerState):
        roy.ShutdownGuest()
    vcenter.find_vm(name="deckard").tools = False
    with pytest.raises(vim.fault.ToolsUnavailable):
        deckard.ShutdownGuest()
    vcenter.find_vm(name="deckard").tools = True
    deckard.RebootGuest()
    assert deckard.runtime.powerState == "poweredOn"


def test_observers_hear_of_every_change_after_it_happened(vcenter: VCenter, deckard: Any) -> None:
    heard: list[tuple[str, str, str]] = []
    vcenter.observers.append(lambda change, record: heard.append((change, record.name, record.power)))
    deckard.PowerOffVM_Task()
    deckard.Rename_Task("nexus-6")
    deckard.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="x"))
    deckard.Destroy_Task()
    assert heard == [
        ("power", "deckard", "off"),
        ("renamed", "nexus-6", "off"),
        ("reconfigured", "nexus-6", "off"),
        ("destroyed", "nexus-6", "off"),
    ]
