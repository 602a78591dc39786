"""`cxsim fluid`: the bare sharing solver on CSV files.

Rules of this file: options and messages alone; files are read in sim/replication/fluidfiles.py.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click
from rich.console import Console

from cxsim.sim.result import Exit

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--links", required=True, type=_FILE, help="CSV: link,capacity_Bps")
@click.option("--flows", required=True, type=_FILE, help="CSV: flow,src,dst,start_s,size_B[,cap_Bps][,route]")
@click.option("--out", required=True, type=_FILE, help="CSV to write: flow,finish_s")
@click.option("--capacity-changes", type=_FILE, help="CSV: time_s,link,capacity_Bps")
def fluid(links: Path, flows: Path, out: Path, capacity_changes: Path | None) -> None:
    """Share links max-min fairly among flows and say when each flow ends.

    For comparison with other simulators: no workloads, no schedule, no efficiency. Capacities are bytes a
    second, sizes bytes, times seconds. A flow's route is s<src>, wan (where there is a link of that name)
    and d<dst>, or the column route with the names of its links.

    \b
    Examples:
      cxsim fluid --links n1000_c10_links.csv --flows n1000_c10_flows.csv --out finish.csv
      cxsim fluid --links links.csv --flows flows.csv --capacity-changes outage.csv --out finish.csv
    """
    from cxsim.sim.replication.fluidfiles import FileProblem, read_fluid, write_finish
    from cxsim.sim.replication.solver import solve

    try:
        with Console(stderr=True).status("reading") as status:  # moves on a terminal, silent elsewhere
            given = read_fluid(links, flows, capacity_changes)
            status.update(f"sharing {len(given.links)} links among {len(given.flow_names)} flows")
            finish_s = solve(given.links, given.flows, given.changes)
        write_finish(out, given.flow_names, finish_s)
    except FileProblem as problem:
        click.echo(str(problem), err=True)
        sys.exit(Exit.BAD_INPUT)
    except OSError as error:
        click.echo(f"{out}: {error.strerror or error}", err=True)
        sys.exit(Exit.BAD_INPUT)
    never = sum(not math.isfinite(t) for t in finish_s.tolist())
    ends = f"; {never} never end" if never else ""
    click.echo(f"{len(given.flow_names)} flows over {len(given.links)} links{ends}: {out}")
