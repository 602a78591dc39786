"""Names that refer to something else in the scenario, and what they may refer to.

Rules of this file: names are gathered from the tree before it is validated, so a reference is judged even
when the thing it names has mistakes of its own. A kind whose section could not be read at all is unknown
(None), and nothing is said about references to it. A field says what it refers to by `Ref(kind)`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from cxsim.sim.scenario.places import NOWHERE, TreeList, TreeMap, shown
from cxsim.sim.scenario.problems import Problems, advice, mistake, nearest

KINDS: dict[str, tuple[str, str]] = {
    "site": ("site", "sites"),
    "edge": ("edge", "edges"),
    "link": ("link", "links"),
    "host": ("host", "hosts"),
    "vm": ("VM", "VMs"),
    "cloud": ("provider cloud", "provider clouds"),
    "org": ("organisation", "organisations"),
    "vdc": ("vDC", "vDCs"),
    "vapp": ("vApp", "vApps"),
    "fault": ("fault", "faults"),
    "tunnel": ("tunnel", "tunnels"),
}
"""Kinds of names, and what messages call one and several of them."""


def mapping(node: Any, *keys: str) -> TreeMap:
    """The mapping below `keys`, or an empty one when there is none (or something else is there)."""
    for key in keys:
        node = node.get(key) if isinstance(node, TreeMap) else None
    return node if isinstance(node, TreeMap) else TreeMap(NOWHERE)


def entries(node: Any, *keys: str) -> Iterator[tuple[str, TreeMap]]:
    """The children of a mapping that are mappings themselves."""
    for name, child in mapping(node, *keys).items():
        if isinstance(child, TreeMap):
            yield name, child


def items(node: Any, *keys: str) -> Iterator[TreeMap]:
    """The items of a list (the last of `keys`) that are mappings."""
    listed = mapping(node, *keys[:-1]).get(keys[-1])
    yield from (item for item in listed if isinstance(item, TreeMap)) if isinstance(listed, TreeList) else ()


def texts(node: Any) -> list[str]:
    """The texts of a list, or one text alone."""
    listed = node if isinstance(node, TreeList) else [node]
    return [item for item in listed if isinstance(item, str)]


@dataclass
class Names:
    """Every name of a scenario by kind; hosts with their roles, the address of each host and VM, and the
    groups of all edges."""

    by_kind: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()


@dataclass
class Loading:
    """What validators may know of the scenario that is being loaded (pydantic's context)."""

    names: Names
    problems: Problems


def _section(name: str) -> Callable[[TreeMap], list[str] | None]:
    def gather(tree: TreeMap) -> list[str] | None:
        section = tree.get(name)
        return list(section) if isinstance(section, TreeMap) else None

    return gather


def _of_sites(part: str) -> Callable[[TreeMap], list[str] | None]:
    def gather(tree: TreeMap) -> list[str] | None:
        if not isinstance(tree.get("sites"), TreeMap):
            return None
        return [t for _, site in entries(tree, "sites") for t in texts(mapping(site, part).get("name"))]

    return gather


def edges_of(tree: TreeMap) -> Iterator[TreeMap]:
    """Every edge device: each site's, and the one before it if there is one."""
    for _, site in entries(tree, "sites"):
        yield mapping(site, "edge")
        if mapping(site, "edge", "upstream"):
            yield mapping(site, "edge", "upstream")


def _edges(tree: TreeMap) -> list[str] | None:
    if not isinstance(tree.get("sites"), TreeMap):
        return None
    return [t for edge in edges_of(tree) for t in texts(edge.get("name"))]


def _orgs(tree: TreeMap) -> Iterator[tuple[str, TreeMap]]:
    for _, host in entries(tree, "hosts"):
        yield from entries(host, "orgs")


def _vdcs(tree: TreeMap) -> Iterator[tuple[str, TreeMap]]:
    for _, org in _orgs(tree):
        yield from entries(org, "vdcs")


def _vapps(tree: TreeMap) -> list[str]:
    named = [t for step in items(tree, "steps") for t in texts(mapping(step, "migrate").get("vapp_name"))]
    return [*mapping(tree, "vms"), *named]


_GATHER: dict[str, Callable[[TreeMap], list[str] | None]] = {
    "site": _section("sites"),
    "edge": _edges,
    "link": _of_sites("wan"),
    "host": _section("hosts"),
    "vm": _section("vms"),
    "cloud": _section("provider_clouds"),
    "org": lambda tree: [name for name, _ in _orgs(tree)] or None,
    "vdc": lambda tree: [name for name, _ in _vdcs(tree)] or None,
    "vapp": _vapps,
    "fault": lambda tree: [t for fault in items(tree, "faults") for t in texts(fault.get("name"))],
    "tunnel": lambda tree: list(mapping(tree, "tunnels")),
}


def gather(tree: TreeMap, known_roles: Container[str]) -> Names:
    """The names of a merged tree, in the order in which they were written. A host whose role is not known
    may be anything."""
    names = Names()
    for kind, collect in _GATHER.items():
        found = collect(tree)
        names.by_kind[kind] = None if found is None else tuple(dict.fromkeys(found))
    names.groups = frozenset(group for edge in edges_of(tree) for group in mapping(edge, "groups"))
    for section in ("hosts", "vms"):
        for name, item in entries(tree, section):
            if isinstance(item.get("address"), str):
                names.addresses[name] = item["address"]
            role = item.get("role")
            if section == "hosts" and isinstance(role, str) and role in known_roles:
                names.roles[name] = role
    return names


def unknown(kind: str, name: str, names: Names, roles: tuple[str, ...] = ()) -> tuple[str, str] | None:
    """What is wrong with a reference and what would be right; None when it is good or cannot be judged."""
    valid = names.by_kind.get(kind)
    if valid is None:
        return None
    if name in valid and (not roles or names.roles.get(name, roles[0]) in roles):
        return None
    fitting = tuple(n for n in valid if not roles or names.roles.get(n) in roles)
    one, several = KINDS[kind]
    what = several if not roles else f"{several} with role {' or '.join(roles)}"
    if name in valid:
        return f"{shown(name)} has role {names.roles[name]}", advice("", fitting, what)
    listed = fitting if nearest(name, fitting) or not nearest(name, valid) else valid
    return f"there is no {one} {shown(name)}", advice(name, listed, what)


@dataclass(frozen=True)
class Ref:
    """Annotation of a text field: it names something of this kind (a host: with one of these roles)."""

    kind: str
    roles: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        role = f" with role {' or '.join(self.roles)}" if self.roles else ""
        article = "an" if KINDS[self.kind][0][0] in "aeio" else "a"
        return {**handler(schema), "x-type": f"name of {article} {KINDS[self.kind][0]}{role}"}

    def check(self, name: str, info: ValidationInfo) -> str:
        """Refuse a name that does not exist. Without a `Loading` in the context anything goes."""
        if isinstance(info.context, Loading):
            trouble = unknown(self.kind, name, info.context.names, self.roles)
            if trouble is not None:
                raise mistake(*trouble)
        return name
