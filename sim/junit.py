"""Results as JUnit XML, for CI servers: a test case per expectation, a suite per scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from cxsim.sim.render import assumptions_text, rpo_texts
from cxsim.sim.result import Exit, RunResult


def write_junit(path: Path, results: Sequence[RunResult]) -> None:
    """Write one <testsuite> a scenario. Times are wall seconds. Raises OSError when `path` cannot be
    written."""
    root = etree.Element("testsuites", name="cxsim")
    for result in results:
        failed = [c for c in result.checks if not c.met]
        suite = etree.SubElement(
            root,
            "testsuite",
            name=result.scenario,
            tests=str(len(result.checks) + 1),
            failures=str(len(failed) + bool(result.problems)),
            errors=str(int(result.exit is Exit.EMULATOR_GAP)),
            time=f"{result.wall_s:.3f}",
        )
        run = etree.SubElement(suite, "testcase", classname=result.path, name="runs to its end")
        if result.exit is Exit.EMULATOR_GAP:
            etree.SubElement(run, "error", message="emulator gap").text = "\n".join(result.gaps)
        elif result.problems:
            etree.SubElement(run, "failure", message=result.problems[0]).text = "\n".join(result.problems)
        for check in result.checks:
            case = etree.SubElement(
                suite, "testcase", classname=result.path, name=f"{check.place}: {check.text}"
            )
            if not check.met:
                failure = etree.SubElement(case, "failure", message="expectation not met")
                failure.text = "\n".join((check.detail, *result.causes))
        if result.rpo:
            etree.SubElement(suite, "system-out").text = "\n".join(_rpo(result))
    path.write_bytes(etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="utf-8"))


def _rpo(result: RunResult) -> list[str]:
    """The RPO figures: a line a VM, what violations were spent on, what the figures rest on."""
    lines = []
    for line in result.rpo:
        ages, unit = (line.age_rpos, " RPOs") if line.age_s is None else (line.age_s, " s")
        shown = (
            "" if ages is None else ", data age p50/p95/p99 " + "/".join(f"{age:.2f}" for age in ages) + unit
        )
        lines.append(
            f"{line.vm}: time in RPO {line.time_in_rpo:.4%}, {line.violation_count} violations, "
            f"peak data age {line.peak_age_s:.0f} s{shown}, {line.syncs} syncs"
        )
    return [*lines, *rpo_texts(result.rpo), assumptions_text(result.replication)]
