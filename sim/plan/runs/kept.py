"""Results of runs in a folder, by what they are results of: what was computed once is never computed again.

Rules of this file: a name is the digest of the run, in a folder named by the digest of the code that gave
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
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np

from cxsim.sim.plan.runs.model import Run, RunResult, from_plain, to_plain

_ROOMS = (Path(__file__).parent, Path(__file__).parents[2] / "replication")


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of everything that decides a run's figures, apart from the run."""
    digest = hashlib.sha256()
    for part in (numba.__version__, np.__version__, platform.machine()):
        digest.update(part.encode() + b"\0")
    for room in _ROOMS:
        for source in sorted(room.glob("*.py")):
            digest.update(f"{room.name}/{source.name}".encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def results_folder() -> Path:
    """Where results are kept unless told otherwise: cxsim/plan in the user's cache directory."""
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "cxsim" / "plan"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cxsim" / "plan"


class Kept:
    """The results in a folder. Raises OSError when the folder cannot be made."""

    def __init__(self, folder: Path, code: str | None = None) -> None:
        self._folder = folder / (code or code_digest())
        self._folder.mkdir(parents=True, exist_ok=True)

    def _path(self, run: Run) -> Path:
        return self._folder / run.digest[:2] / f"{run.digest}.json.gz"

    def get(self, run: Run) -> RunResult | None:
        """The result of this very run; None when it is not here."""
        try:
            return from_plain(json.loads(gzip.decompress(self._path(run).read_bytes())))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
            return None

    def put(self, run: Run, result: RunResult) -> None:
        """Keep a result. Raises OSError when there is no room."""
        path = self._path(run)
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.part")
        text = json.dumps(to_plain(result), separators=(",", ":"))
        try:
            beside.write_bytes(gzip.compress(text.encode(), compresslevel=4, mtime=0))
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
