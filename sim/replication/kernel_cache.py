"""Compiling the kernels: one decorator, and a cache that notices every edit.

Rules of this file: it alone knows numba. numba's cache looks at the file of a function and not at the
files it imports from, so the kernels' cache directory is named by a hash of all kernel sources and of the
versions that compile them: an edit anywhere is another directory, and nothing stale is ever answered.
Base directory: NUMBA_CACHE_DIR when it is set, else cxsim/kernels in the user's cache directory.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import config

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel_sources() -> list[Path]:
    """Every file that is compiled, or that decides how."""
    return sorted(Path(__file__).parent.glob("kernel_*.py"))


def cache_key(sources: list[Path]) -> str:
    """A name for what would be compiled: sources, numba, Python and the processor's architecture."""
    digest = hashlib.sha256()
    for part in (numba.__version__, sys.version, platform.machine()):
        digest.update(part.encode() + b"\0")
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where the compiled kernels of these very sources are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    base = os.environ.get("NUMBA_CACHE_DIR") or str(Path(home) / "cxsim" / "kernels")
    return Path(base) / cache_key(kernel_sources())


_DIRECTORY = str(cache_directory())
_FIRST_TIME = [not Path(_DIRECTORY).exists()]


def announce() -> None:
    """Say, once, that the kernels are compiled first, if they have never been: it takes a while. To be called
    before they are."""
    if _FIRST_TIME[0]:
        print("compiling the data plane, once for this version (about a minute)", file=sys.stderr, flush=True)
    _FIRST_TIME[0] = False


def kernel(function: Function) -> Function:
    """Compile a function: cached, without the interpreter lock, with the arithmetic as written (no
    fastmath: results must not depend on the machine). The setting is put back, so that numba code of
    others keeps its own cache."""
    settings: Any = config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = _DIRECTORY
    try:
        compiled: Any = numba.njit(cache=True, nogil=True)(function)
    finally:
        settings.CACHE_DIR = before
    return cast(Function, compiled)


def part(function: Function) -> Function:
    """A part of kernels, which allocates nothing (and so counts no references)."""
    compiled: Any = numba.njit(nogil=True, _nrt=False)(function)
    return cast(Function, compiled)


def inlined(function: Function) -> Function:
    """A small part of kernels that is compiled into every place that calls it."""
    compiled: Any = numba.njit(inline="always")(function)
    return cast(Function, compiled)
