"""Proposed changes made in a real run, so that what they do is measured and not believed.

Rules of this file: a repair is the remedies of one cause. It is made when its flows fail - before the first
packet, or at the instant at which a fault comes on - and made again when a later fault undoes it. A remedy
may be bound to the world that it was found in, so the same one (the same words) is found again in this one.
Provider cloud URLs are typed by the user, so they are changed in the scenario, before it runs. A change that
the network refuses is told, never passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from cxsim.sim.explain import Cause, Endpoint, FlowVerdict, Remedy, causes, evaluate
from cxsim.sim.network import TopologyError, UnknownName
from cxsim.sim.scenario import Environment
from cxsim.sim.world.world import World

E = TypeVar("E", bound=Environment)
FlowId = tuple[str, int, str, str]
_CLOUD_FIELDS = {Endpoint.CLOUD_URL: "url", Endpoint.CX_URL: "cx_url"}


def flow_id(verdict: FlowVerdict) -> FlowId:
    """What makes two verdicts verdicts on the same flow, in any environment: row, port, who, to what."""
    row = verdict.row
    to = verdict.asked.setting if row.endpoint in _CLOUD_FIELDS else verdict.target.name
    return (row.row, row.port, verdict.source.name, to)


@dataclass
class Repairs:
    """The changes for some causes, in one world."""

    world: World
    causes: Sequence[Cause]
    made: list[str] = field(default_factory=list)
    """Texts of the changes that were made, once each."""
    refused: list[str] = field(default_factory=list)
    """Changes that could not be made, and why."""

    def keep(self) -> None:
        """Make the changes of every cause whose flows fail as things are now."""
        for cause in self.causes:
            mine = {flow_id(verdict) for verdict in cause.verdicts}
            now = evaluate(self.world.view(), self.world.network)
            failing = [verdict for verdict in now if verdict.failed and flow_id(verdict) in mine]
            if not failing:
                continue
            here = {r.text: r for again in causes(failing, self.world.network) for r in again.cure.remedies}
            for remedy in cause.cure.remedies:
                self._make(here.get(remedy.text, remedy), cause.verdicts[0])

    def _make(self, remedy: Remedy, verdict: FlowVerdict) -> None:
        try:
            if remedy.apply is not None:
                remedy.apply(self.world.network)
            elif remedy.asked is None:
                raise ValueError("it cannot be made in a simulation")
            elif verdict.row.endpoint not in _CLOUD_FIELDS:
                typed = f"{remedy.asked.host}:{remedy.asked.port}"
                self.world.set_public_endpoint(verdict.target.name, typed, "")
        except (UnknownName, TopologyError, ValueError) as error:
            self._note(self.refused, f"{remedy.text}: {error}")
        else:
            self._note(self.made, remedy.text)

    @staticmethod
    def _note(notes: list[str], text: str) -> None:
        if text not in notes:
            notes.append(text)


def with_urls(environment: E, causes: Sequence[Cause]) -> E:
    """The environment with the provider cloud URLs typed as the causes' remedies say."""
    clouds = dict(environment.provider_clouds)
    for cause in causes:
        verdict = cause.verdicts[0]
        key = _CLOUD_FIELDS.get(verdict.row.endpoint, "")
        typed = [remedy.asked for remedy in cause.cure.remedies if key and remedy.asked is not None]
        for asked in typed:
            for name, cloud in clouds.items():
                if verdict.asked.setting == f"{verdict.row.endpoint.value} of {name}":
                    url = _retyped(getattr(cloud, key), asked.host, asked.port)
                    clouds[name] = cloud.model_copy(update={key: url})
    return environment.model_copy(update={"provider_clouds": clouds})


def _retyped(url: str, host: str, port: int) -> str:
    return urlsplit(url.strip())._replace(netloc=f"{host}:{port}").geturl()
