"""/api/query and the typed queries: formats, filters, sorting, pages.

Rules of this file: the query service's parameters and answers; what can be queried is in `query_types`,
the filter language in `query_filter`. Records come in order of creation unless sorted; a page behind the
last is empty [I].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response

from cxsim.fake_vcd import access
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import BadRequest, Unimplemented
from cxsim.fake_vcd.query_filter import Attribute, Node, Value, check_filter, matches, parse_filter
from cxsim.fake_vcd.query_types import KNOWN_NOT_HERE, TYPES, QueryType
from cxsim.fake_vcd.wire import Element, add, link, root, to_text, vcloud_type

FORMATS = ("records", "idrecords", "references")


@dataclass(frozen=True)
class Page:
    """Which part of the result is asked for."""

    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """Number of the last page; 1 when there is nothing."""
        return max(1, -(-self.total // self.size))


def query(call: Call) -> Response:
    """GET /api/query: the list of queries, or a query."""
    name = call.request.args.get("type")
    return query_list(call) if name is None else typed(call, name)


def query_list(call: Call) -> Response:
    """GET /api/query without a type: a link for each type and format."""
    media_type = vcloud_type("query.queryList")
    element = root("QueryList", href=call.hrefs.api("query"), type=media_type)
    for row in TYPES.values():
        hidden = row.system_only or float(call.api_version) < row.listed_for_orgs_since
        if hidden and not call.is_system:
            continue
        for form in FORMATS:
            href = call.hrefs.api(f"query?type={row.name}&format={form}")
            link(element, "down", href, vcloud_type(f"query.{form}"), row.name)
    return call.answer(element, media_type)


def typed(call: Call, name: str, path: str = "query") -> Response:
    """A query of one type; `path` is its address below /api/."""
    row = _find_type(call, name)
    things = list(row.things(call))
    return _answer(call, row, things, path, {"type": name} if path == "query" else {})


def orgs(call: Call) -> Response:
    """GET /api/admin/orgs/query (cx.md 5.1)."""
    return typed(call, "organization", "admin/orgs/query")


def vapps(call: Call) -> Response:
    """GET /api/vApps/query."""
    return typed(call, "vApp", "vApps/query")


def vms(call: Call) -> Response:
    """GET /api/vms/query."""
    return typed(call, "vm", "vms/query")


def org_catalogs(call: Call, org_id: str) -> Response:
    """GET /api/org/{id}/catalogs/query: none."""
    access.one_org(call, org_id)
    return _answer(call, TYPES["catalog"], [], f"org/{org_id}/catalogs/query", {})


def vdc_networks(call: Call, vdc_id: str) -> Response:
    """GET /api/admin/vdc/{id}/networks: the records of a vDC's networks."""
    found = access.one_vdc(call, vdc_id)
    return _answer(call, TYPES["orgVdcNetwork"], list(found.networks), f"admin/vdc/{vdc_id}/networks", {})


def vdc_edge_gateways(call: Call, vdc_id: str) -> Response:
    """GET /api/admin/vdc/{id}/edgeGateways: none."""
    access.one_vdc(call, vdc_id)
    return _answer(call, TYPES["edgeGateway"], [], f"admin/vdc/{vdc_id}/edgeGateways", {})


def _find_type(call: Call, name: str) -> QueryType:
    row = TYPES.get(name)
    if row is None:
        if name in KNOWN_NOT_HERE:
            raise Unimplemented(f"GET /api/query?type={name}")
        raise BadRequest(f"Bad request: {name!r} is not the name of a query.")
    if row.system_only:
        access.require_system(call, f"QUERY {name}")
    return row


def _answer(call: Call, row: QueryType, things: list[Any], path: str, fixed: Mapping[str, str]) -> Response:
    arguments = call.request.args
    form = arguments.get("format", "records")
    if form not in FORMATS:
        raise BadRequest(f"Bad request: {form!r} is not a format: {', '.join(FORMATS)}.")
    attributes = {c.attribute.name: c.attribute for c in row.columns} | _IDENTITY
    things = _sorted(call, row, _selected(call, row, things, attributes))
    limit = call.operations.config.page_size_limit
    page = Page(
        _whole(arguments.get("page"), "page", 1, None),
        _whole(arguments.get("pageSize"), "pageSize", call.operations.config.page_size, limit),
        len(things),
    )
    shown = things[(page.number - 1) * page.size : page.number * page.size]
    element = _result_root(call, row, form, page, path, fixed)
    _fill(call, row, form, element, shown, arguments.get("fields"))
    return call.answer(element, vcloud_type(f"query.{form}"))


_IDENTITY = {"id": Attribute("id", "reference"), "href": Attribute("href", "reference")}


def _read(call: Call, row: QueryType, thing: Any, name: str) -> Value:
    if name in _IDENTITY:
        return str(thing.id)
    if name.startswith("metadata"):
        entry = getattr(thing, "metadata", {}).get(name.partition(":")[2])
        return f"{_PREFIX[entry.type]}:{entry.value}" if entry is not None else None
    for col in row.columns:
        if col.attribute.name == name:
            return col.read(call, thing)
    return None


_PREFIX = {
    "MetadataStringValue": "STRING",
    "MetadataNumberValue": "NUMBER",
    "MetadataBooleanValue": "BOOLEAN",
    "MetadataDateTimeValue": "DATETIME",
}


def _selected(
    call: Call, row: QueryType, things: Iterable[Any], attributes: Mapping[str, Attribute]
) -> list[Any]:
    text = call.request.args.get("filter")
    if not text:
        return list(things)
    encoded = call.request.args.get("filterEncoded", "false").lower() == "true"
    node: Node = parse_filter(text, encoded)
    check_filter(node, attributes)
    return [t for t in things if matches(node, attributes, lambda name, t=t: _read(call, row, t, name))]  # type: ignore[misc]


def _sorted(call: Call, row: QueryType, things: list[Any]) -> list[Any]:
    for parameter, reverse in (("sortAsc", False), ("sortDesc", True)):
        name = call.request.args.get(parameter)
        if name is None:
            continue
        if name not in {c.attribute.name for c in row.columns}:
            raise BadRequest(f"Bad request: {name} is not an attribute that this query can be sorted by.")
        return sorted(things, key=lambda t: _key(_read(call, row, t, name)), reverse=reverse)
    return things


def _key(value: Value) -> tuple[bool, str | int]:
    return (value is not None, value if isinstance(value, int | str) else "")


def _whole(text: str | None, name: str, default: int, limit: int | None) -> int:
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise BadRequest(f"validation error on field '{name}': must be greater than or equal to 1")
    if limit is not None and int(text) > limit:
        raise BadRequest(f"validation error on field '{name}': must be less than or equal to {limit}")
    return int(text)


def _result_root(
    call: Call, row: QueryType, form: str, page: Page, path: str, fixed: Mapping[str, str]
) -> Element:
    media_type = vcloud_type(f"query.{form}")
    name = f"{row.record}References" if form == "references" else "QueryResultRecords"
    element = root(
        name, total=str(page.total), pageSize=str(page.size), page=str(page.number), name=row.name,
        type=media_type, href=_address(call, path, fixed, page, page.number, form),
    )  # fmt: skip
    turns = (
        ("firstPage", 1, page.number > 1),
        ("previousPage", page.number - 1, page.number > 1),
        ("nextPage", page.number + 1, page.number < page.last),
        ("lastPage", page.last, page.number < page.last),
    )  # fmt: skip
    for rel, number, there in turns:
        if there:
            link(element, rel, _address(call, path, fixed, page, number, form), media_type)
    for other in FORMATS:
        if other != form:
            href = _address(call, path, fixed, page, page.number, other)
            link(element, "alternate", href, vcloud_type(f"query.{other}"))
    return element


def _address(call: Call, path: str, fixed: Mapping[str, str], page: Page, number: int, form: str) -> str:
    """This query's URL for another page or format; the other parameters are kept."""
    kept = {
        name: call.request.args[name]
        for name in ("filter", "filterEncoded", "sortAsc", "sortDesc", "fields")
        if name in call.request.args
    }
    parameters = {**fixed, "page": str(number), "pageSize": str(page.size), "format": form, **kept}
    return call.hrefs.api(f"{path}?{urlencode(parameters)}")


def _fill(
    call: Call, row: QueryType, form: str, element: Element, things: Iterable[Any], fields: str | None
) -> None:
    wanted = set(fields.split(",")) if fields else None
    tag = f"{row.record}{'Reference' if form == 'references' else 'Record'}"
    for thing in things:
        urn = f"urn:vcloud:{row.entity}:{thing.id}"
        href = row.href(call, thing)
        if form == "references":
            add(
                element,
                tag,
                None,
                name=str(_read(call, row, thing, "name")),
                type=row.media_type,
                id=urn,
                href=href,
            )
            continue
        attributes = {"id": urn} if form == "idrecords" else {"href": href}
        for col in row.columns:
            if wanted is not None and col.attribute.name not in wanted:
                continue
            value = col.read(call, thing)
            if value is not None:
                attributes[col.attribute.name] = to_text(value)
        add(element, tag, None, **attributes)
