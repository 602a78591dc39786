"""What a twin says when it is ready: a table for people, and a file that `cxsim migrate` takes as it is.

Rules of this file: the file names places as the environment does, so that certificates, messages and events
are those of the simulation; `connect_to` leads to the real sockets, and everything else nowhere, so that no
address of the model is ever looked for on a real network. Passwords are left out unless asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

from cxsim.sim.scenario import Scenario
from cxsim.sim.scenario import hosts as written
from cxsim.sim.scenario import steps as written_steps
from cxsim.sim.scenario.environment import Environment
from cxsim.sim.scenario.quantities import DURATION, render
from cxsim.sim.serve.bridge import Listening
from cxsim.sim.serve.endpoints import connector_of
from cxsim.sim.serve.twin import Twin

HIDDEN = "(hidden: --show-passwords)"


def table(twin: Twin, show_passwords: bool) -> list[str]:
    """The endpoints for a reader: where, what, thumbprint, accounts."""
    lines = []
    thumbprints = twin.thumbprints()
    for listening in twin.listening:
        endpoint = listening.endpoint
        lines.append(f"{listening.url}")
        lines.append(f"    {endpoint.product}, in the environment {endpoint.place}")
        shown = thumbprints.get(endpoint.place, "no certificate can be reached from there now")
        lines.append(f"    {shown}")
        for account in endpoint.accounts:
            password = account.password if show_passwords else HIDDEN
            lines.append(f"    user {account.user}, password {password}")
    return lines


def ready_line(listening: Sequence[Listening], file: Path | None) -> str:
    """One line for a program: `ready ` and a JSON object."""
    places = {one.endpoint.place: f"{one.address}:{one.port}" for one in listening}
    return "ready " + json.dumps({"pid": os.getpid(), "file": str(file) if file else None, "places": places})


def migrate_config(twin: Twin, show_passwords: bool) -> dict[str, Any]:
    """The configuration of `cxsim migrate` for this twin."""
    environment = twin.environment
    connector = connector_of(environment)
    vcenter, replicator = environment.hosts[connector.vcenter], environment.hosts[connector.replicator]
    assert isinstance(vcenter, written.VCenter)
    assert isinstance(replicator, written.Replicator)
    assert twin.world is not None
    config: dict[str, Any] = {
        "schema": 1,
        "speed": twin.speed,
        "clock": dict(zip(("reads", "at"), map(_instant, twin.clock()), strict=True)),
        "site": connector.site,
        "cx_version": Quoted(environment.cx_version),
        "vcenter": {"host": vcenter.address, "user": vcenter.user},
        "replicator": {
            "url": f"https://{replicator.address}:8043",
            "public_endpoint": Quoted(twin.world.public_endpoint(replicator.name)),
            "sso_user": replicator.sso_user,
        },
    }
    job, cutover = _planned(environment)
    cloud = _cloud(environment, job.pop("cloud", None))
    if cloud is not None:
        config["cloud"] = cloud
    config["trust"] = {Quoted(place): Quoted(shown) for place, shown in twin.thumbprints().items()}
    config["connect_to"] = {
        **{Quoted(one.endpoint.place): Quoted(f"{one.address}:{one.port}") for one in twin.listening},
        Quoted("*"): "refuse",
    }
    config["job"] = job
    config["cutover"] = cutover
    if show_passwords:
        accounts = [a for one in twin.listening for a in one.endpoint.accounts]
        config["passwords"] = {
            purpose: Quoted(next(a.password for a in accounts if a.purpose == purpose))
            for purpose in ("vcenter", "cloud", "replicator", "replicator_sso")
            if any(a.purpose == purpose for a in accounts)
        }
    return config


def _instant(instant_s: float) -> str:
    text = datetime.fromtimestamp(instant_s, UTC).isoformat(timespec="microseconds")
    quoted: str = Quoted(text.replace("+00:00", "Z"))
    return quoted


def _cloud(environment: Environment, name: str | None) -> dict[str, Any] | None:
    clouds = environment.provider_clouds
    if not clouds:
        return None
    cloud = clouds[name] if name is not None else next(iter(clouds.values()))
    return {"name": cloud.name, "url": cloud.url, "cx_url": cloud.cx_url, "user": cloud.user}


def _planned(environment: Environment) -> tuple[dict[str, Any], Any]:
    """The job that the scenario's first migration step orders, with its cutover; a proposal without one."""
    steps = [step.step for step in environment.steps] if isinstance(environment, Scenario) else []
    cutovers = [step for step in steps if isinstance(step, written_steps.Cutover)]
    cutover: dict[str, Any] = {"when": "when-ready", "power_on": True}
    if cutovers:
        cutover["power_on"] = cutovers[0].power_on
        if cutovers[0].tag:
            cutover["tag"] = cutovers[0].tag
    for step in steps:
        if isinstance(step, written_steps.Migrate):
            return {**_job(step), **_start(environment, step)}, cutover
    return _proposal(environment), cutover


def _start(environment: Environment, step: written_steps.Migrate) -> dict[str, Any]:
    start = step.start
    if isinstance(start, datetime):
        return {"start": _instant(start.timestamp())}
    return {"start": _instant(environment.start_s + start)} if isinstance(start, float) else {}


def _job(step: written_steps.Migrate) -> dict[str, Any]:
    job: dict[str, Any] = {
        "name": step.job,
        "type": step.type,
        "vms": list(step.vms),
        "cloud": step.cloud,
        "vdc": step.vdc,
        "storage_profile": step.storage_profile,
        "network": step.network,
        "layout": step.layout,
        "disk_type": step.disk_type,
    }
    if step.vapp_name:
        job["vapp_name"] = step.vapp_name
    if step.rpo_s is not None:
        job["rpo"] = render(step.rpo_s, DURATION)
    if step.type == "Cold":
        job["power_on"] = step.power_on
    if step.tag:
        job["tag"] = step.tag
    return job


def _proposal(environment: Environment) -> dict[str, Any]:
    vm = next((vm for vm in environment.vms.values() if vm.power == "on"), None)
    job: dict[str, Any] = {"name": "Move a VM", "type": "Warm", "vms": [vm.name] if vm else []}
    for host in environment.hosts.values():
        if isinstance(host, written.Vcd):
            for vdc_name, vdc in ((n, v) for org in host.orgs.values() for n, v in org.vdcs.items()):
                profiles = list(vdc.storage_profiles)
                job |= {"vdc": vdc_name, "storage_profile": profiles[0] if profiles else ""}
                job |= {"network": vdc.networks[0] if vdc.networks else ""}
                return {**job, "rpo": "15 min"}
    return {**job, "rpo": "15 min"}


def write_ready_file(path: Path, config: dict[str, Any]) -> None:
    """Write the file in one piece, for its owner alone. Raises OSError."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write("# Written by cxsim serve; for cxsim migrate --config. It holds while that runs.\n")
        yaml = YAML()
        yaml.width = 200
        yaml.dump(config, stream)
    waiting.replace(path)
