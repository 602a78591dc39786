"""Explaining: each failing scenario with its re-runs, the environment, and edges with 1,000 rules each.

Wall time of this process, best of several rounds, every run included. Targets: under 2 s for each scenario on
the Tyrell environment, under 3 s with 1,000 rules a device.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from cxsim.sim.diagnosis import diagnose, read

RULE = "          - {{id: {id}, name: r{id}, action: drop, source: {source}, protocol: tcp, ports: [{port}]}}"
ROUNDS = 3
RULES = 1000
LIBRARY = Path(str(files("cxsim.scenarios")))
ENVIRONMENT = LIBRARY / "environments" / "tyrell-mycloud.yaml"
FAILING = (
    "enable-failed-firewall",
    "enable-failed-nat",
    "enable-failed-public-url",
    "zero-percent-error",
)


def best_s(work: Callable[[], object]) -> float:
    """Wall seconds of the fastest of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def with_rules(directory: Path, number: int) -> Path:
    """The firewall scenario over an environment with so many more rules on each edge, above its own."""
    lines = []
    for line in ENVIRONMENT.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        if line.strip() == "rules:":
            lines += [
                RULE.format(id=10_000 + n, source=f"172.16.{n // 250}.{n % 250}", port=2000 + n)
                for n in range(number)
            ]
    environment = directory / "environment.yaml"
    environment.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scenario = directory / "scenario.yaml"
    text = (LIBRARY / "enable-failed-firewall.yaml").read_text(encoding="utf-8")
    scenario.write_text(text.replace("environments/tyrell-mycloud.yaml", str(environment)), encoding="utf-8")
    return scenario


def main() -> None:
    """Print the figures."""
    diagnose(read([ENVIRONMENT])[0])  # imports and compiled kernels
    total_s = 0.0
    for path in (ENVIRONMENT, *(LIBRARY / f"{name}.yaml" for name in FAILING)):
        taken_s = best_s(lambda path=path: [diagnose(one) for one in read([path])])  # type: ignore[misc]
        total_s += taken_s
        print(f"{path.stem:<32} {taken_s:6.2f} s, read and explained")
    print(f"{'all of them':<32} {total_s:6.2f} s")
    with tempfile.TemporaryDirectory() as directory:
        path = with_rules(Path(directory), RULES)
        read_s = best_s(lambda: read([path]))
        (subject,) = read([path])
        explained_s = best_s(lambda: diagnose(subject))
        print(f"{RULES} rules a device: {explained_s:.2f} s to explain, {read_s:.2f} s to read the file")


if __name__ == "__main__":
    main()
