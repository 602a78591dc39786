"""The environment that the answers describe, as a commented YAML file.

Rules of this file: one function a section; it writes what was answered, and says in a comment what was worked
out, what is a placeholder and what is unknown. Nothing is decided here (facts.py).
"""

from __future__ import annotations

from collections.abc import Callable

from cxsim.sim.intake.facts import Facts, Machine, Party, Rule, Translation
from cxsim.sim.intake.page import Page
from cxsim.sim.intake.yamltext import key as yaml_key
from cxsim.sim.network.devices import DEVICE_TYPES
from cxsim.sim.scenario.quantities import SIZE, parse, render

NAT_IDS = {"tenant": 101, "provider": 201}
PLACEHOLDER = "placeholder: the address was not known"
SCENARIO_ROLES = {
    "cx_appliance": "cx-connector",
    "cloud_service": "cx-cloud-service",
    "replication_manager": "replication-manager",
}
"""Roles of the environment format that are called otherwise than the answer's key."""
LEAST_DATASTORE = 2 * 2**40


def environment_page(facts: Facts, file: str) -> Page:
    """The whole file."""
    page = Page(file)
    tenant, provider = facts.parties
    page.say(f"Environment of {tenant.name} (tenant) and {provider.name} (provider), made by cxsim new from")
    page.say(f"{facts.file}. Scenarios extend this file; the format is docs/scenarios.md.")
    for what in facts.unknown:
        page.say(f"NOT KNOWN: the {what}. Flows that they could decide are UNDETERMINED, never guessed;")
        page.say("  cxsim import puts an export of the edge in, or write the rules below.")
    page.text("schema: 1")
    page.value("title", f"{tenant.name} (tenant) and {provider.name} (provider)", 0)
    why = "1.1: certificates are shown after Add; 1.0: at Test"
    page.text(f'cx_version: "{facts.cx_version}"', 0, facts.places["cx_version"], why)
    page.blank()
    page.text("sites:")
    for party in facts.parties:
        _site(page, party)
    page.text("hosts:")
    page.say("Every account's password in this model is vmware: passwords are never asked for.", 1)
    for party in facts.parties:
        for machine in party.machines.values():
            HOSTS[machine.role](page, machine, party, facts)
        page.blank()
    _vms(page, facts)
    _clouds(page, facts)
    return page


# -- sites --------------------------------------------------------------------------------------------


def _site(page: Page, party: Party) -> None:
    at = party.places
    page.text(f"{party.site}:", 1, at["name"])
    page.text(f"party: {party.party}", 2)
    said = "" if party.lan_known else "placeholder: the LAN was not known"
    lan = {"name": f"{party.name} LAN", "cidr": party.lan, "gateway": party.gateway}
    page.value("network", lan, 2, at["lan"], said)
    wan = {"name": f"{party.site}-wan", "up": party.up, "down": party.down, "rtt": party.rtt}
    page.value("wan", wan, 2, at["up"])
    page.text("edge:", 2, at["edge"])
    page.value("name", party.edge, 3, at["edge"])
    page.value("type", party.device, 3, at["device"], _order_of(party.device))
    page.value("addresses", party.public, 3, at["public_addresses"])
    _firewall(page, party)
    _nat(page, party)
    _dns(page, party)
    page.blank()


def _order_of(device: str) -> str:
    """What rules on this device match, in words."""
    kind = DEVICE_TYPES[device]
    after = kind.orders[kind.order].filter_sees_dnat
    seen = "the address after NAT" if after else "the public address"
    return f"inbound rules match {seen}"


def _firewall(page: Page, party: Party) -> None:
    origin = party.places["firewall"]
    if party.rules is None:
        said = "not known; flows that its rules could decide are UNDETERMINED"
        page.text("firewall: unknown", 3, origin, said)
        return
    page.text("firewall:", 3, origin)
    page.text(f"default: {party.default}", 4, origin, "when no rule matches")
    page.text("rules:" if party.rules else "rules: []", 4, origin)
    for number, rule in enumerate(party.rules, 1):
        page.item(_rule_keys(number, rule), 5, rule.place)


def _rule_keys(number: int, rule: Rule) -> dict[str, object]:
    said = rule.answer
    ports = [int(p) if p.isdigit() else p for p in said.ports]
    service = "" if said.protocol == "any" else f" {said.protocol}"
    service += f" {', '.join(said.ports)}" if said.ports else ""
    name = said.name or f"{said.action} {_listed(said.source)} to {_listed(said.destination)}{service}"[:100]
    keys: dict[str, object] = {"id": number, "name": name, "action": said.action}
    keys |= {"source": _one(said.source), "destination": _one(said.destination)}
    keys |= {"direction": said.direction} if said.direction != "any" else {}
    keys |= {"protocol": said.protocol} if said.protocol != "any" else {}
    return keys | ({"ports": ports} if ports else {})


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _one(values: tuple[str, ...]) -> object:
    return values[0] if len(values) == 1 else list(values)


def _nat(page: Page, party: Party) -> None:
    origin = party.places["nat"]
    if party.nat is None:
        said = "not known; flows that its rules could decide are UNDETERMINED"
        page.text("nat: unknown", 3, origin, said)
        return
    page.text("nat:" if party.nat else "nat: []", 3, origin)
    names: set[str] = set()
    for number, translation in enumerate(party.nat, NAT_IDS[party.party]):
        keys = _nat_keys(number, translation, party)
        if keys["name"] in names:
            keys["name"] = f"{keys['name']} ({number})"
        names.add(str(keys["name"]))
        page.item(keys, 4, translation.place)


def _nat_keys(number: int, translation: Translation, party: Party) -> dict[str, object]:
    said = translation.answer
    before = said.original + (f":{said.original_port}" if said.original_port else "")
    kept = said.translated_port in ("", said.original_port) and "-" in said.original_port
    port = "" if kept else said.translated_port or (said.original_port if said.type == "dnat" else "")
    after = said.translated + (f":{port}" if port else "")
    owner = next((m.name for m in party.machines.values() if m.address == said.translated), said.translated)
    default = f"{owner} {port}".strip() if said.type == "dnat" else f"{said.original} to internet"
    keys: dict[str, object] = {"id": number, "name": said.name or default, "type": said.type}
    keys |= {"original": before, "translated": after}
    keys |= {"protocol": said.protocol} if said.protocol != "any" else {}
    return keys | ({"interface": said.interface} if said.interface != "outside" else {})


def _dns(page: Page, party: Party) -> None:
    page.text("dns:", 2)
    page.value("server", party.machines["dns"].name, 3, party.machines["dns"].place)
    if party.names:
        page.text("records:", 3)
    for name, (address, known) in party.names.items():
        page.value(name, address, 4, None, known)


# -- hosts --------------------------------------------------------------------------------------------


def _host(page: Page, machine: Machine, party: Party, keys: dict[str, object]) -> None:
    """A machine on one line."""
    role = SCENARIO_ROLES.get(machine.role, machine.role)
    said = "" if machine.known else PLACEHOLDER
    all_keys = {"site": party.site, "address": machine.address, "role": role, **keys}
    page.value(machine.name, all_keys, 1, machine.place, said)


def _plain(page: Page, machine: Machine, party: Party, _facts: Facts) -> None:
    _host(page, machine, party, {})


def _vcenter(page: Page, machine: Machine, party: Party, facts: Facts) -> None:
    page.text(f"{machine.name}:", 1, machine.place, "" if machine.known else PLACEHOLDER)
    lines = {
        "site": party.site,
        "address": machine.address,
        "role": "vcenter",
        "datacenter": party.name,
        "cluster": f"{party.name} Cluster",
        "datastores": {f"{party.site}-ds01": _room(facts)},
        "networks": [facts.target["network"]],
    }
    for name, value in lines.items():
        origin = facts.places["target.network"] if name == "networks" else machine.place
        page.value(name, value, 2, origin)


def _room(facts: Facts) -> str:
    """Size of a datastore: the storage profile's limit and all disks fit. Not asked: it decides nothing."""
    disks = sum(int(parse(vm.disk, SIZE)) for vm, _ in facts.vms)
    need = max(LEAST_DATASTORE, 2 * (disks + int(parse(facts.target["storage"], SIZE))))
    return str(render(-(-need // 2**40) * 2**40, SIZE))


def _of_vcenter(page: Page, machine: Machine, party: Party, _facts: Facts) -> None:
    _host(page, machine, party, {"vcenter": party.machines["vcenter"].name})


def _connector(page: Page, machine: Machine, party: Party, _facts: Facts) -> None:
    names = {role: party.machines[role].name for role in ("vcenter", "replicator")}
    _host(page, machine, party, dict(names))


def _replicator(page: Page, machine: Machine, party: Party, facts: Facts) -> None:
    keys: dict[str, object] = {"vcenter": party.machines["vcenter"].name}
    if party.party == "provider":
        keys["replication_manager"] = party.machines["replication_manager"].name
    _published(page, machine, party, facts, f"{party.party}_replicator", keys)


def _manager(page: Page, machine: Machine, party: Party, facts: Facts) -> None:
    _published(page, machine, party, facts, "replication_manager", {})


def _published(
    page: Page, machine: Machine, party: Party, facts: Facts, key: str, keys: dict[str, object]
) -> None:
    """An appliance with a Public Endpoint URL: on lines of its own, because it is what is often wrong."""
    page.text(f"{machine.name}:", 1, machine.place, "" if machine.known else PLACEHOLDER)
    role = SCENARIO_ROLES.get(machine.role, machine.role)
    for name, value in {"site": party.site, "address": machine.address, "role": role, **keys}.items():
        page.value(name, value, 2, machine.place)
    typed, origin = facts.endpoints[key], facts.places[f"public_endpoints.{key}"]
    if typed:
        page.value("public_endpoint", typed, 2, origin, "Public Endpoint URL, as typed")
    else:
        page.say("Public Endpoint URL: left empty, so the private address is advertised [I]", 2)


def _cloud_service(page: Page, machine: Machine, party: Party, _facts: Facts) -> None:
    names = {role: party.machines[role].name for role in ("vcd", "vcenter", "replication_manager")}
    _host(page, machine, party, dict(names))


def _vcd(page: Page, machine: Machine, party: Party, facts: Facts) -> None:
    target, at = facts.target, facts.places
    page.text(f"{machine.name}:", 1, machine.place, "" if machine.known else PLACEHOLDER)
    for name, value in {"site": party.site, "address": machine.address, "role": "vcd"}.items():
        page.value(name, value, 2, machine.place)
    page.value("vcenter", party.machines["vcenter"].name, 2)
    page.text("orgs:", 2)
    page.text(f"{yaml_key(target['org'])}:", 3, at["target.org"])
    users = {facts.cloud["user"]: {"role": "Organization Administrator"}}
    page.value("users", users, 4, at["provider_cloud.user"])
    page.text("vdcs:", 4)
    page.text(f"{yaml_key(target['vdc'])}:", 5, at["target.vdc"])
    profile = {"limit": target["storage"], "datastore": f"{party.site}-ds01", "default": True}
    profiles = {target["storage_profile"]: profile}
    page.value("storage_profiles", profiles, 6, at["target.storage_profile"])
    page.value("networks", [target["network"]], 6, at["target.network"])


HOSTS: dict[str, Callable[[Page, Machine, Party, Facts], None]] = {
    "dns": _plain,
    "psc": _plain,
    "vcenter": _vcenter,
    "esxi": _of_vcenter,
    "cx_appliance": _connector,
    "replicator": _replicator,
    "replication_manager": _manager,
    "cloud_service": _cloud_service,
    "vcd": _vcd,
}


# -- the rest -----------------------------------------------------------------------------------------


def _vms(page: Page, facts: Facts) -> None:
    page.text("vms:", 0, facts.places["vms"])
    for vm, place in facts.vms:
        disk: dict[str, object] = {"size": vm.disk}
        disk |= {"used": vm.used} if vm.used else {}
        disk |= {"workload": {"rate": vm.writes}}
        keys = {
            "esxi": facts.tenant.machines["esxi"].name,
            "address": vm.address,
            "cpus": vm.cpus,
            "memory": vm.memory,
            "network": facts.target["network"],
            "power": vm.power,
            "disks": [disk],
        }
        page.value(vm.name, keys, 1, place)
    page.blank()


def _clouds(page: Page, facts: Facts) -> None:
    at = facts.places
    page.say("What the tenant's administrator types into Add a Provider Cloud.")
    page.text("provider_clouds:")
    page.text(f"{yaml_key(facts.cloud['name'])}:", 1, at["provider_cloud.name"])
    for name in ("url", "cx_url", "user"):
        page.value(name, facts.cloud[name], 2, at[f"provider_cloud.{name}"])
