"""How a subject must behave over the run: eventually, at_end, never, within, in_order, at_most.

Rules of this file: one class an operator; `judge` looks at the sightings of the subject (timeline.py) and
says met or not, what was seen instead, and when. Order in the log decides, not the time. Nothing is met by
default: a window that never opened, or a state that was never seen, is not met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from cxsim.sim.scenario.comparisons import MOST_COUNT
from cxsim.sim.scenario.expect.product import CLOUD_STATUSES, VM_STATUSES
from cxsim.sim.scenario.expect.subjects import Subject
from cxsim.sim.scenario.expect.table import AnySubject, SubjectBody, Windowed, check_allowed
from cxsim.sim.scenario.expect.timeline import BEFORE_ALL, Run, Sighting, clock
from cxsim.sim.scenario.expect.traffic import CallsSubject
from cxsim.sim.scenario.model import Model
from cxsim.sim.scenario.places import TreeList, TreeMap
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.quantities import DURATION, Duration, render
from cxsim.sim.scenario.references import Loading

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Verdict:
    """What an operator found. `t_us`: the moment that decided; None: the end of the run. `last_number`: the
    number of the last event worth showing; None: the last of all."""

    met: bool
    got: str
    t_us: int | None = None
    last_number: int | None = None


def _first(sightings: Sequence[Sighting], after_number: int = BEFORE_ALL - 1) -> Sighting | None:
    """The first sighting that holds after an event's number."""
    return next((s for s in sightings if s.holds and s.number > after_number), None)


def _state_at(sightings: Sequence[Sighting], number: int) -> Sighting | None:
    """The last sighting up to an event's number."""
    return next((s for s in reversed(sightings) if s.number <= number), None)


class Eventually(Windowed):
    """It holds at some moment."""

    NAME: ClassVar[str] = "eventually"

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        check_allowed(self.subject, self.NAME)
        return self

    def expected(self) -> str:
        """In words."""
        return f"at some moment{_window_text(self)}: {self.subject.text()}"

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return (self.subject,)

    def judge(self, run: Run) -> Verdict:
        """Look for a sighting in the window that holds."""
        sightings = self.subject.sightings(run)
        window = _window(self, run)
        if window is None:
            return _never_opened(self)
        hit = _holding(self.subject, sightings, window)
        if hit is None:
            last = "last seen" if self.subject.MOMENT else "at the end"
            return Verdict(False, f"never; {last}: {self.subject.summary(sightings, run)}")
        return Verdict(True, "seen", hit.t_us, hit.number)


class Never(Windowed):
    """It holds at no moment."""

    NAME: ClassVar[str] = "never"

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        check_allowed(self.subject, self.NAME)
        return self

    def expected(self) -> str:
        """In words."""
        return f"at no moment{_window_text(self)}: {self.subject.text()}"

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return (self.subject,)

    def judge(self, run: Run) -> Verdict:
        """Look for a sighting in the window that holds."""
        window = _window(self, run)
        if window is None:
            return _never_opened(self)
        hit = _holding(self.subject, self.subject.sightings(run), window)
        if hit is None:
            return Verdict(True, "not seen")
        saw = self.subject.saw(hit.event) if hit.event else self.subject.summary([hit], run)
        return Verdict(False, f"{saw} at {clock(hit.t_us)}", hit.t_us, hit.number)


@dataclass(frozen=True)
class _Window:
    """Numbers of events between which to look, both ends excluded."""

    start: int
    end: int


def _window(body: Windowed, run: Run) -> _Window | None:
    """Where to look; None: it never opened, because `after` never held."""
    start, end = BEFORE_ALL - 1, len(run.events)
    if body.after is not None:
        opened = _first(body.after.sightings(run))
        if opened is None:
            return None
        start = opened.number
    if body.before is not None:
        closed = _first(body.before.sightings(run))
        end = end if closed is None else closed.number
    return _Window(start, end)


def _holding(subject: Subject, sightings: Sequence[Sighting], window: _Window) -> Sighting | None:
    """The first sighting in the window that holds, or the state that lasted into it."""
    lasting = None if subject.MOMENT else _state_at(sightings, window.start)
    if lasting is not None and lasting.holds and window.start < window.end:
        return lasting
    hit = _first(sightings, window.start)
    return hit if hit is not None and hit.number < window.end else None


def _never_opened(body: Windowed) -> Verdict:
    return Verdict(
        False, f"the part of the run to look at never began: never {body.after.text() if body.after else ''}"
    )


def _window_text(body: Windowed) -> str:
    after = f" after {body.after.text()}" if body.after else ""
    return after + (f" before {body.before.text()}" if body.before else "")


class AtEnd(SubjectBody):
    """It holds when the run ends."""

    NAME: ClassVar[str] = "at_end"

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if isinstance(self.subject, CallsSubject) and self.subject.count is None:
            wrong = f"at_end means nothing for {self.subject.text()}, which happens at a moment"
            raise mistake(wrong, "add count, or use eventually")
        check_allowed(self.subject, self.NAME)
        return self

    def expected(self) -> str:
        """In words."""
        return f"at the end: {self.subject.text()}"

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return (self.subject,)

    def judge(self, run: Run) -> Verdict:
        """The last state decides; one that was never seen is not met."""
        sightings = self.subject.sightings(run)
        summary = self.subject.summary(sightings, run)
        holds = self.subject.at_end(run)
        since = _since(self.subject, sightings)
        return Verdict(bool(holds), summary + (f", since {clock(since)}" if since else ""))


def _since(subject: Subject, sightings: Sequence[Sighting]) -> int | None:
    """When the state that was seen last began."""
    began: int | None = None
    last: str | None = None
    for sighting in reversed(sightings):
        saw = subject.saw(sighting.event) if sighting.event else None
        if sighting.event is None or (last is not None and saw != last):
            break
        began, last = sighting.event.t_us, saw
    return began


class Within(Model):
    """From the moment that something first holds, something else is reached in time."""

    NAME: ClassVar[str] = "within"

    after: AnySubject = Field(
        description="starts the clock", examples=[{"vm": "deckard", "status": "Created"}]
    )
    at_most_s: Duration = Field(alias="at_most", description="how long it may take", examples=["2 h"])
    reach: AnySubject = Field(
        description="stops the clock", examples=[{"vm": "deckard", "status": "Cutover ready"}]
    )

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        check_allowed(self.after, self.NAME, "after")
        check_allowed(self.reach, self.NAME, "reach")
        return self

    def each_subject(self) -> list[Within]:
        """Itself: several names mean all of them."""
        return [self]

    def expected(self) -> str:
        """In words."""
        limit = render(self.at_most_s, DURATION)
        return f"within {limit} after {self.after.text()}: {self.reach.text()}"

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return (self.after, self.reach)

    def judge(self, run: Run) -> Verdict:
        """Measure from the first `after` to the first `reach` from then on."""
        started = _first(self.after.sightings(run))
        if started is None:
            return Verdict(False, f"never {self.after.text()}")
        sightings = self.reach.sightings(run)
        lasting = None if self.reach.MOMENT else _state_at(sightings, started.number)
        reached = started if lasting is not None and lasting.holds else _first(sightings, started.number)
        if reached is None:
            waited = clock(run.end_us - started.t_us)
            return Verdict(
                False, f"not reached in the {waited} until the end: {self.reach.summary(sightings, run)}"
            )
        took_us = reached.t_us - started.t_us
        met = took_us <= self.at_most_s * MICROSECONDS
        return Verdict(met, f"took {clock(took_us)}", reached.t_us, reached.number)


class InOrder(Model):
    """They hold one after the other; others may lie between."""

    NAME: ClassVar[str] = "in_order"

    subjects_in_order: tuple[AnySubject, ...] = Field(
        alias="subjects", min_length=2, description="subjects in their order; or vm (or cloud) with statuses"
    )

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        if isinstance(data, list):
            return {"subjects": data}
        if not isinstance(data, TreeMap):
            return data
        statuses = data.get("statuses")
        rest = data.part(key for key in data if key != "statuses")
        rest.siblings = ("statuses",)
        shaped = TreeMap(data.place)
        shaped.path = data.path
        if not isinstance(statuses, TreeList):
            if loading is not None:
                names = " or ".join(("vm", "cloud"))
                loading.problems.add(
                    data.value_places.get("statuses", data.place),
                    data.path,
                    "has no list of statuses",
                    f"write {{vm: deckard, statuses: [Created, Syncing]}} ({names}), or a list of subjects",
                )
                loading.problems.trouble(data.path)
            return shaped
        listed = TreeList(data.place)
        for status, place in zip(statuses, statuses.item_places, strict=True):
            one = rest.part(rest)
            one.put("status", status, place, place)
            listed.add(one, place)
        shaped.put("subjects", listed, data.place, data.place)
        return shaped

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        subjects = schema["properties"]["subjects"]
        short = [
            {
                "type": "object",
                "properties": {
                    key: {"type": "string"},
                    "statuses": {"type": "array", "items": {"enum": names}},
                },
                "required": [key, "statuses"],
                "additionalProperties": False,
            }
            for key, names in (("vm", list(VM_STATUSES)), ("cloud", list(CLOUD_STATUSES)))
        ]
        schema.clear()
        schema.update({"description": cls.__doc__ or "", "anyOf": [subjects, *short]})
        return schema

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        for subject in self.subjects_in_order:
            check_allowed(subject, self.NAME)
        return self

    def each_subject(self) -> list[InOrder]:
        """One a name, when every subject was written with the same names."""
        each = [subject.each() for subject in self.subjects_in_order]
        count = len(each[0])
        if any(len(one) != count for one in each):
            return [self]
        return [
            self.model_copy(update={"subjects_in_order": tuple(one[k] for one in each)}) for k in range(count)
        ]

    def expected(self) -> str:
        """In words."""
        return "in this order: " + ", then ".join(subject.text() for subject in self.subjects_in_order)

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return self.subjects_in_order

    def judge(self, run: Run) -> Verdict:
        """Each is looked for after the one before it."""
        number, t_us = BEFORE_ALL - 1, 0
        for subject in self.subjects_in_order:
            hit = _first(subject.sightings(run), number)
            if hit is None:
                return Verdict(False, f"{self._seen(run)}; missing after {clock(t_us)}: {subject.text()}")
            number, t_us = hit.number, hit.t_us
        return Verdict(True, self._seen(run), t_us, number)

    def _seen(self, run: Run) -> str:
        """What was seen of the first subject, without repetitions."""
        seen: list[str] = []
        for sighting in self.subjects_in_order[0].sightings(run):
            if sighting.event is not None:
                fields = sighting.event.fields
                text = str(fields.get("status", self.subjects_in_order[0].saw(sighting.event)))
                if not seen or seen[-1] != text:
                    seen.append(text)
        return ", ".join(seen[-12:]) or "never seen"


def _times(count: int) -> str:
    return f"{count} time{'' if count == 1 else 's'}"


class AtMost(SubjectBody):
    """It happens (or begins to hold) at most so many times."""

    NAME: ClassVar[str] = "at_most"

    count: int = Field(strict=True, ge=0, le=MOST_COUNT, description="how many times", examples=[1])

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        check_allowed(self.subject, self.NAME)
        return self

    def expected(self) -> str:
        """In words."""
        return f"at most {_times(self.count)}: {self.subject.text()}"

    def subjects(self) -> Sequence[Subject]:
        """What it is about, for the events to show."""
        return (self.subject,)

    def judge(self, run: Run) -> Verdict:
        """Count happenings, or beginnings of a state."""
        count, holding, decided = 0, False, None
        for sighting in self.subject.sightings(run):
            if sighting.holds and (self.subject.MOMENT or not holding):
                count += 1
                decided = decided or (sighting if count > self.count else None)
            holding = sighting.holds
        if decided is None:
            return Verdict(True, _times(count))
        got = f"{_times(count)}; one too many at {clock(decided.t_us)}"
        return Verdict(False, got, decided.t_us, decided.number)


Operator = Eventually | AtEnd | Never | Within | InOrder | AtMost
