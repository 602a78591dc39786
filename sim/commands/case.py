"""`cxsim case`: a scenario with its log and versions in one file, to be sent and replayed."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from cxsim.sim.case.bundle import SUFFIX, CaseError
from cxsim.sim.case.opening import Replayed, checked, replay
from cxsim.sim.case.packing import Packed
from cxsim.sim.case.packing import pack as pack_case
from cxsim.sim.commands.import_ import refuse
from cxsim.sim.intake.into import write_whole
from cxsim.sim.result import Exit
from cxsim.sim.scenario import ScenarioErrors


@click.group(name="case")
def case() -> None:
    """Send a scenario to somebody else: pack it with its log and versions; open and replay one.

    \b
    Examples:
      cxsim case pack ours/test-and-enable.yaml --anonymise -o for-support.cxcase
      cxsim case open for-support.cxcase
    """


def _refuse(error: CaseError, done: str) -> None:
    for reason in error.reasons:
        click.echo(reason, err=True)
    click.echo(done, err=True)
    sys.exit(Exit.BAD_INPUT)


@case.command()
@click.argument("scenario", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar=f"FILE{SUFFIX}",
    help="File to write; default: the scenario's name (case, when anonymised).",
)
@click.option(
    "--anonymise",
    is_flag=True,
    help="Replace addresses, names, organisations and secrets; leave paths and comments out.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="WORD",
    help="With --anonymise: a word of the original that may stay (may be repeated).",
)
@click.option("--variant", metavar="NAME", help="Which variant, when the scenario has a matrix.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
def pack(
    scenario: Path,
    out: Path | None,
    anonymise: bool,
    allowed: tuple[str, ...],
    variant: str | None,
    force: bool,
) -> None:
    """Run SCENARIO and pack it with everything that it extends, its events, result and versions.

    An anonymised scenario is run as well, and nothing is written unless it ends as the original does and
    holds nothing of it.

    \b
    Examples:
      cxsim case pack scenarios/enable-failed-nat.yaml
      cxsim case pack ours/test-and-enable.yaml --anonymise -o for-support.cxcase
    """
    path = out or Path(("case" if anonymise else scenario.stem) + SUFFIX)
    if path.exists() and not force:
        click.echo(f"{path} exists already: choose another -o, or --force", err=True)
        sys.exit(Exit.BAD_INPUT)
    try:
        packed = pack_case(scenario, variant, anonymise, allowed)
        write_whole(path, packed.data)
    except ScenarioErrors as errors:
        refuse(errors, "nothing was packed")
    except CaseError as error:
        _refuse(error, "nothing was packed")
    except OSError as error:
        click.echo(f"cannot write {path}: {error.strerror}", err=True)
        sys.exit(Exit.BAD_INPUT)
    else:
        _tell_packed(packed, path)
        if not anonymise:
            click.echo("  it holds the scenario as written, passwords too: --anonymise replaces them")


def _tell_packed(packed: Packed, path: Path) -> None:
    result = packed.recording.result
    click.echo(f"packed {path}: {len(packed.data) / 1024:.0f} KiB, {len(packed.members)} files")
    click.echo(f"  its run: exit {int(result.exit)}, {result.events} events, "
               f"{result.checks_met}/{len(result.checks)} expectations met")  # fmt: skip
    if packed.replaced:
        click.echo(f"  {packed.replaced} names and addresses replaced; it ends as the original does")
    if packed.kept:
        click.echo("  texts that stay as they are, look at them:")
        for text in packed.kept:
            click.echo(f"    {text}")


@case.command(name="open")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep its files in DIR, which must not exist or be empty; default: nothing is kept.",
)
@click.option("--json", "as_json", is_flag=True, help="What was found as one JSON document.")
def open_(file: Path, out: Path | None, as_json: bool) -> None:
    """Check a case, run it again and compare its events with the recorded ones.

    Exit code 0: the same bytes, or other versions of cxsim and its libraries; 1: the same versions and not
    the same bytes; 2: not a case, or changed.

    \b
    Examples:
      cxsim case open for-support.cxcase
      cxsim case open for-support.cxcase --out looked-at/
    """
    if out is not None and out.exists() and any(out.iterdir()):
        click.echo(f"{out} is not empty: choose another --out", err=True)
        sys.exit(Exit.BAD_INPUT)
    try:
        found = checked(file)
        if out is None:
            with tempfile.TemporaryDirectory(prefix="cxsim-case-") as directory:
                replayed = replay(found, Path(directory))
        else:
            out.mkdir(parents=True, exist_ok=True)
            replayed = replay(found, out)
    except CaseError as error:
        _refuse(error, "nothing was run")
    except OSError as error:
        click.echo(f"cannot write {error.filename or out}: {error.strerror}", err=True)
        sys.exit(Exit.BAD_INPUT)
    else:
        _tell(replayed, file, out, as_json)
        wrong = not replayed.same and not replayed.other_versions
        sys.exit(Exit.NOT_MET if wrong else Exit.MET)


def _tell(replayed: Replayed, file: Path, out: Path | None, as_json: bool) -> None:
    manifest, result = replayed.case.manifest, replayed.recording.result
    if as_json:
        document = {
            "open_version": 1,
            "scenario": manifest["scenario"],
            "anonymised": manifest.get("anonymised"),
            "same": replayed.same,
            "difference": replayed.difference or None,
            "other_versions": list(replayed.other_versions),
            "result": {key: value for key, value in result.to_dict().items() if key != "wall_s"},
        }
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    told = ", anonymised" if manifest.get("anonymised") else ""
    click.echo(f"{file}: {manifest['scenario']}{told}; every file is as it was packed")
    for line in replayed.other_versions:
        click.echo(f"  other version: {line}")
    if replayed.same:
        click.echo(f"replayed: the same {result.events} events, byte for byte")
    elif replayed.other_versions:
        click.echo(f"replayed with other versions, and not the same: {replayed.difference}")
    else:
        click.echo(f"replayed with the same versions, and not the same: {replayed.difference}")
    click.echo(f"result: exit {int(result.exit)}, {result.checks_met}/{len(result.checks)} expectations met")
    for cause in result.causes:
        click.echo(cause)
    if out is not None:
        click.echo(f"its files are in {out}: cxsim run {out / str(manifest['scenario'])}")
