"""One packet at one edge: filter and NAT in the device's order.

Rules of this file: NAT is looked up first and the filter then judges the packet as it is at the filter's
place in the device's order (devices.py). That is the same as running the stages one after the other, and it
knows the addresses before and after. Nothing here knows what lies beyond the edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cxsim.sim.network.addresses import Ask, Packet, Side, dotted
from cxsim.sim.network.devices import Order, Stage
from cxsim.sim.network.dialects import quote_default
from cxsim.sim.network.edges import Doubt, EdgeState, NatState, RuleState
from cxsim.sim.network.state import Meeting
from cxsim.sim.network.trace import Reason, Step, StepKind, Verdict

VERDICTS = {"allow": Verdict.PASS, "drop": Verdict.DROP, "reject": Verdict.RESET}
REJECTED = {"tcp-reset": Verdict.RESET, "icmp-prohibited": Verdict.PROHIBITED}


@dataclass(frozen=True, slots=True)
class Passage:
    """A packet that went through an edge: the entry in the device's table of connections."""

    edge: EdgeState
    entered: Side
    left: Side
    before: Packet
    after: Packet
    nat: tuple[NatState, ...]


@dataclass(slots=True)
class Crossing:
    """A packet at an edge. `run` appends steps, and the rules that the packet met. Raises Doubt."""

    edge: EdgeState
    packet: Packet
    entered: Side
    ask: Ask
    steps: list[Step]
    met: list[Meeting] = field(default_factory=list)
    reply: bool = False
    left: Side = Side.INSIDE
    dnat: NatState | None = None
    snat: NatState | None = None
    shadow: NatState | None = None
    """A DNAT rule that was taken away and would have been the one."""
    routed: Packet = field(init=False)
    """The packet after DNAT."""
    final: Packet = field(init=False)
    """The packet after all NAT."""

    def run(self) -> Passage | None:
        """Take the packet through. None when it went no further (the last step says why)."""
        edge = self.edge.edge
        if not edge.nat_known and not self._supposed("NAT rules", self.packet):
            return None
        self._translate()
        if not edge.firewall_enabled and not self._without_firewall():
            return None
        order = self.edge.order(self.dnat or self.snat)
        for stage in order.inbound if self.entered is Side.OUTSIDE else order.outbound:
            if stage is Stage.FILTER:
                if edge.firewall_enabled and not self._filter():
                    return None
            elif stage is Stage.DNAT:
                if self.dnat is not None:
                    if self.dnat.unknown:
                        self._say_unknown(StepKind.DNAT, self.dnat, self.packet)
                        return None
                    self._say_dnat(self.dnat)
                if self.for_itself:
                    self._asked_itself()
                    return None
            elif stage is Stage.SNAT and self.snat is not None:
                if self.snat.unknown:
                    self._say_unknown(StepKind.SNAT, self.snat, self.routed)
                    return None
                self._say_snat(self.snat)
        used = tuple(nat for nat in (self.dnat, self.snat) if nat is not None)
        return Passage(self.edge, self.entered, self.left, self.packet, self.final, used)

    @property
    def for_itself(self) -> bool:
        """True when the packet is, after DNAT, for one of the edge's own addresses."""
        return self.routed.dst in self.edge.own

    def _translate(self) -> None:
        """Look up both translations and the side that the packet will leave on."""
        edge = self.edge
        works = edge.edge.firewall_enabled or edge.device.nat_without_firewall != "inactive"
        self.dnat = self._first(True, self.packet, self.entered) if works else None
        self.routed = self.dnat.translate(self.packet) if self.dnat else self.packet
        inward = self.entered is Side.OUTSIDE or edge.site.subnet_of(self.routed.dst) is not None
        self.left = Side.INSIDE if inward else Side.OUTSIDE
        works = works and not self.for_itself
        self.snat = self._first(False, self.routed, self.left) if works else None
        self.final = self.snat.translate(self.routed) if self.snat else self.routed

    def _first(self, destination: bool, packet: Packet, side: Side) -> NatState | None:
        for nat in self.edge.nat:
            if nat.translates_destination is not destination or not nat.rule.enabled:
                continue
            try:
                if not nat.matches(packet, side, self.ask):
                    continue
            except Doubt as doubt:
                kind = StepKind.DNAT if destination else StepKind.SNAT
                self._blame(doubt, kind, nat.quote, nat.rule.place, nat.rule.id, packet)
                raise
            self.met.append(nat)
            if not nat.removed:
                return nat
            if destination and self.shadow is None:
                self.shadow = nat
        return None

    def _without_firewall(self) -> bool:
        """The firewall service is off: on some devices NAT goes with it (edge-config 2 and 3)."""
        nat = self.dnat or self.snat
        if nat is None or self.edge.device.nat_without_firewall != "drops":
            return True
        text = f"the firewall service is off, so the device drops what {nat.quote} would translate"
        place = self.edge.edge.place
        self._say(StepKind.ACL, text, Verdict.DROP, place, Reason.FIREWALL_OFF, None, self.packet)
        return False

    def _filter(self) -> bool:
        """The first rule that matches decides. False when it stops the packet."""
        edge = self.edge
        by_dnat, by_snat = edge.order(self.dnat), edge.order(self.snat)
        seen = self.seen(by_dnat, by_snat)
        if not edge.edge.rules_known and not self._supposed("firewall rules", seen):
            return False
        taken: RuleState | None = None
        for state in edge.rules:
            rule = state.rule
            if not rule.enabled:
                continue
            view = seen if state.order is None else self.seen(state.order, state.order)
            late = state.order is not None and state.order.filter_sees_dnat
            nat = self.dnat or self.snat
            if late and nat is not None and nat.unknown:
                # The rule looks at addresses after a translation that nobody gave.
                self._say_unknown(StepKind.DNAT if nat is self.dnat else StepKind.SNAT, nat, view)
                return False
            try:
                if not state.matches(view, self.entered, self.left, self.ask):
                    continue
            except Doubt as doubt:
                self._blame(doubt, StepKind.ACL, state.quote, rule.place, rule.id, view)
                raise
            self.met.append(state)
            if state.removed:
                taken = taken or state
                continue
            verdict = REJECTED[rule.reject_with] if rule.action == "reject" else VERDICTS[rule.action]
            reason = None if verdict is Verdict.PASS else Reason.RULE
            self._say(StepKind.ACL, state.quote, verdict, rule.place, reason, rule.id, view)
            return verdict is Verdict.PASS
        action = edge.defaults[self.entered]
        verdict = VERDICTS[action]
        text = f"no rule matches {seen}; {quote_default(edge.edge.type, action)}"
        reason = None if verdict is Verdict.PASS else Reason.DEFAULT_ACTION
        place = edge.edge.default_place or edge.edge.place
        if taken is not None:
            text, place = f"{text} (taken away: {taken.quote})", taken.removed_at or taken.rule.place
        self._say(StepKind.ACL, text, verdict, place, reason, None, seen)
        return verdict is Verdict.PASS

    def seen(self, by_dnat: Order, by_snat: Order) -> Packet:
        """The packet as the filter sees it: its destination in one order, its source in the other (an NSX-T
        gateway takes each from the NAT rule concerned)."""
        inbound = self.entered is Side.OUTSIDE
        late_source = by_snat.filter_sees_snat_in if inbound else by_snat.filter_sees_snat_out
        source = self.final if late_source else self.packet
        target = self.routed if by_dnat.filter_sees_dnat else self.packet
        if source is target:
            return source
        return Packet(source.protocol, source.src, source.sport, target.dst, target.dport)

    def _asked_itself(self) -> None:
        asked = f"{dotted(self.routed.dst)}:{self.routed.dport}"
        if not self.edge.edge.firewall_enabled and self.edge.device.nat_without_firewall == "inactive":
            text, reason = f"the firewall service is off, so {asked} is not translated", Reason.FIREWALL_OFF
        else:
            text, reason = f"no DNAT rule translates {asked}", Reason.NO_TRANSLATION
        shadow = self.shadow
        place, rule_id = self.edge.edge.place, None
        if shadow is not None:
            text += f" (taken away: {shadow.quote})"
            place, rule_id = shadow.removed_at or shadow.rule.place, shadow.rule.id
        if self.edge.device.resets_closed_ports:
            text, verdict = f"{text}; the edge itself answers that the port is closed", Verdict.RESET
        else:
            text, verdict = f"{text}; the edge itself ignores it", Verdict.DROP
        self._say(StepKind.DNAT, text, verdict, place, reason, rule_id, self.routed)

    def _say_dnat(self, nat: NatState) -> None:
        before = f"{dotted(self.packet.dst)}:{self.packet.dport}"
        text = _by(before, f"{dotted(self.routed.dst)}:{self.routed.dport}", nat)
        self._say(StepKind.DNAT, text, Verdict.PASS, nat.rule.place, None, nat.rule.id, self.packet)

    def _say_snat(self, nat: NatState) -> None:
        text = _by(dotted(self.routed.src), dotted(self.final.src), nat)
        self._say(StepKind.SNAT, text, Verdict.PASS, nat.rule.place, None, nat.rule.id, self.routed)

    def _say_unknown(self, kind: StepKind, nat: NatState, packet: Packet) -> None:
        text = f"{nat.quote}: give what it translates to, or it stays unknown"
        reason = Reason.UNKNOWN_RULE
        self._say(kind, text, Verdict.UNKNOWN, nat.rule.place, reason, nat.rule.id, packet)

    def _supposed(self, rules: str, packet: Packet) -> bool:
        """Nobody gave these rules: suppose that they do nothing to the packet (True), and that they do."""
        name, place = self.edge.name, self.edge.edge.place
        text = f"its {rules} are not known: give them"
        try:
            stopped = self.ask(f"the {rules} of {name}", packet)
        except Doubt as doubt:
            reason = Reason.UNKNOWN_RULE
            doubt.step = Step(StepKind.ACL, name, text, Verdict.UNKNOWN, place, reason, None, packet)
            raise
        if stopped:
            self._say(StepKind.ACL, text, Verdict.UNKNOWN, place, Reason.UNKNOWN_RULE, None, packet)
        return not stopped

    def _say(
        self,
        kind: StepKind,
        text: str,
        verdict: Verdict,
        place: str,
        reason: Reason | None,
        rule_id: str | None,
        packet: Packet,
    ) -> None:
        self.steps.append(
            Step(kind, self.edge.name, text, verdict, place, reason, rule_id, packet, self.reply)
        )

    def _blame(
        self, doubt: Doubt, kind: StepKind, quote: str, place: str, rule_id: str, packet: Packet
    ) -> None:
        text = f"{quote}  uses group {doubt.group!r}: give its members or it stays unknown"
        doubt.step = Step(
            kind, self.edge.name, text, Verdict.UNKNOWN, place, Reason.UNKNOWN_RULE, rule_id, packet
        )


def _by(before: str, after: str, nat: NatState) -> str:
    exact = before == nat.rule.original and after == nat.rule.translated
    return nat.quote if exact else f"{before} -> {after}  by {nat.quote}"


def filter_reply(passage: Passage, steps: list[Step], ask: Ask) -> bool:
    """A stateless edge judges the reply to a packet that it let through (its NAT keeps entries all the
    same). Appends a step; False when it stops the reply."""
    edge = passage.edge
    if not edge.edge.firewall_enabled:
        return True
    crossing = Crossing(
        edge, passage.after.reply(), passage.left, ask, steps, reply=True, left=passage.entered
    )
    crossing.routed = crossing.final = passage.before.reply()
    return crossing._filter()
