"""migrate.yaml: which VMs `cxsim migrate` moves from where to where. Models and loading.

Rules of this file: read with the scenarios' own machinery, so every mistake is told at once as
`file:line:column: path: what is wrong: what would be right`. Passwords are taken out of the tree before
anything looks at it, so no message can show one. docs/real-time.md documents the keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from cxsim.core import connect_to
from cxsim.core.appliance import ApplianceConfig, MigrationRequest, ProviderCloudForm, ReplicatorConfig
from cxsim.core.wizard import LONGEST_DELAY_S, instant_text
from cxsim.sim.scenario.environment import Instant
from cxsim.sim.scenario.model import Model, Name, Text, YesNo, one_or_many
from cxsim.sim.scenario.places import TreeMap, shown, stamp
from cxsim.sim.scenario.problems import Problem, Problems, ScenarioErrors, mistake
from cxsim.sim.scenario.quantities import Duration
from cxsim.sim.scenario.references import Loading, Names
from cxsim.sim.scenario.wording import told
from cxsim.sim.scenario.yamlfile import read, shown_path

PAGE = "docs/real-time.md"
REFUSE = "refuse"
_THUMBPRINT = re.compile(r"(SHA-256:)?([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")


def place_of(text: Any) -> tuple[str, int]:
    """`host:port`; raises a mistake."""
    wrong = mistake(f"{shown(text)} is not host:port", 'write it as "203.0.113.32:8044"')
    host, colon, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    if not host or not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise wrong
    return host, int(port)


def _https(value: Any) -> Any:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        good = parts is not None and parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise mistake(f"{shown(value)} is not an https URL", "write it as https://host:port")
    return value


def _thumbprint(value: Any) -> Any:
    if not isinstance(value, str) or not _THUMBPRINT.fullmatch(value):
        raise mistake(f"{shown(value)} is not a SHA-256 thumbprint", "write SHA-256:AB:CD:.. with 32 pairs")
    return value


def _place(value: Any) -> Any:
    return "{}:{}".format(*place_of(value))


def _place_or_any(value: Any) -> Any:
    return value if value == "*" else _place(value)


def _place_or_refuse(value: Any) -> Any:
    return value if value == REFUSE else _place(value)


Url = Annotated[str, BeforeValidator(_https)]
Endpoint = Annotated[str, BeforeValidator(_place)]


class VcenterAccess(Model):
    """The tenant's vCenter."""

    host: Name = Field(description="name or address", examples=["192.168.0.13"])
    port: int = Field(default=443, strict=True, ge=1, le=65535, description="port", examples=[443])
    user: Text = Field(description="user", examples=["administrator@vsphere.local"])


class ReplicatorAccess(Model):
    """The tenant's own replicator."""

    url: Url = Field(description="how it is reached from here", examples=["https://192.168.0.34:8043"])
    public_endpoint: str = Field(
        default="",
        strict=True,
        max_length=256,
        description="host:port that the provider calls",
        examples=["198.51.100.10:443"],
    )
    sso_user: Text = Field(description="vCenter account it uses", examples=["administrator@vsphere.local"])


class Cloud(Model):
    """The provider cloud, as typed into Add a Provider Cloud (cx.md 2.3)."""

    name: Name = Field(description="name in the list", examples=["MyCloud-CHC"])
    url: Url = Field(
        description="Provider Cloud URL", examples=["https://chc.mycloud.local/cloud/org/Tyrell"]
    )
    cx_url: Url = Field(description="CX Cloud Service URL", examples=["https://vcde.mycloud.local:443"])
    user: Name = Field(description="organisation administrator", examples=["tyrelladmin"])


class Job(Model):
    """The migration wizard (cx.md 3.2)."""

    name: Name = Field(description="name of the job", examples=["Move deckard"])
    type: Literal["Warm", "Cold"] = Field(default="Warm", description="Warm or Cold", examples=["Warm"])
    vms: Annotated[tuple[Name, ...], *one_or_many({"type": "string"})] = Field(
        min_length=1, description="VMs", examples=[["deckard"]]
    )
    vdc: Name = Field(description="target vDC", examples=["CHC Tyrell PAYG"])
    storage_profile: Name = Field(description="storage profile", examples=["CHC Performance"])
    network: Name = Field(description="network of the vDC", examples=["Tyrell Servers"])
    layout: Literal["individual", "group"] = Field(
        default="individual", description="each VM individually, or all in one vApp", examples=["individual"]
    )
    vapp_name: Name | None = Field(
        default=None, description="with group: name of the vApp", examples=["Wave 1"]
    )
    start: Instant | None = Field(
        default=None, description="when synchronisation starts; none: now", examples=["2026-11-24T20:00:00Z"]
    )
    rpo_s: Duration | None = Field(
        default=None, alias="rpo", gt=0, description="Warm only: target RPO", examples=["15 min"]
    )
    disk_type: Literal["Thin", "Thick"] = Field(default="Thin", description="disks", examples=["Thin"])
    power_on: YesNo = Field(default=True, description="Cold only: power on after migration", examples=["yes"])
    tag: Text | None = Field(default=None, description="free text", examples=["wave-1"])

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.type == "Warm" and self.rpo_s is None:
            raise mistake("a Warm migration needs an RPO", "add rpo: 15 min")
        if self.type == "Cold" and self.rpo_s is not None:
            raise mistake("a Cold migration has no RPO", "leave it out", "rpo")
        if (self.layout == "group") != (self.vapp_name is not None):
            raise mistake("layout group and vapp_name go together", "give both or none", "layout")
        return self


class Cutover(Model):
    """When to cut over."""

    when: Literal["when-ready", "ask", "at"] = Field(
        default="when-ready", description="at once, after asking, or at a time", examples=["when-ready"]
    )
    at: Instant | None = Field(
        default=None, description="with at: not before this instant", examples=["2026-11-24T20:00:00Z"]
    )
    power_on: YesNo = Field(default=True, description="power on target VMs", examples=["yes"])
    tag: Text | None = Field(default=None, description="free text", examples=["wave-1"])

    @classmethod
    def shaped(cls, data: Any, loading: Loading | None) -> Any:
        """`cutover: ask` stands for a mapping."""
        return {"when": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _time_goes_with_at(self) -> Self:
        if (self.when == "at") != (self.at is not None):
            raise mistake(
                "when: at and an instant go together", "give both: when: at, at: 2026-11-24T20:00:00Z"
            )
        return self


class Clock(Model):
    """What clock the products have, where it is not the wall clock: that of cxsim serve."""

    reads: Instant = Field(description="what it reads", examples=["2017-11-06T09:00:00Z"])
    at: Instant = Field(description="when the wall clock says", examples=["2026-11-23T08:00:00Z"])


class MigrateConfig(Model):
    """migrate.yaml."""

    ADVICE: ClassVar[dict[str, str]] = {
        key: f"add {key}: as in {PAGE}, or start from cxsim serve --ready-file"
        for key in ("vcenter", "replicator", "cloud", "job")
    }

    schema_version: Literal[1] = Field(alias="schema", description="version of the format", examples=[1])
    speed: float = Field(
        default=1.0, gt=0, le=100_000, description="seconds of the core a second", examples=[300]
    )
    clock: Clock | None = Field(
        default=None,
        description="the clock of the products; left out: the wall clock",
        examples=[{"reads": "2017-11-06T09:00:00Z", "at": "2026-11-23T08:00:00Z"}],
    )
    site: Name = Field(description="the tenant site's name, as the provider sees it", examples=["tyrell"])
    cx_version: Literal["1.0", "1.1"] = Field(
        default="1.1", description="certificates are shown at Test or after Add", examples=["1.1"]
    )
    vcenter: VcenterAccess = Field(description="the tenant's vCenter")
    replicator: ReplicatorAccess = Field(description="the tenant's replicator")
    cloud: Cloud = Field(description="the provider cloud")
    trust: dict[Endpoint, Annotated[str, BeforeValidator(_thumbprint)]] = Field(
        default_factory=dict,
        description="thumbprints that are trusted without asking, by host:port",
        examples=[{"chc.mycloud.local:443": "SHA-256:AB:.."}],
    )
    connect_to: dict[
        Annotated[str, BeforeValidator(_place_or_any)], Annotated[str, BeforeValidator(_place_or_refuse)]
    ] = Field(
        default_factory=dict,
        description='where to connect instead; "*": every other place; refuse: nowhere',
        examples=[{"203.0.113.32:8044": "127.0.0.1:43211"}],
    )
    poll_s: Duration = Field(
        default=30.0, alias="poll", gt=0, description="between two looks at the migrations", examples=["30 s"]
    )
    job: Job = Field(description="what to migrate")
    cutover: Cutover = Field(default=Cutover(), description="when to cut over", examples=["when-ready"])
    password_file: Text | None = Field(
        default=None, description="YAML file with the passwords, readable by you alone", examples=["pw.yaml"]
    )


@dataclass(frozen=True)
class Loaded:
    """A configuration, and the passwords that stood in the file itself."""

    config: MigrateConfig
    path: Path
    passwords: dict[str, str] = field(default_factory=dict, repr=False)


def load(path: Path) -> Loaded:
    """Read migrate.yaml. Raises ScenarioErrors with every mistake."""
    problems = Problems()
    tree = read(path, problems)
    config: MigrateConfig | None = None
    passwords: dict[str, str] = {}
    if tree is not None:
        passwords = _taken_out(tree, path, problems)
        stamp(tree)
        config = _validated(tree, problems)
    if config is None or problems.found:
        raise ScenarioErrors(problems.found)
    return Loaded(config, path, passwords)


def _validated(tree: TreeMap, problems: Problems) -> MigrateConfig | None:
    try:
        return MigrateConfig.model_validate(tree, context=Loading(Names(), problems))
    except ValidationError as error:
        located = (told(one, tree, problems) for one in error.errors(include_url=False))
        found = [problem for problem in located if problem is not None]
        problems.found += found
        if not problems.found:
            problems.found.append(Problem(tree.place, "", str(error.errors()[0]["msg"]), f"see {PAGE}"))
        return None


def _taken_out(tree: TreeMap, path: Path, problems: Problems) -> dict[str, str]:
    from cxsim.sim.migrate.passwords import exposed, texts_of

    written = tree.pop("passwords", None)
    if written is None:
        return {}
    place = tree.key_places["passwords"]
    bare = exposed(path)
    if bare is not None:
        problems.add(place, "passwords", f"{shown_path(path)} {bare}", f"chmod 600 {shown_path(path)}")
    return texts_of(written, place, "passwords", problems)


def clock_s(config: MigrateConfig, wall_s: float) -> float:
    """What the products' clock reads when the wall clock says `wall_s`, seconds since the epoch."""
    clock = config.clock
    if clock is None:
        return wall_s
    return clock.reads.timestamp() + (wall_s - clock.at.timestamp()) * config.speed


def too_far(config: MigrateConfig, now_s: float) -> list[str]:
    """Instants that are more than a year ahead of the products' clock: meant for another one."""
    wanted = {"job.start": config.job.start, "cutover.at": config.cutover.at}
    return [
        f"{key}: {instant_text(at.timestamp())} is more than a year away: the products' clock reads "
        f"{instant_text(now_s)}"
        + ("" if config.clock else " (the wall clock; cxsim serve has its own, see `clock`)")
        for key, at in wanted.items()
        if at is not None and at.timestamp() > now_s + LONGEST_DELAY_S
    ]


def appliance_config(config: MigrateConfig, passwords: dict[str, str]) -> ApplianceConfig:
    """The core's configuration."""
    vcenter, replicator = config.vcenter, config.replicator
    return ApplianceConfig(
        site=config.site,
        cx_version=config.cx_version,
        vcenter_host=vcenter.host,
        vcenter_port=vcenter.port,
        vcenter_user=vcenter.user,
        vcenter_password=passwords["vcenter"],
        replicator=ReplicatorConfig(
            url=replicator.url,
            public_endpoint=replicator.public_endpoint,
            root_password=passwords["replicator"],
            sso_user=replicator.sso_user,
            sso_password=passwords["replicator_sso"],
        ),
        poll_s=config.poll_s,
        vcenter_thumbprint=config.trust.get(f"{vcenter.host}:{vcenter.port}"),
    )


def form_of(config: MigrateConfig, passwords: dict[str, str]) -> ProviderCloudForm:
    """What is typed into Add a Provider Cloud."""
    cloud = config.cloud
    return ProviderCloudForm(cloud.name, cloud.url, cloud.cx_url, cloud.user, passwords["cloud"])


def request_of(config: MigrateConfig) -> MigrationRequest:
    """What is chosen in the migration wizard."""
    job = config.job
    return MigrationRequest(
        job=job.name,
        type=job.type,
        vms=job.vms,
        cloud=config.cloud.name,
        vdc=job.vdc,
        storage_profile=job.storage_profile,
        network=job.network,
        layout=job.layout,
        vapp_name=job.vapp_name,
        start=_instant_s(job.start),
        rpo_s=job.rpo_s,
        disk_type=job.disk_type,
        tag=job.tag or "",
        power_on=job.power_on,
    )


def routes_of(config: MigrateConfig) -> dict[connect_to.Place, connect_to.Place]:
    """The map of core.connect_to."""
    return {
        (connect_to.ANY if here == "*" else place_of(here)): (
            connect_to.REFUSE if there == REFUSE else place_of(there)
        )
        for here, there in config.connect_to.items()
    }


def _instant_s(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()
