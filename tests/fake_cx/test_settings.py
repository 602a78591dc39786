"""The figures are documented where users look for them."""

from __future__ import annotations

import re
from pathlib import Path

from cxsim.fake_cx import errors
from cxsim.fake_cx.mgmt_api import GAPS
from cxsim.fake_cx.settings import listed

PAGE = (Path(__file__).parents[2] / "docs" / "inferred-api.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\S+) \| ([DOCI]) \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_every_figure_with_its_default_grade_and_reason():
    documented = ROW.findall(PAGE)
    shown = [
        (name, f"{value:g}" if isinstance(value, int | float) else value, grade, why)
        for name, value, grade, why in listed()
    ]
    assert documented == shown


def _codes(kind: type[errors.H4Error]) -> set[str]:
    return {kind.code}.union(*(_codes(k) for k in kind.__subclasses__() if k is not errors.RelayedError))


def test_the_page_lists_every_error_code():
    missing = [code for code in sorted(_codes(errors.H4Error)) if f"`{code}`" not in PAGE]
    assert missing == []


def test_gaps_are_calls_of_the_documented_api():
    assert all(path.startswith(("/mgmt/", "/mm/")) for _, path in GAPS)
