"""`cxsim faults`: the catalogue of faults, and one of them in detail."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console

from cxsim.sim.faults.catalogue import ENTRIES, FAMILIES, SYMPTOMS, find, suggestion
from cxsim.sim.faults.entry import Entry
from cxsim.sim.result import Exit


@click.command(name="faults")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON: one object, or a list of all.")
def command(name: str | None, as_json: bool) -> None:
    """List the faults that cxsim knows, or show one: meaning, parameters, symptom, source, remedy, example.

    \b
    Grades: D vendor documentation, O observed by a practitioner, C read in client code, I inferred.

    \b
    Examples:
      cxsim faults
      cxsim faults mtu-black-hole
      cxsim faults nat-missing --json
    """
    console = Console(highlight=False)
    if name is None:
        if as_json:
            click.echo(json.dumps([to_dict(entry) for entry in ENTRIES], indent=1, ensure_ascii=False))
        else:
            _table(console)
        return
    entry = find(name)
    if entry is None:
        near = suggestion(name)
        advice = f"did you mean {near}?" if near else "cxsim faults lists them"
        click.echo(f"there is no fault {name!r}: {advice}", err=True)
        sys.exit(Exit.BAD_INPUT)
    if as_json:
        click.echo(json.dumps(to_dict(entry), indent=1, ensure_ascii=False))
    else:
        for line in detail(entry):
            console.print(line, markup=False, soft_wrap=True)


def _table(console: Console) -> None:
    width = max(len(entry.name) for entry in ENTRIES)
    for family, title in FAMILIES.items():
        console.print(title, style="bold", markup=False)
        for entry in ENTRIES:
            if entry.family == family:
                line = f"  {entry.name:<{width}}  [{entry.grade}]  {entry.meaning}"
                console.print(line, markup=False, soft_wrap=True)
    count = f"{len(ENTRIES)} faults; cxsim faults NAME shows one, cxsim run scenarios/faults runs them"
    console.print(count, markup=False, soft_wrap=True)


def detail(entry: Entry) -> list[str]:
    """An entry as text."""
    lines = [
        f"{entry.name}: {entry.meaning}",
        f"  family      {FAMILIES[entry.family]}",
        f"  symptom     {SYMPTOMS[entry.symptom]}",
        f"  looks like  {entry.looks}",
        f"  source      [{entry.grade}] {entry.source}",
        f"  tell apart  {entry.tell}",
        f"  remedy      {entry.remedy}",
        f"  scenario    {entry.path}",
        f"  parameters of {entry.kind}:",
    ]
    for parameter in entry.parameters:
        default = "required" if parameter.default == "required" else f"default {parameter.default}"
        lines.append(f"    {parameter.name} ({parameter.type}; {default}): {parameter.meaning}")
    lines.append("  in a scenario:")
    lines += ["    faults:", *(f"      {line}" for line in entry.example.splitlines())]
    lines.append("  with `from`, `until` or `for`, `when`, `flapping: {on: 30 s, off: 60 s}` as well")
    return lines


def to_dict(entry: Entry) -> dict[str, Any]:
    """An entry as JSON."""
    return {
        "name": entry.name,
        "family": entry.family,
        "kind": entry.kind,
        "meaning": entry.meaning,
        "symptom": entry.symptom,
        "symptom_text": SYMPTOMS[entry.symptom],
        "looks": entry.looks,
        "source": entry.source,
        "grade": entry.grade,
        "tell_apart": entry.tell,
        "remedy": entry.remedy,
        "scenario": entry.scenario,
        "parameters": [
            {"name": p.name, "type": p.type, "default": p.default, "meaning": p.meaning}
            for p in entry.parameters
        ],
        "example": entry.example,
    }
