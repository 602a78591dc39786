"""Folder: groups entities of one kind.

Rules of this file: a folder knows which kinds of children it may have; a new entity enters it by `adopt`.
What only folders of virtual machines can do is in `vm_folder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyVmomi import VmomiSupport, vim

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_entity import MAX_NAME_CHARACTERS, ManagedEntity
from cxsim.fake_vcenter.managed_object import operation, prop
from cxsim.fake_vcenter.model import Model

if TYPE_CHECKING:
    from cxsim.fake_vcenter.task import Task

CHILD_TYPES = {
    "d": (vim.Folder, vim.Datacenter),
    "v": (vim.Folder, vim.VirtualMachine, vim.VirtualApp),
    "h": (vim.Folder, vim.ComputeResource),
    "s": (vim.Folder, vim.Datastore, vim.StoragePod),
    "n": (vim.Folder, vim.Network, vim.DistributedVirtualSwitch),
}
"""Kind of folder (the letter in its id, `group-v3`) -> what may stand in it."""


class Folder(ManagedEntity):
    """A folder of one kind: `d` datacenters, `v` VMs, `h` hosts, `s` datastores, `n` networks."""

    vim_type = vim.Folder

    def __init__(
        self, model: Model, kind: str, name: str, parent: ManagedEntity | None, moid: str | None = None
    ) -> None:
        super().__init__(model, moid or model.new_id(f"group-{kind}"), name, parent)
        self.kind = kind
        self._children: list[ManagedEntity] = []

    def children(self) -> list[ManagedEntity]:
        """In order of arrival."""
        return list(self._children)

    def adopt(self, entity: ManagedEntity) -> None:
        """Take an entity in."""
        self._children.append(entity)
        self.touch()

    def disown(self, entity: ManagedEntity) -> None:
        """Let an entity go."""
        self._children.remove(entity)
        self.touch()

    @prop("childEntity")
    def _child_entity(self) -> list[ManagedEntity]:
        return self.children()

    @prop("childType")
    def _child_type(self) -> list[str]:
        return [VmomiSupport.GetWsdlName(cls) for cls in CHILD_TYPES[self.kind]]

    @operation("CreateFolder")
    def _create_folder(self, call: Call, name: str) -> Folder:
        self.check_child(name)
        made = type(self)(self.model, self.kind, name, self)
        self.adopt(made)
        return made

    @operation("Destroy_Task")
    def _destroy_task(self, call: Call) -> Task:
        parent = self.parent
        if not isinstance(parent, Folder):
            raise faults.not_supported()

        def effect() -> None:
            if self._children:
                # A real vCenter would destroy what is inside; doing that silently helps nobody here.
                raise faults.not_supported()
            parent.disown(self)
            self.model.remove(self)

        return self.task_manager.start(
            call, self, "Destroy_Task", effect, self.model.config.durations.destroy_s
        )

    def check_child(self, name: str) -> None:
        """Raises InvalidName or DuplicateName if no new child can be called so."""
        if not name or len(name) > MAX_NAME_CHARACTERS:
            raise faults.invalid_name(name, self)
        for child in self._children:
            if child.name == name:
                raise faults.duplicate_name(name, child)
