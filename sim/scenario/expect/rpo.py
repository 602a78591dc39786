"""The subject of RPO figures: time in RPO, violations, data age, of a VM or of the fleet.

Rules of this file: figures exist at the end of a run only, so `at_end` is the only operator. A VM without
figures (its initial sync never ended) is never in its RPO: nothing holds of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.comparisons import CountComparison, DurationComparison, FractionComparison
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.timeline import Run, Sighting, VmFigures, clock
from cxsim.sim.scenario.model import Model, Name
from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import advice, mistake
from cxsim.sim.scenario.quantities import DURATION, Duration, render
from cxsim.sim.scenario.references import Loading

FLEET = "fleet"
MICROSECONDS = 1_000_000
Bottleneck = Literal["wan", "path", "source read", "replicator", "host", "schedule", "connection", "pause"]
"""As the data plane accounts them (sim/replication/accounting.CAUSES); a test holds them equal."""


def _vm_or_fleet(name: str, info: ValidationInfo) -> str:
    if name == FLEET:
        return name
    names = info.context.names.by_kind.get("vm") if isinstance(info.context, Loading) else None
    if names is not None and name not in names:
        raise mistake(f"there is no VM {shown(name)}", advice(name, [*names, FLEET], "VMs"))
    return name


FIGURES = ("time_in_rpo", "violations", "first_violation", "peak_age", "p95_age", "bottleneck")


class Interval(Model):
    """From and until, since the start."""

    from_s: Duration | None = Field(default=None, alias="from", description="not before", examples=["8 h"])
    until_s: Duration | None = Field(default=None, alias="until", description="not after", examples=["12 h"])

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_s is None and self.until_s is None:
            raise mistake("says nothing", "add from, until, or both")
        if self.from_s is not None and self.until_s is not None and self.from_s >= self.until_s:
            raise mistake("is not after from", "a later time", "until")
        return self

    def contains(self, t_us: int) -> bool:
        """The instant lies in it (ends included)."""
        after = self.from_s is None or t_us >= self.from_s * MICROSECONDS
        return after and (self.until_s is None or t_us <= self.until_s * MICROSECONDS)

    def text(self) -> str:
        """`between 8 h and 12 h`."""
        ends = (("from", self.from_s), ("until", self.until_s))
        return " ".join(f"{word} {render(value, DURATION)}" for word, value in ends if value is not None)


class RpoSubject(Subject):
    """RPO figures."""

    EVENTS = frozenset({"rpo"})
    OPERATORS = frozenset({"at_end"})
    NOT_ALLOWED = ("is known at the end of the run only", "use at_end")

    rpo: Annotated[Name, AfterValidator(_vm_or_fleet)] = Field(
        description="VM, or fleet", examples=["deckard"]
    )
    time_in_rpo: FractionComparison | None = Field(
        default=None,
        description="share of the time in which the data age was within the RPO",
        examples=[">= 99 %"],
    )
    violations: CountComparison | None = Field(
        default=None, description="how many times it was exceeded", examples=[0]
    )
    first_violation: Interval | None = Field(
        default=None, description="when the first began", examples=[{"from": "8 h", "until": "12 h"}]
    )
    peak_age: DurationComparison | None = Field(
        default=None, description="largest data age", examples=["<= 20 min"]
    )
    p95_age: DurationComparison | None = Field(
        default=None, description="VM only: data age kept for 95 % of the time", examples=["<= 15 min"]
    )
    bottleneck: Bottleneck | None = Field(
        default=None, description="what most of the violated time was spent on", examples=["wan"]
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, key) is None for key in FIGURES):
            raise mistake("asks for no figure", f"one or more of {', '.join(FIGURES)}")
        if self.p95_age is not None and self.rpo == FLEET:
            raise mistake("is of one VM: RPOs differ", "name a VM", "p95_age")
        return self

    def concerns(self, event: LoggedEvent) -> bool:
        return self.rpo in (FLEET, event.fields["vm"])

    def holds(self, event: LoggedEvent) -> bool:
        return False

    def saw(self, event: LoggedEvent) -> str:
        return f"{event.fields['vm']} {event.fields['change']}"

    def figures(self, run: Run) -> VmFigures | None:
        """The figures of this run; None when there are none."""
        if run.rpo is None:
            return None
        return run.rpo.fleet if self.rpo == FLEET else run.rpo.vms.get(self.rpo)

    def met_by(self, figures: VmFigures) -> bool:
        """All that is wanted holds of these figures."""
        violations = figures.violations
        time_in_rpo = figures.time_in_rpo
        return (
            time_in_rpo is not None
            and (self.time_in_rpo is None or self.time_in_rpo.holds(time_in_rpo))
            and (self.violations is None or self.violations.holds(len(violations)))
            and (self.peak_age is None or self.peak_age.holds(figures.peak_age_s))
            and (
                self.p95_age is None
                or (figures.p95_age_s is not None and self.p95_age.holds(figures.p95_age_s))
            )
            and (self.bottleneck is None or self.bottleneck == figures.bottleneck)
            and (
                self.first_violation is None
                or (bool(violations) and self.first_violation.contains(violations[0][0]))
            )
        )

    def sightings(self, run: Run) -> list[Sighting]:
        return []

    def at_end(self, run: Run) -> bool | None:
        figures = self.figures(run)
        return None if figures is None or figures.time_in_rpo is None else self.met_by(figures)

    def summary(self, sightings: Sequence[Sighting], run: Run) -> str:
        figures = self.figures(run)
        if figures is None or figures.time_in_rpo is None:
            return "no RPO figures: no initial sync ended"
        return ", ".join(f"{key} {value}" for key, value in self._values(figures).items())

    def _values(self, figures: VmFigures) -> dict[str, Any]:
        first = clock(figures.violations[0][0]) if figures.violations else "none"
        values = {
            "time_in_rpo": f"{(figures.time_in_rpo or 0) * 100:.3f} %",
            "violations": len(figures.violations),
            "first_violation": first,
            "peak_age": f"{figures.peak_age_s / 60:.1f} min",
            "p95_age": "unknown" if figures.p95_age_s is None else f"{figures.p95_age_s / 60:.1f} min",
            "bottleneck": figures.bottleneck or "none",
        }
        return {key: value for key, value in values.items() if getattr(self, key) is not None}

    def text(self) -> str:
        wanted = []
        for key in FIGURES:
            value = getattr(self, key)
            if value is not None:
                wanted.append(f"{key} {value.text() if isinstance(value, Interval) else value}")
        return f"RPO of {self.rpo}: {', '.join(wanted)}"
