"""What explaining needs to know of an environment beyond its network: who is what, and what was typed where.

Rules of this file: records, and the reading of endpoints as people type them. How an appliance understands
what was typed is cx.md 1.3; what no source says is marked [I].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cxsim.sim.explain.flows import Endpoint, FlowRow, Role

if TYPE_CHECKING:
    from cxsim.sim.explain.evaluate import FlowVerdict
    from cxsim.sim.explain.finding import Finding

DATA_PORT = 44045
MANAGEMENT_PORTS = (443, 8043)
"""Ports of a Replicator's Public Endpoint URL that cannot mean its data port [I] (cx.md 1.3)."""


@dataclass(frozen=True)
class Typed:
    """Something that an administrator typed, and where."""

    value: str
    place: str = ""


@dataclass(frozen=True)
class ViewHost:
    """A host with its role. `party`: `tenant` or `provider`; `public_endpoint`: None when left empty."""

    name: str
    role: Role
    party: str
    site: str
    address: str
    place: str = ""
    public_endpoint: Typed | None = None


@dataclass(frozen=True)
class ViewCloud:
    """A provider cloud as the tenant's administrator entered it."""

    name: str
    url: Typed
    cx_url: Typed


Inspect = Callable[["FlowVerdict"], "Finding | None"]
"""What is wrong with a flow although its connection is accepted by the right host and port."""


@dataclass(frozen=True)
class EnvironmentView:
    """An environment, as far as explaining needs it."""

    hosts: tuple[ViewHost, ...]
    clouds: tuple[ViewCloud, ...] = ()
    inspect: Inspect | None = field(default=None, compare=False)
    """Looks behind the connection of a flow that is accepted; None: nothing is known of applications."""

    def of(self, party: str, role: Role) -> list[ViewHost]:
        """The hosts of a party with a role, in order."""
        return [host for host in self.hosts if host.party == party and host.role is role]

    def named(self, name: str) -> ViewHost | None:
        """A host by name."""
        return next((host for host in self.hosts if host.name == name), None)


@dataclass(frozen=True)
class Asked:
    """Where a client connects to, and why it thinks so. `error`: why what was typed cannot be used (then
    there is no host)."""

    host: str
    port: int
    typed: Typed | None = None
    setting: str = ""
    error: str = ""


def asked(row: FlowRow, target: ViewHost, cloud: ViewCloud | None = None) -> Asked:
    """Where the client of a flow connects to, to reach `target`."""
    if row.endpoint is Endpoint.PRIVATE:
        return Asked(target.address, row.port)
    if row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        assert cloud is not None
        typed = cloud.url if row.endpoint is Endpoint.CLOUD_URL else cloud.cx_url
        return _of_url(typed, f"{row.endpoint.value} of {cloud.name}")
    setting = f"Public Endpoint URL of {target.name}"
    if target.public_endpoint is None or not target.public_endpoint.value.strip():
        # An empty field means that the private address is advertised [I] (cx.md 1.3).
        return Asked(target.address, row.port, target.public_endpoint, setting)
    found = _of_endpoint(target.public_endpoint, row.port, setting)
    if row.endpoint is Endpoint.DATA and not found.error and found.port in MANAGEMENT_PORTS:
        return Asked(found.host, DATA_PORT, found.typed, setting)
    return found


def _of_url(typed: Typed, setting: str) -> Asked:
    try:
        parts = urlsplit(typed.value.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return Asked("", 0, typed, setting, f"{typed.value!r} is not a URL: {error}")
    if parts.scheme != "https" or not host:
        return Asked("", 0, typed, setting, f"{typed.value!r} is not a URL https://host[:port]/...")
    return Asked(host, port or 443, typed, setting)


def _of_endpoint(typed: Typed, default_port: int, setting: str) -> Asked:
    value = typed.value.strip()
    if "://" in value or "/" in value:
        return Asked(
            "", 0, typed, setting, f"{value!r}: the field takes ADDRESS:PORT, without a scheme or path"
        )
    host, colon, port = value.rpartition(":")
    if not colon:
        return Asked(value, default_port, typed, setting)
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        return Asked("", 0, typed, setting, f"{value!r}: the field takes ADDRESS:PORT")
    return Asked(host, int(port), typed, setting)
