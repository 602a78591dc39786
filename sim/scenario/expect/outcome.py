"""Expectations as written, judged against a run, and the text of a failure.

Rules of this file: an expectation is one operator over one subject; several names become several outcomes.
Golden files in tests/golden/expect hold the texts. The cause of a failure is not known here: the runner
adds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from cxsim.sim.eventlog import LoggedEvent
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.expect.operators import AtEnd, AtMost, Eventually, InOrder, Never, Operator, Within
from cxsim.sim.scenario.expect.subjects import Subject, figures
from cxsim.sim.scenario.expect.timeline import RpoReport, Run, clock
from cxsim.sim.scenario.model import OneOf
from cxsim.sim.scenario.places import Place

EVENTS_SHOWN = 5
EVENT_CHARACTERS = 200


class Expectation(OneOf):
    """What must be true of a run."""

    WHAT: ClassVar[str] = "an expectation"

    eventually: Eventually | None = Field(default=None, description="it holds at some moment")
    at_end: AtEnd | None = Field(default=None, description="it holds when the run ends")
    never: Never | None = Field(default=None, description="it holds at no moment")
    within: Within | None = Field(default=None, description="it is reached in time after something else")
    in_order: InOrder | None = Field(default=None, description="they hold one after the other")
    at_most: AtMost | None = Field(default=None, description="it happens at most so many times")

    @property
    def operator(self) -> Operator:
        """The operator, with its subject."""
        body: Operator = self.body
        return body

    @property
    def text(self) -> str:
        """As written, without the outer braces."""
        return self.written[1:-1] if self.written else self.operator.expected()


@dataclass(frozen=True)
class Outcome:
    """An expectation and what became of it. `when_us`: the moment that decided (the end of the run, when none
    did); `events`: the last relevant ones, at most five."""

    text: str
    place: Place
    met: bool
    expected: str
    got: str
    when_us: int
    events: tuple[LoggedEvent, ...]

    def detail(self) -> str:
        """Expected, got and the last events, as a failure shows them."""
        lines = [f"  expected  {self.expected}", f"  got       {self.got}"]
        if not self.events:
            return "\n".join([*lines, "  events    none that concern it"])
        hosts = max(len(event.host) for event in self.events)
        names = max(len(event.event) for event in self.events)
        lines.append(f"  last {len(self.events)} events" if len(self.events) > 1 else "  last event")
        for event in self.events:
            who = f"{event.host:<{hosts}}  {event.event:<{names}}"
            text = f"{clock(event.t_us):>14}  {who}  {figures(event.fields)}"
            lines.append(
                "  " + (text if len(text) <= EVENT_CHARACTERS else text[: EVENT_CHARACTERS - 3] + "...")
            )
        return "\n".join(lines)

    def render(self) -> str:
        """The whole text of a failure (or one line, when met)."""
        head = f"{'met' if self.met else 'not met'}  {self.place}: {self.text}"
        return head if self.met else f"{head}\n{self.detail()}"


def evaluate(
    expectations: Sequence[Expectation],
    events: Sequence[LoggedEvent],
    end_us: int,
    environment: Environment | None = None,
    rpo: RpoReport | None = None,
) -> list[Outcome]:
    """Judge expectations, in their order. `end_us`: virtual microseconds at which the run ended. Never raises
    for anything that a run can do."""
    run = Run(events, end_us, rpo, initial_power(environment) if environment else {})
    outcomes = []
    for expectation in expectations:
        each = expectation.operator.each_subject()
        for operator in each:
            text = expectation.text
            if len(each) > 1:
                text += f"  [{operator.subjects()[0].text()}]"
            outcomes.append(_outcome(operator, text, expectation.place, run))
    return outcomes


def _outcome(operator: Operator, text: str, place: Place, run: Run) -> Outcome:
    verdict = operator.judge(run)
    last = len(run.events) if verdict.last_number is None else verdict.last_number
    when_us = run.end_us if verdict.t_us is None else verdict.t_us
    events = _relevant(operator.subjects(), run, last)
    return Outcome(text, place, verdict.met, operator.expected(), verdict.got, when_us, events)


def _relevant(subjects: Sequence[Subject], run: Run, last: int) -> tuple[LoggedEvent, ...]:
    """The last events up to a number that concern a subject; without any, the last of its kinds."""
    names = frozenset[str]().union(*(subject.EVENTS for subject in subjects))
    concerned: list[LoggedEvent] = []
    of_kind: list[LoggedEvent] = []
    for number, event in run.numbered(names):
        if number > last:
            break
        of_kind.append(event)
        if any(event.event in subject.EVENTS and subject.concerns(event) for subject in subjects):
            concerned.append(event)
    return tuple((concerned or of_kind)[-EVENTS_SHOWN:])


def initial_power(environment: Environment) -> Mapping[tuple[str, str], str]:
    """(vCenter, VM) -> power state before the first event."""
    powers: dict[tuple[str, str], str] = {}
    for name, vm in environment.vms.items():
        esxi = environment.hosts.get(vm.esxi)
        if esxi is not None:
            powers[(str(getattr(esxi, "vcenter", "")), name)] = vm.power
    return powers
