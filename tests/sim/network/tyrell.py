"""The Tyrell environment (scenarios/environments/tyrell-mycloud.yaml) as a network, built by hand.

Rules of this file: the numbers of the YAML file, places as in `env.yaml:<line>`; no reading of files, so that
golden texts depend on nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from cxsim.sim.network import Dns, Edge, FilterRule, HostAttachment, NatRule, Site, Subnet, Topology, Wan

TYRELL_RULES = (
    FilterRule(
        "1", "allow", "LAN out", "192.168.0.0/24", "any", "tcp", (443, 8044, 44045), place="env.yaml:21"
    ),
    FilterRule(
        "2", "allow", "provider to replicator management", "203.0.113.0/24", "198.51.100.10", "tcp", (443,),
        place="env.yaml:22",
    ),
    FilterRule(
        "3", "allow", "provider to replicator data", "203.0.113.0/24", "198.51.100.10", "tcp", (44045,),
        place="env.yaml:23",
    ),
)  # fmt: skip
TYRELL_NAT = (
    NatRule(
        "101",
        "dnat",
        "198.51.100.10:443",
        "192.168.0.34:8043",
        "replicator management",
        "tcp",
        place="env.yaml:25",
    ),
    NatRule(
        "102",
        "dnat",
        "198.51.100.10:44045",
        "192.168.0.34:44045",
        "replicator data",
        "tcp",
        place="env.yaml:26",
    ),
    NatRule("103", "snat", "192.168.0.0/24", "198.51.100.10", "LAN to internet", place="env.yaml:27"),
)
CHC_RULES = (
    FilterRule(
        "1", "allow", "management out", "10.3.0.0/24", "any", "tcp", (443, 8043, 44045), place="env.yaml:52"
    ),
    FilterRule("2", "allow", "vCloud Director", "any", "203.0.113.41", "tcp", (443,), place="env.yaml:53"),
    FilterRule("3", "allow", "CX cloud service", "any", "203.0.113.32", "tcp", (443,), place="env.yaml:54"),
    FilterRule(
        "4", "allow", "Replication Manager", "any", "203.0.113.32", "tcp", (8044,), place="env.yaml:55"
    ),
    FilterRule("5", "allow", "Replicator data", "any", "203.0.113.32", "tcp", (44045,), place="env.yaml:56"),
)
CHC_NAT = (
    NatRule(
        "201", "dnat", "203.0.113.32:443", "10.3.0.32:443", "CX cloud service", "tcp", place="env.yaml:58"
    ),
    NatRule(
        "202",
        "dnat",
        "203.0.113.32:8044",
        "10.3.0.33:8044",
        "Replication Manager",
        "tcp",
        place="env.yaml:59",
    ),
    NatRule(
        "203", "dnat", "203.0.113.32:44045", "10.3.0.34:44045", "Replicator data", "tcp", place="env.yaml:60"
    ),
    NatRule(
        "204", "dnat", "203.0.113.41:443", "10.3.0.41:443", "vCloud Director", "tcp", place="env.yaml:61"
    ),
    NatRule("205", "snat", "10.3.0.0/24", "203.0.113.32", "management to internet", place="env.yaml:62"),
)

ESXI = (902, 80, 44045, 44046, 31031)
HOSTS = (
    ("tyrell-dns", "tyrell", "192.168.0.10", (53,)),
    ("tyrell-vc01", "tyrell", "192.168.0.13", (443,)),
    ("tyrell-esx01", "tyrell", "192.168.0.21", ESXI),
    ("tyrell-vcde01", "tyrell", "192.168.0.32", (443,)),
    ("tyrell-cce01", "tyrell", "192.168.0.34", (8043, 44045)),
    ("chc-dns", "mycloud", "10.3.0.10", (53,)),
    ("chc-psc01", "mycloud", "10.3.0.30", (443,)),
    ("chc-vc01", "mycloud", "10.3.0.31", (443,)),
    ("chc-esx01", "mycloud", "10.3.0.21", ESXI),
    ("chc-vcde01", "mycloud", "10.3.0.32", (443,)),
    ("chc-ccm01", "mycloud", "10.3.0.33", (8044,)),
    ("chc-cce01", "mycloud", "10.3.0.34", (8043, 44045)),
    ("chc-vcd01", "mycloud", "10.3.0.41", (443,)),
)


def tyrell_topology() -> Topology:
    """Both sites, as the environment file has them."""
    tyrell = Site(
        "tyrell",
        "tenant",
        (Subnet("Tyrell LAN", "192.168.0.0/24", "192.168.0.1", "env.yaml:11"),),
        Wan("tyrell-wan", 100e6, 100e6, 0.020, place="env.yaml:12"),
        Dns(
            {
                "tyrell-vc01.tyrell.local": ("192.168.0.13",),
                "tyrell-vcde01.tyrell.local": ("192.168.0.32",),
                "tyrell-cce01.tyrell.local": ("192.168.0.34",),
                "tyrell-esx01.tyrell.local": ("192.168.0.21",),
                "chc.mycloud.local": ("203.0.113.41",),
                "vcde.mycloud.local": ("203.0.113.32",),
            },
            "tyrell-dns",
            places={"chc.mycloud.local": "env.yaml:36", "vcde.mycloud.local": "env.yaml:37"},
            place="env.yaml:28",
        ),
        place="env.yaml:9",
    )
    mycloud = Site(
        "mycloud",
        "provider",
        (Subnet("MyCloud management", "10.3.0.0/24", "10.3.0.1", "env.yaml:41"),),
        Wan("mycloud-wan", 1e9, 1e9, 0.0, place="env.yaml:42"),
        Dns(
            {
                "chc.mycloud.local": ("10.3.0.41",),
                "vcde.mycloud.local": ("10.3.0.32",),
                "chc-psc01.mycloud.local": ("10.3.0.30",),
                "chc-vc01.mycloud.local": ("10.3.0.31",),
                "chc-ccm01.mycloud.local": ("10.3.0.33",),
                "chc-cce01.mycloud.local": ("10.3.0.34",),
                "chc-esx01.mycloud.local": ("10.3.0.21",),
            },
            "chc-dns",
            place="env.yaml:63",
        ),
        place="env.yaml:39",
    )
    edges = (
        Edge(
            "TYR-ESG", "nsx-v", "tyrell", "192.168.0.1", ("198.51.100.10",), rules=TYRELL_RULES,
            nat=TYRELL_NAT, default_action="drop", default_place="env.yaml:19", place="env.yaml:14",
        ),
        Edge(
            "CHC-ESG", "nsx-v", "mycloud", "10.3.0.1", ("203.0.113.32", "203.0.113.41"), rules=CHC_RULES,
            nat=CHC_NAT, default_action="drop", default_place="env.yaml:50", place="env.yaml:45",
        ),
    )  # fmt: skip
    hosts = tuple(
        HostAttachment(name, site, address, services=services, place=f"env.yaml:{78 + number}")
        for number, (name, site, address, services) in enumerate(HOSTS)
    )
    return Topology((tyrell, mycloud), hosts, edges)


def of_type(topology: Topology, device_type: str) -> Topology:
    """The same environment with edges of another type and the rules right for it: a device whose filter
    sees translated destinations has the inside hosts in its inbound rules."""
    inside = {
        "198.51.100.10": {443: ("192.168.0.34", 8043), 44045: ("192.168.0.34", 44045)},
        "203.0.113.41": {443: ("10.3.0.41", 443)},
        "203.0.113.32": {443: ("10.3.0.32", 443), 8044: ("10.3.0.33", 8044), 44045: ("10.3.0.34", 44045)},
    }

    def translated(rule: FilterRule) -> FilterRule:
        if not isinstance(rule.destination, str) or rule.destination not in inside:
            return rule
        host, port = inside[rule.destination][int(rule.ports[0])]
        return replace(rule, destination=host, ports=(port,))

    after_nat = device_type not in ("nsx-v", "generic-pre-nat")
    edges = tuple(
        replace(
            edge,
            type=device_type,
            rules=tuple(translated(rule) for rule in edge.rules) if after_nat else edge.rules,
        )
        for edge in topology.edges
    )
    return replace(topology, edges=edges)
