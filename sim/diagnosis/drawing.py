"""The environment as a drawing: sites, hosts, edges, and an arrow for every flow that CX needs.

Rules of this file: geometry and SVG only. Tenant on the left, provider on the right; flows between them run
in lanes through both edges and the internet, flows inside a site as arcs on its outer side. A verdict is
never told by colour alone: each has its own dashes, and whatever does not pass is labelled with its verdict
and has a cross where it ends. Lengths are pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from cxsim.sim.explain import TITLES, FlowVerdict, Role, Status
from cxsim.sim.scenario import Environment
from cxsim.sim.scenario.hosts import Host
from cxsim.sim.scenario.sites import Edge, Site, Upstream

WIDTH, MARGIN, TOP = 1340, 16, 16
SITE_WIDTH, HOST_WIDTH, HOST_HEIGHT, HOST_GAP = 382, 204, 44, 14
SITE_HEAD, SITE_GAP = 40, 24
EDGE_WIDTH, EDGE_GAP, DEVICE_GAP = 92, 40, 14
LANE, ARC_NEAR, ARC_FAR, LABEL_HEIGHT = 40, 24, 150, 17
LEGEND_HEIGHT = 40


@dataclass(frozen=True)
class Style:
    """How a verdict is drawn."""

    colour: str
    dashes: str
    width: float


STYLES: Mapping[Status, Style] = {
    Status.PASS: Style("#2e7d32", "", 1.5),
    Status.FAIL: Style("#c62828", "9 5", 2.6),
    Status.WARN: Style("#a15c00", "2 4", 2.2),
    Status.UNDETERMINED: Style("#6a1b9a", "12 4 2 4", 2.2),
}
WORST_FIRST = (Status.FAIL, Status.UNDETERMINED, Status.WARN, Status.PASS)

Anchor = Callable[[FlowVerdict], str | None]
"""The id on the page of what explains a flow, if anything does."""


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """Half of its height."""
        return self.y + self.height / 2

    def overlaps(self, other: Box) -> bool:
        """True when they have some area in common."""
        beside = self.right <= other.x or other.right <= self.x
        return not (beside or self.y + self.height <= other.y or other.y + other.height <= self.y)


class Plan:
    """Where everything is."""

    def __init__(self, environment: Environment, verdicts: Sequence[FlowVerdict]) -> None:
        self.environment = environment
        self.sites: dict[str, Box] = {}
        self.hosts: dict[str, Box] = {}
        self.edges: dict[str, Box] = {}
        self.upstreams: dict[str, Box] = {}
        twice = {site.party for site in environment.sites.values() if site.edge.upstream is not None}
        self.width = WIDTH + len(twice) * (EDGE_WIDTH + DEVICE_GAP)
        self.between = [v for v in verdicts if v.source.site != v.target.site]
        self.inside = [v for v in verdicts if v.source.site == v.target.site]
        heights = [self._place(party) for party in ("tenant", "provider")]
        self.bottom = max(*heights, TOP + SITE_HEAD + LANE * (len(self.between) + 1))
        for name, site in environment.sites.items():
            self.edges[name] = edge = self._edge(site, self.sites[name])
            if site.edge.upstream is not None:
                beyond = EDGE_WIDTH + DEVICE_GAP if site.party == "tenant" else -EDGE_WIDTH - DEVICE_GAP
                self.upstreams[name] = Box(edge.x + beyond, edge.y, EDGE_WIDTH, edge.height)
        self.internet = self._internet()
        first = TOP + SITE_HEAD + (self.bottom - TOP - SITE_HEAD - LANE * (len(self.between) - 1)) / 2
        self.lanes = [first + LANE * number for number in range(len(self.between))]

    def _place(self, party: str) -> float:
        """Place the sites of a party and their hosts; the lower end of the last."""
        y = float(TOP)
        left = party == "tenant"
        x = MARGIN if left else self.width - MARGIN - SITE_WIDTH
        for name, site in self.environment.sites.items():
            if site.party != party:
                continue
            mine = [host for host in self.environment.hosts.values() if host.site == name]
            height = SITE_HEAD + len(mine) * (HOST_HEIGHT + HOST_GAP) + HOST_GAP
            self.sites[name] = Box(x, y, SITE_WIDTH, height)
            host_x = x + SITE_WIDTH - HOST_WIDTH - 14 if left else x + 14
            for number, host in enumerate(mine):
                host_y = y + SITE_HEAD + number * (HOST_HEIGHT + HOST_GAP)
                self.hosts[host.name] = Box(host_x, host_y, HOST_WIDTH, HOST_HEIGHT)
            y += height + SITE_GAP
        return y - SITE_GAP

    def _edge(self, site: Site, box: Box) -> Box:
        left = site.party == "tenant"
        x = box.right + EDGE_GAP if left else box.x - EDGE_GAP - EDGE_WIDTH
        alone = sum(other.party == site.party for other in self.environment.sites.values()) == 1
        return Box(x, box.y, EDGE_WIDTH, (self.bottom if alone else box.y + box.height) - box.y)

    def _internet(self) -> Box:
        """Between the outermost devices of both sides."""
        boxes = [*self.edges.values(), *self.upstreams.values()]
        left = max((box.right for box in boxes if box.x < self.width / 2), default=self.width * 0.4)
        right = min((box.x for box in boxes if box.x > self.width / 2), default=self.width * 0.6)
        return Box(left + DEVICE_GAP, TOP, max(20.0, right - left - 2 * DEVICE_GAP), self.bottom - TOP)

    def device(self, name: str) -> Box | None:
        """An edge, or the device before it."""
        for site, box in self.edges.items():
            edge = self.environment.sites[site].edge
            if edge.name == name:
                return box
            if edge.upstream is not None and edge.upstream.name == name:
                return self.upstreams[site]
        return None

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        return self.bottom + LEGEND_HEIGHT

    def spread(self, host: str, verdict: FlowVerdict, flows: Sequence[FlowVerdict]) -> float:
        """The height at which a flow touches a host: each at its own."""
        mine = [v for v in flows if host in (v.source.name, v.target.name)]
        box = self.hosts[host]
        return box.y + box.height * (mine.index(verdict) + 1) / (len(mine) + 1)


def drawing(environment: Environment, verdicts: Sequence[FlowVerdict], anchor: Anchor) -> str:
    """The environment and its flows as an SVG element. `anchor`: where on the page a flow is explained."""
    plan = Plan(environment, verdicts)
    failing = sum(v.status is not Status.PASS for v in verdicts)
    what = f"{len(verdicts)} flows that CX needs, {failing} of them not passing"
    parts = [
        f'<svg class="drawing" role="img" viewBox="0 0 {plan.width:g} {plan.height:g}" '
        'xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(environment.title)}</title><desc>{escape(what)}</desc>",
        "".join(_arrowheads()),
        *_ground(plan),
        *_arcs(plan, anchor),
        *_lanes(plan, anchor),
        *_legend(plan),
        "</svg>",
    ]
    return "\n".join(parts)


def _arrowheads() -> Iterator[str]:
    yield "<defs>"
    for status, style in STYLES.items():
        yield (
            f'<marker id="tip-{status.value}" viewBox="0 0 10 10" refX="9" refY="5" '
            f'markerUnits="userSpaceOnUse" markerWidth="11" markerHeight="11" orient="auto-start-reverse">'
            f'<path d="M0 0L10 5L0 10z" fill="{style.colour}"/></marker>'
        )
    yield "</defs>"


def _text(x: float, y: float, text: str, css: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{css}">{escape(text)}</text>'


def _rectangle(box: Box, css: str, radius: int = 6) -> str:
    return (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="{radius}" '
        f'class="{css}"/>'
    )


def _ground(plan: Plan) -> Iterator[str]:
    """Sites, internet, tunnels, edges and hosts."""
    internet = plan.internet
    yield _rectangle(internet, "internet", 40)
    yield _text(internet.x + internet.width / 2, TOP + 24, "internet", "name", "middle")
    yield from _tunnels(plan)
    for name, site in plan.environment.sites.items():
        box = plan.sites[name]
        yield _rectangle(box, f"site {site.party}")
        yield _text(box.x + 12, box.y + 18, f"{site.party}: {name}", "name")
        yield _text(box.x + 12, box.y + 33, f"{site.network.name} {site.network.cidr}", "small")
    for name, site in plan.environment.sites.items():
        yield from _device(plan.edges[name], site.edge, f"edge, {site.edge.type}")
        if site.edge.upstream is not None:
            yield from _device(plan.upstreams[name], site.edge.upstream, site.edge.upstream.type)
    for host in plan.environment.hosts.values():
        yield from _host(plan.hosts[host.name], host)


def _tunnels(plan: Plan) -> Iterator[str]:
    """Site-to-site tunnels, across the internet from edge to edge."""
    for number, (name, tunnel) in enumerate(plan.environment.tunnels.items()):
        ends = sorted((plan.edges[site] for site in tunnel.sites), key=lambda box: box.x)
        box = Box(ends[0].right, plan.bottom - 34 - 30 * number, ends[1].x - ends[0].right, 22)
        yield _rectangle(box, "tunnel", 11)
        yield _text(box.x + box.width / 2, box.middle + 4, f"tunnel {name}", "small", "middle")


def _device(box: Box, device: Edge | Upstream, what: str) -> Iterator[str]:
    yield _rectangle(box, "edge")
    middle = box.x + box.width / 2
    lines = [(device.name, "name"), (what, "small")]
    lines += [(address, "small") for address in device.addresses[:3]]
    for number, (text, css) in enumerate(lines):
        yield _text(middle, box.y + 18 + 14 * number, text, css, "middle")


def _host(box: Box, host: Host) -> Iterator[str]:
    yield _rectangle(box, "host", 4)
    yield _text(box.x + 8, box.y + 18, host.name, "name")
    yield _text(box.x + 8, box.y + 34, TITLES[Role(host.role)], "small")
    yield _text(box.right - 8, box.y + 18, str(host.address), "small", "end")


def _line(d: str, status: Status, title: str, reached: bool = True) -> str:
    """A flow, or the part of it that was not reached: faint."""
    style = STYLES[status]
    dashes = f' stroke-dasharray="{style.dashes}"' if style.dashes else ""
    faint = "" if reached else ' opacity=".35"'
    return (
        f'<path d="{d}" fill="none" stroke="{style.colour}" stroke-width="{style.width}"{dashes}{faint} '
        f'marker-end="url(#tip-{status.value})"><title>{escape(title)}</title></path>'
    )


def _label(x: float, y: float, text: str, status: Status, link: str | None) -> str:
    width = 6.4 * len(text) + 12
    css = f"label c-{status.value}" + ("" if status is Status.PASS else " strong")
    box = f'<rect x="{x - width / 2:g}" y="{y - 9:g}" width="{width:g}" height="18" rx="9" class="paper"/>'
    made = box + _text(x, y + 4, text, css, "middle")
    return f'<a href="#{escape(link)}">{made}</a>' if link is not None else made


def _cross(x: float, y: float, status: Status) -> str:
    line = f'stroke="{STYLES[status].colour}" stroke-width="3" fill="none"'
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="9" class="paper"/>'
        f'<path d="M{x - 5:g} {y - 5:g}l10 10m0-10l-10 10" {line}/>'
    )


def _lanes(plan: Plan, anchor: Anchor) -> Iterator[str]:
    """The flows between sites, each in a lane."""
    for verdict, y in zip(plan.between, plan.lanes, strict=True):
        yield from _lane(plan, verdict, y, anchor(verdict))


def _lane(plan: Plan, verdict: FlowVerdict, y: float, link: str | None) -> Iterator[str]:
    status, row = verdict.status, verdict.row
    source, target = verdict.source, verdict.target
    end = verdict.stranger[0] if verdict.stranger and verdict.stranger[0] in plan.hosts else target.name
    rightward = plan.sites[source.site].x < plan.sites[target.site].x
    near, far = plan.edges[source.site], plan.edges[target.site]
    begin_x, begin_y = (
        _side(plan.hosts[source.name], rightward),
        plan.spread(source.name, verdict, plan.between),
    )
    end_y = plan.spread(end, verdict, plan.between) if end == target.name else plan.hosts[end].middle
    end_x = _side(plan.hosts[end], not rightward)
    into, out_of = (near.x, far.right) if rightward else (near.right, far.x)
    bend = 26 if rightward else -26
    there = f"M{begin_x:g} {begin_y:g}C{begin_x + bend:g} {begin_y:g} {into - bend:g} {y:g} {into:g} {y:g}"
    rest = f"L{out_of:g} {y:g}C{out_of + bend:g} {y:g} {end_x - bend:g} {end_y:g} {end_x:g} {end_y:g}"
    stop_x, stop_y = _stop(plan, verdict, y, (end_x, end_y), rightward)
    if status is not Status.PASS and stop_y == y:
        yield _line(f"{there}L{stop_x:g} {y:g}", status, verdict.flow)
        yield _line(f"M{stop_x:g} {y:g}{rest}", status, verdict.flow, reached=False)
    else:
        yield _line(there + rest, status, verdict.flow)
    middle = plan.internet.x + plan.internet.width / 2
    word = "" if status is Status.PASS else f"{status.value} "
    port = verdict.asked.port or row.port
    yield _label(middle, y, f"{word}row {row.row} tcp/{port}", status, link)
    if status is not Status.PASS:
        yield _cross(stop_x, stop_y, status)


def _side(box: Box, right: bool) -> float:
    return box.right if right else box.x


def _stop(
    plan: Plan, verdict: FlowVerdict, y: float, end: tuple[float, float], rightward: bool
) -> tuple[float, float]:
    """Where a flow ends."""
    device = verdict.trace.deciding.device if verdict.trace is not None else ""
    device = verdict.finding.device if verdict.finding is not None else device
    box = plan.device(device)
    if box is not None:
        return box.x + box.width / 2, y
    if verdict.trace is None:
        box = plan.hosts[verdict.source.name]
        return _side(box, rightward), plan.spread(verdict.source.name, verdict, plan.between)
    if device in plan.hosts:
        return end[0] - (16 if rightward else -16), end[1]
    into = plan.internet.width * 0.08
    return (plan.internet.x + into if rightward else plan.internet.right - into), y


def _arcs(plan: Plan, anchor: Anchor) -> Iterator[str]:
    """The flows inside sites; several between the same hosts are one arc with all their ports."""
    for site in plan.sites:
        pairs: dict[tuple[str, str], list[FlowVerdict]] = {}
        for verdict in plan.inside:
            if verdict.source.site == site:
                pairs.setdefault((verdict.source.name, verdict.target.name), []).append(verdict)
        nested = sorted(pairs.values(), key=lambda group: _span(plan, group[0]))
        firsts = [group[0] for group in pairs.values()]
        step = (ARC_FAR - ARC_NEAR) / max(1, len(nested) - 1)
        labels: list[str] = []
        taken: list[Box] = []
        for number, group in enumerate(nested):
            yield from _arc(plan, group, firsts, ARC_NEAR + step * number, labels, taken, anchor)
        yield from labels


def _span(plan: Plan, verdict: FlowVerdict) -> tuple[float, str, str]:
    """How far apart the ends of an arc are; nearer ones run inside of others."""
    source, target = verdict.source.name, verdict.target.name
    return abs(plan.hosts[source].y - plan.hosts[target].y), source, target


def _arc(
    plan: Plan,
    group: Sequence[FlowVerdict],
    firsts: Sequence[FlowVerdict],
    reach: float,
    labels: list[str],
    taken: list[Box],
    anchor: Anchor,
) -> Iterator[str]:
    worst = min(group, key=lambda verdict: WORST_FIRST.index(verdict.status))
    status, first = worst.status, group[0]
    out = -1 if plan.environment.sites[first.source.site].party == "tenant" else 1
    x = _side(plan.hosts[first.source.name], out > 0)
    begin, end = (plan.spread(name, first, firsts) for name in (first.source.name, first.target.name))
    peak = x + out * reach
    d = f"M{x:g} {begin:g}C{peak:g} {begin:g} {peak:g} {end:g} {x:g} {end:g}"
    yield _line(d, status, "; ".join(verdict.flow for verdict in group))
    if status is not Status.PASS:
        labels.append(_cross(x + out * 14, end, status))
    ports = ", ".join(str(verdict.row.port) for verdict in group)
    text = ports if status is Status.PASS else f"{status.value} {ports}"
    width = 6.4 * len(text) + 12
    middle = x + out * max(reach * 0.75, width / 2 + 4)
    box = Box(middle - width / 2, (begin + end) / 2 - LABEL_HEIGHT / 2, width, LABEL_HEIGHT)
    while any(box.overlaps(other) for other in taken):
        box = Box(box.x, box.y + LABEL_HEIGHT, box.width, box.height)
    taken.append(box)
    labels.append(_label(middle, box.middle, text, status, anchor(worst)))


def _legend(plan: Plan) -> Iterator[str]:
    """What the lines mean."""
    x, y = float(MARGIN), plan.bottom + LEGEND_HEIGHT / 2 + 6
    for status in STYLES:
        yield _line(f"M{x:g} {y:g}L{x + 60:g} {y:g}", status, status.value)
        yield _text(x + 68, y + 4, status.value, "small")
        x += 68 + 8 * len(status.value) + 40
    yield _text(
        x, y + 4, "a cross marks where a connection ends; arrows point from client to server", "small"
    )
