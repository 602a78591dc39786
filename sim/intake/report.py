"""What an import read, and what it did not understand, for people and as plain data.

Rules of this file: text only, no decisions. The table has a line a rule, in evaluation order; every unknown
is a line with its place, in words that say what would settle it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cxsim.sim.intake.edge_yaml import groups_of, nat_keys, rule_keys
from cxsim.sim.intake.records import EdgeConfig, Kind, NatLine, RuleLine

MOST_CELL = 44
HEADINGS = {
    Kind.UNKNOWN: "not understood; flows that it could decide are UNDETERMINED",
    Kind.INFERRED: "read with an inference; check it",
    Kind.LEFT_OUT: "left out; it decides no flow of CX in this model",
}


def lines(config: EdgeConfig) -> Iterator[str]:
    """The report."""
    yield f"edge {config.name}" + (f" ({config.device})" if config.device else "")
    yield from (f"  {source}" for source in config.sources)
    if config.addresses:
        yield f"  public addresses: {', '.join(dict.fromkeys(config.addresses))}"
    if config.networks:
        yield f"  inside networks: {', '.join(dict.fromkeys(config.networks))}"
    yield ""
    yield from _firewall(config)
    yield ""
    yield from _nat(config)
    for kind, heading in HEADINGS.items():
        notes = config.of(kind)
        if notes:
            yield ""
            yield f"{heading} ({len(notes)}):"
            yield from (f"  {note}" for note in notes)
    yield ""
    unknown = len(config.of(Kind.UNKNOWN))
    yield "everything was understood" if not unknown else f"{unknown} not understood"


def _firewall(config: EdgeConfig) -> Iterator[str]:
    if config.rules is None:
        yield "firewall: not in these files"
        return
    state = "on" if config.firewall_enabled else "OFF"
    default = config.default or "unknown"
    yield f"firewall: {state}, default {default}, {_count(config.rules, 'rule')}"
    rows = [
        (
            str(rule.id),
            _state(rule),
            rule.action,
            ("not " if rule.source_negated else "") + ", ".join(rule.source or ("-",)),
            ("not " if rule.destination_negated else "") + ", ".join(rule.destination or ("-",)),
            _service(rule),
            rule.name,
            str(rule.place),
        )
        for rule in config.rules
    ]
    yield from _table(("id", "", "action", "source", "destination", "service", "name", "read at"), rows)


def _nat(config: EdgeConfig) -> Iterator[str]:
    if config.nat is None:
        yield "NAT: not in these files"
        return
    yield f"NAT: {'on' if config.nat_enabled else 'OFF'}, {_count(config.nat, 'rule')}"
    rows = [
        (
            str(line.id),
            _state(line),
            line.type,
            line.original,
            line.translated,
            line.protocol,
            line.side if line.source == line.destination else f"{line.side}, conditional",
            line.name,
            str(line.place),
        )
        for line in config.nat
    ]
    yield from _table(("id", "", "type", "original", "translated", "protocol", "on", "name", "read at"), rows)


def _count(rows: Sequence[object], what: str) -> str:
    return f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"


def _state(line: RuleLine | NatLine) -> str:
    if not line.enabled:
        return "off"
    return "-" if isinstance(line, RuleLine) and line.matches_nothing else ""


def _service(rule: RuleLine) -> str:
    ports = ",".join(rule.ports)
    sources = f" from {','.join(rule.source_ports)}" if rule.source_ports else ""
    seen = ", match on translated" if rule.translated else ""
    return f"{rule.protocol}{' ' if ports else ''}{ports}{sources}{seen}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    cut = [tuple(_cut(cell) for cell in row[:-1]) + row[-1:] for row in rows]
    widths = [max(len(row[column]) for row in (head, *cut)) for column in range(len(head))]
    for row in (head, *cut):
        yield ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip()


def _cut(cell: str) -> str:
    return cell if len(cell) <= MOST_CELL else cell[: MOST_CELL - 3] + "..."


def as_json(config: EdgeConfig) -> dict[str, Any]:
    """The same as plain data (docs/way-in.md)."""
    return {
        "import_version": 1,
        "edge": config.name,
        "type": config.device or None,
        "files": config.sources,
        "addresses": list(dict.fromkeys(config.addresses)),
        "groups": {name: list(m) if m is not None else None for name, m in groups_of(config).items()},
        "firewall": None
        if config.rules is None
        else {
            "enabled": config.firewall_enabled,
            "default": config.default or None,
            "rules": [
                {**rule_keys(r), "place": str(r.place), "left_out": r.matches_nothing} for r in config.rules
            ],
        },
        "nat": None
        if config.nat is None
        else [{**nat_keys(line, config.nat_enabled), "place": str(line.place)} for line in config.nat],
        "notes": [
            {
                "kind": note.kind.name.lower(),
                "place": str(note.place),
                "text": note.text,
                "group": note.group or None,
            }
            for kind in Kind
            for note in config.of(kind)
        ],
    }
