"""Run every benchmark of this folder (each module with a `main`), or those named on the command line.

A module whose `main` needs arguments is run by itself: `python -m benchmarks.NAME ARGUMENT...`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from pathlib import Path


def main(wanted: list[str]) -> int:
    """Run them, one after the other; the exit code is 2 if one that was named does not exist."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name != "__main__")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    for name in wanted or names:
        run = getattr(importlib.import_module(f"benchmarks.{name}"), "main", None)
        if run is None:
            continue
        required = [
            p for p in inspect.signature(run).parameters.values() if p.default is inspect.Parameter.empty
        ]
        print(f"-- {name}", flush=True)
        if required:
            print(
                f"needs arguments: python -m benchmarks.{name} {' '.join(p.name.upper() for p in required)}"
            )
        else:
            run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
