"""Answers with every kind of table, chart and value, and with text that wants to be HTML or a formula."""

from __future__ import annotations

import datetime as dt
import math

from cxsim.sim.plan.answers.model import (
    Answer,
    Assumption,
    Bar,
    Chart,
    Column,
    Line,
    Span,
    Table,
)

EVIL = "<script>alert(1)</script>=1+1"
DAY = dt.datetime(2017, 11, 6)
BANDWIDTHS = (80e6, 92e6, 110e6, 140e6, 235e6)


def _hours(count: int) -> dt.datetime:
    return DAY + dt.timedelta(hours=count)


WHAT_IF = Chart(
    "what-if",
    "lines",
    "Violations against bandwidth",
    "bandwidth",
    "violations a day",
    lines=(
        Line("RPO 15 min", BANDWIDTHS, (40.0, 28.0, 15.0, 6.0, 1.0), (30, 20, 10, 4, 0), (50, 36, 20, 8, 2)),
        Line("RPO 30 min", BANDWIDTHS, (22.0, 15.0, 7.0, 2.0, 0.5)),
        Line("RPO 1 h", BANDWIDTHS, (9.0, 5.0, 2.0, 0.5, None)),
    ),
    marks=(("x", 100e6, "offered 100 Mbit/s"), ("x", 120e6, "needed"), ("y", 3.0, "goal")),
    x_kind="bps",
    note="Below 110 Mbit/s violations grow quickly.",
)
AGE = Chart(
    "data-age",
    "lines",
    "Data age over time",
    "time",
    "data age",
    lines=tuple(
        Line(
            name,
            tuple(_hours(h) for h in range(72)),
            tuple(600 + k * 200 + 300 * math.sin(h / 4 + k) for h in range(72)),
        )
        for k, name in enumerate((EVIL, "P95", "median"))
    ),
    marks=(("y", 1800.0, "RPO 30 min"), ("x", _hours(30), "cutover")),
    x_kind="instant",
    y_kind="seconds",
    note="Hourly.",
)
USE = Chart(
    "utilisation",
    "lines",
    "Link utilisation",
    "hour of the run",
    "share of the link",
    lines=(
        Line(
            "used",
            tuple(3600.0 * h for h in range(72)),
            tuple(0.5 + 0.4 * math.sin(h / 6) for h in range(72)),
            step=True,
        ),
    ),
    x_kind="seconds",
    y_kind="share",
)
RANKING = Chart(
    "ranking",
    "bars",
    "VMs by minutes outside their RPO",
    "VM",
    "minutes",
    bars=(
        Bar(
            "minutes",
            tuple(f"database-server-{n:02d}" for n in range(45)),
            tuple(float(450 - 10 * n) for n in range(45)),
        ),
    ),
    marks=(("y", 100.0, "allowed"),),
)
SHARES = Chart(
    "bottlenecks",
    "stacked",
    "What violations were spent on",
    "bandwidth",
    "share of minutes",
    bars=(
        Bar("link", ("80 Mbit/s", "110 Mbit/s", "140 Mbit/s"), (0.8, 0.5, 0.1)),
        Bar("source disk", ("80 Mbit/s", "110 Mbit/s", "140 Mbit/s"), (0.1, 0.3, 0.6)),
        Bar("queue", ("80 Mbit/s", "110 Mbit/s", "140 Mbit/s"), (0.1, 0.2, 0.3)),
    ),
    y_kind="share",
)
SEEDING = Chart(
    "seeding",
    "lines",
    "Batch size against duration",
    "VMs in the batch",
    "initial sync",
    lines=(
        Line("P50", (1, 10, 100, 500), (3600.0, 9000.0, 90000.0, 400000.0)),
        Line("P90", (1, 10, 100, 500), (4000.0, 12000.0, 120000.0, 500000.0)),
    ),
    log_x=True,
    log_y=True,
    y_kind="seconds",
    marks=(("y", 259200.0, "72 h"),),
)
WAVES = Chart(
    "waves",
    "gantt",
    "Waves",
    "day",
    "",
    spans=tuple(
        span
        for n in range(5)
        for span in (
            Span(f"wave {n + 1}", _hours(24 * n), _hours(24 * n + 18), "initial sync", "210 GiB"),
            Span(f"wave {n + 1}", _hours(24 * n + 18), _hours(24 * n + 30), "deltas"),
            Span(f"wave {n + 1}", _hours(24 * n + 30), _hours(24 * n + 32), "cutover", "downtime 11 min"),
        )
    ),
    marks=(("x", _hours(100), "deadline"),),
    x_kind="instant",
)
CHARTS = (WHAT_IF, AGE, USE, RANKING, SHARES, SEEDING, WAVES)

PER_VM = Table(
    "per-vm",
    "Per VM",
    (
        Column("vm", "VM"),
        Column("tone", ""),
        Column("size_bytes", "initial sync", "bytes"),
        Column("link_bps", "rate", "bps"),
        Column("peak_age_s", "peak data age", "seconds"),
        Column("in_rpo", "time in RPO", "share"),
        Column("ready", "ready", "instant"),
        Column("price", "price", "money"),
        Column("vms", "count", "count"),
        Column("factor", "factor", "number"),
        Column("forced", "forced"),
    ),
    (
        {"vm": EVIL, "tone": "bad", "size_bytes": 3 * 2**40, "link_bps": 61.5e6, "peak_age_s": 5400.0,
         "in_rpo": 0.99996, "ready": _hours(5), "price": 1450, "vms": 1234, "factor": 0.85, "forced": True},
        {"vm": "=SUM(A1)", "tone": "good", "size_bytes": None, "link_bps": math.inf, "peak_age_s": math.inf,
         "in_rpo": 1.0, "ready": None, "price": 0.5, "vms": 0, "factor": 12345.678, "forced": False},
    ),
    "A note.",
    tone_of="tone",
)  # fmt: skip
LONG = Table(
    "long", "Many rows", (Column("n", "number", "count"),), tuple({"n": n} for n in range(60)), main=True
)
ANSWER = Answer(
    "plan rpo",
    "Which share of the time do 45 VMs keep RPO 30 min on 80 to 235 Mbit/s?",
    "110 Mbit/s or more keeps 95 %",
    "fair",
    ("The worst VM is database-server-00.", f"Careful: {EVIL}"),
    (PER_VM, LONG),
    CHARTS,
    (
        Assumption("link efficiency", 0.72, "fraction", "cx.md 6.4 E1", "documented"),
        Assumption("start", DAY, "", "--start", "assumed"),
    ),
    (f"{EVIL}: template: convert it",),
    ("warning: sample.xlsx, vInfo, row 3: text",),
    {"version": "0.1", "seed": 7},
)
