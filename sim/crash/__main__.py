"""`python -m cxsim.sim.crash`: crashes with a fault of the network at the same time, by the thousand.

Rules of this file: options and exit codes; the work is `sampling`'s. Exit 0: everything held, 1: something
did not, 2: bad input, 130: interrupted (the same command goes on).
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import click

from cxsim.sim.crash import sampling
from cxsim.sim.crash.harness import Verdict

EPILOG = """\b
Examples:
  python -m cxsim.sim.crash                           10,000 cases in two processes
  python -m cxsim.sim.crash --cases 300 --jobs 1      the first 300 of them
  python -m cxsim.sim.crash --from 300 --cases 300    the next 300
  python -m cxsim.sim.crash --plan warm --seed 5005   one case again"""


@click.command(epilog=EPILOG)
@click.option("--cases", default=10_000, type=click.IntRange(1), show_default=True, help="How many.")
@click.option("--from", "first", default=0, type=click.IntRange(0), help="Number of the first one.")
@click.option("--jobs", "-j", default=2, type=click.IntRange(1, 64), show_default=True, help="Processes.")
@click.option(
    "--results",
    default=Path(".cxsim/crash-cases.jsonl"),
    type=click.Path(dir_okay=False, path_type=Path),
    show_default=True,
    help="Where verdicts are written down; what is there for the same sources is not run again.",
)
@click.option("--fresh", is_flag=True, help="Forget what is written down.")
@click.option("--plan", type=click.Choice(list(sampling.PLANS)), help="With --seed: run these cases alone.")
@click.option("--seed", "seeds", multiple=True, type=int, help="With --plan; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="With --seed: a JSON line for each verdict.")
def main(
    cases: int,
    first: int,
    jobs: int,
    results: Path,
    fresh: bool,
    plan: str | None,
    seeds: tuple[int, ...],
    as_json: bool,
) -> None:
    """Kill the core at a drawn moment of a migration while a fault of the network comes and goes, restart it,
    and check that no VM was lost, doubled or left behind. Ctrl-C loses nothing: the same command goes on.
    """
    if bool(seeds) != (plan is not None):
        raise click.UsageError("--plan and --seed belong together: --plan warm --seed 5005")
    if plan is not None:
        raise SystemExit(_these(plan, seeds, as_json))
    if fresh:
        results.unlink(missing_ok=True)
    known = sampling.Results(results, sampling.fingerprint())
    wanted = sampling.cases(first, cases)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        broken = sampling.Sampling(wanted, known, jobs, click.echo).run()
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted; {len(known.problems):,} verdicts are in {results}. The same command goes on."
        )
        raise SystemExit(130) from None
    bad = [key for key in wanted if known.problems.get(key)]
    for plan_name, seed in bad:
        click.echo(f"does not hold: {sampling.command(plan_name, seed)}")
    for trouble in broken:
        click.echo(trouble)
    done = sum(key in known.problems for key in wanted)
    click.echo(f"{done:,} of {len(wanted):,} cases were run, {len(bad)} did not hold.")
    raise SystemExit(1 if bad or broken else 0)


def _interrupt(*signalled: Any) -> None:
    raise KeyboardInterrupt


def _these(plan: str, seeds: tuple[int, ...], as_json: bool) -> int:
    def told(verdict: Verdict) -> None:
        if as_json:
            row = {"seed": verdict.seed, "case": verdict.case, "problems": verdict.problems}
            click.echo(json.dumps(row))
        else:
            click.echo("\n  ".join([verdict.case, *(verdict.problems or ("holds",))]))

    verdicts = sampling.run_here(plan, seeds, told)
    return 1 if any(verdict.problems for verdict in verdicts) else 0


if __name__ == "__main__":
    main()
