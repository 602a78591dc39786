"""The HTML report: whole in itself, escaped, drawn by a browser, readable without colour."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from dummy_answers import ANSWER, CHARTS, EVIL, LONG, RANKING, WAVES
from headless import CHROMIUM, drawn, opened
from lxml import html
from plotly import graph_objects
from plotly.offline import get_plotlyjs

from cxsim.sim.plan.answers.figures import COLOURS, MOST_BARS, figure
from cxsim.sim.plan.answers.model import Chart, Line, Table
from cxsim.sim.plan.answers.page import MOST_ROWS, page

with_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def document() -> str:
    return page([ANSWER], "A plan")


def _own(document: str) -> str:
    """Without the library."""
    start = document.index("<script>")
    return document[:start] + document[document.index("</script>", start) :]


def test_the_library_is_in_it_once_and_nothing_is_fetched(document: str) -> None:
    assert document.count(get_plotlyjs()[:200]) == 1
    own = html.fromstring(_own(document))
    addresses = [value for value in own.xpath("//@src | //@href") if not value.startswith(("#", "data:"))]
    assert addresses == []
    assert "@import" not in _own(document)
    assert "url(" not in _own(document)


def test_the_same_answer_gives_the_same_bytes(document: str) -> None:
    assert page([ANSWER], "A plan") == document


def test_the_decision_comes_before_all_else(document: str) -> None:
    root = html.fromstring(_own(document))
    card = root.xpath("//div[contains(@class, 'card')]")[0]
    assert card.xpath(".//p[@class='verdict']")[0].text_content() == "! 110 Mbit/s or more keeps 95 %"
    assert _own(document).index('verdict">') < _own(document).index("<section")


def test_text_from_files_is_never_markup(document: str) -> None:
    assert EVIL not in document
    root = html.fromstring(_own(document))
    assert EVIL in root.text_content()
    assert not [one for one in root.xpath("//script") if one.text and one.text.startswith("alert")]


def test_assumptions_left_out_vms_and_problems_are_all_in_it(document: str) -> None:
    text = html.fromstring(_own(document)).text_content()
    for one in ANSWER.assumptions:
        assert one.name in text
        assert one.source in text
    for line in (*ANSWER.left_out, *ANSWER.problems):
        assert line in text
    assert "VMs left out: 1" in text


def test_rows_beyond_the_page_are_told() -> None:
    rows = tuple({"n": n} for n in range(MOST_ROWS + 5))
    text = page([replace(ANSWER, charts=(), tables=(replace(LONG, rows=rows),))])
    assert f"The first {MOST_ROWS:,} of {MOST_ROWS + 5:,} rows" in text
    assert text.count("<tr>") == MOST_ROWS + 2 + len(ANSWER.assumptions)


def test_an_answer_without_charts_has_no_library() -> None:
    assert len(page([replace(ANSWER, charts=())])) < 50_000


def test_an_empty_table_says_so() -> None:
    text = page([replace(ANSWER, charts=(), tables=(Table("none", "Nobody", (), (), "No VM is late."),))])
    assert "No VM is late." in text


def test_two_charts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two charts are called 'waves'"):
        page([replace(ANSWER, charts=(WAVES, WAVES))])


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_plotly_knows_every_attribute_of_a_figure(chart: Chart) -> None:
    drawn = figure(chart)
    graph_objects.Figure(data=drawn.data, layout=drawn.layout)  # raises for an unknown attribute or value


def test_series_differ_by_more_than_colour() -> None:
    lines = tuple(Line(f"line {n}", (1, 2), (float(n), 2.0)) for n in range(6))
    data = figure(Chart("c", "lines", "t", "x", "y", lines=lines)).data
    assert len({trace["line"]["dash"] for trace in data}) == 6
    assert len({trace["marker"]["symbol"] for trace in data}) == 6
    stacked = figure(next(chart for chart in CHARTS if chart.kind == "stacked")).data
    assert len({trace["marker"]["pattern"]["shape"] for trace in stacked}) == len(stacked)
    assert len(set(COLOURS)) == len(COLOURS)


def test_lines_that_end_together_have_their_names_apart() -> None:
    lines = tuple(Line(f"line {n}", (1, 2), (5.0, 5.0 + n / 100)) for n in range(8))
    labels = figure(Chart("c", "lines", "t", "x", "y", lines=lines)).layout["annotations"]
    heights = sorted(label["y"] for label in labels)
    assert len(heights) == 8
    assert min(b - a for a, b in pairwise(heights)) > 0.05
    assert heights[-1] <= 1.0


def test_bars_that_are_not_drawn_are_told() -> None:
    assert figure(RANKING).cut == f"The first {MOST_BARS} of 45 are drawn; the table has all."
    assert len(figure(RANKING).data[0]["y"]) == MOST_BARS


def test_axes_are_in_one_unit_that_fits() -> None:
    layout = figure(CHARTS[0]).layout
    assert layout["xaxis"]["title"]["text"] == "bandwidth (Mbit/s)"
    assert figure(CHARTS[0]).data[2]["x"] == [80.0, 92.0, 110.0, 140.0, 235.0]


@with_browser
def test_a_browser_draws_every_chart_and_asks_nobody(document: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(document, encoding="utf-8")
    seen = opened(path, tmp_path)
    assert seen.console == ()
    assert len(drawn(seen)) == len(CHARTS)


@with_browser
def test_it_asks_nobody_even_when_it_may(document: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(re.sub(r"<meta http-equiv[^>]*>", "", document), encoding="utf-8")
    seen = opened(path, tmp_path)
    assert seen.asked == frozenset()
    assert seen.console == ()


@with_browser
def test_the_test_sees_what_it_looks_for(document: str, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    broken = re.sub(r"<meta http-equiv[^>]*>", "", document)
    image = '<img src="http://elsewhere.example/x.png"><h1>'
    path.write_text(
        broken.replace("<h1>", image, 1).replace("const figures", "boom(); const figures", 1), "utf-8"
    )
    seen = opened(path, tmp_path)
    assert seen.asked == {"elsewhere.example"}
    assert any("boom is not defined" in line for line in seen.console)
