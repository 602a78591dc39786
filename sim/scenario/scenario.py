"""A scenario: an environment, what is wrong with it, what is done, and how that must end.

Rules of this file: a `Scenario` is complete - `extends` and `matrix` are resolved, every name it uses
exists - and never changes. The loader makes it; nobody else should.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.expect import Expectation
from cxsim.sim.scenario.faults import Fault
from cxsim.sim.scenario.hosts import Connector
from cxsim.sim.scenario.model import Model, Name, Text
from cxsim.sim.scenario.problems import mistake
from cxsim.sim.scenario.steps import Step

MOST_SEED = 2**63 - 1
DEFAULT_SEED = 1


def _issue(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


IssueName = Annotated[
    Text, BeforeValidator(_issue), WithJsonSchema({"type": ["integer", "string"], "x-type": "number or text"})
]


class ExpectFail(Model):
    """The scenario is known to end otherwise than it should."""

    issue: IssueName = Field(description="the issue that will mend it", examples=[12])


class Scenario(Environment):
    """One scenario, or one variant of a matrix."""

    _name: str = PrivateAttr(default="")
    _file: str = PrivateAttr(default="")
    _variant: Mapping[str, str] = PrivateAttr(default_factory=dict)

    seed: int = Field(
        default=DEFAULT_SEED,
        strict=True,
        ge=0,
        le=MOST_SEED,
        description="of all randomness",
        examples=[2019],
    )
    tags: tuple[Name, ...] = Field(default=(), description="for `--tag`", examples=[["enable-failed"]])
    faults: tuple[Fault, ...] = Field(default=(), description="what is wrong")
    steps: tuple[Step, ...] = Field(
        min_length=1, description="what is done", examples=[[{"test_cloud": {"cloud": "MyCloud-CHC"}}]]
    )
    expect: tuple[Expectation, ...] = Field(
        min_length=1,
        description="how it must end",
        examples=[[{"at_end": {"cloud": "MyCloud-CHC", "status": "Running"}}]],
    )
    without_faults: tuple[Expectation, ...] = Field(
        default=(), description="how the same steps must end without the faults"
    )
    expect_fail: ExpectFail | None = Field(
        default=None, description="known to fail because of an open issue", examples=[{"issue": 12}]
    )

    @property
    def name(self) -> str:
        """Unique among what was loaded together: the file's stem, and the variant in brackets. Safe in file
        names."""
        return self._name

    @property
    def file(self) -> str:
        """The file it was loaded from, as messages show it."""
        return self._file

    @property
    def variant(self) -> Mapping[str, str]:
        """The matrix values of this variant as text; empty without a matrix."""
        return self._variant

    @property
    def connector(self) -> Connector:
        """The host on which the core runs: the only one with role cx-connector."""
        return next(host for host in self.hosts.values() if isinstance(host, Connector))

    @model_validator(mode="after")
    def _without_what(self) -> Self:
        if self.without_faults and not self.faults:
            raise mistake(
                "there are no faults to leave out", "add faults, or move these to expect", "without_faults"
            )
        return self
