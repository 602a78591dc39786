"""Concurrent warm migrations for a day: wall time, and control-plane calls per VM and hour."""

from __future__ import annotations

import sys

from cxsim.sim.crash.fleet import run_fleet

HOURS = 24


def main() -> None:
    """10 and 200 VMs, 24 virtual hours, a poll every 30 s. What did not hold is printed too."""
    for count in (10, 200):
        print(f"{count} VMs ...", file=sys.stderr, flush=True)
        figures = run_fleet(count, HOURS)
        print(figures.text())
        for peers, calls in figures.calls_by:
            print(f"  {peers:32} {calls / count / HOURS:8.2f} calls per VM and hour")
        for problem in figures.problems:
            print(f"  {problem}")


if __name__ == "__main__":
    main()
