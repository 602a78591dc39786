"""The rules of the house that a machine can check: packaging, room sizes, names."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "emulator", "fake_vcenter", "fake_vcd", "fake_cx", "sim")


def python_files() -> list[Path]:
    return [p for room in ROOMS for p in sorted((ROOT / room).rglob("*.py"))]


def test_every_package_directory_is_installed() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        "cxsim." + ".".join(p.parent.relative_to(ROOT).parts)
        for room in (*ROOMS, "scenarios")
        for p in (ROOT / room).rglob("__init__.py")
    }
    assert set(declared) == found


def test_the_import_names_are_cxsim() -> None:
    for room in ROOMS:
        assert importlib.import_module(f"cxsim.{room}").__file__ == str(ROOT / room / "__init__.py")


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 520, "a file has one subject and stays under about 500 lines"
    if text.strip():
        assert text.lstrip().startswith(('"""', "r'''", 'r"""', "#!")), "a file opens with what it is"


def test_no_room_is_called_utils() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [p for p in python_files() if p.stem in forbidden or p.parent.name in forbidden]
