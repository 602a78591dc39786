"""The page: complete in itself, drawn from the model, readable without colours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree, html

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose
from cxsim.sim.diagnosis.drawing import STYLES, drawing
from cxsim.sim.diagnosis.page import POLICY, page
from cxsim.sim.explain import Status

Shipped = Callable[[str], Diagnosis]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(diagnosis: Diagnosis, moment: int = 0) -> etree._Element:
    verdicts = diagnosis.observation.moments[moment].verdicts
    return etree.fromstring(drawing(diagnosis.subject.environment, verdicts, lambda _: None))


def texts(svg: etree._Element) -> list[str]:
    return ["".join(node.itertext()) for node in svg.iter(f"{SVG}text")]


def test_a_page_asks_for_nothing_else(shipped: Shipped) -> None:
    text = page([shipped("enable-failed-nat"), shipped("zero-percent-error")])
    tree = html.fromstring(text)
    loading = tree.xpath(
        "//@src | //link | //script | //iframe | //object | //img | //style[contains(., 'url(')]"
    )
    assert loading == []
    assert {href[0] for href in tree.xpath("//@href")} == {"#"}
    assert f'content="{POLICY}"' in text
    assert "default-src 'none'" in POLICY


def test_links_lead_to_the_causes(shipped: Shipped) -> None:
    tree = html.fromstring(page([shipped("enable-failed-firewall"), shipped("zero-percent-error")]))
    targets = {href.removeprefix("#") for href in tree.xpath("//@href")}
    assert targets == {"s0-cause-1", "s1-cause-1"}
    assert targets <= set(tree.xpath("//@id"))


def test_a_page_says_what_the_terminal_says(shipped: Shipped) -> None:
    diagnosis = shipped("enable-failed-firewall")
    shown = html.fromstring(page([diagnosis])).text_content()
    for words in (
        'rule 99 "hardening": deny tcp any -> any:8044  DROP  (scenarios/enable-failed-firewall.yaml:13)',
        "timed out after 30 s (measured: tyrell-vcde01 at 0:00:30)",
        'provider: edge CHC-ESG > Firewall: disable rule 99 "hardening"',
        "With the change: MyCloud-CHC Running, 1/1 expectations met.",
        "[I] inferred, stated by no source",
    ):
        assert words in shown


def test_every_host_edge_and_flow_is_drawn(shipped: Shipped) -> None:
    diagnosis = shipped("environments/tyrell-mycloud")
    svg = drawn(diagnosis)
    environment = diagnosis.subject.environment
    written = texts(svg)
    assert {*environment.hosts, "TYR-ESG", "CHC-ESG", "internet"} <= set(written)
    assert {"tenant: tyrell", "provider: mycloud", "203.0.113.41"} <= set(written)
    titles = {node.text for node in svg.iter(f"{SVG}title")}
    for verdict in diagnosis.observation.moments[0].verdicts:
        assert any(verdict.flow in (title or "") for title in titles)


def test_a_failing_flow_is_dashed_labelled_and_crossed_out(shipped: Shipped) -> None:
    svg = drawn(shipped("enable-failed-firewall"))
    failing = STYLES[Status.FAIL]
    lines = [p for p in svg.iter(f"{SVG}path") if p.get("marker-end") == "url(#tip-FAIL)"]
    flows = [p for p in lines if "8044" in p.find(f"{SVG}title").text]
    assert len(flows) == 4  # two flows, each in two parts: to where it ends, and what was not reached
    assert {p.get("stroke-dasharray") for p in flows} == {failing.dashes}
    assert sorted(p.get("opacity") or "1" for p in flows) == [".35", ".35", "1", "1"]
    assert [t for t in texts(svg) if t.startswith("FAIL ")] == ["FAIL row 4 tcp/8044"] * 2
    assert sum("l10 10m0-10l-10 10" in p.get("d") for p in svg.iter(f"{SVG}path")) == 2


def test_a_second_router_and_a_tunnel_are_drawn_too(shipped: Shipped) -> None:
    double = drawn(shipped("faults/enable-failed-double-nat"))
    assert {"TYR-ESG", "TYR-ROUTER", "netfilter"} <= set(texts(double))
    (router,) = [t for t in double.iter(f"{SVG}text") if t.text == "TYR-ROUTER"]
    crosses = [c for c in double.iter(f"{SVG}circle") if c.get("cx") == router.get("x")]
    assert len(crosses) == 2  # rows 5 and 7 end there
    assert "tunnel tyrell-mycloud" in texts(drawn(shipped("faults/enable-failed-tunnel-down")))


def test_verdicts_differ_in_more_than_colour() -> None:
    assert len({style.dashes for style in STYLES.values()}) == len(STYLES) == len(Status)


def test_a_flow_that_reaches_a_stranger_is_drawn_to_it(shipped: Shipped) -> None:
    svg = drawn(shipped("enable-failed-public-url"))
    (path, _) = [
        p
        for p in svg.iter(f"{SVG}path")
        if p.get("marker-end") == "url(#tip-FAIL)" and p.find(f"{SVG}title").text != "FAIL"
    ]
    end_y = float(path.get("d").split()[-1])
    name = next(t for t in svg.iter(f"{SVG}text") if t.text == "chc-vcde01")
    assert abs(end_y - float(name.get("y"))) < 20


def test_what_comes_from_a_file_is_escaped(subject: Callable[[str], Subject]) -> None:
    nasty = """\
title: "<script>alert('x')</script> & more"
hosts: {chc-psc01: {address: 10.3.0.30}}
sites: {tyrell: {network: {name: "<b>LAN</b>"}}}
faults:
  - name: "<img src=x onerror=alert(1)>"
    firewall_rule: {edge: CHC-ESG, rule: {id: 9, name: "</pre><script>", action: drop, ports: [8044]}}
"""
    one = subject(nasty.replace("title:", "cx_version: '1.1'\n#", 1))
    text = page([diagnose(one)])
    tree = html.fromstring(text)
    assert tree.xpath("//script | //img | //b") == []
    assert "<b>LAN</b>" in tree.text_content()
    assert '"</pre><script>"' in tree.text_content()


def test_labels_inside_a_site_do_not_cover_each_other(shipped: Shipped) -> None:
    svg = drawn(shipped("environments/tyrell-mycloud"))
    boxes = [
        tuple(float(r.get(k)) for k in ("x", "y", "width"))
        for r in svg.iter(f"{SVG}rect")
        if r.get("class") == "paper"
    ]
    for number, (x, y, width) in enumerate(boxes):
        for other_x, other_y, other_width in boxes[number + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or abs(y - other_y) >= 16
            assert apart


def test_everything_is_drawn_inside_the_picture(shipped: Shipped) -> None:
    svg = drawn(shipped("enable-failed-nat"))
    _, _, width, height = map(float, svg.get("viewBox").split())
    for key, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
        values = [float(node.get(key)) for node in svg.iter() if isinstance(node.tag, str) and node.get(key)]
        assert values
        assert min(values) >= 0
        assert max(values) <= most


@pytest.mark.parametrize("name", ["enable-failed-nat", "environments/tyrell-mycloud"])
def test_a_page_is_the_same_every_time(name: str, shipped: Shipped) -> None:
    assert page([shipped(name)]) == page([shipped(name)])
