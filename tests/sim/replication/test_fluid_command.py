"""`cxsim fluid`: the golden files end to end, and every mistake with file, line and column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxsim.sim.commands.fluid import fluid

GOLDEN = Path(__file__).parents[2] / "golden" / "simgrid"
LINKS = "link,capacity_Bps\nwan,100\ns0,50\nd0,1000\n"
FLOWS = "flow,src,dst,start_s,size_B\n0,0,0,0,1000\n"


def run(folder: Path, links: str = LINKS, flows: str = FLOWS, changes: str | None = None) -> tuple[int, str]:
    (folder / "links.csv").write_text(links)
    (folder / "flows.csv").write_text(flows)
    arguments = [
        "--links",
        folder / "links.csv",
        "--flows",
        folder / "flows.csv",
        "--out",
        folder / "out.csv",
    ]
    if changes is not None:
        (folder / "changes.csv").write_text(changes)
        arguments += ["--capacity-changes", folder / "changes.csv"]
    result = CliRunner().invoke(fluid, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output.replace(f"{folder}/", "")


def finish(path: Path) -> dict[str, float]:
    with path.open() as stream:
        return {row["flow"]: float(row["finish_s"]) for row in csv.DictReader(stream)}


@pytest.mark.parametrize("name", ["n1000_c10", "n1000_c100", "cap_n2000_c10"])
def test_the_golden_sets_match_to_1e_9_in_flow_time(name: str, tmp_path: Path) -> None:
    links, flows = (GOLDEN / f"{name}_{what}.csv" for what in ("links", "flows"))
    code, output = run(tmp_path, links.read_text(), flows.read_text())
    assert (code, output.split(" ")[1]) == (0, "flows")
    found, expected = finish(tmp_path / "out.csv"), finish(GOLDEN / f"{name}_simgrid.csv")
    with flows.open() as stream:
        starts = {row["flow"]: float(row["start_s"]) for row in csv.DictReader(stream)}
    assert found.keys() == expected.keys()
    assert max(abs(found[f] - expected[f]) / (expected[f] - starts[f]) for f in found) < 1e-9


def test_capacity_changes_count(tmp_path: Path) -> None:
    code, _ = run(tmp_path, changes="time_s,link,capacity_Bps\n10,wan,25\n15,s0,0\n35,s0,50\n")
    assert code == 0
    assert finish(tmp_path / "out.csv") == {"0": 50.0}  # 500 B, 125 B, nothing for 20 s, 375 B


def test_a_flow_that_never_ends_is_told(tmp_path: Path) -> None:
    code, output = run(tmp_path, changes="time_s,link,capacity_Bps\n10,wan,0\n")
    assert (code, output) == (0, "1 flows over 3 links; 1 never end: out.csv\n")
    assert finish(tmp_path / "out.csv") == {"0": float("inf")}


def test_routes_and_caps_can_be_given(tmp_path: Path) -> None:
    flows = "flow,route,start_s,size_B,cap_Bps\na,wan,0,100,10\nb,wan d0,0,900,inf\n"
    assert run(tmp_path, flows=flows)[0] == 0
    assert finish(tmp_path / "out.csv") == {"a": 10.0, "b": 10.0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"links": "link,capacity_bps\n"},
            "links.csv:1: no column 'capacity_Bps'; there is 'capacity_bps'\n",
        ),
        ({"links": LINKS + "wan,5\n"}, "links.csv:5: link: 'wan' is there twice\n"),
        ({"links": LINKS + "x,-5\n"}, "links.csv:5: capacity_Bps: '-5' must be 0 or more\n"),
        ({"links": LINKS + "x,fast\n"}, "links.csv:5: capacity_Bps: 'fast' is not a number\n"),
        ({"links": LINKS + "x,nan\n"}, "links.csv:5: capacity_Bps: 'nan' is not a finite number\n"),
        ({"links": LINKS + "x\n"}, "links.csv:5: 1 cells for 2 columns\n"),
        (
            {"flows": FLOWS + "1,7,0,0,1\n"},
            "flows.csv:3: src: '7' names the link 's7', which is not in the file of links\n",
        ),
        ({"flows": FLOWS + "0,0,0,0,1\n"}, "flows.csv:3: flow: '0' is there twice\n"),
        ({"flows": FLOWS + "1,0,0,inf,1\n"}, "flows.csv:3: start_s: 'inf' is not a finite number\n"),
        ({"flows": "flow,start_s,size_B\n"}, "flows.csv:1: needs the columns 'src' and 'dst', or 'route'\n"),
        (
            {"changes": "time_s,link,capacity_Bps\n1,lan,5\n"},
            "changes.csv:2: link: 'lan' names the link 'lan', which is not in the file of links\n",
        ),
    ],
)
def test_mistakes_are_told_with_file_line_and_column(
    given: dict[str, str], message: str, tmp_path: Path
) -> None:
    assert run(tmp_path, **given) == (2, message)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    arguments = ["--links", str(tmp_path / "no.csv"), "--flows", "f", "--out", "o"]
    result = CliRunner().invoke(fluid, arguments)
    assert (result.exit_code, result.output) == (2, f"{tmp_path}/no.csv: No such file or directory\n")
