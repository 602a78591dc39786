"""The faults that cxsim knows, as a table: what each means, looks like, rests on, and who puts it right.

Rules of this file: families, symptoms and look-ups; the entries are in entries_reaching and entries_working.
A fault is a situation that people meet, so several entries may be of one kind of the scenario format. Grades
as in cx.md: [D] vendor documentation, [O] observed by a practitioner, [C] read in published client code, [I]
inferred: the product's behaviour is in no source.
"""

from __future__ import annotations

from cxsim.sim.faults import entries_reaching, entries_working
from cxsim.sim.faults.entry import Entry
from cxsim.sim.scenario.problems import nearest

FAMILIES: dict[str, str] = {
    "firewall": "Firewall rules",
    "nat": "Address translation",
    "endpoints": "Public Endpoint URLs",
    "dns": "Names",
    "tls": "Certificates, TLS on the way, clocks",
    "path": "Lines, tunnels, tables of edges",
    "service": "Hosts and services",
}
"""Families, in the order in which the catalogue shows them."""

SYMPTOMS: dict[str, str] = {
    "test-failed": "Test fails",
    "enable-failed": "Test says `Connected successfully!`, then the cloud becomes `Enable Failed`",
    "zero-percent": "The cloud is `Running`; a migration is `Created`, stays at 0 % and ends in `Error`",
    "slow": "The synchronisation never ends, or misses its RPO",
    "stopped": "What worked stops working",
}
"""What the user sees; tags of the scenarios."""


ENTRIES: tuple[Entry, ...] = (*entries_reaching.ENTRIES, *entries_working.ENTRIES)
"""Every entry, family by family."""


def find(name: str) -> Entry | None:
    """An entry by name."""
    return next((entry for entry in ENTRIES if entry.name == name), None)


def suggestion(name: str) -> str | None:
    """The nearest name of an entry, if one is near."""
    return nearest(name, [entry.name for entry in ENTRIES])
