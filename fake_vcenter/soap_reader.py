"""Read a SOAP request into vim values, strictly, whatever a client sends.

Rules of this file: bytes are parsed at once, without entities, DTDs or network. `versionId` attributes are
ignored, prefixes are free. What a request must not contain, or what it lacks, raises the typed fault that
a vCenter answers (`InvalidRequest` and its kind), never an exception of Python's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from lxml import etree
from pyVmomi import Iso8601, VmomiSupport, vmodl
from pyVmomi.VmomiSupport import (
    F_OPTIONAL,
    XMLNS_VMODL_BASE,
    XMLNS_XSD,
    XMLNS_XSI,
    DataObject,
    Enum,
    ManagedMethod,
    ManagedObject,
    PropertyPath,
    binary,
)

SOAP_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
)
_XSI_TYPE = f"{{{XMLNS_XSI}}}type"
_BODY = f"{{{SOAP_ENVELOPE}}}Body"


@dataclass(frozen=True, slots=True)
class Operation:
    """The one call in a request: its name, what it is called on, and its parameters as elements."""

    name: str
    target_type: str
    target_id: str
    arguments: list[Any]


def invalid_request(text: str) -> Exception:
    """The fault for a request that cannot be understood."""
    fault = vmodl.fault.InvalidRequest()
    fault.msg = text
    return fault


def read_operation(content: bytes) -> Operation:
    """The operation in a SOAP envelope. Raises InvalidRequest."""
    try:
        root: Any = etree.fromstring(content, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise invalid_request(f"The request is not well-formed XML: {error}") from None
    if b"<!DOCTYPE" in content and root.getroottree().docinfo.doctype:
        raise invalid_request("A document type declaration is not allowed in a request.")
    if root.tag != f"{{{SOAP_ENVELOPE}}}Envelope":
        raise invalid_request(f"Expected a SOAP envelope, found {_local(root)}.")
    body = root.find(_BODY)
    calls = [] if body is None else list(_children(body))
    if not calls:
        raise invalid_request("The SOAP body is missing or empty.")
    call = calls[0]
    name, arguments = _local(call), list(_children(call))
    if not arguments or _local(arguments[0]) != "_this":
        raise invalid_request(f"Missing parameter _this in the call of {name}.")
    target = arguments[0]
    return Operation(name, _unprefixed(target.get("type") or ""), target.text or "", arguments[1:])


def read_arguments(operation: Operation, parameters: tuple[Any, ...]) -> dict[str, Any]:
    """The arguments of a call by name, read as the signature declares them. Raises InvalidRequest."""
    signature = {info.name: info for info in parameters}
    read: dict[str, Any] = {}
    for element in operation.arguments:
        name = _local(element)
        info = signature.get(name)
        if info is None:
            raise invalid_request(f"Unexpected element tag {name!r} seen in the call of {operation.name}.")
        _store(read, element, name, info.type)
    for info in parameters:
        if info.flags & F_OPTIONAL or info.name in read:
            continue
        if issubclass(info.type, list):
            read[info.name] = info.type()  # an empty array is written as nothing at all
        else:
            raise invalid_request(
                f"Required parameter {info.name} is missing while parsing call information for method "
                f"{operation.name}."
            )
    return read


def read_text(operation: Operation, name: str) -> str:
    """One text argument of a call. Raises InvalidRequest if it is missing."""
    for element in operation.arguments:
        if _local(element) == name:
            return element.text or ""
    raise invalid_request(f"Required parameter {name} is missing in the call of {operation.name}.")


def _store(target: dict[str, Any], element: Any, name: str, declared: Any) -> None:
    if not issubclass(declared, list):
        target[name] = read_value(element, declared)
        return
    stored = target.get(name)
    if not isinstance(stored, list):
        stored = target[name] = declared()
    if (element.get(_XSI_TYPE) or "").partition(":")[2].startswith("ArrayOf") or (
        element.get(_XSI_TYPE) or ""
    ).startswith("ArrayOf"):
        stored.extend(read_value(child, declared.Item) for child in _children(element))
    else:
        stored.append(read_value(element, declared.Item))


def read_value(element: Any, declared: Any) -> Any:
    """The value of an element that is declared to hold `declared`. Raises InvalidRequest."""
    given = element.get(_XSI_TYPE)
    if declared is object:
        declared = _named_type(element, given) if given else str
        if issubclass(declared, list):
            items = (read_value(child, declared.Item) for child in _children(element))
            return declared(items)
    elif given and issubclass(declared, DataObject):
        narrower = _named_type(element, given)
        if not issubclass(narrower, declared):
            raise invalid_request(f"{_unprefixed(given)} is not a {VmomiSupport.GetWsdlName(declared)}.")
        declared = narrower
    if issubclass(declared, DataObject):
        return _read_object(element, declared)
    if issubclass(declared, ManagedObject):
        return _read_reference(element, declared)
    return _read_simple(element, declared)


def _read_reference(element: Any, declared: Any) -> Any:
    """A reference of the declared type, or of the narrower one that it names."""
    named = _unprefixed(element.get("type") or "")
    cls = _wsdl_type(named) if named else declared
    if issubclass(declared, cls):
        cls = declared
    if not issubclass(cls, declared):
        raise invalid_request(f"{named} is not a {VmomiSupport.GetWsdlName(declared)}.")
    return cls(element.text or "", None)


def _read_object(element: Any, cls: Any) -> Any:
    made = cls()
    for child in _children(element):
        name = _local(child)
        try:
            info = cls._GetPropertyInfo(name)
        except AttributeError:
            raise invalid_request(
                f"Unexpected element tag {name!r} seen in {VmomiSupport.GetWsdlName(cls)}."
            ) from None
        _store(made.__dict__, child, info.name, info.type)
    for name in _required(cls):
        if made.__dict__.get(name) is None:
            raise invalid_request(
                f"Required property {name} is missing from data object of type {cls._wsdlName}."
            )
    return made


@cache
def _required(cls: Any) -> tuple[str, ...]:
    # pyVmomi presets numbers, texts and truth values, so only references, objects and enumerations show.
    return tuple(
        info.name
        for info in cls._GetPropertyList()
        if not info.flags & F_OPTIONAL and not issubclass(info.type, list)
    )


def _read_simple(element: Any, declared: Any) -> Any:
    text = element.text or ""
    try:
        if declared is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
        if declared is datetime:
            instant = Iso8601.ParseISO8601(text.strip())
            if instant is None:
                raise ValueError(text)
            return instant
        if declared is type:
            return _wsdl_type(_unprefixed(text.strip()))
        if declared is ManagedMethod:
            return VmomiSupport.GetWsdlMethod(XMLNS_VMODL_BASE, _unprefixed(text.strip()))
        if issubclass(declared, binary):
            return declared(base64.b64decode(text, validate=True))
        if issubclass(declared, (PropertyPath, Enum)):
            return declared(text)
        if issubclass(declared, (int, float)):
            return declared(text.strip())
        return declared(text)
    except (KeyError, ValueError, binascii.Error):
        raise invalid_request(
            f"Invalid value {text[:80]!r} in {_local(element)}: expected {declared.__name__}."
        ) from None


def _named_type(element: Any, given: str) -> Any:
    prefix, colon, name = given.strip().rpartition(":")
    if element.nsmap.get(prefix if colon else None) == XMLNS_XSD:
        try:
            return VmomiSupport.GetWsdlType(XMLNS_XSD, name)
        except KeyError:
            raise _unknown_type(given) from None
    return _wsdl_type(name)


def _wsdl_type(name: str) -> Any:
    try:
        return VmomiSupport.GetWsdlType(XMLNS_VMODL_BASE, name)
    except KeyError:
        if name == "ManagedObjectReference":
            return ManagedObject
        raise _unknown_type(name) from None


def _unknown_type(name: str) -> Exception:
    fault = vmodl.fault.InvalidType(argument=name)
    fault.msg = f"A request refers to an unexpected or unknown type: {name}"
    return fault


def _children(element: Any) -> Iterator[Any]:
    children: Iterator[Any] = element.iterchildren(tag=etree.Element)
    return children


def _local(element: Any) -> str:
    tag: str = element.tag
    return tag.rpartition("}")[2]


def _unprefixed(name: str) -> str:
    return name.rpartition(":")[2]
