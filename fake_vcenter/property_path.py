"""Property paths: `config.hardware.device[4000].backing` and what they lead to.

Rules of this file: a step is a field of a data object, or `[key]` into an array: the key is compared with
the elements' `key` field, a quoted key likewise. A step that the type does not have is InvalidProperty, as
is a step into an array without a key; a step into something unset is unset.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pyVmomi import vmodl
from pyVmomi.VmomiSupport import DataObject

_STEP = re.compile(r"(?:^|\.)([A-Za-z]\w*)|\[\"?([^\"\]]*)\"?\]")


def invalid_property(path: str) -> Exception:
    """The fault for a path that a type does not have."""
    fault = vmodl.query.InvalidProperty(name=path)
    fault.msg = f"Invalid property: {path}"
    return fault


@cache
def steps(path: str) -> tuple[tuple[str, bool], ...]:
    """The steps of a path as (name or key, is it a key). Raises InvalidProperty."""
    found, end = [], 0
    for match in _STEP.finditer(path):
        if match.start() != end:
            break
        end = match.end()
        found.append((match.group(1), False) if match.group(1) else (match.group(2), True))
    if end != len(path) or not found or found[0][1]:
        raise invalid_property(path)
    return tuple(found)


def first(path: str) -> str:
    """The property that a path begins with. Raises InvalidProperty."""
    return path if path.isidentifier() else steps(path)[0][0]


def follow(value: Any, declared: Any, path: str) -> tuple[Any, Any]:
    """The value at the end of a path and its declared type; `value` is that of the path's first step.
    Raises InvalidProperty."""
    for name, is_key in steps(path)[1:]:
        if is_key:
            if not issubclass(declared, list):
                raise invalid_property(path)
            declared = declared.Item
            value = next((item for item in value or () if _key(item) == name), None)
            continue
        cls = type(value) if isinstance(value, DataObject) else declared
        if not issubclass(cls, DataObject):
            raise invalid_property(path)
        try:
            declared = cls._GetPropertyInfo(name).type
        except AttributeError:
            raise invalid_property(path) from None
        if value is not None:
            value = value.__dict__.get(name)
            if value is None and issubclass(declared, list):
                value = []
    return value, declared


def _key(item: Any) -> str:
    key = item.__dict__.get("key") if isinstance(item, DataObject) else item
    return str(getattr(key, "moid", key))
