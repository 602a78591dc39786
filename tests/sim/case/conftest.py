"""The command, and cases packed once, for the tests of the case room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cxsim.sim.case.packing import Packed, pack
from cxsim.sim.cli import main

SCENARIOS = Path(__file__).parents[3] / "scenarios"


@pytest.fixture
def cxsim() -> Callable[..., Result]:
    """Run the command; never a traceback."""

    def run(*words: object) -> Result:
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


@pytest.fixture(scope="session")
def packed() -> Packed:
    """A case of a scenario that fails, as it is."""
    return pack(SCENARIOS / "enable-failed-nat.yaml")


@pytest.fixture(scope="session")
def anonymous() -> Packed:
    """The same, anonymised."""
    return pack(SCENARIOS / "enable-failed-nat.yaml", anonymise=True)


@pytest.fixture
def case_file(tmp_path: Path, packed: Packed) -> Path:
    """The case as a file."""
    path = tmp_path / "a.cxcase"
    path.write_bytes(packed.data)
    return path
