"""What the answers mean together: two parties with machines, rules and translations, checked against each
other.

Rules of this file: a topology that cannot be (a loop, no route, an address twice, a translation to nobody) is
told with the place of the answer, all at once. What was not answered is worked out where only one thing is
possible, and marked as a placeholder where nothing depends on it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from cxsim.sim.intake.answers import Answer, Answers
from cxsim.sim.intake.lines import DefaultAnswer, HostAnswer, NatAnswer, RuleAnswer, VmAnswer
from cxsim.sim.network.addresses import address as number_of
from cxsim.sim.network.devices import DEVICE_TYPES
from cxsim.sim.network.state import is_private
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problems, ScenarioErrors, advice

IPv4 = ipaddress.IPv4Address
PLACEHOLDER_LANS = {"tenant": "172.31.254.0/24", "provider": "172.30.254.0/24"}
ROLES = {
    "tenant": {
        "dns": "dns",
        "vcenter": "vc01",
        "esxi": "esx01",
        "cx_appliance": "vcde01",
        "replicator": "cce01",
    },
    "provider": {
        "dns": "dns",
        "psc": "psc01",
        "vcenter": "vc01",
        "esxi": "esx01",
        "cloud_service": "vcde01",
        "replication_manager": "ccm01",
        "replicator": "cce01",
        "vcd": "vcd01",
    },
}
"""Roles of each party's machines, with the end of the name that a machine gets when it has none."""
OPTIONAL_ROLES = ("psc",)


@dataclass(frozen=True)
class Machine:
    """A machine of a party. `known`: its address was answered; otherwise it is a placeholder."""

    role: str
    name: str
    address: str
    known: bool
    place: Place


@dataclass(frozen=True)
class Rule:
    """A firewall rule with the place of its line."""

    answer: RuleAnswer
    place: Place


@dataclass(frozen=True)
class Translation:
    """A translation with the place of its line; `answer.type` and `answer.name` are settled."""

    answer: NatAnswer
    place: Place


@dataclass
class Party:
    """One party. `nat` and `rules` are None when nobody knows them."""

    party: str
    name: str
    site: str
    lan: str
    lan_known: bool
    gateway: str
    public: list[str]
    up: str
    down: str
    rtt: str
    edge: str
    device: str
    places: dict[str, Place]
    default: str = ""
    rules: list[Rule] | None = None
    nat: list[Translation] | None = None
    machines: dict[str, Machine] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """DNS: name -> address, and how it is known."""


@dataclass
class Facts:
    """Everything that an environment is made of."""

    file: str
    cx_version: str
    tenant: Party
    provider: Party
    endpoints: dict[str, str]
    cloud: dict[str, str]
    target: dict[str, str]
    vms: list[tuple[VmAnswer, Place]]
    places: dict[str, Place]

    @property
    def parties(self) -> tuple[Party, Party]:
        """Tenant, provider."""
        return self.tenant, self.provider

    @property
    def unknown(self) -> list[str]:
        """What nobody knows, in words."""
        return [
            f"{what} of {party.edge}"
            for party in self.parties
            for what, value in (("firewall rules", party.rules), ("NAT rules", party.nat))
            if value is None
        ]


def facts_of(answers: Answers, problems: Problems) -> Facts:
    """The facts. Raises ScenarioErrors with every mistake, those of single answers too."""
    missing = {p.path for p in problems.found}
    if any(a.question.default is None and not a.values and not a.unknown for a in answers.by_key.values()):
        raise ScenarioErrors(problems.found)
    parties = {party: _party(party, answers, problems) for party in ("tenant", "provider")}
    tenant, provider = parties["tenant"], parties["provider"]
    if tenant.site == provider.site:
        place = answers["provider.name"].place
        problems.add(place, "provider.name", f"{provider.name!r} is the tenant's name too", "two names")
        provider.site += "-provider"
    facts = Facts(
        file=answers.file,
        cx_version=answers["cx_version"].text,
        tenant=tenant,
        provider=provider,
        endpoints=_texts(answers, "public_endpoints"),
        cloud=_texts(answers, "provider_cloud"),
        target=_texts(answers, "target"),
        vms=[(v.value, v.place) for v in answers["vms"].values if isinstance(v.value, VmAnswer)],
        places={key: answer.place for key, answer in answers.by_key.items()},
    )
    facts.target["org"] = facts.target["org"] or _org_of(facts.cloud["url"]) or tenant.name
    if not missing & {"tenant.lan", "provider.lan", "tenant.gateway", "provider.gateway"}:
        for one in facts.parties:
            _settle_machines(one, answers, facts, problems)
            _check_network(one, facts, problems)
            _check_nat(one, facts, problems)
        _check_across(facts, problems)
        _names(facts, answers, problems)
    if problems.found:
        raise ScenarioErrors(problems.found)
    return facts


def _texts(answers: Answers, section: str) -> dict[str, str]:
    prefix = f"{section}."
    return {key.removeprefix(prefix): a.text for key, a in answers.by_key.items() if key.startswith(prefix)}


def slug(text: str) -> str:
    """A name as a key: small letters, digits and hyphens."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "site"


def _org_of(url: str) -> str:
    return url.rstrip("/").rpartition("/org/")[2] if "/org/" in url else ""


# -- a party ------------------------------------------------------------------------------------------


def _party(party: str, answers: Answers, problems: Problems) -> Party:
    def answer(key: str) -> Answer:
        return answers[f"{party}.{key}"]

    name = answer("name").text
    lan = answer("lan").text or PLACEHOLDER_LANS[party]
    first = str(ipaddress.IPv4Network(lan)[1])
    made = Party(
        party=party,
        name=name,
        site=slug(name),
        lan=lan,
        lan_known=bool(answer("lan").values),
        gateway=answer("gateway").text or first,
        public=[str(v.value) for v in answer("public_addresses").values],
        up=answer("up").text,
        down=answer("down").text,
        rtt=answer("rtt").text,
        edge=answer("edge").text or f"{slug(name).upper()}-EDGE",
        device=answer("device").text or "nsx-v",
        places={
            q.rpartition(".")[2]: a.place for q, a in answers.by_key.items() if q.startswith(f"{party}.")
        },
    )
    if not answer("firewall").unknown:
        made.rules = []
        for given in answer("firewall").values:
            if isinstance(given.value, DefaultAnswer):
                if made.default:
                    problems.add(given.place, f"{party}.firewall", "a second default", "one default line")
                made.default = given.value.action
            elif isinstance(given.value, RuleAnswer):
                made.rules.append(Rule(given.value, given.place))
    made.default = made.default or DEVICE_TYPES[made.device].default_in
    if not answer("nat").unknown:
        made.nat = _typed(made, answer("nat"), problems)
    return made


def _typed(party: Party, answer: Answer, problems: Problems) -> list[Translation]:
    """NAT lines with their type: a public address before the arrow is a DNAT, one behind it an SNAT."""
    settled: list[Translation] = []
    for given in answer.values:
        line = given.value
        assert isinstance(line, NatAnswer)
        kind = line.type
        if not kind:
            kind = (
                "dnat" if line.original in party.public else "snat" if line.translated in party.public else ""
            )
        if not kind:
            right = f"one of {', '.join(party.public)} before the arrow (or behind it: an SNAT)"
            wrong = f"neither {line.original} nor {line.translated} is a public address of this side"
            problems.add(given.place, f"{party.party}.nat", wrong, right)
            continue
        settled.append(Translation(replace(line, type=kind), given.place))
    return settled


# -- machines -----------------------------------------------------------------------------------------


def _settle_machines(party: Party, answers: Answers, facts: Facts, problems: Problems) -> None:
    """Names and addresses of all machines; those that nobody knows get free ones."""
    network = ipaddress.IPv4Network(party.lan)
    taken = {party.gateway}
    taken |= {vm.address for vm, _ in facts.vms} if party.party == "tenant" else set()
    for translation in party.nat or []:
        taken |= {translation.answer.translated, translation.answer.original}
    said = {role: answers[f"{party.party}.hosts.{role}"] for role in ROLES[party.party]}
    taken |= {v.value.address for a in said.values() for v in a.values if isinstance(v.value, HostAnswer)}
    free = (str(a) for a in reversed(list(_last_hosts(network))) if str(a) not in taken)
    names = {vm.name for vm, _ in facts.vms}
    names |= {m.name for other in facts.parties for m in other.machines.values()}
    for role, suffix in ROLES[party.party].items():
        answer = said[role]
        if role in OPTIONAL_ROLES and not answer.values:
            continue
        host = answer.values[0].value if answer.values else HostAnswer("", "")
        assert isinstance(host, HostAnswer)
        name = host.name or f"{party.site}-{suffix}"
        if name in names:
            key = f"{party.party}.hosts.{role}"
            problems.add(answer.place, key, f"{name!r} is the name of another machine or VM", "another name")
        names.add(name)
        address = host.address or next(free, "")
        if not address:
            problems.add(
                party.places["lan"], f"{party.party}.lan", f"{party.lan} is full", "a larger network"
            )
        party.machines[role] = Machine(role, name, address, bool(host.address), answer.place)


def _last_hosts(network: ipaddress.IPv4Network) -> Iterator[IPv4]:
    last = int(network.broadcast_address) - 1
    for number in range(max(int(network.network_address) + 1, last - 63), last + 1):
        yield IPv4(number)


def _check_network(party: Party, facts: Facts, problems: Problems) -> None:
    """Every address once, in its network; public ones public."""
    network = ipaddress.IPv4Network(party.lan)
    owned = [(f"{party.party}.gateway", "the gateway", party.gateway, party.places["gateway"])]
    owned += [
        (f"{party.party}.hosts.{m.role}", m.name, m.address, m.place)
        for m in party.machines.values()
        if m.known
    ]
    if party.party == "tenant":
        owned += [("vms", vm.name, vm.address, place) for vm, place in facts.vms]
    first: dict[str, str] = {}
    for key, owner, address, place in owned:
        if address in first:
            wrong = f"{address} is the address of {first[address]} too"
            problems.add(place, key, wrong, "each address once in a site")
            continue
        first[address] = owner
        inside = IPv4(address) in network
        if not inside or IPv4(address) in (network.network_address, network.broadcast_address):
            wrong = f"{address} is no host address of {party.lan}, the LAN of {party.name}"
            right = f"{network[1]} to {network[-2]}: there is no route to it otherwise"
            problems.add(place, key, wrong, right)
    for given in party.public:
        if is_private(number_of(given)):
            wrong = f"{given} is a private address: the internet has no route to it"
            right = "the address that the other side connects to (of the outermost device, if there are two)"
            problems.add(party.places["public_addresses"], f"{party.party}.public_addresses", wrong, right)


def _check_across(facts: Facts, problems: Problems) -> None:
    """Nothing belongs to both parties."""
    for address in facts.provider.public:
        if address in facts.tenant.public:
            place = facts.provider.places["public_addresses"]
            wrong = f"{address} is a public address of the tenant too"
            problems.add(place, "provider.public_addresses", wrong, "each address once on the internet")
    if facts.tenant.edge == facts.provider.edge:
        wrong = f"{facts.provider.edge!r} is the name of the tenant's edge too"
        problems.add(facts.provider.places["edge"], "provider.edge", wrong, "another name")
    seen: set[str] = set()
    for vm, place in facts.vms:
        if vm.name in seen:
            problems.add(place, "vms", f"{vm.name!r} is there twice", "each VM once")
        seen.add(vm.name)


# -- NAT ----------------------------------------------------------------------------------------------


def _check_nat(party: Party, facts: Facts, problems: Problems) -> None:
    """A DNAT leads to a machine of the site, an SNAT leaves with an address of the edge; no loop."""
    key = f"{party.party}.nat"
    _resolve(party, facts, problems)
    hosts = {m.address: m.name for m in party.machines.values() if m.known}
    hosts |= {vm.address: vm.name for vm, _ in facts.vms} if party.party == "tenant" else {}
    first: dict[tuple[str, str, str], Place] = {}
    for translation in party.nat or []:
        line, place = translation.answer, translation.place
        if line.type == "snat":
            if line.translated not in party.public:
                wrong = (
                    f"leaves with {line.translated}, which is no public address of this side: no route back"
                )
                problems.add(place, key, wrong, f"one of {', '.join(party.public)}")
            continue
        if line.original not in party.public:
            wrong = f"{line.original} is no public address of this side: no packet for it arrives"
            problems.add(place, key, wrong, f"one of {', '.join(party.public)}")
        if line.translated in (*party.public, party.gateway):
            wrong = f"goes round: {line.translated} is an address of {party.edge} itself"
            problems.add(place, key, wrong, "the private address of a machine")
        elif line.translated not in hosts and line.interface != "inside":
            wrong = f"goes to {line.translated}, which is no machine of {party.name}"
            right = _nearest_target(line, party, hosts)
            problems.add(place, key, wrong, right)
        before = (line.original, line.original_port, line.protocol)
        if before in first:
            wrong = f"{line.original}:{line.original_port or 'any'} is translated by {first[before]} already"
            problems.add(place, key, wrong, "one line for each address and port")
        first.setdefault(before, place)


def _resolve(party: Party, facts: Facts, problems: Problems) -> None:
    """Names of machines and VMs in translations become their addresses; other words are nobody."""
    names = {m.name: m.address for m in party.machines.values()}
    names |= {vm.name: vm.address for vm, _ in facts.vms} if party.party == "tenant" else {}
    kept = []
    for translation in party.nat or []:
        line = translation.answer
        ends = {"original": line.original, "translated": line.translated}
        for which, end in ends.items():
            ends[which] = names.get(end, end)
            if end not in names and not end[0].isdigit() and end != "any":
                right = advice(end, list(names), "machines")
                problems.add(translation.place, f"{party.party}.nat", f"nobody is called {end!r}", right)
                break
        else:
            kept.append(replace(translation, answer=replace(line, **ends)))
    party.nat = kept if party.nat is not None else None


def _nearest_target(line: NatAnswer, party: Party, hosts: Mapping[str, str]) -> str:
    if not hosts:
        return f"answer {party.party}.hosts: whose address is it?"
    near = min(
        hosts,
        key=lambda a: abs(int(IPv4(a)) - int(IPv4(line.translated.partition("/")[0].partition("-")[0]))),
    )
    return f"{near} is {hosts[near]}; whose address is it? Say so below {party.party}.hosts"


# -- names --------------------------------------------------------------------------------------------


def _names(facts: Facts, answers: Answers, problems: Problems) -> None:
    """What each side's DNS answers: what was said, and what the published addresses are."""
    for key, party in (("names_at_tenant", facts.tenant), ("names_at_provider", facts.provider)):
        for given in answers[key].values:
            name, _, address = str(given.value).partition(" ")
            if name in party.names:
                problems.add(given.place, key, f"{name!r} is there twice", "each name once")
            party.names[name] = (address, f"as answered, {given.place}")
    tenant, provider = facts.parties
    asked = (
        (tenant, provider, _host(facts.cloud["url"]), "vcd", "443"),
        (tenant, provider, _host(facts.cloud["cx_url"]), "cloud_service", "443"),
        (
            tenant,
            provider,
            _endpoint_host(facts.endpoints["replication_manager"]),
            "replication_manager",
            "8044",
        ),
        (tenant, provider, _endpoint_host(facts.endpoints["provider_replicator"]), "replicator", "44045"),
        (provider, tenant, _endpoint_host(facts.endpoints["tenant_replicator"]), "replicator", "8043"),
    )
    for at, of, name, role, port in asked:
        if not name:
            continue
        if name not in at.names:
            published = _published(of, of.machines[role].address, port)
            if published is None:
                listed = ", ".join(of.public)
                wrong = f"nobody says what {name} leads to: {of.name} has {listed}"
                right = f"a line {name} ADDRESS, one of them (NAT would say it too)"
                problems.add(facts.places[f"names_at_{at.party}"], f"names_at_{at.party}", wrong, right)
            else:
                at.names[name] = published
        of.names.setdefault(name, (of.machines[role].address, "its own address"))


def _published(party: Party, address: str, port: str) -> tuple[str, str] | None:
    """The public address that leads to a machine, and how it is known; None when several could."""
    leading = [
        t.answer.original
        for t in party.nat or []
        if t.answer.type == "dnat"
        and t.answer.translated == address
        and (t.answer.translated_port or t.answer.original_port) in (port, "")
        and t.answer.original in party.public
    ]
    if leading:
        return leading[0], f"where NAT of {party.edge} publishes it"
    if len(party.public) == 1:
        return party.public[0], f"the only public address of {party.edge}"
    return None


def _host(url: str) -> str:
    try:
        host = urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
    return "" if _is_address(host) else host


def _endpoint_host(typed: str) -> str:
    host = typed.strip().rpartition(":")[0] or typed.strip()
    good = host and "/" not in host and not any(c.isspace() for c in host)
    return "" if not good or _is_address(host) or host.isdigit() else host


def _is_address(text: str) -> bool:
    try:
        IPv4(text)
    except ValueError:
        return False
    return True
