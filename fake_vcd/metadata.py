"""Metadata of vApps, VMs and vDCs: reading, merging, one entry.

Rules of this file: an entry is a typed value with a domain (GENERAL, or SYSTEM with a visibility that only
system administrators write). Changes are tasks on the real system; here those of vApps and VMs are.
"""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest, does_not_exist, no_access
from cxsim.fake_vcd.model import Metadatum, VApp, Vm
from cxsim.fake_vcd.task import accepted
from cxsim.fake_vcd.wire import PLAIN, XSI, Element, add, child, child_text, link, root, vcloud_type

METADATA = vcloud_type("metadata")
VALUE = vcloud_type("metadata.value")
TYPES = ("MetadataStringValue", "MetadataNumberValue", "MetadataBooleanValue", "MetadataDateTimeValue")


def empty(call: Call, owner_href: str) -> Response:
    """The metadata of something that has none and takes none here."""
    element = root("Metadata", href=f"{owner_href}/metadata", type=METADATA)
    link(element, "up", owner_href)
    return call.answer(element, METADATA)


def vdc_metadata(call: Call, vdc_id: str) -> Response:
    """GET /api/vdc/{id}/metadata."""
    found = access.one_vdc(call, vdc_id)
    return _listing(call, call.hrefs.vdc(found.id), vcloud_type("vdc"), found.metadata)


def metadata(call: Call, kind: str, entity_id: str) -> Response:
    """GET and POST (merge) /api/vApp/{vapp|vm}-{id}/metadata."""
    owner = _owner(call, kind, entity_id)
    if call.request.method == "GET":
        return _listing(
            call, _href(call, owner), vcloud_type("vApp" if kind == "vapp" else "vm"), owner.metadata
        )
    access.require(call, access.EDIT, "VAPP_EDIT_METADATA", entity_id)
    body = call.body(METADATA, "Metadata")
    entries = [_entry(e, child_text(e, "Key")) for e in _children(body, "MetadataEntry")]
    return _change(call, owner, {e.key: e for e in entries}, ())


def entry(call: Call, kind: str, entity_id: str, key: str) -> Response:
    """GET, PUT and DELETE of one entry (`metadata/{key}`, `metadata/SYSTEM/{key}`)."""
    owner = _owner(call, kind, entity_id)
    domain, slash, short = key.partition("/")
    key = short if slash and domain in ("SYSTEM", "GENERAL") else key
    if call.request.method == "PUT":
        access.require(call, access.EDIT, "VAPP_EDIT_METADATA", entity_id)
        return _change(call, owner, {key: _entry(call.body(VALUE, "MetadataValue"), key)}, ())
    if key not in owner.metadata:
        raise (does_not_exist if call.is_system else no_access)("metadata", key)
    if call.request.method == "DELETE":
        access.require(call, access.EDIT, "VAPP_EDIT_METADATA", entity_id)
        return _change(call, owner, {}, (key,))
    href = f"{_href(call, owner)}/metadata/{key}"
    element = root("MetadataValue", href=href, type=VALUE)
    link(element, "edit", href, VALUE)
    link(element, "remove", href)
    _write_value(element, owner.metadata[key])
    return call.answer(element, VALUE)


def _owner(call: Call, kind: str, entity_id: str) -> VApp | Vm:
    return access.one_vapp(call, entity_id) if kind == "vapp" else access.one_vm(call, entity_id)


def _href(call: Call, owner: VApp | Vm) -> str:
    return call.hrefs.vapp(owner.id) if isinstance(owner, VApp) else call.hrefs.vm(owner.id)


def _children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else list(element.iterchildren(f"{{{PLAIN[None]}}}{name}"))


def _entry(element: Element | None, key: str | None) -> Metadatum:
    typed = child(element, "TypedValue") if element is not None else None
    value = child_text(typed, "Value") if typed is not None else None
    if not key or value is None or typed is None:
        raise BadRequest("A metadata entry needs a Key and a TypedValue with a Value.")
    kind = (typed.get(f"{{{XSI}}}type") or TYPES[0]).rpartition(":")[2]
    if kind not in TYPES:
        raise BadRequest(f'"{kind}" is not a type of metadata.')
    domain = child(element, "Domain")
    if domain is None:
        return Metadatum(key, value, kind)
    return Metadatum(
        key, value, kind, (domain.text or "GENERAL").strip(), domain.get("visibility") or "READWRITE"
    )


def _change(call: Call, owner: VApp | Vm, put: dict[str, Metadatum], remove: tuple[str, ...]) -> Response:
    if not call.is_system and any(e.domain == "SYSTEM" for e in put.values()):
        raise BadRequest("Only a system administrator can write metadata of the SYSTEM domain.")

    def effect() -> None:
        owner.metadata.update(put)
        for key in remove:
            owner.metadata.pop(key, None)

    operations = call.operations
    task = operations.start(
        "metadataUpdate", "Updating metadata for", owner, call.user,
        operations.config.durations.update_metadata_s, effect,
    )  # fmt: skip
    return accepted(call, task)


def _listing(call: Call, owner_href: str, owner_type: str, entries: dict[str, Metadatum]) -> Response:
    element = root("Metadata", href=f"{owner_href}/metadata", type=METADATA)
    link(element, "add", f"{owner_href}/metadata", METADATA)
    link(element, "up", owner_href, owner_type)
    for key, metadatum in entries.items():
        if metadatum.visibility == "PRIVATE" and not call.is_system:
            continue
        item = add(element, "MetadataEntry", None, href=f"{owner_href}/metadata/{key}", type=VALUE)
        if metadatum.domain == "SYSTEM":
            add(item, "Domain", "SYSTEM", visibility=metadatum.visibility)
        add(item, "Key", key)
        _write_value(item, metadatum)
    return call.answer(element, METADATA)


def _write_value(element: Element, metadatum: Metadatum) -> None:
    typed = add(element, "TypedValue", None)
    typed.set(f"{{{XSI}}}type", metadatum.type)
    add(typed, "Value", metadatum.value)
