"""`cxsim faults`."""

from __future__ import annotations

import json

from click.testing import CliRunner

from cxsim.sim.cli import main
from cxsim.sim.faults.catalogue import ENTRIES


def test_the_table_has_a_line_for_every_fault() -> None:
    shown = CliRunner().invoke(main, ["faults"])
    assert shown.exit_code == 0
    assert [e.name for e in ENTRIES if f"  {e.name} " not in shown.output] == []


def test_one_fault_is_shown_with_its_parameters_and_an_example() -> None:
    shown = CliRunner().invoke(main, ["faults", "mtu-black-hole"])
    assert shown.exit_code == 0
    for text in ("mtu_bytes (whole number; required)", "mtu_black_hole: {link: tyrell-wan", "[I]"):
        assert text in shown.output


def test_as_json_it_is_complete() -> None:
    listed = json.loads(CliRunner().invoke(main, ["faults", "--json"]).output)
    assert [one["name"] for one in listed] == [entry.name for entry in ENTRIES]
    one = json.loads(CliRunner().invoke(main, ["faults", "nat-missing", "--json"]).output)
    assert one in listed
    assert {"parameters", "example", "grade", "remedy", "scenario"} <= set(one)


def test_a_slip_is_bad_input_and_answered_with_the_nearest_name() -> None:
    shown = CliRunner().invoke(main, ["faults", "nat-mising"])
    assert shown.exit_code == 2
    assert "did you mean nat-missing?" in shown.output
