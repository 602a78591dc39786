"""Concurrent warm migrations for a day: wall time, and control-plane calls per VM and hour."""

from __future__ import annotations

from cxsim.sim.crash.fleet import run_fleet


def main() -> None:
    """10 and 200 VMs, 24 virtual hours, a poll a minute. What did not hold is printed too."""
    for count in (10, 200):
        figures = run_fleet(count, 24)
        print(figures.text())
        for problem in figures.problems:
            print(f"  {problem}")


if __name__ == "__main__":
    main()
