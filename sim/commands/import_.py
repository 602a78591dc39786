"""`cxsim import`: exports of an edge into an environment, and what was not understood of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cxsim.sim.intake import EdgeConfig, Options, import_edge
from cxsim.sim.intake.edge_yaml import fragment
from cxsim.sim.intake.into import put_into, write_whole
from cxsim.sim.intake.report import as_json, lines
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors

MOST_SURPRISES = 10
"""Surprises of the network that are told one by one."""


def refuse(errors: ScenarioErrors, done: str) -> None:
    """Tell every mistake on stderr and exit with 2."""
    for problem in errors.problems:
        click.echo(str(problem), err=True)
    count = len(errors.problems)
    click.echo(f"{count} mistake{'s' if count > 1 else ''}; {done}", err=True)
    sys.exit(Exit.BAD_INPUT)


def _pairs(option: str, values: Sequence[str], of_what: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name.strip() or not rest.strip():
            raise click.BadParameter(f"{value!r} is not NAME={of_what}", param_hint=option)
        pairs[name.strip()] = rest.strip()
    return pairs


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--edge", required=True, metavar="NAME", help="Name of the edge device, as the environment has it."
)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="ENV.yaml",
    help="Put the rules into this environment (in place, unless --out).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the environment of --into, or else the edge alone, to FILE; - is standard output.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME=MEMBERS",
    help="What a group, an application or a vNIC of the export holds (may be repeated).",
)
@click.option(
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME=SIDE",
    help="Which side an interface of the NAT rules is: outside, inside or any.",
)
@click.option(
    "--default",
    type=click.Choice(["allow", "drop", "reject"]),
    help="What happens when no rule matches, if the files do not say.",
)
@click.option("--json", "json_", is_flag=True, help="What was read as one JSON document (docs/way-in.md).")
def import_(
    files: tuple[Path, ...],
    edge: str,
    into: Path | None,
    out: Path | None,
    groups: tuple[str, ...],
    interfaces: tuple[str, ...],
    default: str | None,
    json_: bool,
) -> None:
    """Read the exported rules of an edge: vCloud Director EdgeGateway XML, NSX-v firewall and nat XML, CSV.

    Prints what was read and what was not understood; the latter stays unknown, and flows that it could decide
    are UNDETERMINED.

    \b
    Examples:
      cxsim import gateway.xml --edge TYR-ESG
      cxsim import firewall.xml nat.xml --edge CHC-ESG --into environments/ours.yaml
      cxsim import rules.csv nat.csv --edge FW1 --default drop --out -
      cxsim import gateway.xml --edge TYR-ESG --group 'Branches=203.0.113.0/24, 192.0.2.7'
    """
    options = Options(
        _pairs("--group", groups, "MEMBERS"), _pairs("--interface", interfaces, "SIDE"), default or ""
    )
    try:
        config = import_edge(files, edge, options)
        changed = put_into(into, config) if into is not None else None
    except ScenarioErrors as errors:
        refuse(errors, "nothing was imported")
        return
    to_stdout = out is not None and str(out) == "-"
    report = json.dumps(as_json(config), indent=1, ensure_ascii=False) if json_ else "\n".join(lines(config))
    click.echo(report, err=to_stdout)
    for surprise in changed.surprises[:MOST_SURPRISES] if changed else ():
        click.echo(f"note: {surprise}", err=True)
    if changed is not None and len(changed.surprises) > MOST_SURPRISES:
        click.echo(f"note: and {len(changed.surprises) - MOST_SURPRISES} more like these", err=True)
    if changed is not None or out is not None:
        _write(changed.text if changed else fragment(config), out or into, to_stdout, config)


def _write(text: str, path: Path | None, to_stdout: bool, config: EdgeConfig) -> None:
    if to_stdout:
        click.echo(text, nl=False)
        return
    assert path is not None
    try:
        write_whole(path, text)
    except OSError as error:
        click.echo(f"cannot write {path}: {error.strerror}", err=True)
        sys.exit(Exit.BAD_INPUT)
    told = [f"{len(config.rules)} firewall rules"] if config.rules is not None else []
    told += [f"{len(config.nat)} NAT rules"] if config.nat is not None else []
    click.echo(f"wrote {path}: {' and '.join(told)} of {config.name}", err=True)
