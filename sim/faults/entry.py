"""An entry of the catalogue of faults: the record, and what it takes from the format and from its scenario.

Rules of this file: no entry is known here. Parameters come from the kind's model and the example from the
scenario, so neither can be out of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from cxsim.sim.scenario import Scenario, load
from cxsim.sim.scenario.document import default_of, type_of
from cxsim.sim.scenario.faults import Fault


@dataclass(frozen=True)
class Parameter:
    """A key of a fault in a scenario. `default`: "required", or what holds when it is left out."""

    name: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Entry:
    """One fault.

    `kind`: its key in a scenario; `symptom`: key of SYMPTOMS; `looks`: what exactly is seen; `source` and
    `grade`: what that rests on; `tell`: how to tell it from others with the same symptom; `remedy`: who
    changes what; `names`: what an explanation of it names; `scenario`: below the library's directory."""

    name: str
    family: str
    kind: str
    meaning: str
    symptom: str
    looks: str
    source: str
    grade: str
    tell: str
    remedy: str
    names: tuple[str, ...]
    scenario: str

    @property
    def path(self) -> Path:
        """The scenario that shows it."""
        return library() / self.scenario

    def load(self) -> Scenario:
        """The scenario that shows it."""
        return _loaded(self.path)

    @property
    def fault(self) -> Fault:
        """The fault in its scenario."""
        return next(fault for fault in self.load().faults if fault.kind == self.kind)

    @property
    def example(self) -> str:
        """The fault as a line of YAML, for the `faults` of a scenario."""
        return f"- name: {self.fault.name}\n  {self.kind}: {self.fault.body.written}"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The keys of its kind."""
        return parameters(self.kind)


def library() -> Path:
    """The directory of the scenarios that came with cxsim."""
    return Path(str(files("cxsim.scenarios")))


@lru_cache(maxsize=256)
def _loaded(path: Path) -> Scenario:
    return load(path)[0]


def parameters(kind: str) -> tuple[Parameter, ...]:
    """The keys of a kind of fault. Raises KeyError."""
    model = next(each for each in Fault.model_fields[kind].annotation.__args__ if each is not type(None))  # type: ignore[union-attr]
    schema = model.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    return tuple(
        Parameter(
            key,
            type_of(prop),
            "required" if key in required else default_of(prop),
            str(prop.get("description", "")),
        )
        for key, prop in schema["properties"].items()
    )
