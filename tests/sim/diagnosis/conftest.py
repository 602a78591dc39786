"""Subjects to explain: the shipped ones, explained once, and small ones written on the spot."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from cxsim.sim.diagnosis import Diagnosis, Subject, diagnose, read, show

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "explain-command"

HEAD = """\
schema: 1
title: written for a test
extends: environments/tyrell-mycloud.yaml
"""
ENABLE = """\
steps:
  - add_cloud: {cloud: MyCloud-CHC, trust: yes}
  - wait: {cloud: MyCloud-CHC, status: [Running, Enable Failed], at_most: 15 min}
expect:
  - at_end: {cloud: MyCloud-CHC, status: Enable Failed}
"""


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Explanations show paths relative to the working directory."""
    monkeypatch.chdir(ROOT)


@cache
def _shipped(path: str) -> Diagnosis:
    (subject,) = read([Path("scenarios") / f"{path}.yaml"])
    return diagnose(subject)


@pytest.fixture
def shipped() -> Callable[[str], Diagnosis]:
    """The diagnosis of a shipped scenario or environment; made once."""
    return _shipped


@pytest.fixture
def subject(tmp_path: Path) -> Callable[[str], Subject]:
    """Reads a scenario from its text, laid over the Tyrell environment; without steps it enables the
    provider cloud."""

    def made(text: str) -> Subject:
        path = tmp_path / "written.yaml"
        path.write_text(HEAD + text + ("" if "steps:" in text else ENABLE), encoding="utf-8")
        (one,) = read([path])
        return one

    return made


@pytest.fixture
def text_of() -> Callable[[Diagnosis], str]:
    """A diagnosis as it is piped."""

    def shown(diagnosis: Diagnosis) -> str:
        stream = io.StringIO()
        show(Console(file=stream, width=100, highlight=False), diagnosis)
        return stream.getvalue()

    return shown


@pytest.fixture
def golden_folder() -> Path:
    """Where the golden files of this room lie."""
    return GOLDEN
