"""What one party must do, as text ready to paste into a mail or a ticket.

Rules of this file: nothing of the other party's inside goes in: no host names, no private addresses, no rules
of its devices, no places in files. What is left out is named by its role ("the tenant's Replicator (CCE)").
Grades and sources stay in the full explanation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from cxsim.sim.diagnosis.diagnosis import Diagnosis, Explained
from cxsim.sim.explain import TITLES, FlowVerdict, Role
from cxsim.sim.explain.cause import AFTERWARDS, why
from cxsim.sim.explain.flows import SYMPTOMS
from cxsim.sim.scenario import Environment

PARTIES = ("tenant", "provider")

_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_PLACE = r"[^\s(),]+\.ya?ml:\d+"
_STRIPPED = tuple(
    re.compile(pattern)
    for pattern in (
        rf",? ?\({_PLACE}\)",
        rf", {_PLACE}(?=\))",
        r"\s*\((?:cx\.md|edge-config)[^()]*\)",
        r"\s*\[[A-Z]\](?: (?:K\d|KP|BEGG))?",
        r"\s*\(\s*(?:BEGG)?\s*\)",
    )
)
"""Places in files, sources and grades."""


@dataclass(frozen=True)
class Discretion:
    """What of the other party must not be told to `party`."""

    party: str
    environment: Environment

    def __call__(self, text: str) -> str:
        """The text without it."""
        for pattern in _STRIPPED:
            text = pattern.sub("", text)
        for name, role in self._names():
            title = TITLES[Role(role)] if role else "VM"
            words = f"the {self.other}'s {title}"
            text = text.replace(f"{title} {name}", words).replace(name, words)
        return _ADDRESS.sub(self._address, text)

    @property
    def other(self) -> str:
        """The other party."""
        return PARTIES[1 - PARTIES.index(self.party)]

    def _names(self) -> list[tuple[str, str]]:
        """The other's hosts and VMs with their roles, the longest names first."""
        sites = self.environment.sites
        hosts = self.environment.hosts
        names = [(h.name, str(h.role)) for h in hosts.values() if sites[h.site].party != self.party]
        names += [
            (vm.name, "")
            for vm in self.environment.vms.values()
            if sites[hosts[vm.esxi].site].party != self.party
        ]
        return sorted(names, key=lambda pair: (-len(pair[0]), pair[0]))

    def _address(self, match: re.Match[str]) -> str:
        try:
            address = IPv4Address(match[0])
        except ValueError:
            return match[0]
        inside = [
            site.party
            for site in self.environment.sites.values()
            if address in IPv4Network(str(site.network.cidr))
        ]
        hidden = inside and self.party not in inside
        return f"(an address inside the {self.other}'s network)" if hidden else match[0]


def ticket(diagnosis: Diagnosis, party: str) -> Iterator[str]:
    """The lines for a party; they say so when there is nothing for it to do."""
    discreet = Discretion(party, diagnosis.subject.environment)
    mine = [e for e in diagnosis.explained if e.cause.remedies_for(party) and not e.covered]
    others = [e for e in diagnosis.explained if e not in mine and not e.covered]
    told = diagnosis.told if party == "tenant" else ()
    yield f"To: the {party}'s administrator"
    if not mine and not told:
        yield "Subject: VM migration with vCloud Director Extender: nothing to change on your side"
        yield ""
        yield f"No change on the {party}'s side is known to be needed."
        yield from _elsewhere(others, discreet)
        return
    yield f"Subject: VM migration with vCloud Director Extender: {_subject(mine)}"
    for number, explained in enumerate(mine, 1):
        yield ""
        yield from _cause(explained, number if len(mine) > 1 else None, discreet)
    for error in [unexplained.told for unexplained in told]:
        yield ""
        yield f"The CX appliance reports: {discreet(error.text)}"
        yield f"Please check: {discreet(error.check)}"
    yield from _elsewhere(others, discreet)


def _subject(mine: Sequence[Explained]) -> str:
    if not mine:
        return "please check what the CX appliance reports"
    if all(explained.found.undetermined for explained in mine):
        return "please send the rules of a device"
    number = len({remedy.text for explained in mine for remedy in explained.cause.cure.remedies})
    return "a change is needed" if number == 1 else f"{number} changes are needed"


def _cause(explained: Explained, number: int | None, discreet: Discretion) -> Iterator[str]:
    cause, first = explained.cause, explained.cause.verdicts[0]
    head = f"{number}. " if number is not None else ""
    unknown = explained.found.undetermined
    yield f"{head}{'It cannot be told whether these work' if unknown else 'What does not work'}:"
    for verdict in cause.verdicts:
        yield f"  {discreet(_from_to(verdict, discreet.environment))}"
    if unknown:
        yield f"Please send what is missing: {discreet(why(first))}"
        return
    symptom = SYMPTOMS[first.row.phase]
    yield f"  It is needed for {first.row.phase.value}. Without it: {symptom}."
    if (
        first.trace is not None
        and _owner(first.trace.deciding.device, discreet.environment) == discreet.party
    ):
        yield f"  Why: {discreet(why(first))}"
    yield "Please change:"
    for remedy in cause.remedies_for(discreet.party):
        yield f"  - {discreet(remedy.text)}"
        yield from (f"    or: {discreet(other)}" for other in remedy.alternatives)
        yield from (f"    by: {discreet(step)}" for step in remedy.steps)
        yield from (f"    note: {discreet(note)}" for note in remedy.notes)
    if cause.remedies_for(discreet.other):
        yield f"The {discreet.other} has to change something for this as well, and was told what."
    who, _, then = AFTERWARDS[first.row.phase].partition(": ")
    if who == discreet.party:
        yield f"Then: {discreet(then)}"
    else:
        yield f"Then: tell the {who}, who will: {discreet(then)}"
    yield _checked(explained)


def _checked(explained: Explained) -> str:
    proof = explained.proof
    if proof is None:
        return "Not tried in a simulation."
    if proof.helps:
        done = "the steps were taken again and end well" if proof.judgement else "the connection is accepted"
        return f"Checked in a simulation of both sides, with the change made: {done}."
    if proof.still_failing or proof.observation.refused:
        return "Tried in a simulation of both sides: this alone does not help."
    return "Checked in a simulation of both sides: this obstacle is gone then; others remain."


def _elsewhere(others: Sequence[Explained], discreet: Discretion) -> Iterator[str]:
    number = sum(bool(explained.cause.remedies_for(discreet.other)) for explained in others)
    if number:
        yield ""
        causes = "one cause lies" if number == 1 else f"{number} causes lie"
        yield f"({causes.capitalize()} on the {discreet.other}'s side, who was told what to change.)"


def _from_to(verdict: FlowVerdict, environment: Environment) -> str:
    """Both ends with their addresses; Discretion hides what is not for the reader."""
    asked = verdict.asked
    where = asked.host and f"{asked.host} port {asked.port}"
    typed = asked.typed.value if asked.typed is not None else ""
    public = _public_source(verdict, environment)
    seen_as = f", seen from outside as {public}," if public else ""
    target = f"{TITLES[verdict.target.role]} {verdict.target.name}"
    source = f"{TITLES[verdict.source.role]} {verdict.source.name}"
    return f"TCP from {source}{seen_as} to {where or repr(typed)} ({target}, port {verdict.row.port})"


def _public_source(verdict: FlowVerdict, environment: Environment) -> str:
    """The public address that the flow comes from, when it leaves its site."""
    if verdict.source.site == verdict.target.site:
        return ""
    edge = environment.sites[verdict.source.site].edge
    return ", ".join((edge.upstream or edge).addresses[:1])


def _owner(device: str, environment: Environment) -> str | None:
    for site in environment.sites.values():
        names = [site.name, site.wan.name, f"{site.wan.name}:up", f"{site.wan.name}:down", site.dns.server]
        names += [d.name for d in (site.edge, site.edge.upstream) if d is not None]
        if device in names:
            return site.party
    host = environment.hosts.get(device)
    return environment.sites[host.site].party if host is not None else None
