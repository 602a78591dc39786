"""Results of work in a folder, by what they are results of: what was computed once is never computed again.

Rules of this file: a name is the digest of the work, in a folder named by the digest of the code that gave
the figures: after an edit of it nothing stale is answered. A file is there whole or not at all (written
beside, then renamed); one that cannot be read is as none. The folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import platform
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numba
import numpy as np

from cxsim.sim.plan.runs.model import RunResult, from_plain, to_plain

R = TypeVar("R")
_SIM = Path(__file__).parents[2]


@lru_cache(maxsize=8)
def digest_of(*places: Path) -> str:
    """Of the sources in these folders, and these files, and of what compiles them."""
    digest = hashlib.sha256()
    for part in (numba.__version__, np.__version__, platform.machine()):
        digest.update(part.encode() + b"\0")
    for place in places:
        for source in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            name = f"{place.name}/{source.relative_to(place).as_posix()}"
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_digest() -> str:
    """Of everything that decides a run's figures, apart from the run."""
    return digest_of(Path(__file__).parent, _SIM / "replication")


@dataclass(frozen=True)
class Form(Generic[R]):
    """How results of a kind are kept. `from_plain` raises KeyError, TypeError or ValueError for what
    `to_plain` did not make; `code`: the digest of the code that makes such results."""

    to_plain: Callable[[R], Any]
    from_plain: Callable[[Any], R]
    code: Callable[[], str]


RUNS: Form[RunResult] = Form(to_plain, from_plain, code_digest)


def results_folder() -> Path:
    """Where results are kept unless told otherwise: cxsim/plan in the user's cache directory."""
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "cxsim" / "plan"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cxsim" / "plan"


class Digested(Protocol):
    """What results are of."""

    @property
    def digest(self) -> str:
        """Of its content."""


class Kept(Generic[R]):
    """The results in a folder. Raises OSError when the folder cannot be made."""

    def __init__(self, folder: Path, form: Form[R]) -> None:
        self._form, self._folder = form, folder / form.code()
        self._folder.mkdir(parents=True, exist_ok=True)

    def _path(self, of: Digested) -> Path:
        return self._folder / of.digest[:2] / f"{of.digest}.json.gz"

    def get(self, of: Digested) -> R | None:
        """The result of this very work; None when it is not here."""
        try:
            return self._form.from_plain(json.loads(gzip.decompress(self._path(of).read_bytes())))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def put(self, of: Digested, result: R) -> None:
        """Keep a result. Raises OSError when there is no room."""
        path = self._path(of)
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.part")
        text = json.dumps(self._form.to_plain(result), separators=(",", ":"))
        try:
            beside.write_bytes(gzip.compress(text.encode(), compresslevel=4, mtime=0))
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
