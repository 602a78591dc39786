"""Behind the accepted connection: what a world knows of certificates, clocks, web servers, lines and edges.

Rules of this file: it looks at the state of the world as it is now, never at the faults that made it so, and
changes nothing. One function a check, in the order in which a client would meet them; texts are explain's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from cxsim.sim.explain import line as lines
from cxsim.sim.explain import service, tls
from cxsim.sim.explain.evaluate import FlowVerdict, Status, verdict_of
from cxsim.sim.explain.finding import Finding
from cxsim.sim.explain.flows import Endpoint, Phase, Role
from cxsim.sim.explain.proposal import Remedy
from cxsim.sim.explain.remedy import cure
from cxsim.sim.explain.view import Asked, Typed
from cxsim.sim.kernel.certificates import certificate
from cxsim.sim.network import Change, Network, changes
from cxsim.sim.network.edges import EdgeState
from cxsim.sim.network.live import TCP_HEADERS_BYTES
from cxsim.sim.network.state import LinkState
from cxsim.sim.replication.limits import loss_bps, window_bps
from cxsim.sim.replication.settings import Settings
from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario.writes import mean_bytes_per_s
from cxsim.sim.world.fronts import Late

if TYPE_CHECKING:
    from cxsim.sim.world.machines import Machine
    from cxsim.sim.world.world import World

PATIENCE_S = 90.0
"""The shortest time that an appliance waits for an answer [I] (fake_cx settings, core configuration)."""

CONNECTIONS_AT_ONCE = 5
"""What enabling holds at once across one edge, measured in this simulation [I]."""

PINNED = (Role.VCD, Role.CLOUD_SERVICE, Role.MANAGER, Role.REPLICATOR)
IDLE_S = 3600.0
ROOM = 1_000_000
"""Connections of an edge that has room."""
NO_LIMIT_BYTES = 10**9

Undo = Callable[[], None]


def _apply(description: str, act: Callable[[World], Undo]) -> Callable[[Network], Change]:
    """A change of something that is not the network's, as explanations make changes: in whichever world the
    network belongs to, for a remedy found in one run is tried in another."""

    def apply(network: Network) -> Change:
        world = cast("World", network.composition)
        return Change(description, "", act(world), ())

    return apply


class Inspection:
    """Looks behind the connections of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._checks: tuple[Callable[[FlowVerdict], Finding | None], ...] = (
            self._small_table,
            self._forgets,
            self._ended,
            self._changed,
            self._shared,
            self._dates,
            self._web_server,
            self._hrefs,
            self._sso_clock,
            self._black_hole,
            self._too_slow,
        )

    def __call__(self, verdict: FlowVerdict) -> Finding | None:
        """The first thing that is wrong with a flow although its connection is accepted."""
        return next((found for check in self._checks if (found := check(verdict)) is not None), None)

    # --- certificates ---

    def _machine(self, verdict: FlowVerdict) -> Machine | None:
        """What shows a certificate at the end of the flow, when the flow is TLS and pinned."""
        machine = self._world.machines.find(verdict.target.name)
        pinned = verdict.target.role in PINNED and machine is not None
        return machine if pinned and machine is not None and machine.port == verdict.row.port else None

    def _expected(self, verdict: FlowVerdict) -> str | None:
        """The thumbprint that the client trusts; None when it trusts at first sight."""
        world, where = self._world, verdict.asked
        if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
            return world.appliance.trusted.thumbprint(where.host, where.port)
        if verdict.source.role is Role.MANAGER and verdict.target.role is Role.REPLICATOR:
            url = f"https://{where.host}:{where.port}"
            known = world.managers[verdict.source.name].replicators.known_by(url)
            return known.thumbprint if known is not None else None
        return None

    def _ended(self, verdict: FlowVerdict) -> Finding | None:
        where, world = verdict.asked, self._world
        device = world.interposed.device_on(verdict.source.name, where.host, where.port)
        if device is None or verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
            return None  # at first sight its certificate is trusted like any other
        party = world.network.edge(device.edge).site.party

        name, edge, port = device.name, device.edge, device.port
        apply = _apply(f"without {name}", lambda other: other.interposed.take_away(name, edge, port))
        return tls.ended_by_device(verdict, device.name, device.edge, party, device.place, apply)

    def _changed(self, verdict: FlowVerdict) -> Finding | None:
        machine, expected = self._machine(verdict), self._expected(verdict)
        if machine is None or expected is None:
            return None
        shown = machine.shown[-1]
        was_its_own = machine.first.thumbprint().lower() == expected.lower()
        if not was_its_own or shown.identity.thumbprint().lower() == expected.lower():
            return None  # somebody else's certificate was trusted: that is a matter of where it led to
        return tls.certificate_changed(
            verdict, shown.identity.thumbprint(), expected, shown.place, self._restoring(verdict.target.name)
        )

    def _shared(self, verdict: FlowVerdict) -> Finding | None:
        machine, own = self._machine(verdict), self._world.machines.find(verdict.source.name)
        if machine is None or own is None or verdict.source.role is not Role.MANAGER:
            return None  # the Replication Manager is the one that refuses
        shown = machine.shown[-1]
        if shown.identity.thumbprint() != own.shown[-1].identity.thumbprint():
            return None
        apply = self._restoring(verdict.target.name)
        return tls.certificate_shared(verdict, shown.identity.thumbprint(), shown.place, apply)

    def _dates(self, verdict: FlowVerdict) -> Finding | None:
        machine, world = self._machine(verdict), self._world
        if machine is None or world.environment.certificate_dates != "checked":
            return None
        shown, true_s = machine.shown[-1], world.hub.now_s
        skew_s = world.machines.skew_s(verdict.source.name)
        own = certificate(shown.identity.chain_der[0])
        first_s, last_s = own.not_valid_before_utc.timestamp(), own.not_valid_after_utc.timestamp()
        if first_s <= true_s + skew_s < last_s:
            return None
        if first_s <= true_s < last_s:
            source = verdict.source.name
            place, apply = world.machines.clock_place(source), self._setting_clock(source)
            return tls.clock_against_dates(verdict, skew_s, first_s, last_s, place, apply)
        apply = self._restoring(verdict.target.name)
        return tls.outside_dates(verdict, first_s, last_s, true_s + skew_s, shown.place, apply)

    @staticmethod
    def _restoring(host: str) -> Callable[[Network], Change]:
        return _apply(f"the first certificate of {host}", lambda world: world.machines.restore_identity(host))

    # --- clocks ---

    def _sso_clock(self, verdict: FlowVerdict) -> Finding | None:
        world, name = self._world, verdict.target.name
        replicator = world.replicators.get(name)
        if replicator is None or verdict.row.port != replicator.config.port:
            return None
        host = world.environment.hosts[name]
        assert isinstance(host, written.Replicator)
        other = host.psc or host.vcenter
        skews = {each: world.machines.skew_s(each) for each in (name, other)}
        if abs(skews[name] - skews[other]) <= replicator.settings.sso_tolerance_s:
            return None
        wrong, right = (name, other) if abs(skews[name]) >= abs(skews[other]) else (other, name)
        return tls.clock_against_sso(
            verdict,
            wrong,
            verdict.target.party,
            skews[wrong] - skews[right],
            right,
            world.machines.clock_place(wrong),
            self._setting_clock(wrong),
        )

    @staticmethod
    def _setting_clock(host: str) -> Callable[[Network], Change]:
        return _apply(f"the right time on {host}", lambda world: world.machines.set_clock(host))

    # --- web servers ---

    def _web_server(self, verdict: FlowVerdict) -> Finding | None:
        machine = self._world.machines.find(verdict.target.name)
        if machine is None or machine.port != verdict.row.port:
            return None
        manner, name = machine.front.manner, verdict.target.name
        if manner is None or (isinstance(manner, Late) and manner.delay_s < PATIENCE_S):
            return None
        outcome = service.LATE if isinstance(manner, Late) else service.WRONG
        apply = _apply(f"{name} answers", lambda world: world.machines.answer_properly(name))
        return service.answers_otherwise(verdict, manner.text(), outcome, machine.front.place, apply)

    def _hrefs(self, verdict: FlowVerdict) -> Finding | None:
        """The provider's own appliances follow vCloud Director's hrefs to its public URL."""
        host = self._world.environment.hosts[verdict.target.name]
        private = verdict.row.endpoint is Endpoint.PRIVATE and verdict.source.role is Role.CLOUD_SERVICE
        if not isinstance(host, written.Vcd) or host.public_url is None or not private:
            return None
        network, place = self._world.network, str(host.place_of("public_url"))
        parts = urlsplit(host.public_url)
        setting = f"REST API base URL of {host.name}"
        where = Asked(parts.hostname or "", parts.port or 443, Typed(host.public_url, place), setting)
        beyond = verdict_of(verdict.row, verdict.source, verdict.target, where, network)
        if beyond.status is Status.PASS:
            return None
        remedies = cure(beyond, network).remedies
        if not remedies:
            text = f"let {where.host} lead to {verdict.target.name} for {verdict.source.name}"
            remedies = (Remedy(verdict.target.party, text),)
        return service.hrefs_lead_nowhere(verdict, host.public_url, beyond, remedies[0], place)

    # --- lines ---

    def _links(self, verdict: FlowVerdict) -> list[LinkState]:
        trace = verdict.trace
        network = self._world.network
        return [network.links[link] for link in trace.link_ids] if trace is not None else []

    def _black_hole(self, verdict: FlowVerdict) -> Finding | None:
        if verdict.row.phase is not Phase.DATA:
            return None
        segment_bytes = self._world.plane.settings.segment_bytes
        for link in self._links(verdict):
            limits = [link.wan.mtu_bytes.value, link.mtu_bytes.value]
            limit_bytes = min((limit for limit in limits if limit is not None), default=None)
            if limit_bytes is None or limit_bytes - TCP_HEADERS_BYTES >= segment_bytes:
                continue
            name, party = link.wan.name, self._party(link.wan.name, verdict)

            def apply(network: Network, name: str = name) -> Change:
                mtu = NO_LIMIT_BYTES
                return changes.set_line(network, name, mtu_bytes=mtu, mtu_up_bytes=mtu, mtu_down_bytes=mtu)

            return lines.swallows_segments(verdict, name, party, limit_bytes, self._line_place(name), apply)
        return None

    def _line_place(self, name: str) -> str:
        return self._world.places.get(name, "")

    def _party(self, device: str, verdict: FlowVerdict) -> str:
        return self._world.network.party_of(device) or verdict.source.party

    def _too_slow(self, verdict: FlowVerdict) -> Finding | None:
        """Less can be sent to the provider than VMs of the scenario write: by all of them together over a
        line, by each of them over its own connection (loss) and with its disks' windows (round trip)."""
        links, settings = self._links(verdict), self._world.plane.settings
        writers = _writers(self._world)
        if verdict.row.phase is not Phase.DATA or not links or not writers or not verdict.row.required:
            return None
        all_bps = sum(writer.written_bps for writer in writers)
        busiest = max(writers, key=lambda writer: writer.written_bps)
        widest = max(writers, key=lambda writer: writer.written_bps / writer.disks)
        trace = verdict.trace
        assert trace is not None
        kept = 1.0
        for link in links:
            kept *= 1.0 - link.wan.loss.value
        narrow = min(links, key=lambda link: link.capacity_bps.value)
        efficiency = self._world.plane.efficiency(narrow.id)
        source = " (cx.md 6.4 E1)" if efficiency == Settings().link_efficiency else ""
        long = max(links, key=lambda link: link.wan.rtt_s.value)
        lossy = max(links, key=lambda link: link.wan.loss.value)
        rtt_s = trace.rtt_s
        limits = (
            (
                narrow.capacity_bps.value * efficiency,
                narrow,
                f"carries {_rate(narrow.capacity_bps.value)}, of which replication gets "
                f"{efficiency:.0%}{source}",
                "more bandwidth",
                {"up_bps": 1e9, "down_bps": 1e9},
                (all_bps, "", "the VMs write", ("migrate fewer VMs at a time",)),
            ),
            (
                loss_bps(settings.segment_bytes, rtt_s, 1.0 - kept),
                lossy,
                f"loses {lossy.wan.loss.value:.2g} of all packets at a round trip of {rtt_s * 1000:.0f} ms",
                "repair the loss",
                {"loss": 0.0},
                (busiest.written_bps, " for a VM", f"{busiest.name} writes", ()),
            ),
            (
                widest.disks * window_bps(settings.window_bytes, rtt_s),
                long,
                f"has a round trip of {rtt_s * 1000:.0f} ms, one window of "
                f"{settings.window_bytes / 1024:.0f} KiB a disk at a time (cx.md 6.2 [I])",
                "a shorter way",
                {"rtt_s": 0.02},
                (widest.written_bps, f" for {widest.name}", "it writes", ()),
            ),
        )
        limit_bps, link, text, change, figures, needed = min(limits, key=lambda limit: limit[0] / limit[5][0])
        written_bps, whom, who, instead = needed
        if limit_bps >= written_bps:
            return None
        name = link.wan.name

        def apply(network: Network) -> Change:
            return changes.set_line(network, name, **figures)  # type: ignore[arg-type]

        said = f"{name} {text}: {_rate(limit_bps)} at most{whom}, {who} {_rate(written_bps)}"
        party, place = self._party(name, verdict), self._line_place(name)
        change = f"{change} (now {_rate(limit_bps)})"
        return lines.too_slow(verdict, name, party, said, change, instead, place, apply)

    # --- edges ---

    def _edges(self, verdict: FlowVerdict) -> list[EdgeState]:
        trace, edges = verdict.trace, self._world.network.edges
        devices = dict.fromkeys(step.device for step in trace.steps) if trace is not None else {}
        return [edges[device] for device in devices if device in edges]

    def _small_table(self, verdict: FlowVerdict) -> Finding | None:
        for edge in self._edges(verdict):
            most = edge.edge.max_connections
            if most is not None and most < CONNECTIONS_AT_ONCE:
                place, apply = self._edge_place(edge), partial(changes.set_table, edge=edge.name, most=ROOM)
                needed = CONNECTIONS_AT_ONCE
                return lines.small_table(edge.name, edge.site.party, most, needed, place, apply)
        return None

    def _forgets(self, verdict: FlowVerdict) -> Finding | None:
        reused_s = self._world.cx_settings.keep_alive_s
        for edge in self._edges(verdict):
            if 0 < edge.idle_timeout_s < reused_s and edge.edge.stateful:
                place = self._edge_place(edge)
                apply = partial(changes.set_table, edge=edge.name, idle_timeout_s=IDLE_S)
                after_s = edge.idle_timeout_s
                return lines.forgets_early(edge.name, edge.site.party, after_s, reused_s, place, apply)
        return None

    def _edge_place(self, edge: EdgeState) -> str:
        return self._world.places.get(edge.name, edge.edge.place)


@dataclass(frozen=True)
class _Writer:
    """A VM that is replicated: how many disks of it, and what it writes, bits per second."""

    name: str
    disks: int
    written_bps: float


def _writers(world: World) -> list[_Writer]:
    """The VMs that the scenario migrates, those that write nothing left out."""
    environment = world.environment
    if not isinstance(environment, Scenario):
        return []
    moved = {vm for step in environment.steps if step.migrate is not None for vm in step.migrate.vms}
    found = []
    for name in sorted(moved & environment.vms.keys()):
        disks = [disk for disk in environment.vms[name].disks if disk.replicated]
        written_bps = 8 * sum(mean_bytes_per_s(disk.workload) for disk in disks)
        if written_bps > 0:
            found.append(_Writer(name, len(disks), written_bps))
    return found


def _rate(bps: float) -> str:
    return f"{bps / 1e6:.3g} Mbit/s"
