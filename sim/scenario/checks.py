"""What must fit together in an environment and is no matter of one model alone.

Rules of this file: a table of checks over the tree, each tolerant of parts that are wrong for another
reason (those are told elsewhere), so that all mistakes are found at once. A deliberately broken network is
written as a fault, not as an environment that contradicts itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cxsim.sim.scenario.addresses import SIDES, UNKNOWN, address_of, network_of
from cxsim.sim.scenario.places import Place, TreeList, TreeMap, below, shown
from cxsim.sim.scenario.problems import Problems, advice
from cxsim.sim.scenario.references import edges_of, entries, items, mapping, texts


@dataclass(frozen=True)
class Owned:
    """An address that something has."""

    text: str
    address: ipaddress.IPv4Address
    owner: str
    place: Place
    path: str


def _text(node: TreeMap, key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""


def _owned(node: TreeMap, key: str, owner: str) -> Iterator[Owned]:
    address = address_of(_text(node, key))
    if address is not None:
        yield Owned(node[key], address, owner, node.value_places[key], below(node.path, key))


def _in_site(tree: TreeMap, site: str) -> Iterator[Owned]:
    """Gateway, hosts and VMs of a site, in that order."""
    yield from _owned(mapping(tree, "sites", site, "network"), "gateway", f"the gateway of {site}")
    hosts = mapping(tree, "hosts")
    for name, host in entries(tree, "hosts"):
        if host.get("site") == site:
            yield from _owned(host, "address", name)
    for name, vm in entries(tree, "vms"):
        if mapping(hosts, _text(vm, "esxi")).get("site") == site:
            yield from _owned(vm, "address", name)


def _distinct(owned: Iterator[Owned], problems: Problems, where: str) -> None:
    first: dict[ipaddress.IPv4Address, Owned] = {}
    for one in owned:
        other = first.setdefault(one.address, one)
        if other is not one:
            wrong = f"{one.text} is the address of {other.owner} too ({other.place})"
            problems.add(one.place, one.path, wrong, f"each address once in {where}")


def addresses(tree: TreeMap, problems: Problems) -> None:
    """No address twice in a site, every address in its site's network, no public address twice."""
    for site, node in entries(tree, "sites"):
        _distinct(_in_site(tree, site), problems, f"site {site}")
        network = network_of(_text(mapping(node, "network"), "cidr"))
        if network is None:
            continue
        for one in _in_site(tree, site):
            if one.address not in network:
                wrong = f"{one.text} is outside {network}, the network of site {site}"
                problems.add(one.place, one.path, wrong, f"an address of {network}")
            elif (
                one.address in (network.network_address, network.broadcast_address) and network.prefixlen < 31
            ):
                right = f"{network.network_address + 1} to {network.broadcast_address - 1}"
                problems.add(one.place, one.path, f"{one.text} is no host address of {network}", right)
    _distinct(_public(tree), problems, "all edges")


def _public(tree: TreeMap) -> Iterator[Owned]:
    for device in edges_of(tree):
        listed = device.get("addresses")
        if not isinstance(listed, TreeList):
            continue
        for index, text in enumerate(listed):
            address = address_of(text) if isinstance(text, str) else None
            if address is not None:
                edge = _text(device, "name") or device.path
                yield Owned(text, address, edge, listed.item_places[index], below(listed.path, index))


def unique_names(tree: TreeMap, problems: Problems) -> None:
    """Names written as values are unique too: edges, links, faults; VMs are not called like hosts."""
    sites = [site for _, site in entries(tree, "sites")]
    groups = {
        "edge": list(edges_of(tree)),
        "link": [mapping(site, "wan") for site in sites],
        "fault": list(items(tree, "faults")),
    }
    for kind, nodes in groups.items():
        _unique(nodes, "name", f"two {kind}s are called", problems)
    for edge in edges_of(tree):
        for rules in (list(items(edge, "firewall", "rules")), list(items(edge, "nat"))):
            _unique(rules, "id", "two rules have id", problems)
        _unique(list(items(edge, "nat")), "name", "two NAT rules are called", problems)
    vms = mapping(tree, "vms")
    for name in vms:
        if name in mapping(tree, "hosts"):
            problems.add(
                vms.key_places[name], below("vms", name), f"{shown(name)} is a host too", "another name"
            )


def _unique(nodes: list[TreeMap], key: str, words: str, problems: Problems) -> None:
    seen: dict[str, Place] = {}
    for node in nodes:
        value = node.get(key)
        if not isinstance(value, str | int):
            continue
        first = seen.setdefault(str(value), node.value_places[key])
        if first is not node.value_places[key]:
            problems.add(
                node.value_places[key],
                below(node.path, key),
                f"{words} {shown(value)} (first at {first})",
                "each once",
            )


def _one_of(node: TreeMap, key: str, valid: list[str], kind: str, owner: str, problems: Problems) -> None:
    """The text at a key (or each of a list) is one of the valid names."""
    listed = node.get(key)
    for index, name in enumerate(texts(listed)):
        if name not in valid:
            place, path = node.value_places[key], below(node.path, key)
            if isinstance(listed, TreeList):
                index = listed.index(name)
                place, path = listed.item_places[index], below(path, index)
            problems.add(place, path, f"{owner} has no {kind} {shown(name)}", advice(name, valid, f"{kind}s"))


def vm_hardware(tree: TreeMap, problems: Problems) -> None:
    """A VM's network and datastore belong to the vCenter of its host."""
    hosts = mapping(tree, "hosts")
    for _, vm in entries(tree, "vms"):
        name = _text(mapping(hosts, _text(vm, "esxi")), "vcenter")
        vcenter = mapping(hosts, name)
        if isinstance(vcenter.get("networks"), TreeList):
            _one_of(vm, "network", texts(vcenter["networks"]), "network", name, problems)
        if isinstance(vcenter.get("datastores"), TreeMap):
            _one_of(vm, "datastore", list(vcenter["datastores"]), "datastore", name, problems)


def vdc_resources(tree: TreeMap, problems: Problems) -> None:
    """A vDC's networks and datastores belong to vCloud Director's vCenter."""
    hosts = mapping(tree, "hosts")
    for _, vcd in entries(tree, "hosts"):
        name = _text(vcd, "vcenter")
        vcenter = mapping(hosts, name)
        for _, org in entries(vcd, "orgs"):
            for _, vdc in entries(org, "vdcs"):
                if isinstance(vcenter.get("networks"), TreeList):
                    _one_of(vdc, "networks", texts(vcenter["networks"]), "network", name, problems)
                for _, profile in entries(vdc, "storage_profiles"):
                    if isinstance(vcenter.get("datastores"), TreeMap):
                        _one_of(
                            profile, "datastore", list(vcenter["datastores"]), "datastore", name, problems
                        )


def migration_targets(tree: TreeMap, problems: Problems) -> None:
    """A migration's storage profile and network belong to its vDC."""
    vdcs = {
        name: vdc
        for _, host in entries(tree, "hosts")
        for _, org in entries(host, "orgs")
        for name, vdc in entries(org, "vdcs")
    }
    for step in items(tree, "steps"):
        migrate = mapping(step, "migrate")
        name = _text(migrate, "vdc")
        vdc = vdcs.get(name)
        if vdc is None:
            continue
        profiles, networks = list(mapping(vdc, "storage_profiles")), texts(vdc.get("networks"))
        _one_of(migrate, "storage_profile", profiles, "storage profile", name, problems)
        _one_of(migrate, "network", networks, "network", name, problems)


RULE_FAULTS = (
    ("nat_rule_missing", ("nat",), "NAT rule"),
    ("nat_rule_changed", ("nat",), "NAT rule"),
    ("firewall_rule_missing", ("firewall", "rules"), "firewall rule"),
    ("firewall_rule_changed", ("firewall", "rules"), "firewall rule"),
)
"""Kinds of faults that name a rule of an edge: the kind, where the rules are, what they are."""


def fault_targets(tree: TreeMap, problems: Problems) -> None:
    """A rule that a fault is about exists at its edge; a fault's firewall rule does not take the id of
    another."""
    edges = {_text(edge, "name"): edge for edge in edges_of(tree)}
    for fault in items(tree, "faults"):
        for kind, where, what in RULE_FAULTS:
            _rule_exists(mapping(fault, kind), edges, where, what, problems)
        added = mapping(fault, "firewall_rule")
        edge = edges.get(_text(added, "edge"))
        if edge is not None and mapping(added, "rule"):
            _unique(
                [*items(edge, "firewall", "rules"), mapping(added, "rule")],
                "id",
                "two rules have id",
                problems,
            )


def _rule_exists(
    named: TreeMap, edges: dict[str, TreeMap], where: tuple[str, ...], what: str, problems: Problems
) -> None:
    edge = edges.get(_text(named, "edge"))
    if edge is None or not isinstance(named.get("rule"), str | int):
        return
    rules = list(items(edge, *where))
    valid = [_text(rule, "name") for rule in rules]
    if str(named["rule"]) not in {*valid, *(str(rule.get("id")) for rule in rules)}:
        problems.add(
            named.value_places["rule"],
            below(named.path, "rule"),
            f"{named['edge']} has no {what} {shown(named['rule'])}",
            advice(named["rule"], valid, f"{what}s"),
        )


def one_connector(tree: TreeMap, problems: Problems) -> None:
    """The core runs on the only cx-connector."""
    hosts = mapping(tree, "hosts")
    connectors = [name for name, host in entries(tree, "hosts") if host.get("role") == "cx-connector"]
    if not hosts or len(connectors) == 1:
        return
    if not connectors:
        place = tree.key_places["hosts"]
        problems.add(
            place,
            "hosts",
            "no host has role cx-connector",
            "add the tenant's CX appliance: the core runs there",
        )
    for name in connectors[1:]:
        wrong = f"{name} and {connectors[0]} both have role cx-connector"
        problems.add(hosts.key_places[name], below("hosts", name), wrong, "one tenant's CX appliance")


def dns_servers(tree: TreeMap, problems: Problems) -> None:
    """A site's DNS server stands in that site."""
    for name, site in entries(tree, "sites"):
        dns = mapping(site, "dns")
        server = mapping(tree, "hosts", _text(dns, "server"))
        if isinstance(server.get("site"), str) and server["site"] != name:
            wrong = f"{dns['server']} stands in site {server['site']}"
            here = [
                h
                for h, host in entries(tree, "hosts")
                if host.get("site") == name and host.get("role") == "dns"
            ]
            problems.add(
                dns.value_places["server"],
                below(dns.path, "server"),
                wrong,
                advice("", here, "hosts with role dns here"),
            )


GROUP_KEYS = ("source", "destination", "ports", "source_ports", "original")
"""Keys of a rule that may name a group of its edge."""


def groups(tree: TreeMap, problems: Problems) -> None:
    """A rule names groups of its own edge only; a group is called like nothing else that a rule may name."""
    hosts, vms = mapping(tree, "hosts"), mapping(tree, "vms")
    every = {group for edge in edges_of(tree) for group in mapping(edge, "groups")}
    by_edge = {_text(edge, "name"): edge for edge in edges_of(tree)}
    for edge in edges_of(tree):
        own = mapping(edge, "groups")
        for group in own:
            word = group in (*SIDES, "any", UNKNOWN) or group[:1].isdigit() or ":" in group
            if word or group in hosts or group in vms:
                where = own.key_places[group], below(own.path, group)
                problems.add(*where, f"{shown(group)} means something else in a rule", "another name")
        for rule in (*items(edge, "firewall", "rules"), *items(edge, "nat")):
            _own_groups(rule, list(own), every, _text(edge, "name"), problems)
    for fault in items(tree, "faults"):
        added = mapping(fault, "firewall_rule")
        name = _text(added, "edge")
        if name in by_edge:
            own = mapping(by_edge[name], "groups")
            _own_groups(mapping(added, "rule"), list(own), every, name, problems)


def _own_groups(rule: TreeMap, own: list[str], every: set[str], edge: str, problems: Problems) -> None:
    for key in GROUP_KEYS:
        for name in texts(rule.get(key)):
            if name in every and name not in own:
                place, path = rule.value_places[key], below(rule.path, key)
                wrong = f"{edge} has no group {shown(name)}"
                problems.add(place, path, wrong, advice(name, own, "groups"))


def limits(tree: TreeMap, problems: Problems) -> None:
    """A limit of replications at once counts where VMs run, and in replicators."""
    limited, hosts = mapping(tree, "replication", "limits"), mapping(tree, "hosts")
    running = list(dict.fromkeys(_text(vm, "esxi") for _, vm in entries(tree, "vms")))
    for name in limited:
        place, path = limited.key_places[name], below(limited.path, name)
        if mapping(hosts, name).get("role") == "esxi" and name not in running:
            wrong = f"no VM runs on {shown(name)}"
            problems.add(place, path, wrong, advice("", running, "hosts of VMs"))


CHECKS: tuple[Callable[[TreeMap, Problems], None], ...] = (
    addresses,
    unique_names,
    vm_hardware,
    vdc_resources,
    migration_targets,
    fault_targets,
    one_connector,
    dns_servers,
    groups,
    limits,
)
