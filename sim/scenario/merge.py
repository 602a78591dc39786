"""`extends`: files laid over one another.

Rules of this file: a mapping is merged key by key; a list or a value replaces what it is laid over; a key
without a value (null) leaves what is below it. A mapping never replaces anything else, nor the other way
round: that is a mistake. So merging is associative. Every value keeps the place it was written at; a mapping
that is merged keeps the place where it first appeared.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from cxsim.sim.scenario.places import TreeMap, below, shown
from cxsim.sim.scenario.problems import Problems, advice
from cxsim.sim.scenario.yamlfile import read, shown_path, yaml_files

SCHEMA_VERSION = 1
SHIPPED = "cxsim.scenarios"


def merge(lower: TreeMap, upper: TreeMap, problems: Problems, path: str = "") -> TreeMap:
    """`upper` laid over `lower`; neither is changed."""
    result = TreeMap(lower.place).take(lower, lower)
    for key, value in upper.items():
        here = below(path, key)
        if value is None and key in result:
            continue
        if key not in result or result[key] is None:
            result.put(key, value, upper.key_places[key], upper.value_places[key])
        elif isinstance(value, TreeMap) and isinstance(result[key], TreeMap):
            result[key] = merge(result[key], value, problems, here)
        elif isinstance(value, TreeMap) or isinstance(result[key], TreeMap):
            where = result.value_places[key]
            wrong = f"this is {_what(value)}, but it is {_what(result[key])} at {where}"
            problems.add(upper.value_places[key], here, wrong, f"write {_what(result[key])}")
        else:
            result.put(key, value, upper.key_places[key], upper.value_places[key])
    return result


def _what(value: Any) -> str:
    return shown(value) if isinstance(value, dict | list) else "a single value"


def chain(path: Path, problems: Problems) -> TreeMap | None:
    """A file merged over everything that it extends; None when one of them cannot be used."""
    trees: list[TreeMap] = []
    seen: list[Path] = []
    following: Path | None = path
    while following is not None:
        tree = read(following, problems)
        if tree is None or not _right_schema(tree, problems):
            return None
        seen.append(following.resolve())
        trees.append(tree)
        try:
            following = _extended(tree, following, seen, problems)
        except _Unusable:
            return None
    merged = trees[-1]
    for upper in reversed(trees[:-1]):
        merged = merge(merged, upper, problems)
    whole = TreeMap(trees[0].place).take(merged, (key for key in merged if key != "extends"))
    whole.siblings = ("extends", "matrix")
    return whole


class _Unusable(Exception):
    pass


def _right_schema(tree: TreeMap, problems: Problems) -> bool:
    """Every file says its version; another version has other keys, so nothing else is said of it."""
    version = tree.get("schema")
    if version is None:
        problems.add(tree.place, "schema", "is missing", f"add schema: {SCHEMA_VERSION}")
        tree.put("schema", SCHEMA_VERSION, tree.place, tree.place)
        return True
    if version == SCHEMA_VERSION and not isinstance(version, bool):
        return True
    place = tree.value_places["schema"]
    problems.add(
        place, "schema", f"{shown(version)} is not known", f"this cxsim reads schema: {SCHEMA_VERSION}"
    )
    return False


def _extended(tree: TreeMap, path: Path, seen: list[Path], problems: Problems) -> Path | None:
    """The file that a file extends: beside it, or shipped with cxsim."""
    name = tree.get("extends")
    if name is None:
        return None
    place = tree.value_places["extends"]
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        problems.add(place, "extends", f"{shown(name)} is no file", "name one YAML file")
        raise _Unusable
    shipped = Path(str(files(SHIPPED)))
    found = next((c for c in (path.parent / name, shipped / name) if _is_file(c)), None)
    if found is None:
        problems.add(
            place,
            "extends",
            f"there is no file {shown(name)}",
            advice(name, _candidates(path, shipped), "files"),
        )
        raise _Unusable
    if found.resolve() in seen:
        loop = " -> ".join(shown_path(p) for p in [*seen, found.resolve()])
        problems.add(place, "extends", f"goes in a circle ({loop})", "break the circle")
        raise _Unusable
    return _shortest(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _candidates(path: Path, shipped: Path) -> list[str]:
    names: list[str] = []
    for root in (path.parent, shipped):
        for directory in (root, root / "environments"):
            if directory.is_dir():
                names += [str(p.relative_to(root)) for p in yaml_files(directory) if p != path]
    return list(dict.fromkeys(names))


def _shortest(path: Path) -> Path:
    """Without `..`, as messages should show it."""
    return Path(shown_path(path.resolve())) if ".." in path.parts else path
