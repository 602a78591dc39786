"""An imported edge as lines of an environment file: groups, firewall, NAT, each rule with its source.

Rules of this file: keys that have their default are left out; what is unknown is written as `unknown`, with a
comment. A rule that no packet of this model can match stays as a comment, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from cxsim.sim.intake.records import ANY, EdgeConfig, NatLine, RuleLine
from cxsim.sim.intake.yamltext import INDENT, comment, items, key, scalar

UNSAID_DEFAULT = "what happens when no rule matches"
"""Group of the rule that stands for a default action that nobody gave."""
FREE_ID = 2_000_000_000


def edge_lines(config: EdgeConfig, indent: int) -> list[str]:
    """Every part that the files told of."""
    return [line for part in parts(config, indent).values() for line in part]


def parts(config: EdgeConfig, indent: int) -> dict[str, list[str]]:
    """Key of the edge -> its lines, in the order in which an environment writes them."""
    made: dict[str, list[str]] = {}
    groups = groups_of(config)
    if groups:
        made["groups"] = _groups(groups, indent)
    if config.rules is not None:
        made["firewall"] = _firewall(config, config.rules, indent)
    if config.nat is not None:
        made["nat"] = _nat(config, config.nat, indent)
    return made


def groups_of(config: EdgeConfig) -> dict[str, tuple[str, ...] | None]:
    """The groups that the written rules name; None: unknown."""
    groups = dict(config.groups)
    if config.rules is not None and not config.default:
        groups[UNSAID_DEFAULT] = None
    return groups


def _groups(groups: Mapping[str, tuple[str, ...] | None], indent: int) -> list[str]:
    pad = INDENT * indent
    lines = [f"{pad}groups:"]
    for name, members in groups.items():
        if members is None:
            lines.append(f"{pad}{INDENT}{key(name)}: unknown  # flows that it could decide are UNDETERMINED")
        else:
            lines.append(f"{pad}{INDENT}{key(name)}: {scalar([_number(m) for m in members])}")
    return lines


def _number(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def _firewall(config: EdgeConfig, rules: list[RuleLine], indent: int) -> list[str]:
    pad = INDENT * indent
    lines = [f"{pad}firewall:  {comment(f'from {config.firewall_place}')}"]
    if not config.firewall_enabled:
        lines.append(f"{pad}{INDENT}enabled: no")
    lines.append(f"{pad}{INDENT}default: {config.default or 'drop'}")
    if not config.default:
        lines[-1] += f"  {comment('not said: the last rule stands for it')}"
    rows: list[str] = []
    for rule in rules:
        line = items([(rule_keys(rule), _said(rule))], indent + 2)[0]
        if rule.matches_nothing:
            line = f"{INDENT * (indent + 2)}{comment(line.strip().removeprefix('- '))}"
        rows.append(line)
    if not config.default:
        rows += items([(_unsaid_default(rules), "")], indent + 2)
    if all(row.lstrip().startswith("#") for row in rows):
        return [*lines, *rows, f"{pad}{INDENT}rules: []"]
    return [*lines, f"{pad}{INDENT}rules:", *rows]


def _said(line: RuleLine | NatLine) -> str:
    return f"{line.place}" + (f"; {line.comment}" if line.comment else "")


def _unsaid_default(rules: list[RuleLine]) -> dict[str, object]:
    taken = {rule.id for rule in rules}
    number = next(n for n in range(FREE_ID, FREE_ID + len(taken) + 1) if n not in taken)
    return {"id": number, "name": "default action, not said", "action": "allow", "source": UNSAID_DEFAULT}


def rule_keys(rule: RuleLine) -> dict[str, object]:
    """A firewall rule as keys of the format."""
    keys: dict[str, object] = {"id": rule.id, "name": rule.name, "action": rule.action}
    keys |= {"source": _one(rule.source)} if rule.source else {}
    keys |= {"source_negated": True} if rule.source_negated else {}
    keys |= {"destination": _one(rule.destination)} if rule.destination else {}
    keys |= {"destination_negated": True} if rule.destination_negated else {}
    keys |= {"direction": rule.direction} if rule.direction != "any" else {}
    keys |= {"protocol": rule.protocol} if rule.protocol != "any" else {}
    keys |= {"ports": [_number(port) for port in rule.ports]} if rule.ports else {}
    keys |= {"source_ports": [_number(port) for port in rule.source_ports]} if rule.source_ports else {}
    keys |= {"match_on": "translated"} if rule.translated else {}
    keys |= {"enabled": False} if not rule.enabled else {}
    return keys | ({"logged": True} if rule.logged else {})


def _one(values: tuple[str, ...]) -> object:
    return values[0] if len(values) == 1 else list(values)


def _nat(config: EdgeConfig, lines: list[NatLine], indent: int) -> list[str]:
    pad = INDENT * indent
    head = f"{pad}nat:  {comment(f'from {config.nat_place}')}"
    if not lines:
        return [f"{pad}nat: []  {comment(f'none at {config.nat_place}')}"]
    off = "" if config.nat_enabled else "; the NAT service is off"
    return [
        head,
        *items([(nat_keys(line, config.nat_enabled), _said(line) + off) for line in lines], indent + 1),
    ]


def nat_keys(line: NatLine, service_on: bool = True) -> dict[str, object]:
    """A translation as keys of the format."""
    keys: dict[str, object] = {"id": line.id, "name": line.name, "type": line.type}
    keys |= {"original": line.original, "translated": line.translated}
    keys |= {"protocol": line.protocol} if line.protocol != "any" else {}
    keys |= {"interface": line.side} if line.side != "outside" else {}
    keys |= {"source": _one(line.source)} if line.source != ANY else {}
    keys |= {"destination": _one(line.destination)} if line.destination != ANY else {}
    return keys | ({"enabled": False} if not (line.enabled and service_on) else {})


def fragment(config: EdgeConfig) -> str:
    """A file of its own, to be laid over an environment."""
    lines = [
        comment(f"Edge {config.name} as cxsim import read it."),
        *(comment(source) for source in config.sources),
        "# Lay it over an environment: name that file in extends, and put the site's name for SITE.",
        "schema: 1",
        "# extends: environment.yaml",
        "sites:",
        f"{INDENT}SITE:",
        f"{INDENT * 2}edge:",
        f"{INDENT * 3}name: {scalar(config.name)}",
    ]
    if config.device:
        lines.append(f"{INDENT * 3}type: {config.device}")
    if config.addresses:
        lines.append(f"{INDENT * 3}addresses: {scalar(list(dict.fromkeys(config.addresses)))}")
    lines += edge_lines(config, 3)
    lines += [f"{INDENT * 3}firewall: unknown"] if config.rules is None else []
    lines += [f"{INDENT * 3}nat: unknown"] if config.nat is None else []
    return "\n".join(lines) + "\n"
