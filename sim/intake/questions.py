"""The questions of `cxsim new`, as one table: keys of an answers file, what is asked, why, how it is read.

Rules of this file: data only. A question is asked in the order of the table; `many` takes a line each.
`DONT_KNOW` is an answer where the table says so; what rests on it is then unknown, never guessed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxsim.sim.intake import lines
from cxsim.sim.intake.values import Unreadable, address
from cxsim.sim.network.devices import DEVICE_TYPES
from cxsim.sim.scenario.quantities import BANDWIDTH, DURATION, SIZE, Dimension, QuantityError, parse

DONT_KNOW = "unknown"
DONT_KNOW_WORDS = ("unknown", "i don't know", "i dont know", "don't know", "dont know", "?")
EMPTY_WORDS = ("empty", "none", "-", '""')
"""How an interview is told that a field was left empty."""
MOST_NAME = 60


@dataclass(frozen=True)
class Question:
    """One question. `default`: what an empty answer means; None: an answer is needed; "": there is none and
    none is needed (what follows from that is worked out)."""

    key: str
    asks: str
    why: str
    example: str | tuple[str, ...]
    read: Callable[[str], object]
    default: str | None = None
    many: bool = False
    unknown: bool = False


@dataclass(frozen=True)
class Topic:
    """Questions that belong together."""

    title: str
    questions: tuple[Question, ...]


def _name(text: str) -> str:
    if not re.fullmatch(r"[^\x00-\x1f:{}\[\]#\"']{1,60}", text) or text != text.strip():
        raise Unreadable(
            f"{text!r} is no name", f"up to {MOST_NAME} characters, without : # [ ] {{ }} or quotes"
        )
    return text


def _free(text: str) -> str:
    if len(text) > 256 or re.search(r"[\x00-\x1f\x7f]", text):
        raise Unreadable("is too long or has control characters", "what was typed, at most 256 characters")
    return text


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise Unreadable(f"{text!r} is not a network", _network_advice(text)) from None
    if not 8 <= network.prefixlen <= 29:
        raise Unreadable(f"{text!r} is no LAN", "a prefix length from 8 to 29")
    return str(network)


def _network_advice(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text, strict=False)) if "/" in text else "as 192.168.0.0/24"
    except ValueError:
        return "as 192.168.0.0/24"


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise Unreadable(f"{text!r} is not possible here", f"one of {', '.join(words)}")
        return text.lower()

    return read


def _quantity(dimension: Dimension, positive: bool = True) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            value = parse(text, dimension)
        except QuantityError as error:
            raise Unreadable(error.wrong, error.right) from None
        if positive and not value:
            raise Unreadable(f"{text!r} is nothing", dimension.example)
        return text

    return read


def _host_name(text: str) -> str:
    name, _, target = text.partition(" ")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", name) or name.replace(".", "").isdigit():
        raise Unreadable(f"{name!r} is no host name", "chc.mycloud.local 203.0.113.41")
    return f"{name} {address(target)}"


def _site(
    party: str,
    other: str,
    at: Mapping[str, str],
    roles: tuple[tuple[str, str, str, str], ...],
    nat: tuple[str, ...],
    rules: tuple[str, ...],
) -> tuple[Topic, ...]:
    """Network, machines and edge of one party."""
    who = f"the {party}'s"
    network = (
        Question(
            f"{party}.name",
            f"Name of {who} organisation",
            "sites, machines and texts are named after it",
            at["name"],
            _name,
        ),
        Question(
            f"{party}.lan",
            f"LAN of {who} appliances",
            "traffic inside it crosses no edge",
            at["lan"],
            _network,
            None if party == "tenant" else DONT_KNOW,
            unknown=True,
        ),
        Question(
            f"{party}.gateway",
            "Its gateway",
            "it is the inside address of the edge",
            at["gateway"],
            address,
            "",
        ),
        Question(
            f"{party}.public_addresses",
            f"Public addresses of {who} edge",
            f"the {other} connects to one of them",
            tuple(at["public"].split()),
            address,
            many=True,
        ),
        Question(
            f"{party}.up",
            "Line speed to the internet",
            "replication shares it",
            at["up"],
            _quantity(BANDWIDTH),
            at["up"],
        ),
        Question(
            f"{party}.down",
            "Line speed from the internet",
            "replication shares it",
            at["down"],
            _quantity(BANDWIDTH),
            at["down"],
        ),
        Question(
            f"{party}.rtt",
            "Round trip that the line adds",
            "it limits a transfer",
            at["rtt"],
            _quantity(DURATION, positive=False),
            at["rtt"],
        ),
    )
    machines = tuple(
        Question(
            f"{party}.hosts.{role}",
            f"{title}: name and private address",
            why,
            example,
            lines.host_line,
            "" if role == "psc" else DONT_KNOW,
            unknown=True,
        )
        for role, title, why, example in roles
    )
    edge = (
        Question(f"{party}.edge", f"Name of {who} edge device", "remedies name it", at["edge"], _name, ""),
        Question(
            f"{party}.device",
            "What kind of device it is",
            "it decides whether firewall rules see addresses before or after NAT",
            at["device"],
            _one_of(*DEVICE_TYPES),
            "nsx-v",
        ),
        Question(
            f"{party}.nat",
            "NAT lines, ADDRESS:PORT -> ADDRESS:PORT, one a line",
            f"what the {other} reaches, and what leaves",
            nat,
            lines.nat_line,
            DONT_KNOW,
            many=True,
            unknown=True,
        ),
        Question(
            f"{party}.firewall",
            "Firewall lines, ACTION SOURCE -> DESTINATION PROTOCOL PORTS, in order",
            "the first line that matches decides; `default drop` says what happens otherwise",
            rules,
            lines.rule_line,
            DONT_KNOW,
            many=True,
            unknown=True,
        ),
    )
    return (
        Topic(f"The {party}'s network", network),
        Topic(f"The {party}'s machines", machines),
        Topic(f"The {party}'s edge: firewall and NAT", edge),
    )


_TENANT = {
    "name": "Tyrell",
    "lan": "192.168.0.0/24",
    "gateway": "192.168.0.1",
    "public": "198.51.100.10",
    "up": "100 Mbit/s",
    "down": "100 Mbit/s",
    "rtt": "20 ms",
    "edge": "TYR-ESG",
    "device": "nsx-v",
}
_PROVIDER = {
    "name": "MyCloud",
    "lan": "10.3.0.0/24",
    "gateway": "10.3.0.1",
    "public": "203.0.113.32 203.0.113.41",
    "up": "1 Gbit/s",
    "down": "1 Gbit/s",
    "rtt": "0 ms",
    "edge": "CHC-ESG",
    "device": "nsx-v",
}
_TENANT_ROLES = (
    ("vcenter", "vCenter", "the appliances log in there", "tyrell-vc01 192.168.0.13"),
    ("esxi", "An ESXi host", "it sends replication data to the Replicator", "tyrell-esx01 192.168.0.21"),
    (
        "cx_appliance",
        "CX appliance (cx-connector)",
        "it is what connects to the provider",
        "tyrell-vcde01 192.168.0.32",
    ),
    (
        "replicator",
        "Replicator (CCE)",
        "the provider's Replication Manager must reach it",
        "tyrell-cce01 192.168.0.34",
    ),
)
_PROVIDER_ROLES = (
    ("vcenter", "vCenter of the resources", "migrated VMs are made there", "chc-vc01 10.3.0.31"),
    ("esxi", "An ESXi host", "the Replicator writes to it", "chc-esx01 10.3.0.21"),
    ("cloud_service", "CX Cloud Service", "the tenant's CX URL leads to it", "chc-vcde01 10.3.0.32"),
    (
        "replication_manager",
        "Replication Manager (CCM)",
        "enabling needs it, both ways",
        "chc-ccm01 10.3.0.33",
    ),
    ("replicator", "Replicator (CCE)", "replication data goes to it", "chc-cce01 10.3.0.34"),
    ("vcd", "vCloud Director", "the Provider Cloud URL leads to it", "chc-vcd01 10.3.0.41"),
    (
        "psc",
        "External Platform Services Controller, if there is one",
        "the appliances look services up there",
        "chc-psc01 10.3.0.30",
    ),
)
_TENANT_NAT = (
    "replicator management: 198.51.100.10:443 -> 192.168.0.34:8043",
    "replicator data: 198.51.100.10:44045 -> 192.168.0.34:44045",
    "LAN to internet: snat 192.168.0.0/24 -> 198.51.100.10",
)
_TENANT_RULES = (
    "LAN out: allow 192.168.0.0/24 -> any tcp 443,8044,44045",
    "provider to replicator management: allow 203.0.113.0/24 -> 198.51.100.10 tcp 443",
    "provider to replicator data: allow 203.0.113.0/24 -> 198.51.100.10 tcp 44045",
    "default drop",
)
_PROVIDER_NAT = (
    "CX cloud service: 203.0.113.32:443 -> 10.3.0.32:443",
    "Replication Manager: 203.0.113.32:8044 -> 10.3.0.33:8044",
    "Replicator data: 203.0.113.32:44045 -> 10.3.0.34:44045",
    "vCloud Director: 203.0.113.41:443 -> 10.3.0.41:443",
    "management to internet: snat 10.3.0.0/24 -> 203.0.113.32",
)
_PROVIDER_RULES = (
    "management out: allow 10.3.0.0/24 -> any tcp 443,8043,44045",
    "vCloud Director: allow any -> 203.0.113.41 tcp 443",
    "CX cloud service: allow any -> 203.0.113.32 tcp 443",
    "Replication Manager: allow any -> 203.0.113.32 tcp 8044",
    "Replicator data: allow any -> 203.0.113.32 tcp 44045",
    "default drop",
)

TOPICS: tuple[Topic, ...] = (
    Topic(
        "The product",
        (
            Question(
                "cx_version",
                "Version of vCloud Director Extender",
                "1.0 shows certificates at Test, 1.1 after Add",
                "1.1",
                _one_of("1.0", "1.1"),
                "1.1",
            ),
        ),
    ),
    *_site("tenant", "provider", _TENANT, _TENANT_ROLES, _TENANT_NAT, _TENANT_RULES),
    *_site("provider", "tenant", _PROVIDER, _PROVIDER_ROLES, _PROVIDER_NAT, _PROVIDER_RULES),
    Topic(
        "Public Endpoint URLs, exactly as they were typed",
        (
            Question(
                "public_endpoints.replication_manager",
                "The Replication Manager's (provider, wizard step 5)",
                "the tenant connects to it to enable the cloud; empty if the field was left empty",
                "203.0.113.32:8044",
                _free,
            ),
            Question(
                "public_endpoints.provider_replicator",
                "The provider's Replicator's (wizard step 7)",
                "replication data is sent there; empty if the field was left empty",
                "203.0.113.32:44045",
                _free,
            ),
            Question(
                "public_endpoints.tenant_replicator",
                "The tenant's Replicator's (tenant, wizard step 4)",
                "the Replication Manager calls it; empty if the field was left empty",
                "198.51.100.10:443",
                _free,
            ),
        ),
    ),
    Topic(
        "Add a Provider Cloud, as it was filled in",
        (
            Question(
                "provider_cloud.name", "Provider Cloud Name", "the plugin lists it so", "MyCloud-CHC", _name
            ),
            Question(
                "provider_cloud.url",
                "Provider Cloud URL",
                "Test logs in there",
                "https://chc.mycloud.local/cloud/org/Tyrell",
                _free,
            ),
            Question(
                "provider_cloud.cx_url",
                "vCD Extender Cloud Service URL",
                "Test connects to it",
                "https://vcde.mycloud.local:443",
                _free,
            ),
            Question(
                "provider_cloud.user",
                "Org Admin user",
                "the account must exist in vCloud Director",
                "tyrelladmin",
                _name,
                "administrator",
            ),
            Question(
                "names_at_tenant",
                "What the tenant's DNS answers, NAME ADDRESS, one a line",
                "a name that leads elsewhere fails; empty: each leads to the address that NAT publishes",
                ("chc.mycloud.local 203.0.113.41", "vcde.mycloud.local 203.0.113.32"),
                _host_name,
                "",
                many=True,
            ),
            Question(
                "names_at_provider",
                "What the provider's DNS answers, NAME ADDRESS, one a line",
                "only when the tenant's Public Endpoint URL is a name",
                (),
                _host_name,
                "",
                many=True,
            ),
        ),
    ),
    Topic(
        "Where VMs go, and which",
        (
            Question(
                "target.org",
                "Organisation in vCloud Director",
                "the Provider Cloud URL should end with it",
                "Tyrell",
                _name,
                "",
            ),
            Question(
                "target.vdc", "Organisation vDC", "the wizard offers it as target", "CHC Tyrell PAYG", _name
            ),
            Question("target.storage_profile", "Storage profile", "disks go there", "CHC Performance", _name),
            Question(
                "target.storage",
                "Its limit",
                "too little fails a migration",
                "200 GiB",
                _quantity(SIZE),
                "200 GiB",
            ),
            Question(
                "target.network",
                "Network that VMs are connected to",
                "both sides need one of that name",
                "Tyrell Servers",
                _name,
            ),
            Question(
                "vms",
                "VMs: NAME ADDRESS, and cpus, memory, disk, used, writes; one a line",
                "the first one is migrated by the scenario",
                (
                    "deckard 192.168.0.100 cpus 2 memory 4 GiB disk 40 GiB used 16 GiB writes 0.5 MB/s",
                    "rachael 192.168.0.101 cpus 2 memory 8 GiB disk 60 GiB used 24 GiB writes 1 MB/s",
                    "roy 192.168.0.102 cpus 4 memory 8 GiB disk 80 GiB used 30 GiB writes 2 MB/s",
                ),
                lines.vm_line,
                many=True,
            ),
        ),
    ),
)
"""Every question, in order."""

QUESTIONS: Mapping[str, Question] = {q.key: q for topic in TOPICS for q in topic.questions}
EXTRA = ("tenant.hosts.dns", "provider.hosts.dns")
"""Keys of an answers file that are never asked for."""
ALL: Mapping[str, Question] = {
    **QUESTIONS,
    **{
        key: Question(
            key, "DNS server", "it answers the site's look-ups", "", lines.host_line, DONT_KNOW, unknown=True
        )
        for key in EXTRA
    },
}


def is_unknown(text: str) -> bool:
    """True for the ways of saying that one does not know."""
    return text.strip().lower().rstrip(".") in DONT_KNOW_WORDS
