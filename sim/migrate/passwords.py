"""Where passwords come from: environment variables, a file that nobody else may read, or a prompt.

Rules of this file: a password is never part of a message, whatever is wrong with it; messages name the key,
the variable and the file. Nothing is written anywhere.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxsim.sim.scenario.places import Place, TreeMap
from cxsim.sim.scenario.problems import Problems, ScenarioErrors, advice
from cxsim.sim.scenario.yamlfile import read, shown_path

ACCOUNTS: dict[str, tuple[str, str]] = {
    "vcenter": ("CXSIM_VCENTER_PASSWORD", "the vCenter user"),
    "cloud": ("CXSIM_CLOUD_PASSWORD", "the organisation administrator"),
    "replicator": ("CXSIM_REPLICATOR_PASSWORD", "root of the replicator"),
    "replicator_sso": ("CXSIM_REPLICATOR_SSO_PASSWORD", "the replicator's vCenter account"),
}
"""Key in a file, environment variable, whose password it is."""


class PasswordMissing(Exception):
    """A password is given nowhere and nobody can be asked."""


def exposed(path: Path) -> str | None:
    """Why a file is no place for a password, or None: group or others may read or write it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # told when it is read
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"holds passwords and others may read it (mode {stat.S_IMODE(mode):04o})"
    return None


def texts_of(written: Any, place: Place, path: str, problems: Problems) -> dict[str, str]:
    """The passwords of a mapping; mistakes are added without showing a value."""
    if not isinstance(written, TreeMap):
        problems.add(place, path, "is not a mapping", f"write the keys {', '.join(ACCOUNTS)} below it")
        return {}
    found: dict[str, str] = {}
    for key, value in written.items():
        here = f"{path}.{key}" if path else key
        if key not in ACCOUNTS:
            wrong, right = f'unknown key "{key}"', advice(key, list(ACCOUNTS), "keys")
            problems.add(written.key_places[key], here, wrong, right)
        elif not isinstance(value, str) or not value:
            problems.add(written.key_places[key], here, "is not a text", "put it in quotes")
        else:
            found[key] = value
    return found


def read_file(path: Path) -> dict[str, str]:
    """The passwords of a password file: a YAML mapping with the keys of ACCOUNTS. Raises ScenarioErrors."""
    problems, found = Problems(), dict[str, str]()
    bare = exposed(path)
    if bare is not None:
        problems.add(Place(shown_path(path), 1), "", bare, f"chmod 600 {shown_path(path)}")
        raise ScenarioErrors(problems.found)
    unread = Problems()
    tree = read(path, unread)
    for problem in unread.found:
        # What YAML complains of may quote the line: only the place is told.
        if path.is_file() and problem.path:
            problems.add(problem.place, problem.path, "cannot be read as YAML", 'write key: "password" lines')
        else:
            problems.found.append(problem)
    if tree is not None:
        found = texts_of(tree, tree.place, "", problems)
    if problems.found:
        raise ScenarioErrors(problems.found)
    return found


def gather(
    environment: Mapping[str, str],
    from_file: Mapping[str, str],
    ask: Callable[[str], str] | None,
) -> dict[str, str]:
    """Every password: from its environment variable, else from the file, else asked for. `ask` None: nobody
    can be asked; then raises PasswordMissing, which names everything that is missing."""
    found: dict[str, str] = {}
    missing: list[str] = []
    for key, (variable, whose) in ACCOUNTS.items():
        value = environment.get(variable) or from_file.get(key)
        if not value and ask is not None:
            value = ask(f"Password of {whose} ({key})")
        if value:
            found[key] = value
        else:
            missing.append(f"{key}: set {variable}, or give it in the password_file")
    if missing:
        raise PasswordMissing("passwords are missing:\n  " + "\n  ".join(missing))
    return found
