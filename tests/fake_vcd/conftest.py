"""Fixtures for tests of the emulated vCloud Director. The objects themselves are in `vcd_lab.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode leaves the test room off the path

from vcd_lab import Lab, make_lab


@pytest.fixture
def lab() -> Lab:
    return make_lab()
