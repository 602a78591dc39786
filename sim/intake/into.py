"""Putting an imported edge into an environment file: its groups, firewall and NAT, and nothing else.

Rules of this file: the text is changed between lines, so that comments and layout of everything else stay as
they are; the result is loaded before anything is written, and the file is replaced in one step.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cxsim.sim import network
from cxsim.sim.intake.edge_yaml import parts
from cxsim.sim.intake.records import EdgeConfig
from cxsim.sim.scenario import Environment, load_environment
from cxsim.sim.scenario.places import Place, TreeMap, below
from cxsim.sim.scenario.problems import Problem, Problems, ScenarioErrors, advice
from cxsim.sim.scenario.references import edges_of, texts
from cxsim.sim.scenario.yamlfile import read, shown_path
from cxsim.sim.world.topology import impossible, topology_of


@dataclass(frozen=True)
class Changed:
    """An environment with the rules of an edge replaced. `surprises`: what is possible and should be looked
    at, as a translation to an address that nobody has."""

    text: str
    surprises: tuple[str, ...] = ()


def put_into(environment: Path, config: EdgeConfig) -> Changed:
    """The environment with the edge's rules replaced. Raises ScenarioErrors: the file cannot be read, has no
    such edge, or would not load any more."""
    problems = Problems()
    tree = read(environment, problems)
    if tree is None:
        raise ScenarioErrors(problems.found)
    edge = _edge(tree, config, environment)
    lines = environment.read_text(encoding="utf-8-sig").splitlines()
    text = "\n".join(_replaced(lines, edge, config)) + "\n"
    loaded = _must_load(text, environment)
    own = f"edge {config.name!r}: "
    surprises = (p.text for p in network.problems_of(topology_of(loaded)) if not p.is_error)
    return Changed(text, tuple(said.removeprefix(own) for said in surprises if said.startswith(own)))


def _edge(tree: TreeMap, config: EdgeConfig, environment: Path) -> TreeMap:
    """The edge's mapping, when it can be written into."""
    file = shown_path(environment)
    edges = {name: edge for edge in edges_of(tree) for name in texts(edge.get("name"))}
    edge = edges.get(config.name)
    if edge is None:
        where = tree.key_places.get("sites", Place(file, 1))
        wrong = f"has no edge {config.name!r}"
        right = advice(config.name, list(edges), "edges")
        if not edges and isinstance(tree.get("extends"), str):
            right = f"its edges are in {tree['extends']}: import into that file"
        raise ScenarioErrors([Problem(where, "sites", wrong, right)])
    wrong_type = edge.get("type")
    if config.device and wrong_type != config.device:
        right = f"type: {config.device}, if it is the device that the files are from"
        wrong = f"{config.name} is of type {wrong_type}, the files are of an edge of type {config.device}"
        raise ScenarioErrors(
            [Problem(edge.value_places.get("type", edge.place), below("edge", "type"), wrong, right)]
        )
    columns = {place.column for place in edge.key_places.values()}
    rows = {place.line for place in edge.key_places.values()}
    if len(columns) != 1 or len(rows) != len(edge):
        right = "write each key of the edge on a line of its own"
        raise ScenarioErrors(
            [Problem(edge.place, "edge", "is written in one line, so rules cannot be put in", right)]
        )
    return edge


def _replaced(lines: list[str], edge: TreeMap, config: EdgeConfig) -> list[str]:
    column = next(iter(edge.key_places.values())).column
    pad = lines[edge.key_places["name"].line - 1][: column - 1]
    new = {name: _padded(block, pad) for name, block in parts(config, 0).items()}
    spans = {name: _span(lines, edge, name) for name in edge if name in ("groups", "firewall", "nat")}
    if "groups" not in new and "groups" in spans and {"firewall", "nat"} <= set(new):
        new["groups"] = []
    last = max((_span(lines, edge, name)[1] for name in edge), default=edge.place.line)
    result: list[str] = []
    replaced = {start: (name, end) for name, (start, end) in spans.items() if name in new}
    number = 0
    while number < len(lines):
        if number == last:
            result += [line for name, block in new.items() if name not in spans for line in block]
        if number in replaced:
            name, number = replaced[number]
            result += new[name]
            continue
        result.append(lines[number])
        number += 1
    if last >= len(lines):
        result += [line for name, block in new.items() if name not in spans for line in block]
    return result


def _padded(block: list[str], pad: str) -> list[str]:
    return [f"{pad}{line}" for line in block]


def _span(lines: list[str], edge: TreeMap, name: str) -> tuple[int, int]:
    """The lines of a key and its value, from 0, the end excluded; comments before the next key are its."""
    place = edge.key_places[name]
    start = end = place.line - 1
    for number in range(start + 1, len(lines)):
        line = lines[number]
        content = line.strip()
        if content and not content.startswith("#"):
            indent = len(line) - len(line.lstrip())
            deeper = indent >= place.column or (indent == place.column - 1 and content.startswith("- "))
            if not deeper:
                break
            end = number
    return start, end + 1


def _must_load(text: str, environment: Path) -> Environment:
    """Load the text from beside the environment, so that `extends` and messages are right."""
    handle, name = tempfile.mkstemp(prefix=".cxsim-import-", suffix=".yaml", dir=environment.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        loaded = load_environment(temporary)
        found = [_of_network(one) for one in impossible(loaded)]
        if found:
            raise ScenarioErrors(found)
        return loaded
    except ScenarioErrors as errors:
        real, shown = shown_path(temporary), shown_path(environment)
        told = [
            Problem(Place(shown, p.place.line, p.place.column) if p.place.file == real else p.place,
                    p.path, p.wrong, p.right)
            for p in errors.problems
        ]  # fmt: skip
        raise ScenarioErrors(told) from None
    finally:
        temporary.unlink(missing_ok=True)


def _of_network(problem: network.Problem) -> Problem:
    file, _, line = problem.place.rpartition(":")
    place = Place(file, int(line)) if line.isdigit() else Place(problem.place or "network", 1)
    return Problem(place, "network", problem.text, "a network that can be")


def write_whole(path: Path, data: str | bytes) -> None:
    """Write a file in one step: all of it or nothing. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=".cxsim-", suffix=path.suffix, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
