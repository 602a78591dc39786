"""The filter language against a brute-force oracle."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.fake_vcd.errors import BadRequest
from cxsim.fake_vcd.query_filter import (
    Attribute,
    Both,
    Comparison,
    Either,
    Node,
    check_filter,
    compare,
    matches,
    names,
    parse_filter,
)

ATTRIBUTES = {
    "name": Attribute("name"),
    "status": Attribute("status", "word"),
    "cpus": Attribute("cpus", "number"),
    "on": Attribute("on", "boolean"),
}
WORDS = st.text(alphabet="ab*(),;\\% é=!<>[?]", max_size=6)
LEAVES = st.one_of(
    st.builds(Comparison, st.just("name"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), WORDS),
    st.builds(
        Comparison, st.just("status"), st.sampled_from(["==", "!="]), st.sampled_from(["ON", "off", "o*"])
    ),
    st.builds(
        Comparison,
        st.just("cpus"),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.integers(-2, 9).map(str),
    ),
    st.builds(Comparison, st.just("on"), st.sampled_from(["==", "!="]), st.sampled_from(["true", "false"])),
)


def _terms(kind: Callable[[tuple[Node, ...]], Node]) -> Callable[[Any], Any]:
    return lambda children: st.lists(children, min_size=2, max_size=3).map(lambda c: kind(tuple(c)))


NODES = st.recursive(LEAVES, lambda c: st.one_of(_terms(Both)(c), _terms(Either)(c)), max_leaves=8)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.none(), WORDS),
            "status": st.sampled_from(["ON", "OFF"]),
            "cpus": st.one_of(st.none(), st.integers(-2, 9)),
            "on": st.booleans(),
        }
    ),
    max_size=8,
)
WRITTEN = {"<": "=lt=", "<=": "=le=", ">": "=gt=", ">=": "=ge=", "==": "==", "!=": "!="}


def write(node: Node, encoded: bool, inside: str = ",") -> str:
    """The text of a tree; parentheses where the grammar needs them."""
    if isinstance(node, Comparison):
        value = quote(node.value, safe="*") if encoded else re.sub(r"([;,()\\])", r"\\\1", node.value)
        return f"{node.name}{WRITTEN[node.operator]}{value}"
    separator = ";" if isinstance(node, Both) else ","
    text = separator.join(write(term, encoded, separator) for term in node.terms)
    same_level = inside == separator  # a tree inside one of its own kind keeps its shape by parentheses
    return f"({text})" if inside == ";" or same_level else text


def holds(node: Node, record: dict[str, Any]) -> bool:
    """The oracle: what a filter means, written without the code under test."""
    if isinstance(node, Both):
        return [holds(t, record) for t in node.terms].count(False) == 0
    if isinstance(node, Either):
        return [holds(t, record) for t in node.terms].count(True) > 0
    actual, wanted = record[node.name], node.value
    if actual is None:
        return node.operator == "!="
    if node.name == "cpus":
        difference = actual - int(wanted)
    elif node.name == "on":
        difference = 0 if actual == (wanted == "true") else 1
    else:
        if node.name == "status":
            actual, wanted = actual.lower(), wanted.lower()
        if "*" in wanted and node.operator in ("==", "!="):
            pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
            difference = 0 if re.fullmatch(pattern, actual, re.DOTALL) else 1
        else:
            difference = (actual > wanted) - (actual < wanted)
    return {
        "==": difference == 0,
        "!=": difference != 0,
        "<": difference < 0,
        "<=": difference <= 0,
        ">": difference > 0,
        ">=": difference >= 0,
    }[node.operator]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(NODES, RECORDS, st.booleans())
def test_a_filter_selects_what_the_oracle_selects(
    node: Node, records: list[dict[str, Any]], encoded: bool
) -> None:
    parsed = parse_filter(write(node, encoded, ""), encoded)
    check_filter(parsed, ATTRIBUTES)
    selected = [matches(parsed, ATTRIBUTES, record.get) for record in records]
    assert selected == [holds(node, record) for record in records]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="ab=!<>;,()\\%*n me", max_size=25), st.booleans())
def test_any_text_is_parsed_or_refused_but_never_breaks(text: str, encoded: bool) -> None:
    try:
        node = parse_filter(text, encoded)
    except BadRequest:
        return
    assert names(node)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a==1", Comparison("a", "==", "1")),
        ("a==", Comparison("a", "==", "")),
        ("a=ge=1", Comparison("a", ">=", "1")),
        ("a>=1", Comparison("a", ">=", "1")),
        ("a==1;b==2", Both((Comparison("a", "==", "1"), Comparison("b", "==", "2")))),
        (
            "a==1,b==2;c==3",
            Either(
                (
                    Comparison("a", "==", "1"),
                    Both((Comparison("b", "==", "2"), Comparison("c", "==", "3"))),
                )
            ),
        ),
        (
            "(a==1,b==2);c==3",
            Both(
                (
                    Either((Comparison("a", "==", "1"), Comparison("b", "==", "2"))),
                    Comparison("c", "==", "3"),
                )
            ),
        ),
        ("a==b=c", Comparison("a", "==", "b=c")),
        (r"a==x\;y\\z", Comparison("a", "==", "x;y\\z")),
        ("metadata@SYSTEM:k.l==STRING:v", Comparison("metadata@SYSTEM:k.l", "==", "STRING:v")),
    ],
)
def test_and_binds_tighter_than_or(text: str, tree: Node) -> None:
    assert parse_filter(text) == tree


def test_an_encoded_value_may_hold_the_special_characters() -> None:
    assert parse_filter("name==a%3Bb%2C%28c%29;x==1", encoded=True) == Both(
        (Comparison("name", "==", "a;b,(c)"), Comparison("x", "==", "1"))
    )
    assert parse_filter("name==a%3Bb") == Comparison("name", "==", "a%3Bb")


@pytest.mark.parametrize(
    "text", ["", "a", "==b", "a==1;", "a==1,,b==2", "()", "(a==1", "a==1)", ";a==1", "a==b(c)"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="is not valid at"):
        parse_filter(text)


def test_a_missing_value_differs_from_everything() -> None:
    assert compare("text", None, "!=", "a") is True
    for operator in ("==", "<", "<=", ">", ">="):
        assert compare("number", None, operator, "1") is False
