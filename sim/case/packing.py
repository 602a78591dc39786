"""Making a case: collect or anonymise, run, compare, check, and only then give the bytes.

Rules of this file: a case holds what its own run recorded, never the run of something else. An anonymised
scenario that ends otherwise than the original, or in which anything of it is left, is refused.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from cxsim.sim.case import bundle
from cxsim.sim.case.anonymise import Anonymised
from cxsim.sim.case.bundle import LOG, RESULT, SCENARIOS, CaseError
from cxsim.sim.case.collect import members_of
from cxsim.sim.case.leaks import leaks
from cxsim.sim.case.recording import Recording, chosen, flow_verdicts, record, unpacked
from cxsim.sim.run import pins
from cxsim.sim.scenario import load
from cxsim.sim.scenario.traces import traces_of

ANONYMOUS = f"{SCENARIOS}/case.yaml"


@dataclass(frozen=True)
class Packed:
    """A case that was made. `replaced`: how many texts were replaced (0: not anonymised); `kept`: texts of
    expectations that stay but for the names in them."""

    data: bytes
    recording: Recording
    members: tuple[str, ...]
    replaced: int = 0
    kept: tuple[str, ...] = ()


def pack(
    path: Path, variant: str | None = None, anonymise: bool = False, allowed: Iterable[str] = ()
) -> Packed:
    """The case of a scenario. Raises CaseError, and ScenarioErrors when it does not load."""
    scenario = chosen(load(path), variant)
    if anonymise and any(True for _ in traces_of(scenario)):
        wrong = "a trace is a measurement of its owner's VMs and cannot be anonymised"
        raise CaseError(f"{path}: {wrong}: write a rate with bursts instead, or do not anonymise")
    own_variant = None if not scenario.variant else scenario.name[len(Path(scenario.file).stem) :].strip("[]")
    members = members_of(path)
    main = next(iter(members))
    with tempfile.TemporaryDirectory(prefix="cxsim-case-") as directory:
        root = Path(directory)
        unpacked(members, root)
        first = record(root, main, own_variant)
    if not anonymise:
        return _packed(members, main, own_variant, first, 0)
    new = Anonymised(scenario)
    members, main = {ANONYMOUS: new.text.encode()}, ANONYMOUS
    with tempfile.TemporaryDirectory(prefix="cxsim-case-") as directory:
        root = Path(directory)
        unpacked(members, root)
        second = record(root, main, None)
    differences = compared(first, second, new)
    if differences:
        raise CaseError("the anonymised scenario does not end as the original does:", *differences)
    packed = replace(_packed(members, main, None, second, len(new.originals())), kept=tuple(new.kept()))
    where = [path.stem, str(path.resolve().parent), scenario.file]
    left = leaks(bundle.unzipped(packed.data, "the case"), [*new.originals(), *where], frozenset(allowed))
    if left:
        said = "say --allow WORD for what is no secret"
        raise CaseError("something of the original is left:", *left, said)
    return packed


def _packed(
    members: dict[str, bytes], main: str, variant: str | None, run: Recording, replaced: int
) -> Packed:
    manifest = {
        "cxsim": version("cxsim"),
        "python": platform.python_version(),
        "pins": pins(),
        "scenario": main,
        "variant": variant,
        "seed": run.scenario.seed,
        "anonymised": bool(replaced),
        "exit": int(run.result.exit),
    }
    whole = {**members, LOG: run.log, RESULT: run.result_json()}
    return Packed(bundle.write(manifest, whole), run, tuple(sorted(whole)), replaced)


# -- two runs compared --------------------------------------------------------------------------------


def compared(first: Recording, second: Recording, new: Anonymised) -> list[str]:
    """How the runs differ in how they end; names are translated."""
    before, after = _ending(first, new), _ending(second, None)
    return [
        f"{what}: {before[what]} before, {after[what]} after"
        for what in before
        if before[what] != after[what]
    ]


def _ending(run: Recording, new: Anonymised | None) -> dict[str, object]:
    """What must be the same: statuses in their order, expectations, faults that met, verdicts of flows."""

    def named(text: object) -> str:
        return str(text) if new is None else new.names.by_old.get(str(text), str(text))

    statuses: dict[str, list[str]] = {}
    for event in run.events():
        if event["event"] in ("cloud", "workload"):
            what = named(event["cloud" if event["event"] == "cloud" else "vm"])
            told = statuses.setdefault(what, [])
            if not told or told[-1] != event["status"]:
                told.append(str(event["status"]))
    return {
        "exit code": int(run.result.exit),
        "statuses": statuses,
        "expectations met": [check.met for check in run.result.checks],
        "faults that met something": [fault.met for fault in run.result.faults],
        "RPO violations": {named(line.vm): len(line.violations) for line in run.result.rpo},
        "problems": len(run.result.problems),
        "flows": flow_verdicts(run.scenario),
    }
