"""VmFolder: a folder of virtual machines, where they are created and registered.

Rules of this file: operations only; how a VM comes to be is in `vm_creation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxsim.fake_vcenter import vm_creation
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.folder import Folder
from cxsim.fake_vcenter.managed_object import operation

if TYPE_CHECKING:
    from cxsim.fake_vcenter.task import Task


class VmFolder(Folder):
    """A folder of virtual machines; its kind is `v`."""

    @operation("CreateVM_Task")
    def _create_vm(self, call: Call, config: Any, pool: Any, host: Any = None) -> Task:
        return vm_creation.create_task(self, call, config, pool, host)

    @operation("RegisterVM_Task")
    def _register_vm(
        self, call: Call, path: str, asTemplate: bool, name: str = "", pool: Any = None, host: Any = None
    ) -> Task:
        return vm_creation.register_task(self, call, path, name, asTemplate, pool, host)
