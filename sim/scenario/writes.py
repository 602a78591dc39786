"""What is written to a disk: the kinds of workload.

Rules of this file: models only. Rates are bytes/s, sizes bytes. How many distinct blocks a workload changes
in an interval is the data plane's business (`sim/replication/workload.py`, `churn.py`). A trace is read when
the scenario has been loaded (traces.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Discriminator, Field, PrivateAttr, Tag, model_validator

from cxsim.sim.scenario.model import Model, Name, Text
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import ByteRate, Duration, Fraction, Size

if TYPE_CHECKING:
    from cxsim.sim.replication.churn import Tabled

MOST_WRITERS = 16
BURST_SIGMA, BURST_PERSISTENCE, BURST_WINDOW_S = 0.71, 0.30, 1800.0
"""As fitted (sim/replication/churn.py, with the source); a test holds them equal."""

Weight = Annotated[float, Field(strict=True, ge=0, le=1_000_000)]
_RATE = Field(alias="rate", description="bytes written", examples=["0.5 MB/s"])
_MEAN = Field(alias="rate", description="bytes written, on average", examples=["1 MB/s"])
_SET = Field(
    default=None,
    alias="working_set",
    gt=0,
    description="how much of the disk is written again and again; default: every write is to another block",
    examples=["10 GiB"],
)


class ConstantRate(Model):
    """Writes at a constant rate, each to a block not written before in the interval."""

    rate_bytes_per_s: ByteRate = _RATE


class WorkingSet(Model):
    """Writes at a constant rate to random blocks of a working set: overwrites make deltas sublinear."""

    rate_bytes_per_s: ByteRate = Field(alias="rate", description="bytes written", examples=["5 MB/s"])
    working_set_bytes: Size = Field(
        alias="working_set",
        gt=0,
        description="how much of the disk is written again and again",
        examples=["10 GiB"],
    )


class PeriodicRewrite(Model):
    """The same blocks rewritten at a fixed period."""

    block_bytes: Size = Field(alias="block", gt=0, description="how much is rewritten", examples=["1 MB"])
    every_s: Duration = Field(alias="every", gt=0, description="period", examples=["1 h"])
    offset_s: Duration = Field(
        default=0.0, alias="offset", description="when first, after the start", examples=["10 min"]
    )


class WeeklyRate(Model):
    """A rate with the shape of the day and of the week, by the clock of the VM's site."""

    rate_bytes_per_s: ByteRate = _MEAN
    hours: tuple[Weight, ...] = Field(
        default=(1.0,) * 24,
        description="24 weights, the first of the hour from 0:00; default: all the same",
        examples=[[1, 1, 1, 1, 1, 1, 1, 2, 8, 9, 9, 8, 6, 8, 9, 9, 8, 5, 2, 1, 1, 1, 1, 1]],
    )
    days: tuple[Weight, ...] = Field(
        default=(1.0,) * 7,
        description="7 weights, Monday first; default: all the same",
        examples=[[5, 5, 5, 5, 5, 1, 1]],
    )
    working_set_bytes: Size | None = _SET

    @model_validator(mode="after")
    def _weighs(self) -> Self:
        for key, count in (("hours", 24), ("days", 7)):
            weights = getattr(self, key)
            if len(weights) != count:
                raise mistake(f"has {len(weights)} weights", f"{count} numbers", key)
            if not any(weights):
                raise mistake("has only weights of 0", "at least one above 0", key)
        return self


class Bursts(Model):
    """A lognormal series with autocorrelation. The defaults are fitted to published block traces."""

    sigma: Weight = Field(
        default=BURST_SIGMA, le=5, description="of the logarithm of a window's bytes", examples=[1.2]
    )
    persistence: Fraction = Field(
        default=BURST_PERSISTENCE,
        lt=1,
        description="correlation of that logarithm from window to window",
        examples=["60 %"],
    )
    window_s: Duration = Field(
        default=BURST_WINDOW_S, alias="window", gt=0, description="length of a window", examples=["30 min"]
    )


class BurstyRate(Model):
    """A rate that bursts, differently for every disk (by the scenario's seed)."""

    rate_bytes_per_s: ByteRate = _MEAN
    bursts: Bursts = Field(description="how it bursts; {}: as fitted", examples=[{"sigma": 1.2}])
    working_set_bytes: Size | None = _SET


class Trace(Model):
    """What was measured: a CSV file `vm,time_s,changed_bytes` (docs/replication.md)."""

    trace: Text = Field(description="CSV file, relative to the file that names it", examples=["churn.csv"])
    rows: Name | None = Field(
        default=None, description="the vm of its rows; default: the name of the VM", examples=["deckard"]
    )

    _table: Tabled | None = PrivateAttr(default=None)

    @property
    def table(self) -> Tabled:
        """The windows of the trace; read when the scenario was loaded. Raises ValueError when it was not."""
        if self._table is None:
            raise ValueError(f"{self.place}: the trace {self.trace!r} was not read")
        return self._table


class Writers(Model):
    """Independent writers to different parts of one disk."""

    writers: tuple[Writer, ...] = Field(
        min_length=1,
        max_length=MOST_WRITERS,
        description="several workloads at once",
        examples=[[{"rate": "0.2 MB/s"}, {"block": "1 GB", "every": "1 d"}]],
    )


_BY_KEY = (
    ("writers", "several"),
    ("trace", "trace alone"),
    ("rows", "trace alone"),
    ("block", "rewrite"),
    ("every", "rewrite"),
    ("bursts", "bursty"),
    ("hours", "weekly"),
    ("days", "weekly"),
    ("working_set", "working set"),
)


def _shape(data: Any) -> str:
    if isinstance(data, Model):
        return _SHAPES[type(data)]
    keys = data if isinstance(data, dict) else {}
    return next((shape for key, shape in _BY_KEY if key in keys), "rate alone")


_SHAPES: dict[type[Model], str] = {
    ConstantRate: "rate alone",
    WorkingSet: "working set",
    PeriodicRewrite: "rewrite",
    WeeklyRate: "weekly",
    BurstyRate: "bursty",
    Trace: "trace alone",
    Writers: "several",
}

_OneWriter = (
    Annotated[ConstantRate, Tag("rate alone")]
    | Annotated[WorkingSet, Tag("working set")]
    | Annotated[PeriodicRewrite, Tag("rewrite")]
    | Annotated[WeeklyRate, Tag("weekly")]
    | Annotated[BurstyRate, Tag("bursty")]
    | Annotated[Trace, Tag("trace alone")]
)
Writer = Annotated[_OneWriter, Discriminator(_shape)]
"""One writer."""
Workload = Annotated[_OneWriter | Annotated[Writers, Tag("several")], Discriminator(_shape)]
"""All that is written to a disk."""


def mean_bytes_per_s(workload: Model) -> float:
    """What is written in the long run, bytes a second; a trace: while it lasts."""
    if isinstance(workload, Writers):
        return sum(mean_bytes_per_s(one) for one in workload.writers)
    if isinstance(workload, PeriodicRewrite):
        return workload.block_bytes / workload.every_s
    if isinstance(workload, Trace):
        length_s = (len(workload.table.table) - 1) * workload.table.window_s
        return workload.table.written_bytes(length_s) / length_s
    rate: float = getattr(workload, "rate_bytes_per_s", 0.0)
    return rate


def largest_bytes(workload: Model) -> int:
    """The largest part of the disk that one writer says it writes to."""
    if isinstance(workload, Writers):
        return max(largest_bytes(one) for one in workload.writers)
    return getattr(workload, "working_set_bytes", 0) or getattr(workload, "block_bytes", 0) or 0
