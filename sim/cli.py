"""The command `cxsim`. Each subcommand: read the input, hand it on, render, exit with a code.

Exit codes: 0 all expectations met, 1 not met, 2 bad input, 3 emulator gap (DESIGN section 6).
"""

from __future__ import annotations

import json
import sys
import time
from collections import UserDict
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console

from cxsim.sim import render
from cxsim.sim.batch import RunOptions, log_path, run_batch
from cxsim.sim.junit import write_junit
from cxsim.sim.result import Exit, RunResult
from cxsim.sim.scenario import Scenario, ScenarioErrors, discover
from cxsim.sim.world.topology import impossible

EXAMPLES = """
\b
Examples:
  cxsim run scenarios/                              the whole library, a line a scenario
  cxsim run scenarios/enable-failed-nat.yaml        one scenario, told as a story, with its cause
  cxsim run scenarios/ --tag rpo -j 2 --junit out.xml
  cxsim run scenarios/warm-migration.yaml --log events.jsonl --seed 7
  cxsim check scenarios/                            read without running
  cxsim check --without-faults scenarios/           prove that every scenario needs its faults
  cxsim list --tag enable-failed
  cxsim plan readiness RVTools_export_all.xlsx      which VMs can be migrated; see cxsim plan --help
  cxsim explain scenarios/enable-failed-nat.yaml    why it fails, what to change, and proof that it helps
"""


COMMANDS = {
    "case": "cxsim.sim.commands.case:case",
    "explain": "cxsim.sim.commands.explain:explain",
    "faults": "cxsim.sim.commands.faults:command",
    "fluid": "cxsim.sim.commands.fluid:fluid",
    "import": "cxsim.sim.commands.import_:import_",
    "migrate": "cxsim.sim.commands.migrate:migrate",
    "new": "cxsim.sim.commands.new:new",
    "plan": "cxsim.sim.plan.commands:plan",
    "serve": "cxsim.sim.commands.serve:serve",
}
"""The commands of cxsim.sim.commands, one file each, and of cxsim.sim.plan; imported when they are asked for,
because `cxsim run` needs none of them."""


class Commands(UserDict[str, click.Command]):
    """The commands by name; one of COMMANDS is imported when it is taken."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in self.data and name in COMMANDS:
            module, _, attribute = COMMANDS[name].partition(":")
            self.data[name] = getattr(import_module(module), attribute)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return name in self.data or name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter({**COMMANDS, **self.data})

    def __len__(self) -> int:
        return len({**COMMANDS, **self.data})


class Group(click.Group):
    """Keeps examples at the end of the help, as written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(EXAMPLES.replace("\b\n", ""))


@click.group(cls=Group, commands=Commands(), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("cxsim"), prog_name="cxsim")
def main() -> None:
    """Why does a VM migration to a VMware cloud provider fail, and will it keep its RPO?

    cxsim runs a real migration core against emulated vCenter, vCloud Director and CX appliances, in
    virtual time, on a simulated network with firewalls, NAT, DNS and TLS.
    """


def shipped_library() -> Path:
    """The scenarios that are installed with cxsim."""
    return Path(str(files("cxsim.scenarios")))


def load_or_exit(paths: Sequence[Path], tags: Sequence[str], seed: int | None) -> list[Scenario]:
    """The scenarios at `paths` (default: the shipped library). Prints every mistake and exits with 2."""
    errors = Console(stderr=True, highlight=False)
    try:
        scenarios = discover(list(paths) or [shipped_library()], tags=tuple(tags), seed=seed)
    except ScenarioErrors as mistakes:
        for problem in mistakes.problems:
            errors.print(str(problem), markup=False, soft_wrap=True)
        count = len(mistakes.problems)
        errors.print(f"{count} mistake{'s' if count > 1 else ''}; nothing was run", markup=False)
        sys.exit(Exit.BAD_INPUT)
    networks = list(dict.fromkeys(str(problem) for one in scenarios for problem in impossible(one)))
    if networks:
        for line in networks:
            errors.print(line, markup=False, soft_wrap=True)
        errors.print("a network that cannot be; nothing was run", markup=False)
        sys.exit(Exit.BAD_INPUT)
    if not scenarios:
        where = ", ".join(map(str, paths)) or "the shipped library"
        wanted = f" with tag {', '.join(tags)}" if tags else ""
        errors.print(f"no scenario{wanted} in {where}: cxsim list shows what there is", markup=False)
        sys.exit(Exit.BAD_INPUT)
    return scenarios


paths_argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
tag_option = click.option(
    "--tag", "tags", multiple=True, help="Only scenarios with this tag (may be repeated: any of them)."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), help="Use this seed instead of the scenario's own."
)


@main.command()
@paths_argument
@tag_option
@seed_option
@click.option(
    "-j",
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Processes to run scenarios in.",
)
@click.option("--json", "as_json", is_flag=True, help="Results as one JSON document (docs/output.md).")
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write JUnit XML to FILE.",
    metavar="FILE",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every event as JSON lines (docs/events.md); several scenarios: a file each, named after it.",
)
@click.option(
    "--story/--no-story",
    default=None,
    help="Tell what happened line by line (default: when one scenario runs).",
)
def run(
    paths: tuple[Path, ...],
    tags: tuple[str, ...],
    seed: int | None,
    jobs: int,
    as_json: bool,
    junit: Path | None,
    log: Path | None,
    story: bool | None,
) -> None:
    """Run scenarios: files, or directories of them (default: the library that came with cxsim).

    \b
    Examples:
      cxsim run scenarios/
      cxsim run scenarios/warm-migration.yaml --log events.jsonl
      cxsim run scenarios/ -j 2 --json > results.json
    """
    scenarios = load_or_exit(paths, tags, seed)
    options = RunOptions(log=log, many=len(scenarios) > 1)
    for path in (junit, *(log_path(options, scenario) for scenario in scenarios)):
        if path is not None:
            writable_or_exit(path)
    told = story if story is not None else len(scenarios) == 1
    console = Console(highlight=False)
    quiet = as_json
    started = time.monotonic()
    results = execute(console, scenarios, options, jobs, told and not quiet, quiet)
    wall_s = time.monotonic() - started
    if junit is not None:
        write_junit(junit, results)
    if as_json:
        click.echo(json.dumps([r.to_dict() for r in results], indent=1, ensure_ascii=False))
    elif len(results) > 1:
        render.summary(console, results, wall_s)
    sys.exit(worst(results))


def execute(
    console: Console, scenarios: list[Scenario], options: RunOptions, jobs: int, told: bool, quiet: bool
) -> list[RunResult]:
    """Run, render each result as it comes; Ctrl-C keeps what is done."""
    results: list[RunResult] = []
    on_terminal = console.is_terminal and not quiet
    try:
        with console.status("starting") if on_terminal else _NoStatus() as status:

            def on_line(line: str) -> None:
                if told:
                    console.print(line, markup=False, soft_wrap=True)
                elif on_terminal:
                    status.update(line[: max(20, console.width - 4)])

            live = on_line if (told or on_terminal) and jobs == 1 else None
            for result in run_batch(scenarios, options, jobs, live):
                results.append(result)
                if quiet:
                    continue
                if told and jobs > 1:
                    for line in result.story:
                        on_line(line)
                if told:
                    console.print()
                    render.details(console, result, with_checks=True)
                render.result_line(console, result)
                if not told and result.exit is not Exit.MET:
                    render.details(console, result, with_checks=False)
    except KeyboardInterrupt:
        message = f"interrupted: {len(results)} of {len(scenarios)} scenarios had ended"
        Console(stderr=True, highlight=False).print(message)
        if not quiet:
            sys.exit(130)
    return results


class _NoStatus:
    """Stands in for rich's spinner when nobody watches."""

    def __enter__(self) -> _NoStatus:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _text: str) -> None:
        """Nobody watches."""


def writable_or_exit(path: Path) -> None:
    """Say so and exit with 2 before anything is run, when a file cannot be written."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        click.echo(f"cannot write {path}: {error.strerror}; nothing was run", err=True)
        sys.exit(Exit.BAD_INPUT)


def worst(results: Sequence[RunResult]) -> int:
    """The exit code of a batch: a gap outranks an expectation that is not met."""
    return max((int(r.exit) for r in results), default=0)


@main.command()
@paths_argument
@tag_option
@seed_option
@click.option(
    "--without-faults",
    is_flag=True,
    help="Run those with faults without them: they must end as `without_faults` says, not as `expect` says.",
)
@click.option("-j", "--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
def check(
    paths: tuple[Path, ...], tags: tuple[str, ...], seed: int | None, without_faults: bool, jobs: int
) -> None:
    """Read scenarios and report every mistake; nothing is run unless --without-faults.

    \b
    Examples:
      cxsim check scenarios/
      cxsim check --without-faults scenarios/enable-failed-nat.yaml
    """
    scenarios = load_or_exit(paths, tags, seed)
    console = Console(highlight=False)
    if not without_faults:
        for scenario in scenarios:
            console.print(f"ok    {scenario.name}", markup=False, soft_wrap=True)
        return
    faulty = [s for s in scenarios if s.faults]
    if not faulty:
        console.print("none of these scenarios has faults: nothing to prove")
        return
    results = execute(console, faulty, RunOptions(without_faults=True), jobs, told=False, quiet=False)
    render.summary(console, results, sum(r.wall_s for r in results))
    sys.exit(worst(results))


@main.command(name="list")
@paths_argument
@tag_option
def list_scenarios(paths: tuple[Path, ...], tags: tuple[str, ...]) -> None:
    """List scenarios with title and tags.

    \b
    Examples:
      cxsim list
      cxsim list scenarios/ --tag rpo
    """
    console = Console(highlight=False)
    for scenario in load_or_exit(paths, tags, None):
        console.print(
            f"{scenario.name:<32} {scenario.title}  [{', '.join(scenario.tags)}]",
            markup=False,
            soft_wrap=True,
        )


if __name__ == "__main__":
    main()
