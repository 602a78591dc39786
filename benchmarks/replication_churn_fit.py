"""Fit the bursty workload to statistics of real VMs (sim/replication/churn.py holds the results).

python -m benchmarks.replication_churn_fit VM_STATS.csv

Columns mean_unique_B, p95 and lag1: of the distinct bytes that a VM wrote in 30 minutes.
"""

from __future__ import annotations

import csv
import math
import statistics
import sys


def sigma_of(p95_over_mean: float) -> float:
    """The sigma of a lognormal with this 95th percentile over its mean (at most exp(1.645^2 / 2))."""
    z = statistics.NormalDist().inv_cdf(0.95)
    inside = z * z - 2 * math.log(p95_over_mean)
    return z - math.sqrt(inside) if inside > 0 else z


def persistence_of(lag1: float, sigma: float) -> float:
    """The AR(1) coefficient of ln x at which x correlates this much with its successor."""
    inside = 1 + lag1 * math.expm1(sigma**2)
    return math.log(inside) / sigma**2 if inside > 0 else 0.0


def main(stats: str = "") -> None:
    """Print the fitted figures."""
    if not stats:
        print("needs the statistics' file: python -m benchmarks.replication_churn_fit VM_STATS.csv")
        return
    with open(stats) as stream:
        rows = [row for row in csv.DictReader(stream) if float(row["mean_unique_B"]) > 0]
    means = [math.log(float(row["mean_unique_B"])) for row in rows]
    sigma = sigma_of(statistics.median(float(row["p95"]) / float(row["mean_unique_B"]) for row in rows))
    lag1 = statistics.median(float(row["lag1"]) for row in rows)
    mean = statistics.fmean(means)
    print(f"{len(rows)} VMs: mean exp({mean:.3f}) = {math.exp(mean):.3g} B,")
    print(f"sigma of means {statistics.stdev(means):.3f}; within a VM sigma {sigma:.3f},")
    print(f"persistence {persistence_of(lag1, sigma):.3f} (lag-1 correlation {lag1:.3f})")


if __name__ == "__main__":
    main(*sys.argv[1:2])
