"""Which objects a FilterSpec selects, and which properties of them.

Rules of this file: pure look-up over the model; an object comes once, in the order in which it is first
met. A property that is unset is left out; one that the type does not have is InvalidProperty, as in a real
vCenter, and the whole call fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pyVmomi import vmodl

from cxsim.fake_vcenter import faults, property_path
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_object import Managed, declared_type, property_names
from cxsim.fake_vcenter.model import Model


@dataclass(frozen=True, slots=True)
class Selected:
    """An object and the property paths that are wanted of it."""

    managed: Managed
    paths: tuple[str, ...]


def select(model: Model, spec: Any, call: Call, missing_is_fault: bool = True) -> list[Selected]:
    """The objects of a FilterSpec with their paths. Raises ManagedObjectNotFound (unless
    `missing_is_fault` is false: a filter whose object has gone selects nothing), InvalidProperty,
    InvalidArgument."""
    found: dict[str, Managed] = {}
    for object_spec in spec.objectSet:
        if not missing_is_fault and object_spec.obj._moId not in model.objects:
            continue
        start = model.resolve(object_spec.obj)
        _Walk(call, _by_name(object_spec.selectSet), found).visit(
            start, object_spec.selectSet, bool(object_spec.skip)
        )
    return [
        Selected(managed, paths)
        for managed in found.values()
        if (paths := _paths(spec.propSet, managed.vim_type, call.version)) is not None
    ]


class _Walk:
    """One walk along the traversal specs of an ObjectSpec."""

    def __init__(self, call: Call, named: dict[str, Any], found: dict[str, Managed]) -> None:
        self._call = call
        self._named = named
        self._found = found
        self._been: set[tuple[str, int]] = set()

    def visit(self, managed: Managed, selections: list[Any], skip: bool) -> None:
        if not skip:
            self._found.setdefault(managed.moid, managed)
        for selection in selections or []:
            traversal = self._traversal(selection)
            if not managed.is_a(traversal.type):
                continue
            for target in self._targets(managed, traversal.path):
                step = (target.moid, id(traversal))
                if step not in self._been:
                    self._been.add(step)
                    self.visit(target, traversal.selectSet, bool(traversal.skip))

    def _traversal(self, selection: Any) -> Any:
        if isinstance(selection, vmodl.query.PropertyCollector.TraversalSpec):
            return selection
        named = self._named.get(selection.name)
        if named is None:
            raise faults.invalid_argument(f"specSet.objectSet.selectSet.name: {selection.name}")
        return named

    def _targets(self, managed: Managed, path: str) -> list[Managed]:
        name = property_path.first(path)
        value = managed.value(name, self._call)
        if path != name:
            value, _ = property_path.follow(value, declared_type(managed.vim_type, name), path)
        candidates = value if isinstance(value, list) else [] if value is None else [value]
        objects = managed.model.objects
        references = (getattr(candidate, "moid", None) for candidate in candidates)
        return [objects[moid] for moid in references if moid is not None and moid in objects]


def _by_name(selections: list[Any]) -> dict[str, Any]:
    """All named traversal specs, however deep; they may refer to each other by name."""
    named: dict[str, Any] = {}
    waiting = list(selections or [])
    while waiting:
        selection = waiting.pop()
        if isinstance(selection, vmodl.query.PropertyCollector.TraversalSpec):
            if selection.name:
                named.setdefault(selection.name, selection)
            waiting.extend(selection.selectSet or [])
    return named


def _paths(property_specs: list[Any], vim_type: Any, version: str) -> tuple[str, ...] | None:
    """The wanted paths of a type, None if no PropertySpec is about it. Raises InvalidProperty."""
    paths: dict[str, None] = {}
    about = False
    for spec in property_specs:
        if not issubclass(vim_type, spec.type):
            continue
        about = True
        if spec.all:
            paths.update(dict.fromkeys(property_names(vim_type, version)))
        for path in spec.pathSet or []:
            _exists(vim_type, str(path))
            paths[str(path)] = None
    return tuple(paths) if about else None


@cache
def _exists(vim_type: Any, path: str) -> None:
    declared_type(vim_type, property_path.first(path))


def object_content(selected: Selected, call: Call) -> str:
    """An ObjectContent as XML, without its tag."""
    managed = selected.managed
    parts = [f'<obj type="{managed.ref_type}">{managed.moid}</obj>']
    values: dict[str, Any] = {}
    for path in selected.paths:
        rendered = managed.rendered(path, call, values)
        if rendered is not None:
            parts.append(f"<propSet><name>{path}</name><val{rendered}</val></propSet>")
    return "".join(parts)
