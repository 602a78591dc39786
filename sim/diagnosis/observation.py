"""A subject built and looked at: its flows at every moment that matters, and what a run of it recorded.

Rules of this file: the flows are tried at the start (with the faults that are on then), whenever a fault
comes on or goes off, and at the end; only moments at which something differs are kept. Looking changes
nothing: traces count no packet, remedies are tried and taken back. The run itself is the one of `cxsim run`:
same steps, same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cxsim.sim.diagnosis.judgement import Judgement, judge
from cxsim.sim.diagnosis.repairs import FlowId, Repairs, flow_id, with_urls
from cxsim.sim.diagnosis.subjects import Subject
from cxsim.sim.eventlog import EventLog, LoggedEvent
from cxsim.sim.explain import Cause, FlowVerdict, Status, causes, evaluate
from cxsim.sim.faults import FaultSchedule
from cxsim.sim.figures import RunFigures
from cxsim.sim.kernel import hooks
from cxsim.sim.result import FaultRecord
from cxsim.sim.run import gap_text, take_steps
from cxsim.sim.scenario import Scenario, Watch
from cxsim.sim.scenario.scenario import DEFAULT_SEED
from cxsim.sim.world.world import World

MOST_LOOKS = 200
"""Times that the flows are tried in one run; a fault that flaps more often is not followed further."""

AT_THE_START, AT_THE_END = "at the start", "when the run ends"


def troubled(verdict: FlowVerdict) -> bool:
    """True for a flow that has to be explained: it fails, or is required and nobody can tell."""
    return verdict.failed or (verdict.status is Status.UNDETERMINED and verdict.row.required)


@dataclass(frozen=True)
class Instant:
    """A time in a run at which faults are what they are. `t_us`: microseconds since the start."""

    t_us: int
    label: str
    faults_on: tuple[str, ...]


@dataclass(frozen=True)
class Moment:
    """Every flow, tried at an instant."""

    when: Instant
    verdicts: tuple[FlowVerdict, ...]


@dataclass(frozen=True)
class Found:
    """A cause and the instant at which it was first there."""

    cause: Cause
    when: Instant

    @property
    def flows(self) -> frozenset[FlowId]:
        """The flows that fail of it."""
        return frozenset(flow_id(verdict) for verdict in self.cause.verdicts)

    @property
    def signature(self) -> tuple[object, ...]:
        """The same for the same cause, in whichever run it shows."""
        first = self.cause.verdicts[0]
        step = first.trace.deciding if first.trace is not None else None
        decided = (first.asked.error,) if step is None else (step.device, step.rule_id, step.reason)
        behind = first.finding.text if first.finding is not None else ""
        return (decided, behind, tuple(remedy.text for remedy in self.cause.cure.remedies), self.flows)

    @property
    def undetermined(self) -> bool:
        """True when nobody can tell, because rules are unknown."""
        return self.cause.verdicts[0].status is Status.UNDETERMINED


@dataclass(frozen=True)
class Observation:
    """What was seen. An environment is only looked at: it has no events and no judgement."""

    moments: tuple[Moment, ...] = ()
    found: tuple[Found, ...] = ()
    events: tuple[LoggedEvent, ...] = ()
    end_us: int = 0
    faults: tuple[FaultRecord, ...] = ()
    problems: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    judgement: Judgement | None = None
    changed: tuple[str, ...] = ()
    """Texts of the proposed changes that were made."""
    refused: tuple[str, ...] = ()
    """Proposed changes that could not be made, and why."""
    warnings: tuple[str, ...] = ()
    """What is allowed in the network and will surprise."""

    @property
    def failing(self) -> frozenset[FlowId]:
        """The flows that fail at any moment."""
        return frozenset(flow_id(v) for moment in self.moments for v in moment.verdicts if v.failed)

    @property
    def all_pass(self) -> bool:
        """True when every required flow passes at every moment."""
        return not any(troubled(verdict) for moment in self.moments for verdict in moment.verdicts)


Look = Callable[[World, Instant], None]


@dataclass
class _Eye:
    """Calls `look` at the start and after every change of a fault, once an instant."""

    world: World
    look: Look
    repairs: Repairs
    on: dict[str, None] = field(default_factory=dict)
    looks: int = 0
    label: str = ""

    def open(self) -> None:
        """Take the first look. What came on before this is on from the start."""
        for event in self.world.log.of("fault"):
            self.on[event.fields["fault"]] = None
        self.label = AT_THE_START
        self.repairs.keep()
        self.take()
        self.world.log.listeners.append(self._heard)

    def _heard(self, event: LoggedEvent) -> None:
        if event.event != "fault" or event.fields["change"] not in ("on", "off"):
            return
        name = event.fields["fault"]
        if event.fields["change"] == "on":
            self.on[name] = None
        else:
            self.on.pop(name, None)
        self.repairs.keep()
        if not self.label:
            # Other faults may change at this instant too: look when they have.
            self.world.hub.call_in(0.0, self.take)
        words = "comes on" if event.fields["change"] == "on" else "goes off"
        self.label = f"{self.label}, " if self.label else "when "
        self.label += f"fault '{name}' {words}"

    def close(self) -> None:
        """Take the last look: what only shows once certificates are trusted, say, shows now."""
        self.label = self.label or AT_THE_END
        self.take()

    def take(self) -> None:
        """Look now, if anything has changed since the last look."""
        if self.label and self.looks < MOST_LOOKS:
            self.looks += 1
            self.look(self.world, Instant(self.world.hub.elapsed_us, self.label, tuple(self.on)))
        self.label = ""


@dataclass
class _Flows:
    """A look: tries every flow, keeps moments that differ from the one before, and finds causes."""

    moments: list[Moment] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    def __call__(self, world: World, when: Instant) -> None:
        verdicts = tuple(evaluate(world.view(), world.network))
        if when.label == AT_THE_END and self.moments:
            verdicts = _lasting(self.moments[-1].verdicts, verdicts)
        if self.moments and _fates(self.moments[-1].verdicts) == _fates(verdicts):
            return
        self.moments.append(Moment(when, verdicts))
        known = {found.signature for found in self.found}
        for cause in [*causes(list(verdicts), world.network), *_untold(verdicts, world)]:
            found = Found(cause, when)
            if found.signature not in known:
                self.found.append(found)


def _untold(verdicts: Sequence[FlowVerdict], world: World) -> list[Cause]:
    """One cause for all required flows of which the same unknown keeps anybody from telling."""
    wanted = [verdict for verdict in verdicts if verdict.status is Status.UNDETERMINED and troubled(verdict)]
    together: dict[str, Cause] = {}
    for cause in causes(wanted, world.network, statuses=(Status.UNDETERMINED,)):
        trace = cause.verdicts[0].trace
        unknown = str(trace.deciding) if trace is not None else ""
        known = together.get(unknown, cause)
        more = cause.verdicts if known is not cause else ()
        together[unknown] = replace(known, verdicts=(*known.verdicts, *more))
    return list(together.values())


def _lasting(before: Sequence[FlowVerdict], now: Sequence[FlowVerdict]) -> tuple[FlowVerdict, ...]:
    """What is known at the end: a run leaves states behind that will pass (tables of connections), so only
    what is wrong behind a connection is taken from there."""
    known = {flow_id(verdict): verdict for verdict in before}
    return tuple(v if v.finding is not None else known.get(flow_id(v), v) for v in now)


def _fates(verdicts: Sequence[FlowVerdict]) -> list[tuple[object, ...]]:
    return [
        (flow_id(v), v.status, v.stranger, str(v.finding), v.trace.deciding if v.trace else v.asked.error)
        for v in verdicts
    ]


def glance(subject: Subject, look: Look, causes_cured: Sequence[Cause] = ()) -> None:
    """Build the subject and look at it: at the start, and - in a run, when some fault is not on from the
    start - after every change of a fault. Raises TopologyError when its network cannot be."""
    if subject.scenario is not None and subject.timed:
        _run(subject.scenario, look, causes_cured)
        return
    _at_the_start(subject, look, causes_cured)


def observe(subject: Subject, causes_cured: Sequence[Cause] = ()) -> Observation:
    """Try the flows of a subject and run its steps, with the changes that cure some causes made. Raises
    TopologyError when its network cannot be."""
    flows = _Flows()
    if subject.scenario is not None:
        seen = _run(subject.scenario, flows, causes_cured)
    else:
        seen = _at_the_start(subject, flows, causes_cured)
    return replace(seen, moments=tuple(flows.moments), found=tuple(flows.found))


def _at_the_start(subject: Subject, look: Look, causes_cured: Sequence[Cause]) -> Observation:
    environment = with_urls(subject.environment, causes_cured)
    with hooks.installed():
        world = World(environment, environment.seed if isinstance(environment, Scenario) else DEFAULT_SEED)
        with world.hub:
            if isinstance(environment, Scenario):
                FaultSchedule(world.hub, world, environment, Watch(world.log))
            repairs = Repairs(world, causes_cured)
            _Eye(world, look, repairs).open()
    return Observation(changed=tuple(repairs.made), refused=tuple(repairs.refused), warnings=_warnings(world))


def _run(scenario: Scenario, look: Look, causes_cured: Sequence[Cause]) -> Observation:
    scenario, log = with_urls(scenario, causes_cured), EventLog()
    with hooks.installed():
        world = World(scenario, scenario.seed, log)
        with world.hub:
            watch = Watch(log)
            schedule = FaultSchedule(world.hub, world, scenario, watch)
            repairs = Repairs(world, causes_cured)
            eye = _Eye(world, look, repairs)
            eye.open()
            problems = take_steps(world, scenario, watch)
            eye.close()
            end_us, report = world.hub.elapsed_us, world.plane.report()
            faults = schedule.finish()
    events = tuple(log.events)
    return Observation(
        events=events,
        end_us=end_us,
        faults=faults,
        problems=tuple(problems),
        gaps=tuple(dict.fromkeys(gap_text(event) for event in log.of("gap"))),
        judgement=judge(scenario, events, end_us, RunFigures(report, scenario.start_s), problems),
        changed=tuple(repairs.made),
        refused=tuple(repairs.refused),
        warnings=_warnings(world),
    )


def _warnings(world: World) -> tuple[str, ...]:
    return tuple(str(problem) for problem in world.network.warnings)
