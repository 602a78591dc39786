"""Golden files of the plan room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

GOLDEN = Path(__file__).parents[2] / "golden" / "plan"


@pytest.fixture
def golden_folder() -> Path:
    """Where the golden files of this room lie."""
    return GOLDEN
