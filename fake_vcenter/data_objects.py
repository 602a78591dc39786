"""Make vim data objects quickly: required fields that are not given get the neutral value of their type.

Rules of this file: an object made here is for writing to the wire. It skips pyVmomi's own constructor (which
visits every field of every base type under a lock) and holds only what is set, so read an unset field with
`field`. Neutral values are false, 0, "", an empty list and the FIRST value of an enumeration: an empty
enumeration makes pyVmomi clients fail (peers.md 1.1).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pyVmomi import VmomiSupport
from pyVmomi.VmomiSupport import F_OPTIONAL, DataObject, Enum, ManagedObject

UNSET = object()


def data(cls: Any, **fields: Any) -> Any:
    """A data object of type `cls`; fields that are None stay unset. Raises TypeError for a field that the
    type does not have."""
    required, known = _shape(_loaded(cls))
    unknown = fields.keys() - known
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    made = object.__new__(_loaded(cls))
    made.__dict__.update(required)
    for name, value in fields.items():
        if value is not None:
            made.__dict__[name] = value
    return made


def field(value: Any, name: str) -> Any:
    """A field of a data object, None when unset. Works for objects of either making."""
    return value.__dict__.get(name)


def neutral(declared: type) -> Any:
    """The neutral value of a type, `UNSET` if it has none (a reference to a managed object)."""
    if issubclass(declared, list):
        return []
    if issubclass(declared, DataObject):
        return data(declared)
    if issubclass(declared, ManagedObject):
        return UNSET
    if issubclass(declared, Enum):
        values: list[Any] = declared.values  # type: ignore[attr-defined]
        return values[0]
    if declared is bool:
        return False
    if issubclass(declared, (int, float)):
        return 0
    if issubclass(declared, str):
        return ""
    return UNSET


def fields_of(cls: Any) -> list[Any]:
    """pyVmomi's description of every field of a type, base types first: name, type, version, flags."""
    return _all_fields(_loaded(cls))


def _loaded(cls: Any) -> Any:
    # `vim.x.Y` is a lazy module until something of the type was used.
    return cls if isinstance(cls, type) else VmomiSupport.GetVmodlType(cls.name)


@cache
def _all_fields(cls: Any) -> list[Any]:
    return list(cls._GetPropertyList())


@cache
def _shape(cls: Any) -> tuple[dict[str, Any], frozenset[str]]:
    described = _all_fields(cls)
    required = {}
    for info in described:
        if not info.flags & F_OPTIONAL:
            value = neutral(info.type)
            # A list is shared by all objects of the type; nothing appends to an object that was made here.
            if value is not UNSET and value != []:
                required[info.name] = value
    return required, frozenset(info.name for info in described)
