"""An edit of any kernel source is never answered from a stale cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cxsim.sim.replication import kernel_cache

_PROGRAM = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from rooms import kernel_cache, user
print(user.answer(2.0), kernel_cache.cache_directory())
"""
_PART = "from rooms.kernel_cache import inlined\n\n@inlined\ndef part(x):\n    return x * {factor}\n"
_USER = """
from rooms.kernel_cache import kernel
from rooms.kernel_part import part

@kernel
def answer(x):
    return part(x)
"""


def _answer(folder: Path) -> tuple[float, str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    value, directory = run.stdout.split()
    return float(value), directory


def test_a_constant_edited_in_an_imported_kernel_source_counts_at_once(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    (rooms / "__init__.py").touch()
    shutil.copy(kernel_cache.__file__, rooms / "kernel_cache.py")
    (rooms / "user.py").write_text(_USER)
    (rooms / "kernel_part.py").write_text(_PART.format(factor="3.0"))
    before, first = _answer(tmp_path)
    again, same = _answer(tmp_path)
    (rooms / "kernel_part.py").write_text(_PART.format(factor="5.0"))
    after, second = _answer(tmp_path)
    assert (before, again, after) == (6.0, 6.0, 10.0)
    assert first == same != second
    assert any(Path(first).rglob("*.nbi"))
    assert any(Path(second).rglob("*.nbi"))


def test_every_kernel_source_counts() -> None:
    names = {path.name for path in kernel_cache.kernel_sources()}
    assert names >= {"kernel_cache.py", "kernel_heap.py", "kernel_bottleneck.py", "kernel_filling.py"}


def test_numba_code_of_others_keeps_its_own_cache() -> None:
    from numba import config

    assert str(kernel_cache.cache_directory()) != config.CACHE_DIR


def test_nothing_else_is_compiled() -> None:
    """What is compiled lies in a kernel source, so that an edit of any constant in it is noticed."""
    folder = Path(kernel_cache.__file__).parent
    users = {
        path.name
        for path in folder.glob("*.py")
        if any(word in path.read_text() for word in ("@kernel\n", "@part\n", "@inlined\n", "import numba"))
    }
    assert users <= {path.name for path in kernel_cache.kernel_sources()}
    assert len(users) >= 10


def test_an_edit_of_any_kernel_source_is_another_cache(tmp_path: Path) -> None:
    sources = [Path(shutil.copy(path, tmp_path)) for path in kernel_cache.kernel_sources()]
    keys = {kernel_cache.cache_key(sources)}
    for source in sources:
        text = source.read_text()
        source.write_text(text + "\n_EDITED = 1\n")
        keys.add(kernel_cache.cache_key(sources))
        source.write_text(text)
    assert len(keys) == len(sources) + 1
    assert kernel_cache.cache_key(sources) in keys
