"""Golden files: texts and tables that are kept as files and compared whole.

Rules of this file: the one place that compares with a golden file and writes it anew. Names are below
`golden_folder`, which a room whose files all lie in one folder overrides.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def golden_folder() -> Path:
    """Where the golden files of a room lie."""
    return ROOT / "tests" / "golden"


@pytest.fixture
def golden(golden_folder: Path) -> Callable[[str | Path, str], None]:
    """Compare a text with a golden file (a name below `golden_folder`, or the path of a whole page);
    UPDATE_GOLDEN=1 writes the file instead."""

    def compare(name: str | Path, text: str) -> None:
        path = golden_folder / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        kept = path.read_text(encoding="utf-8") if path.exists() else None
        assert text == kept, f"{path.relative_to(ROOT)}: UPDATE_GOLDEN=1 writes it anew"

    return compare
