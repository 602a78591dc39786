"""The files of a scenario: itself, everything that it extends, and their traces, as members of a case.

Rules of this file: a member's text is the file's, byte for byte, unless its `extends` leads out of the case;
then that one line is changed. `closed` holds the other direction: a case extends nothing outside itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath

from cxsim.sim.case.bundle import SCENARIOS, CaseError
from cxsim.sim.intake.yamltext import scalar
from cxsim.sim.scenario.merge import SHIPPED
from cxsim.sim.scenario.places import TreeMap
from cxsim.sim.scenario.problems import Problems
from cxsim.sim.scenario.traces import file_of, written_traces
from cxsim.sim.scenario.yamlfile import parse, read

ELSEWHERE = "extended"
"""Directory in a case for files that were not below the one that extends them."""


def members_of(path: Path) -> dict[str, bytes]:
    """The members: the scenario first. The scenario was loaded before, so every file is there."""
    members: dict[str, bytes] = {}
    traces: dict[str, bytes] = {}
    source, name = path, PurePosixPath(SCENARIOS) / path.name
    while True:
        raw = source.read_bytes()
        tree = read(source, Problems())
        traces |= _traces(tree, name)
        extends = tree.get("extends") if tree is not None else None
        if not isinstance(extends, str) or tree is None:
            members[str(name)] = raw
            return members | traces
        found = _extended(source, extends)
        if _inside(extends):
            following = name.parent / PurePosixPath(extends)
        else:
            following = name.parent / ELSEWHERE / found.name
            raw = _with_extends(raw, tree, f"{ELSEWHERE}/{found.name}")
        while str(following) in members or following == name:
            following = following.with_stem(following.stem + "-extended")
            raw = _with_extends(raw, tree, str(following.relative_to(name.parent)))
        members[str(name)] = raw
        source, name = found, following


def _traces(tree: TreeMap | None, name: PurePosixPath) -> dict[str, bytes]:
    """The traces that a file names, where the file as a member looks for them."""
    found = {}
    for writer, _ in written_traces(tree) if tree is not None else ():
        place = writer.value_places["trace"]
        file = file_of(writer["trace"], place)
        if file is None or not _inside(writer["trace"]):
            raise CaseError(f"{place}: put the trace {writer['trace']!r} beside or below the scenario")
        found[str(name.parent / writer["trace"])] = file.read_bytes()
    return found


def _inside(extends: str) -> bool:
    pure = PurePosixPath(extends)
    plain = not pure.is_absolute() and ".." not in pure.parts and "\\" not in extends and ":" not in extends
    return plain and str(pure) == extends


def _extended(path: Path, extends: str) -> Path:
    """Beside the file, or shipped with cxsim: as the loader looks for it."""
    for candidate in (path.parent / extends, Path(str(files(SHIPPED))) / extends):
        if candidate.is_file():
            return candidate
    raise CaseError(f"{path}: there is no file {extends!r}")


def _with_extends(raw: bytes, tree: TreeMap, extends: str) -> bytes:
    """The text with its line `extends` changed."""
    text = raw.decode("utf-8-sig")
    number = tree.key_places["extends"].line - 1
    lines = text.splitlines(keepends=True)
    ending = "\r\n" if lines[number].endswith("\r\n") else "\n"
    lines[number] = f"extends: {scalar(extends)}{ending}"
    changed = "".join(lines)
    again = parse(changed, "", Problems())
    if again is None or again.get("extends") != extends:
        raise CaseError(f"{tree.key_places['extends']}: write extends on a line of its own")
    return changed.encode()


def closed(members: Mapping[str, bytes]) -> list[str]:
    """What is wrong with the scenario files of a case that somebody sent: one that extends a file outside it
    would read the files of whoever opens it."""
    reasons = []
    for name, data in members.items():
        if not name.endswith((".yaml", ".yml")):
            continue
        try:
            tree = parse(data.decode("utf-8-sig"), name, Problems())
        except UnicodeDecodeError:
            reasons.append(f"{name} is not UTF-8 text")
            continue
        for writer, _ in written_traces(tree) if tree is not None else ():
            named = writer["trace"]
            if not _inside(named) or str(PurePosixPath(name).parent / named) not in members:
                reasons.append(f"{name} names the trace {named!r}, which is not in the case")
        extends = tree.get("extends") if tree is not None else None
        if extends is None:
            continue
        target = str(PurePosixPath(name).parent / str(extends))
        if not isinstance(extends, str) or not _inside(extends) or target not in members:
            reasons.append(f"{name} extends {str(extends)!r}, which is not in the case")
    return reasons
