"""Results as JUnit XML, for CI servers: a test case per expectation, a suite per scenario."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lxml import etree

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
    path.write_bytes(etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="utf-8"))
