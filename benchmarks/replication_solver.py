"""How fast the sharing kernels are, side by side with SimGrid's C++ where it is installed.

    python -m benchmarks.replication_solver [SETS...] [--no-simgrid]

Sets: nN_cC (N flows at about C at once: own source link of 2C, one WAN, one of C/10 destinations) and
cap_nN_cC (every flow has a source link of its own, which is a cap). Fixed seeds; compile time apart; best
of several runs, one core. SimGrid: Debian's libsimgrid-dev and g++ (replication_simgrid.cpp); another
place for its headers and libraries is SIMGRID_ROOT.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cxsim.sim.replication.sharing import Floats, Flows
from cxsim.sim.replication.solver import solve

SETS = ("n1000_c100", "n10000_c10", "n10000_c100", "cap_n2000_c10", "cap_n10000_c100", "cap_n20000_c1000")
ACCESS_BPS, SIZE_BYTES = 10e6, 1e9


def generate(name: str, folder: Path) -> Path:
    """Write a set's links and flows, as in tests/golden/simgrid; the prefix of its files."""
    capped = name.startswith("cap_")
    count, concurrent = (int(part[1:]) for part in name.removeprefix("cap_").split("_"))
    rng = random.Random(count + concurrent)
    wan = 0.95 * concurrent * ACCESS_BPS
    if capped:
        sources = [ACCESS_BPS * rng.uniform(0.3, 3) for _ in range(count)]
        targets = [1e18]
    else:
        sources = [ACCESS_BPS * rng.uniform(0.5, 1.5) for _ in range(2 * concurrent)]
        targets = [ACCESS_BPS * rng.uniform(10, 30) for _ in range(max(2, concurrent // 10))]
    prefix = folder / name
    with Path(f"{prefix}_links.csv").open("w") as out:
        out.write(f"link,capacity_Bps\nwan,{wan!r}\n")
        out.writelines(f"s{i},{c!r}\n" for i, c in enumerate(sources))
        out.writelines(f"d{i},{c!r}\n" for i, c in enumerate(targets))
    t = 0.0
    with Path(f"{prefix}_flows.csv").open("w") as out:
        out.write("flow,src,dst,start_s,size_B\n")
        for i in range(count):
            t += rng.expovariate(0.97 * wan / SIZE_BYTES)
            source = i if capped else rng.randrange(len(sources))
            size = float(int(rng.lognormvariate(0, 1) * SIZE_BYTES / 1.6487) + 1)
            out.write(f"{i},{source},{rng.randrange(len(targets))},{t!r},{size!r}\n")
    return prefix


def read(prefix: Path) -> tuple[Floats, Flows]:
    """The set as the solver takes it."""
    with Path(f"{prefix}_links.csv").open() as stream:
        links = list(csv.DictReader(stream))
    ids = {row["link"]: i for i, row in enumerate(links)}
    with Path(f"{prefix}_flows.csv").open() as stream:
        flows = list(csv.DictReader(stream))
    return np.array([float(row["capacity_Bps"]) for row in links]), Flows.of(
        [float(row["start_s"]) for row in flows],
        [float(row["size_B"]) for row in flows],
        [[ids["s" + row["src"]], ids["wan"], ids["d" + row["dst"]]] for row in flows],
    )


def simgrid(folder: Path) -> Path | None:
    """The opponent, compiled; None where it cannot be."""
    root = Path(os.environ.get("SIMGRID_ROOT", "/usr"))
    if shutil.which("g++") is None or not (root / "include" / "simgrid").is_dir():
        return None
    program = folder / "replication_simgrid"
    source = Path(__file__).with_name("replication_simgrid.cpp")
    paths = [f"-I{root}/include"]
    for lib in root.glob("lib/*-linux-gnu"):
        paths += [f"-L{lib}", f"-Wl,-rpath,{lib}", f"-Wl,-rpath-link,{lib}"]
    built = subprocess.run(
        ["g++", "-O2", "-std=c++17", *paths, "-o", program, source, "-lsimgrid"],
        capture_output=True,
        text=True,
    )
    if built.returncode:
        print(f"simgrid: does not compile here: {built.stderr.strip().splitlines()[-1]}")
        return None
    return program


def best_of(runs: int, work: object) -> float:
    """The least wall seconds of several runs."""
    assert callable(work)
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found)


def main(arguments: list[str]) -> None:
    """Measure and print a line a set."""
    names = [a for a in arguments if not a.startswith("-")] or list(SETS)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        opponent = None if "--no-simgrid" in arguments else simgrid(folder)
        begin = time.perf_counter()
        for warm_up in ("n100_c10", "cap_n100_c10"):
            solve(*read(generate(warm_up, folder)))
        print(f"compile or load the kernels: {time.perf_counter() - begin:.2f} s")
        for name in names:
            prefix = generate(name, folder)
            capacity, flows = read(prefix)
            wall_s = best_of(5, lambda capacity=capacity, flows=flows: solve(capacity, flows))
            events = 2 * len(flows.start_s)
            line = f"{name:18s} {wall_s:9.5f} s {events / wall_s:12,.0f} events/s"
            if opponent is not None:
                run = subprocess.run(
                    [opponent, prefix, "--log=root.thresh:error"], capture_output=True, text=True, check=True
                )
                theirs_s = float(run.stdout)
                with Path(f"{prefix}_simgrid.csv").open() as stream:
                    other = np.array([float(row["finish_s"]) for row in csv.DictReader(stream)])
                error = np.max(np.abs(solve(capacity, flows) - other) / (other - flows.start_s))
                line += (
                    f"   SimGrid {theirs_s:9.4f} s   {theirs_s / wall_s:7.1f}x   max. rel. error {error:.1e}"
                )
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
