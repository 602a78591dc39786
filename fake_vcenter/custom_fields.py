"""CustomFieldsManager: fields that administrators add to entities.

Rules of this file: definitions live here, values with the entity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import VmomiSupport, vim

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model

if TYPE_CHECKING:
    from cxsim.fake_vcenter.managed_entity import ManagedEntity

FIRST_KEY = 101


@dataclass
class Definition:
    """A custom field. `applies_to`: WSDL name of a managed type, None for all."""

    key: int
    name: str
    applies_to: str | None


class CustomFieldsManager(Managed):
    """Defines and sets custom fields."""

    vim_type = vim.CustomFieldsManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "CustomFieldsManager")
        self.definitions: dict[int, Definition] = {}

    @prop("field")
    def _field(self) -> list[Any]:
        return [_described(definition) for definition in self.definitions.values()]

    def definitions_for(self, entity: ManagedEntity) -> list[Any]:
        """The fields that an entity can have, as vim objects."""
        return [_described(d) for d in self.definitions.values() if _applies(d, entity)]

    def define(self, name: str, applies_to: str | None) -> Definition:
        """Add a field. Raises DuplicateName, InvalidArgument."""
        if not name:
            raise faults.invalid_argument("name")
        for definition in self.definitions.values():
            if definition.name == name and definition.applies_to == applies_to:
                raise faults.duplicate_name(name, self)
        made = Definition(max(self.definitions, default=FIRST_KEY - 1) + 1, name, applies_to)
        self.definitions[made.key] = made
        self.touch()
        return made

    def set(self, entity: ManagedEntity, key: int, value: str) -> None:
        """Give an entity a value, or take it away with "". Raises InvalidArgument for a field that the
        entity cannot have."""
        definition = self.definitions.get(key)
        if definition is None or not _applies(definition, entity):
            raise faults.invalid_argument("key")
        if value:
            entity.custom_values[key] = value
        else:
            entity.custom_values.pop(key, None)
        entity.touch()

    def set_by_name(self, entity: ManagedEntity, name: str, value: str) -> None:
        """As `set`, by the field's name."""
        for definition in self.definitions.values():
            if definition.name == name and _applies(definition, entity):
                self.set(entity, definition.key, value)
                return
        raise faults.invalid_argument("key")

    @operation("AddCustomFieldDef")
    def _add(
        self, call: Call, name: str, moType: Any = None, fieldDefPolicy: Any = None, fieldPolicy: Any = None
    ) -> Any:
        applies_to = VmomiSupport.GetWsdlName(moType) if moType is not None else None
        return _described(self.define(name, applies_to))

    @operation("RemoveCustomFieldDef")
    def _remove(self, call: Call, key: int) -> None:
        if self.definitions.pop(key, None) is None:
            raise faults.invalid_argument("key")
        for managed in list(self.model.objects.values()):
            values = getattr(managed, "custom_values", None)
            if values and values.pop(key, None) is not None:
                managed.touch()
        self.touch()

    @operation("RenameCustomFieldDef")
    def _rename(self, call: Call, key: int, name: str) -> None:
        definition = self.definitions.get(key)
        if definition is None:
            raise faults.invalid_argument("key")
        if any(d.name == name and d.key != key for d in self.definitions.values()):
            raise faults.duplicate_name(name, self)
        definition.name = name
        self.touch()

    @operation("SetField")
    def _set_field(self, call: Call, entity: Any, key: int, value: str) -> None:
        target: Any = self.model.resolve(entity)
        self.set(target, key, value)


def _applies(definition: Definition, entity: ManagedEntity) -> bool:
    if definition.applies_to is None:
        return True
    cls = VmomiSupport.GetWsdlType(VmomiSupport.XMLNS_VMODL_BASE, definition.applies_to)
    return entity.is_a(cls)


def _described(definition: Definition) -> Any:
    return data(
        vim.CustomFieldsManager.FieldDef,
        key=definition.key,
        name=definition.name,
        type="string",
        managedObjectType=definition.applies_to,
    )
