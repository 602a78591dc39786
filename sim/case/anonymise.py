"""A scenario without anything that tells whose it is, and which fails in the same way.

Rules of this file: the scenario is flattened into one file without comments; every name and address is
replaced consistently. It is run before and after, and a case is only made when both runs end alike and
nothing of the original is left in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cxsim.sim.case.address_map import MENTION, AddressMap
from cxsim.sim.case.names import LABELS, NameMap
from cxsim.sim.case.texts import Sort, Texts, texts_of, vocabulary
from cxsim.sim.intake.yamltext import INDENT, key, scalar
from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario.places import TreeList, TreeMap, below
from cxsim.sim.scenario.references import edges_of, entries, items, mapping

BLOCK_DEPTH = 5
"""Levels of the file that are written with a line a key."""
TYPED = frozenset({"url", "cx_url", "public_endpoint"})
"""What people type as addresses: every word in it may be a name."""
ENDPOINT = re.compile(r"(?P<host>.*?)(?P<port>:\d{1,5}(?:-\d{1,5})?)?\Z")


class Anonymised:
    """The new text of a scenario, and what was replaced by what."""

    def __init__(self, scenario: Scenario) -> None:
        assert scenario._source is not None
        self.tree = scenario._source
        self._texts: Texts = texts_of(scenario)
        self.names = NameMap()
        replaced = [text for text, sort, _ in self._all() if sort is not Sort.KEEP]
        self.addresses = AddressMap(replaced, _whole_networks(self.tree))
        self._first_names()
        self.text = "\n".join(self._mapping(self.tree, "", 0)) + "\n"

    def kept(self) -> list[str]:
        """Texts that the user wrote and that stay but for the names in them: to be looked at."""
        texts = [self._new(t, p) for t, s, p in self._all() if s is Sort.PARTLY and not self._typed(p)]
        return list(dict.fromkeys(text for text in texts if re.search("[A-Za-z]", text)))

    def _typed(self, path: str) -> bool:
        return self._texts.fields.get(path, "") in TYPED

    def originals(self) -> list[str]:
        """Every text that was replaced."""
        changed = [old for old, new in self.names.by_old.items() if old != new]
        return [*changed, *self.addresses.originals()]

    # -- walking --------------------------------------------------------------------------------------

    def _all(self) -> Iterator[tuple[str, Sort, str]]:
        """Every text with its sort and path, keys included."""
        yield from self._walk(self.tree, "")

    def _walk(self, node: Any, path: str) -> Iterator[tuple[str, Sort, str]]:
        if isinstance(node, TreeMap):
            for name, value in node.items():
                if self._texts.keys.get((path, name)) is Sort.NAME:
                    yield name, Sort.NAME, path
                yield from self._walk(value, below(path, name))
        elif isinstance(node, TreeList):
            for index, value in enumerate(node):
                yield from self._walk(value, below(path, index))
        elif isinstance(node, str):
            yield node, self._sort(node, path), path

    def _sort(self, text: str, path: str) -> Sort:
        known = self._texts.values.get(path)
        if known is not None:
            return known
        return Sort.KEEP if text in vocabulary() else Sort.NAME

    # -- names ----------------------------------------------------------------------------------------

    def _first_names(self) -> None:
        """Names of the things themselves, by what they are, before they are met as references."""
        counted: dict[str, int] = {}

        def give(old: str, label: str) -> None:
            counted[label] = counted.get(label, 0) + 1
            self.names.name(old, label)

        for name, site in entries(self.tree, "sites"):
            give(name, f"{site.get('party', 'some')}-site")
        for name, host in entries(self.tree, "hosts"):
            give(name, str(host.get("role", "host")))
            for org, _ in entries(host, "orgs"):
                give(org, "org")
        for section in ("vms", "provider_clouds", "tunnels"):
            for name in mapping(self.tree, section):
                give(name, LABELS[section])
        for _, site in entries(self.tree, "sites"):
            for part, label in (("network", "lan"), ("wan", "line")):
                give(str(mapping(site, part).get("name", "")), label)
        for edge in edges_of(self.tree):
            give(str(edge.get("name", "")), "edge")
            for rule in items(edge, "firewall", "rules"):
                give(str(rule.get("name", "")), "rule")
            for rule in items(edge, "nat"):
                give(str(rule.get("name", "")), "nat-rule")
        for fault in items(self.tree, "faults"):
            give(str(fault.get("name", "")), "fault")
        self.names.by_old.pop("", None)

    # -- writing --------------------------------------------------------------------------------------

    def _mapping(self, node: TreeMap, path: str, depth: int) -> Iterator[str]:
        pad = INDENT * depth
        for name, value in node.items():
            if value is None:
                continue
            inner = below(path, name)
            shown = key(self._key(name, path))
            if isinstance(value, TreeMap) and depth < BLOCK_DEPTH and value:
                yield f"{pad}{shown}:"
                yield from self._mapping(value, inner, depth + 1)
            elif (
                isinstance(value, TreeList)
                and depth < BLOCK_DEPTH
                and any(isinstance(v, dict) for v in value)
            ):
                yield f"{pad}{shown}:"
                for index, item in enumerate(value):
                    yield f"{pad}{INDENT}- {scalar(self._plain(item, below(inner, index)))}"
            else:
                yield f"{pad}{shown}: {scalar(self._plain(value, inner))}"

    def _plain(self, node: Any, path: str) -> Any:
        """A value with everything replaced, as plain data."""
        if isinstance(node, TreeMap):
            return {
                self._key(name, path): self._plain(value, below(path, name))
                for name, value in node.items()
                if value is not None
            }
        if isinstance(node, TreeList):
            return [self._plain(value, below(path, index)) for index, value in enumerate(node)]
        return self._new(node, path) if isinstance(node, str) else node

    def _key(self, name: str, path: str) -> str:
        if self._texts.keys.get((path, name)) is not Sort.NAME:
            return name
        return self._named(name, self._texts.fields.get(below(path, name), ""))

    def _new(self, text: str, path: str) -> str:
        sort = self._sort(text, path)
        if sort is Sort.KEEP:
            return text
        if sort is Sort.PARTLY:
            return self.names.in_text(self.addresses.map_text(text), every_token=self._typed(path))
        return self._named(text, self._texts.fields.get(path, ""))

    def _named(self, text: str, field: str) -> str:
        """A name, an address, a network, a range, or an address or name with a port."""
        if text in self.names.by_old:
            return self.names.by_old[text]
        parts = ENDPOINT.match(text)
        assert parts is not None
        host, port = parts["host"], parts["port"] or ""
        if MENTION.fullmatch(host) or re.fullmatch(r"[\d.]+\s*-\s*[\d.]+", host):
            return self.addresses.map_text(host) + port
        if port and host in self.names.by_old:
            return self.names.by_old[host] + port
        if re.fullmatch(r"\d{1,5}(-\d{1,5})?", text):
            return text  # ports
        return self.names.name(text, LABELS.get(field, "name"))


def _whole_networks(tree: TreeMap) -> list[str]:
    """Networks that a translation maps onto each other address by address: places in them must be kept."""
    found = []
    for edge in edges_of(tree):
        for rule in items(edge, "nat"):
            ends = [str(rule.get(name, "")) for name in ("original", "translated")]
            if all("/" in end for end in ends):
                found += ends
    return found
