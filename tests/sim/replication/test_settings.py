"""Every constant has a unit, a grade and a source, and impossible values are refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cxsim.sim.replication.limits import loss_bps, window_bps
from cxsim.sim.replication.settings import Settings


def test_every_constant_says_what_it_rests_on() -> None:
    for constant in Settings().constants():
        assert constant.unit
        assert constant.source
        assert constant.grade in ("D", "O", "C", "I")
        assert "no figure" not in constant.source or constant.grade == "I"


@pytest.mark.parametrize(
    "change",
    [
        {"link_efficiency": 0.0},
        {"link_efficiency": 1.1},
        {"window_bytes": -1.0},
        {"expected_of_last": 0},
        {"reconnect_max_s": 1.0},
        {"interrupted_delta": "forget"},
        {"source_read_bps": math.inf},
        {"leg_target_ports": ()},
    ],
)
def test_an_impossible_constant_is_named(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Settings(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size_bytes", "block"), [(40e9, 8192), (2048e9, 16384), (9e12, 32768), (4e13, 65536)]
)
def test_blocks_grow_with_the_disk(size_bytes: float, block: int) -> None:
    assert Settings().block_bytes(size_bytes) == block


@pytest.mark.parametrize(("rtt_s", "mib_s"), [(0.010, 50), (0.050, 10), (0.100, 5)])
def test_the_window_over_the_round_trip_is_the_tables(rtt_s: float, mib_s: float) -> None:
    assert window_bps(512 * 1024, rtt_s) / 8 / 2**20 == pytest.approx(mib_s)


def test_no_loss_and_no_distance_limit_nothing() -> None:
    assert loss_bps(1460, 0.02, 0.0) == math.inf
    assert loss_bps(1460, 0.0, 0.1) == math.inf
    assert window_bps(1e6, 0.0) == math.inf
    assert loss_bps(1460, 0.02, 1.0) == 0.0


PAGE = Path(__file__).parents[3] / "docs" / "replication.md"


def table() -> str:
    """The settings as the page shows them."""
    rows = ["| setting | default | unit | grade | source |", "|---|---|---|---|---|"]
    for c in Settings().constants():
        cells = (f"`{c.name}`", f"`{c.value}`", c.unit, c.grade, c.source)
        rows.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def test_the_page_lists_every_setting_with_its_source(golden: Callable[[Path, str], None]) -> None:
    block = re.compile(r"(<!-- settings -->\n).*?(<!-- end -->)", re.DOTALL)
    page = PAGE.read_text(encoding="utf-8")
    golden(PAGE, block.sub(lambda match: f"{match[1]}{table()}{match[2]}", page))
