"""docs/troubleshooting.md, made from the catalogue.

`python -m cxsim.sim.faults.page > docs/troubleshooting.md` writes it anew.

Rules of this file: sentences come from the catalogue; here is only their order: by what the user sees. A test
demands that the page is current.
"""

# ruff: noqa: E501 (a page)

from __future__ import annotations

from cxsim.sim.faults.catalogue import ENTRIES, FAMILIES, SYMPTOMS
from cxsim.sim.faults.entry import Entry

HEAD = """# Troubleshooting vCloud Director Extender

The article series on vCloud Director Extender announced a part on troubleshooting that never appeared. This is it: by what
you see, the causes that have it, how to tell them apart, and who changes what. It is made from the catalogue of faults
(`cxsim faults`); every fault has a scenario that shows it, in which it is proved to be needed and its remedy to work.

Words: the **Replication Manager** is also called CCM, the **Replicator** CCE. *Tenant* is whose VMs move, *provider* where
they move to. Grades say what a symptom rests on: **[D]** vendor documentation, **[O]** observed by a practitioner, **[C]**
read in published client code, **[I]** inferred: no source says what the product does.

## Start here

1. **Which symptom?** It says how far you got, and so what works already:

   | you see | works already | look at |
   |---|---|---|
   | Test fails | nothing is proved | names, the line, ports 443, the two services behind them |
   | `Connected successfully!`, then `Enable Failed`, vDCs `Loading...` | names, 443, log-in | 8044 to the Replication Manager, its call back to the tenant's replicator, Public Endpoint URLs |
   | `Running`; migration `Created`, 0 %, `Error` | all of control | 44045, the Replicator's endpoint, ESXi ports, MTU |
   | progress, but never done | every port | bandwidth, round trip, loss |
   | it worked yesterday | everything, then | certificates, idle time-outs, what was changed |

2. **How long did it take?** A time-out (30 s, about 130 s, ...) means silence: a dropping rule, a host that is off, an answer
   that finds no way back. Milliseconds mean that something answered: a closed port, a rejecting rule, another machine. A
   round number (10 s, 90 s, 120 s) is a limit of the client.
3. **Who answered?** `openssl s_client -connect HOST:PORT -servername HOST` shows the certificate. Another machine's: a
   translation, a name or an endpoint leads elsewhere. A device's own: something on the way ends TLS.
4. **From where?** Test each flow from the host that uses it, to the published address. From inside it proves nothing about
   translation.

`cxsim explain FILE` does all of this on a description of your environment, quotes the rule that decides, and tries the change.
"""

TAIL = """## What is not a cause

CX trusts by SHA-256 thumbprint, certificate by certificate (cx.md P9 [C]). So a self-signed certificate, one of a private
authority, or one for another name is no cause of a failure by itself, once it is the one that was trusted [I]. Whether an
expired one is, no source says: cxsim ignores dates unless an environment says `certificate_dates: checked`. Ping says
nothing about TCP. 44045 from the provider back to the tenant is listed by some sources and not published by others; only
the way back from the cloud would need it [I].

## Which change, where

| what | who | how |
|---|---|---|
| firewall rule for inbound traffic | owner of the edge | NSX-v and vCloud Director edges: the **public** address and port; NSX-T by default, netfilter, ASA: the **private** ones |
| Public Endpoint URL of Replication Manager or Replicator | its owner | 1.0: redeploy and type it at activation [O]; REST: `POST /mobility/mgmt/wp/{managers,replicators}/{id}/publicendpoint` [C] |
| after a change for `Enable Failed` | tenant | edit and re-add the provider cloud |
| after a change for 0 % and `Error` | tenant | remove the migration and start it again [I] |
| after a new certificate | tenants; provider | trust it by editing the cloud; Repair = `POST /replicators/{id}/reset-cookie` |
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for symptom, title in SYMPTOMS.items():
        found = [entry for entry in ENTRIES if entry.symptom == symptom]
        parts.append(_section(title, found))
    parts.append(TAIL)
    return "\n".join(parts)


def _section(title: str, found: list[Entry]) -> str:
    ordered = [entry for family in FAMILIES for entry in found if entry.family == family]
    lines = [f"## {title}", "", "| cause | tell it apart by |", "|---|---|"]
    lines += [f"| [{_cell(entry.meaning)}](#{entry.name}) | {_cell(entry.tell)} |" for entry in ordered]
    for entry in ordered:
        lines += ["", *_entry(entry)]
    return "\n".join(lines) + "\n"


def _entry(entry: Entry) -> list[str]:
    """One cause: what it looks like, how to tell, who changes what, what it rests on."""
    return [
        f"### {entry.name}",
        "",
        f"{entry.meaning} {_sentence(entry.looks)}",
        "",
        f"* **Tell it apart:** {_sentence(entry.tell)}",
        f"* **Change:** {_sentence(entry.remedy)}",
        f"* **Rests on:** [{entry.grade}] {entry.source}. Shown by `scenarios/{entry.scenario}`.",
    ]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
