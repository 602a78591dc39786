"""One value of a scenario put in another's place, by its path: for sweeps.

Rules of this file: paths are those that mistakes are told with (`sites.tyrell.wan.up`,
`vms.deckard.disks[0].workload.rate`, `steps[2].migrate.rpo`); values are written as in the file. It works on
the merged tree, before it is validated, so whatever is wrong with a value is told as ever, with the change as
its place. A section at the top or the last key may be new; what lies between must be there.
"""

from __future__ import annotations

import json
import re
from typing import Any

from cxsim.sim.scenario.places import Place, TreeList, TreeMap, below
from cxsim.sim.scenario.problems import Problems, advice
from cxsim.sim.scenario.yamlfile import parse

Change = tuple[str, str]
"""A path and the value, as text."""
_STEP = re.compile(r"""\.?([\w$-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]""")
EXAMPLE = "write sites.tyrell.wan.up or vms.deckard.disks[0].workload.rate"


def put_in(tree: TreeMap, changes: tuple[Change, ...], problems: Problems) -> None:
    """Make the changes; those that cannot be made are told."""
    for path, text in changes:
        place = Place(f"{path}={text}", 1)
        read = parse(f"value: {text}", place.file, problems)
        steps = _steps(path)
        if not steps:
            problems.add(place, path, "is not a path into a scenario", EXAMPLE)
        elif read is not None:
            _put(tree, steps, read["value"], place, problems)


def _steps(path: str) -> list[str | int]:
    """Keys and places in lists; none when it is not a path."""
    steps: list[str | int] = []
    at = 0
    while match := _STEP.match(path, at):
        key, index, quoted = match.groups()
        steps.append(int(index) if index else json.loads(quoted) if quoted else key)
        at = match.end()
    return steps if at == len(path) and steps and isinstance(steps[0], str) else []


def _put(node: Any, steps: list[str | int], value: Any, place: Place, problems: Problems) -> None:
    here = ""
    for n, step in enumerate(steps):
        path, last = below(here, step), n == len(steps) - 1
        if isinstance(node, TreeMap) and isinstance(step, str):
            if last:
                node.put(step, value, node.key_places.get(step, place), place)
                return
            if n == 0 and node.get(step) is None and isinstance(steps[1], str):
                node.put(step, TreeMap(place), place, place)
            if step not in node:
                problems.add(place, path, "is not in this scenario", advice(step, list(node), "keys"))
                return
            node = node[step]
        elif isinstance(node, TreeList) and isinstance(step, int) and step < len(node):
            if last:
                node[step], node.item_places[step] = value, place
                return
            node = node[step]
        else:
            what = f"a list of {len(node)}" if isinstance(node, TreeList) else "a mapping"
            what = what if isinstance(node, TreeList | TreeMap) else "a single value"
            problems.add(place, path, f"{here or 'the scenario'} is {what}", EXAMPLE)
            return
        here = path
