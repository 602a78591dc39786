"""The options of `cxsim plan`, as tables of click options by what they are about.

Rules of this file: options come in as text and are read by sim/plan/gathering.py, so that all mistakes are
told at once; every help text has an example or a unit. No option is read here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _files(name: str, what: str) -> Decorator:
    return click.option(name, multiple=True, type=_FILE, metavar="FILE", help=what)


INVENTORY: tuple[Decorator, ...] = (
    click.argument("inventory", required=False, type=click.Path(path_type=Path)),
    click.option("--vms", metavar="COUNT", help="Instead of an inventory: so many made-up VMs, by --seed."),
    click.option(
        "--include", multiple=True, metavar="VM", help="Plan for a BLOCKED VM nevertheless (may be repeated)."
    ),
    click.option(
        "--exclude-disk",
        "excluded",
        multiple=True,
        metavar="VM:DISK",
        help='Leave a disk out: its key or name, as "sql*:Hard disk 3" (may be repeated).',
    ),
)
PURPOSE: tuple[Decorator, ...] = (
    click.option(
        "--for",
        "purpose",
        metavar="PURPOSE",
        help="migration or protection: it decides which RPO is used and which VMs are ready. Asked for on a"
        " terminal.",
    ),
    click.option(
        "--warm/--cold", "warm", default=None, help="Of a migration: VMs stay on (default), or are off."
    ),
)
CHANGES: tuple[Decorator, ...] = (
    _files("--traces", "What VMs changed, by window: vm,time_s,changed_MB. Measured."),
    _files("--backups", "Daily incrementals of a backup product. Derived."),
    _files("--counters", "Write averages of vCenter. Derived."),
    _files("--classes", "A class of change by VM: vm,class. Assumed."),
    click.option(
        "--default-rate",
        metavar="RATE",
        default="fleet",
        show_default=True,
        help='For VMs that no file knows: "fleet", a class as "light", "2 GB/d" or "3 %/d" of in use.',
    ),
)
RPOS = click.option(
    "--rpo",
    "rpos",
    multiple=True,
    metavar="TIME",
    help='As "15 min". Default: 15 min of protection, 24 h of a migration.',
)
LINKS = click.option(
    "--link",
    "links",
    multiple=True,
    metavar="LINK",
    help='As quoted: "200 Mbit/s up", "100/20 Mbit/s, 10 Mbit/s 8:00-18:00 Mon-Fri".',
)
CARRYING: tuple[Decorator, ...] = (
    LINKS,
    click.option(
        "--measured",
        metavar="RATE",
        help='What the link was seen to carry, "61 Mbit/s": replaces efficiency, loss and round trip.',
    ),
    click.option(
        "--per-vm", "cap", metavar="RATE", help='The most that one VM\'s transfers carry, "50 Mbit/s".'
    ),
    click.option("--at-once", metavar="COUNT", help="Replications at once, of the replicator."),
    click.option(
        "--setting",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="A constant of the data plane (docs/replication.md): link_efficiency=1.0",
    ),
)
QUOTES = click.option(
    "--quotes", type=_FILE, metavar="FILE", help="Offers: name,link,price_per_month,... Ranked by cost."
)
TARGET = click.option(
    "--target",
    metavar="VDC",
    help='What is free in the vDC: "Performance: 200 GiB, Bulk: Unlimited, memory: 128 GiB".',
)
KEEP: tuple[Decorator, ...] = (
    click.option(
        "--keep", metavar="SHARE", default="95 %", show_default=True, help="Of the time, within the RPO."
    ),
    click.option("--fleet-mean", is_flag=True, help="All VMs together keep it so often, instead of each."),
)
SEEDS = click.option(
    "--seeds", metavar="COUNT", default="3", show_default=True, help="Draws of what nobody measured."
)
SET = click.option(
    "--set",
    "parameters",
    multiple=True,
    metavar="PATH=VALUES",
    help='A value of the scenario, by its path, and what to try: "sites.tyrell.wan.up=20 Mbit/s, 50 Mbit/s".',
)
SWEEP_SEEDS = click.option(
    "--seeds", metavar="COUNT", help="Run with seeds 1 to COUNT [default: the scenario's own seed]."
)
MONTHS = click.option(
    "--months", metavar="COUNT", default="12", show_default=True, help="For which offers are paid."
)
BATCH: tuple[Decorator, ...] = (
    click.option("--batch", multiple=True, metavar="VM", help="VMs of the batch [default: all of the plan]."),
    click.option(
        "--seeded", multiple=True, metavar="VM", help="VMs that are there already and make deltas beside."
    ),
    click.option("--within", metavar="TIME", help='Also: how many VMs can be done in "72 h"?'),
)
DRAWS = click.option(
    "--draws",
    metavar="COUNT",
    help="How often the unknown is drawn for P50 and P90 [default: 20].",
)
START = click.option("--start", metavar="TIME", help='"2017-11-06 20:00". Default: the coming Monday, 0:00.')
BY = click.option("--by", metavar="TIME", help='Until when all is done: "2017-12-01".')
SEED = click.option(
    "--seed", metavar="NUMBER", default="1", show_default=True, help="Of everything that is drawn."
)
DAYS = click.option(
    "--days", metavar="COUNT", default="7", show_default=True, help="How long a run is, virtual days."
)
RUNNING: tuple[Decorator, ...] = (
    click.option("-j", "--jobs", metavar="COUNT", help="Processes [default: one a core]."),
    click.option(
        "--results",
        type=_FOLDER,
        metavar="FOLDER",
        help="Where results of runs are kept, so that the same command goes on after Ctrl-C"
        " [default: the user's cache].",
    ),
)
OUTPUT: tuple[Decorator, ...] = (
    click.option(
        "--out", type=_FOLDER, metavar="FOLDER", help="Everything: plan.html, plan.xlsx, plan.json, csv/."
    ),
    click.option("--html", type=_FILE, metavar="FILE", help="One page with all charts, for a browser."),
    click.option("--xlsx", type=_FILE, metavar="FILE", help="A workbook, a sheet a table."),
    click.option("--csv", type=_FOLDER, metavar="FOLDER", help="A CSV file a table."),
    click.option("--json", "as_json", is_flag=True, help="The answer as one JSON document on stdout."),
    click.option(
        "--rows",
        type=click.IntRange(0),
        default=25,
        show_default=True,
        help="Rows of a table on the terminal; 0: all.",
    ),
)


WAVES: tuple[Decorator, ...] = (
    click.option(
        "--window",
        "windows",
        multiple=True,
        metavar="TIMES",
        help='When VMs may be cut over: "Sat 22:00-06:00" [default: at any time].',
    ),
    click.option(
        "--blackout",
        "blackouts",
        multiple=True,
        metavar="TIMES",
        help='When nothing is started or cut over: "2017-12-23 - 2018-01-02".',
    ),
    click.option(
        "--together",
        metavar="COLUMN|FILE",
        help="VMs that move together: by folder, by a column of the inventory, or by a CSV file vm,group.",
    ),
    click.option("--most-vms", metavar="COUNT", help="VMs in a wave, at most."),
    click.option("--cutovers", metavar="COUNT", help="VMs that are cut over at once, at most."),
    click.option("--boot", metavar="TIME", default="5 min", show_default=True, help="A VM takes to start."),
    click.option(
        "--order",
        default="largest first",
        show_default=True,
        metavar="ORDER",
        help="largest first, smallest first or as listed.",
    ),
    click.option(
        "--sync-ahead",
        metavar="TIME",
        help='Ask for a sync so long before each cutover, "2 h": the final delta is smaller.',
    ),
    click.option("--cautious", is_flag=True, help="Plan with the upper bounds of the change rates."),
)


def options(*decorators: Decorator) -> Decorator:
    """All of these options on a command, in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(decorators):
            function = one(function)
        return function

    return decorate
