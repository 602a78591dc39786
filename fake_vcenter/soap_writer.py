"""Write vim values as SOAP, as a real vCenter does.

Rules of this file: one writer per API version, which leaves out what that version does not know and widens
types to what it knows. For each (tag, declared type) a small function is made once and kept; values then
flow through these functions. Every child of an `ArrayOf...` carries its xsi:type: real vCenters send it and
libvirt's driver insists on it (peers.md 1.1). References may be given as pyVmomi's managed objects or as
anything with `ref_type` and `moid`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pyVmomi import VmomiSupport
from pyVmomi.Version import IsChildVersion
from pyVmomi.VmomiSupport import (
    F_OPTIONAL,
    XMLNS_XSD,
    DataObject,
    GetCompatibleType,
    GetQualifiedWsdlName,
    ManagedMethod,
    ManagedObject,
    PropertyPath,
    binary,
)

from cxsim.fake_vcenter.data_objects import fields_of

Out = list[str]
FieldWriter = Callable[[Out, Any], None]

MethodFault = VmomiSupport.GetVmodlType("vmodl.MethodFault")
_LOCALIZED = "LocalizedMethodFault"
_TEXT_TYPES = (ManagedMethod, PropertyPath, type)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class IncompleteObject(TypeError):
    """A required field has no value: a mistake in this emulator."""


class Raw(str):
    """XML that is ready to be put into an answer: complete `returnval` elements."""

    __slots__ = ()


def escape(text: str) -> str:
    """Text as XML character data; characters that XML cannot hold become `?`."""
    if not text.isprintable():
        text = _NOT_XML.sub("?", text)
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def iso8601(instant: datetime) -> str:
    """An instant in UTC with as many decimals as it needs. An instant without a zone is taken as UTC."""
    if instant.utcoffset():
        instant = instant.astimezone(UTC)
    text = instant.strftime("%Y-%m-%dT%H:%M:%S")
    if instant.microsecond:
        text += f".{instant.microsecond:06d}".rstrip("0")
    return text + "Z"


def _bool(value: Any) -> str:
    return "true" if value else "false"


def _method(value: Any) -> str:
    return value if isinstance(value, str) else str(value.info.wsdlName)


def _type_name(value: Any) -> str:
    return value if isinstance(value, str) else str(VmomiSupport.GetWsdlName(value))


def _binary(value: Any) -> str:
    return base64.b64encode(value).decode("ascii")


def _text_of(declared: type) -> Callable[[Any], str]:
    """How a value of a simple type is written as text."""
    for base, convert in (
        (bool, _bool),
        (ManagedMethod, _method),
        (type, _type_name),
        (datetime, iso8601),
        (binary, _binary),
        (str, escape),
    ):
        if issubclass(declared, base):
            return convert
    return str


class SoapWriter:
    """Writes values for clients that speak one API version (pyVmomi's name for it)."""

    def __init__(self, version: str) -> None:
        self.version = version
        self._writers: dict[tuple[str, type], FieldWriter] = {}
        self._tables: dict[type, list[tuple[str, FieldWriter, bool]]] = {}

    def elements(self, tag: str, declared: type, value: Any) -> str:
        """`<tag>...</tag>` for a value whose type the reader knows (once per item for an array)."""
        out: Out = []
        self.field(tag, declared)(out, value)
        return "".join(out)

    def typed(self, declared: type, value: Any) -> str:
        """What follows a tag's name up to its end tag, with xsi:type, for a reader that expects anything:
        ` xsi:type="xsd:string">text`. `declared` is what the property is declared as."""
        out: Out = []
        self._typed(out, declared, value)
        return "".join(out)

    def fault(self, fault: Any) -> str:
        """The element in the `detail` of a SOAP fault."""
        cls = GetCompatibleType(type(fault), self.version)
        name = VmomiSupport.GetWsdlName(cls)
        out: Out = [f'<{name}Fault xmlns="urn:vim25" xsi:type="{name}">']
        self._fields(out, cls, fault)
        out.append(f"</{name}Fault>")
        return "".join(out)

    def field(self, tag: str, declared: type) -> FieldWriter:
        """The function that writes values of a declared type under a tag."""
        key = (tag, declared)
        if key not in self._writers:
            self._writers[key] = self._make(tag, declared)
        return self._writers[key]

    def _make(self, tag: str, declared: type) -> FieldWriter:
        if declared is object:
            return self._anything(tag)
        if issubclass(declared, list):
            write_item = self.field(tag, declared.Item)  # type: ignore[attr-defined]

            def write_list(out: Out, value: Any) -> None:
                for item in value:
                    write_item(out, item)

            return write_list
        if issubclass(declared, DataObject):
            return self._data(tag, declared)
        if issubclass(declared, ManagedObject):
            return lambda out, value: out.append(f"<{tag}{_reference(value)}</{tag}>")
        text = _text_of(declared)
        start, end = f"<{tag}>", f"</{tag}>"
        return lambda out, value: out.append(f"{start}{text(value)}{end}")

    def _anything(self, tag: str) -> FieldWriter:
        def write_any(out: Out, value: Any) -> None:
            out.append(f"<{tag}")
            self._typed(out, _natural_type(value), value)
            out.append(f"</{tag}>")

        return write_any

    def _data(self, tag: str, declared: type) -> FieldWriter:
        start, end = f"<{tag}>", f"</{tag}>"
        if issubclass(declared, MethodFault):

            def write_fault(out: Out, value: Any) -> None:
                out.append(start)
                self._localized(out, value)
                out.append(end)

            return write_fault

        def write_data(out: Out, value: Any) -> None:
            cls = value.__class__
            if cls is declared:
                out.append(start)
            else:
                cls = GetCompatibleType(cls, self.version)
                if cls is declared:
                    out.append(start)
                else:
                    out.append(f'<{tag} xsi:type="{type_attribute(cls)}">')
            self._fields(out, cls, value)
            out.append(end)

        return write_data

    def _fields(self, out: Out, cls: type, value: Any) -> None:
        table = self._tables.get(cls)
        if table is None:
            table = self._tables[cls] = [
                (info.name, self.field(info.name, info.type), not info.flags & F_OPTIONAL)
                for info in fields_of(cls)
                # The message of a fault travels beside it, not in it.
                if IsChildVersion(self.version, info.version)
                and not (info.name == "msg" and issubclass(cls, MethodFault))
            ]
        values = value.__dict__
        for name, write, required in table:
            field_value = values.get(name)
            if field_value is not None:
                write(out, field_value)
            elif required and not (name in values or _may_be_empty(cls, name)):
                raise IncompleteObject(f"{cls.__name__}.{name} has no value")

    def _localized(self, out: Out, fault: Any) -> None:
        cls = GetCompatibleType(type(fault), self.version)
        out.append(f'<fault xsi:type="{type_attribute(cls)}">')
        self._fields(out, cls, fault)
        out.append(f"</fault><localizedMessage>{escape(fault.msg or '')}</localizedMessage>")

    def _typed(self, out: Out, declared: Any, value: Any) -> None:
        if declared is object:
            declared = _natural_type(value)
        if issubclass(declared, list):
            item_type = declared.Item
            out.append(f' xsi:type="{type_attribute(declared)}">')
            tag = _item_tag(item_type)
            for item in value:
                out.append(f"<{tag}")
                self._typed(out, item_type, item)
                out.append(f"</{tag}>")
        elif isinstance(value, MethodFault):
            out.append(f' xsi:type="{_LOCALIZED}">')
            self._localized(out, value)
        elif isinstance(value, DataObject):
            cls = GetCompatibleType(type(value), self.version)
            out.append(f' xsi:type="{type_attribute(cls)}">')
            self._fields(out, cls, value)
        elif issubclass(declared, ManagedObject):
            # The order of the two attributes is that of a real vCenter.
            attribute, _, moid = _reference(value).partition(">")
            out.append(f'{attribute} xsi:type="ManagedObjectReference">{moid}')
        else:
            out.append(f' xsi:type="{type_attribute(declared)}">{_text_of(declared)(value)}')


@cache
def writer(version: str) -> SoapWriter:
    """The writer for an API version."""
    return SoapWriter(version)


def _reference(value: Any) -> str:
    if isinstance(value, ManagedObject):
        return f' type="{VmomiSupport.GetWsdlName(type(value))}">{escape(value._moId)}'
    return f' type="{value.ref_type}">{escape(value.moid)}'


@cache
def _may_be_empty(cls: type, name: str) -> bool:
    declared = cls._GetPropertyInfo(name).type  # type: ignore[attr-defined]
    return declared is object or issubclass(declared, list)


@cache
def type_attribute(cls: Any) -> str:
    """The value of xsi:type for a type."""
    if issubclass(cls, list):
        return f"ArrayOf{_capitalized(_item_tag(cls.Item))}"
    if issubclass(cls, _TEXT_TYPES):
        return "xsd:string"
    namespace, name = GetQualifiedWsdlName(cls)
    return f"xsd:{name}" if namespace == XMLNS_XSD else str(name)


@cache
def _item_tag(item_type: Any) -> str:
    if item_type is object:
        return "anyType"
    if issubclass(item_type, ManagedObject):
        return "ManagedObjectReference"
    return type_attribute(item_type).removeprefix("xsd:")


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]


def _natural_type(value: Any) -> Any:
    """The type of a value for which `anyType` is declared."""
    if hasattr(value, "ref_type"):
        return ManagedObject
    return type(value)
