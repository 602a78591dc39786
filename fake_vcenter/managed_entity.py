"""ManagedEntity: whatever stands in the inventory tree.

Rules of this file: names, parents, custom values, rename and removal, the same for all entities. An entity
keeps what its children are; who shows what about whom is told by `touch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pyVmomi import vim

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model

if TYPE_CHECKING:
    from cxsim.fake_vcenter.custom_fields import CustomFieldsManager
    from cxsim.fake_vcenter.event_manager import EventManager
    from cxsim.fake_vcenter.task import Task, TaskManager

MAX_NAME_CHARACTERS = 80
ROLE_IDS = {"Admin": -1, "ReadOnly": -2}


class ManagedEntity(Managed):
    """An object of the inventory tree."""

    vim_type = vim.ManagedEntity

    def __init__(self, model: Model, moid: str, name: str, parent: ManagedEntity | None) -> None:
        super().__init__(model, moid)
        self._name = name
        self.parent = parent
        self.tasks: list[Task] = []
        """Operations on this entity that have not ended; the first one runs."""
        self.custom_values: dict[int, str] = {}
        """Custom field key -> value."""

    @property
    def name(self) -> str:
        """The name, unique among its siblings."""
        return self._name

    def children(self) -> list[ManagedEntity]:
        """What stands below it in the tree."""
        return []

    def inventory_path(self) -> str:
        """`/Tyrell/vm/deckard`; the root folder is not named."""
        steps, entity = [], self
        while entity.parent is not None:
            steps.append(entity.name.replace("/", "%2f"))
            entity = entity.parent
        return "/" + "/".join(reversed(steps))

    def datacenter(self) -> ManagedEntity | None:
        """The datacenter it stands in."""
        entity: ManagedEntity | None = self
        while entity is not None and not entity.is_a(vim.Datacenter):
            entity = entity.parent
        return entity

    @property
    def task_manager(self) -> TaskManager:
        """Where operations on this entity are started."""
        return cast("TaskManager", self.model.objects["TaskManager"])

    @property
    def event_manager(self) -> EventManager:
        """Where events about this entity are posted."""
        return cast("EventManager", self.model.objects["EventManager"])

    @prop("name")
    def _show_name(self) -> str:
        return self.name

    @prop("parent")
    def _show_parent(self) -> ManagedEntity | None:
        return self.parent

    @prop("overallStatus", "configStatus")
    def _status(self) -> str:
        return "green"

    @prop("effectiveRole", per_call=True)
    def _role(self, call: Call) -> list[int]:
        return [ROLE_IDS[call.session.user.role]] if call.session else []

    @prop("recentTask", every_s=0)
    def _recent_tasks(self) -> list[Task]:
        return [task for task in self.task_manager.recent() if task.entity is self]

    @prop("alarmActionsEnabled")
    def _alarm_actions(self) -> bool:
        return True

    @prop("value", "customValue")
    def custom_value_objects(self) -> list[Any]:
        """The custom values as vim objects, in order of their fields."""
        return [
            data(vim.CustomFieldsManager.StringValue, key=key, value=value)
            for key, value in sorted(self.custom_values.items())
        ]

    @prop("availableField", every_s=0)
    def _available_fields(self) -> list[Any]:
        return self._custom_fields.definitions_for(self)

    @property
    def _custom_fields(self) -> CustomFieldsManager:
        return cast("CustomFieldsManager", self.model.objects["CustomFieldsManager"])

    @operation("Rename_Task")
    def _rename_task(self, call: Call, newName: str) -> Task:
        def check() -> None:
            self.check_name(newName)

        check()
        duration_s = self.model.config.durations.rename_s
        return self.task_manager.start(
            call, self, "Rename_Task", lambda: self.rename(newName, call.user), duration_s, check
        )

    @operation("Destroy_Task")
    def _destroy_task(self, call: Call) -> Task:
        raise faults.not_supported()

    @operation("Reload")
    def _reload(self, call: Call) -> None:
        """Nothing is read from anywhere else here."""

    @operation("setCustomValue")
    def _set_custom_value(self, call: Call, key: str, value: str) -> None:
        self._custom_fields.set_by_name(self, key, value)

    def check_name(self, name: str) -> None:
        """Raises InvalidName or DuplicateName if this entity cannot be called so."""
        if not name or len(name) > MAX_NAME_CHARACTERS:
            raise faults.invalid_name(name, self)
        for sibling in self.parent.children() if self.parent else []:
            if sibling.name == name and sibling is not self:
                raise faults.duplicate_name(name, sibling)

    def rename(self, name: str, user: str = "") -> None:
        """Give it another name. Raises InvalidName or DuplicateName."""
        self.check_name(name)
        self._name = name
        self.model.touch_all()
