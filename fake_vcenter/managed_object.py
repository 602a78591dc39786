"""What every managed object is: an id, a vim type, properties to read, operations to call.

Rules of this file: a property or an operation is a method marked with `prop` or `operation`; the rest of
the type comes from pyVmomi's tables. A property of the type that nobody wrote is unset if it may be, else
neutral; an operation that nobody wrote is an emulator gap. Rendered XML is kept per object until `touch`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pyVmomi import VmomiSupport, vmodl
from pyVmomi.Version import IsChildVersion
from pyVmomi.VmomiSupport import F_OPTIONAL

from cxsim.fake_vcenter import property_path
from cxsim.fake_vcenter.data_objects import UNSET, neutral
from cxsim.fake_vcenter.soap_writer import writer

if TYPE_CHECKING:
    from cxsim.fake_vcenter.call import Call
    from cxsim.fake_vcenter.model import Model

F = TypeVar("F", bound=Callable[..., Any])


class Property:
    """How a property is computed. `every_s`: it shows the clock in steps of this many seconds; 0 = it is
    computed at every reading. `per_call`: it depends on who asks."""

    def __init__(self, function: Callable[..., Any], every_s: float | None, per_call: bool) -> None:
        self.function = function
        self.every_s = every_s
        self.per_call = per_call


def prop(*names: str, every_s: float | None = None, per_call: bool = False) -> Callable[[F], F]:
    """Mark a method as the source of properties. Without `every_s` and `per_call` it is computed once and
    again only after `touch`."""

    def mark(function: F) -> F:
        function._vim_property = (names, Property(function, every_s, per_call))  # type: ignore[attr-defined]
        return function

    return mark


def operation(name: str) -> Callable[[F], F]:
    """Mark a method as the implementation of a WSDL operation. It is called with the `Call` and the
    arguments by name; what it returns is the result, what it raises as a vim fault is the answer."""

    def mark(function: F) -> F:
        function._vim_operation = name  # type: ignore[attr-defined]
        return function

    return mark


class Managed:
    """A managed object of the emulated vCenter."""

    vim_type: ClassVar[Any]
    ref_type: ClassVar[str]
    properties: ClassVar[dict[str, Property]] = {}
    operations: ClassVar[dict[str, str]] = {}
    """WSDL name of an operation -> name of the method."""

    def __init_subclass__(cls) -> None:
        cls.properties, cls.operations = dict(cls.properties), dict(cls.operations)
        for name, member in vars(cls).items():
            if hasattr(member, "_vim_property"):
                known_as, described = member._vim_property
                cls.properties.update(dict.fromkeys(known_as, described))
            if hasattr(member, "_vim_operation"):
                cls.operations[member._vim_operation] = name
        if "vim_type" in vars(cls):
            cls.ref_type = VmomiSupport.GetWsdlName(cls.vim_type)

    def __init__(self, model: Model, moid: str) -> None:
        self.model = model
        self.moid = moid
        self._kept: dict[tuple[str, str], tuple[float, str | None]] = {}
        model.add(self)

    def __repr__(self) -> str:
        return f"<{self.ref_type} {self.moid}>"

    def touch(self) -> None:
        """Something about this object changed: what was rendered is forgotten."""
        self._kept.clear()
        self.model.revision += 1

    def value(self, name: str, call: Call | None = None) -> Any:
        """The value of a property, None when unset. Raises InvalidProperty for a name that the type lacks."""
        declared_type(self.vim_type, name)  # raises for a name that the type lacks
        source = self.properties.get(name)
        if source is not None:
            return source.function(self, call) if source.per_call else source.function(self)
        return _unwritten(self.vim_type, name)

    def rendered(self, path: str, call: Call, values: dict[str, Any] | None = None) -> str | None:
        """A property, or a path into one, as XML after a tag's name: ` xsi:type="..">..`; None when unset.
        `values`: properties of this object computed a moment ago; several paths usually lead into the same
        one, and a whole one is dear to compute. Raises InvalidProperty."""
        name = property_path.first(path)
        stamp = self._stamp(name)
        if stamp is None:
            return self._render(path, name, self.value(name, call), call)
        kept = self._kept.get((call.version, path))
        if kept is None or kept[0] != stamp:
            values = {} if values is None else values
            if name not in values:
                values[name] = self.value(name)
            kept = self._kept[(call.version, path)] = (stamp, self._render(path, name, values[name], call))
        return kept[1]

    def _stamp(self, name: str) -> float | None:
        """Equal as long as the property shows the same, `touch` apart; None: it must be computed anew."""
        source = self.properties.get(name)
        if source is None or (source.every_s is None and not source.per_call):
            return 0.0
        if source.every_s and not source.per_call:
            return self.model.host.now() // source.every_s
        return None

    def _render(self, path: str, name: str, value: Any, call: Call) -> str | None:
        declared = declared_type(self.vim_type, name)
        info = self.vim_type._GetPropertyInfo(name)
        if not IsChildVersion(call.version, info.version):
            raise property_path.invalid_property(path)
        if path != name:
            value, declared = property_path.follow(value, declared, path)
        return None if value is None else writer(call.version).typed(declared, value)

    def is_a(self, vim_type: Any) -> bool:
        """True if this object's type is `vim_type` or derived from it."""
        return issubclass(self.vim_type, vim_type)


@cache
def declared_type(vim_type: Any, name: str) -> Any:
    """The declared type of a property. Raises InvalidProperty."""
    try:
        return vim_type._GetPropertyInfo(name).type
    except AttributeError:
        raise property_path.invalid_property(name) from None


@cache
def _unwritten(vim_type: Any, name: str) -> Any:
    info = vim_type._GetPropertyInfo(name)
    if issubclass(info.type, list):
        return []
    if info.flags & F_OPTIONAL:
        return None
    value = neutral(info.type)
    if value is UNSET:
        raise vmodl.fault.SystemError(reason=f"property {name} of {vim_type.__name__} has no value")
    return value


@cache
def property_names(vim_type: Any, version: str) -> tuple[str, ...]:
    """All properties of a type that an API version knows, in alphabetical order."""
    return tuple(
        sorted(info.name for info in vim_type._GetPropertyList() if IsChildVersion(version, info.version))
    )
