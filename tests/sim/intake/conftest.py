"""Paths, golden files and the command for the tests of the intake room."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cxsim.sim.cli import main

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "intake"


@pytest.fixture(autouse=True)
def _at_the_golden_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages show paths relative to the working directory."""
    monkeypatch.chdir(GOLDEN)


@pytest.fixture
def golden_folder() -> Path:
    """Where the golden files of this room lie."""
    return GOLDEN


@pytest.fixture
def cxsim() -> Callable[..., Result]:
    """Run the command; never a traceback."""

    def run(*words: object, typed: str | None = None) -> Result:
        done = CliRunner().invoke(main, [str(word) for word in words], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run
