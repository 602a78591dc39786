"""Addresses, networks and ports as firewalls write them.

Rules of this file: IPv4 only. Where a rule may name addresses, the name of a host or VM stands for its
address and is replaced by it while loading (the rule's `written` text keeps the name); the name of a group of
the edge stays, for its members may be unknown. A published address (`public_endpoint`) is free text on
purpose: typing it wrongly is what some scenarios are about.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cxsim.sim.scenario.model import one_or_many
from cxsim.sim.scenario.places import shown
from cxsim.sim.scenario.problems import mistake, nearest
from cxsim.sim.scenario.references import Loading

MOST_PORT = 65535
UNKNOWN = "unknown"
"""What is written where nobody knows: rules, translations, members of a group. Never guessed."""
SIDES = ("internal", "external")
"""Words of a vCloud Director edge for the two sides of the device (edge-config 1)."""
_DOTTED = re.compile(r"[\d.]+\Z")


def address_of(text: str) -> ipaddress.IPv4Address | None:
    """The address that a text is, or None."""
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def network_of(text: str) -> ipaddress.IPv4Network | None:
    """The network that a text is (host bits must be zero), or None."""
    try:
        return ipaddress.IPv4Network(text) if "/" in text else None
    except ValueError:
        return None


def _address(value: str) -> str:
    if address_of(value) is None:
        raise mistake(f"{shown(value)} is not an IPv4 address", "four numbers of 0 to 255, as 192.168.0.10")
    return value


def _cidr(value: str) -> str:
    if network_of(value) is None:
        raise mistake(f"{shown(value)} is not a network", _network_advice(value))
    return value


def _network_advice(value: str) -> str:
    try:
        return (
            f'write "{ipaddress.IPv4Network(value, strict=False)}"'
            if "/" in value
            else 'write it as "192.168.0.0/24"'
        )
    except ValueError:
        return 'write it as "192.168.0.0/24"'


def resolved(value: str, info: ValidationInfo) -> str:
    """An address for an address or the name of a host or VM."""
    if address_of(value) is not None:
        return value
    names = info.context.names if isinstance(info.context, Loading) else None
    if names is not None and value in names.addresses:
        return names.addresses[value]
    raise _no_address(value, names.addresses if names else {}, "address")


def _no_address(value: str, known: dict[str, str], what: str) -> PydanticCustomError:
    near = nearest(value, known)
    if _DOTTED.match(value) or (not known and near is None):
        return mistake(
            f"{shown(value)} is not an {what}", "write an IPv4 address or the name of a host or VM"
        )
    right = f'did you mean "{near}"?' if near else "the name of a host or VM, or an IPv4 address"
    return mistake(f"there is no host or VM {shown(value)}", right)


def _endpoint(value: Any, info: ValidationInfo) -> str:
    if not isinstance(value, str):
        raise mistake(
            f"{shown(value)} is not an address", "write any, an address, a network or the name of a host"
        )
    first, dash, last = value.partition("-")
    low, high = address_of(first), address_of(last)
    if value == "any" or value in SIDES or network_of(value) is not None or _is_group(value, info):
        return value
    if "/" in value and _DOTTED.match(value.partition("/")[0]):
        return _cidr(value)
    if dash and low is not None and high is not None:
        if low > high:
            raise mistake(f"{shown(value)} runs backwards", f'write "{high}-{low}"')
        return value
    return resolved(value, info)


def _is_group(value: Any, info: ValidationInfo) -> bool:
    return isinstance(value, str) and isinstance(info.context, Loading) and value in info.context.names.groups


_ENDPOINT_SCHEMA = {
    "type": "string",
    "x-type": "any, address, network, range a-b, host, VM or group; or a list",
    "examples": ["192.168.0.0/24"],
}
_ENDPOINT_LIST, _ENDPOINT_JSON = one_or_many(_ENDPOINT_SCHEMA)
Endpoints = Annotated[
    tuple[Annotated[str, BeforeValidator(_endpoint)], ...],
    _ENDPOINT_LIST,
    Field(min_length=1),
    _ENDPOINT_JSON,
]
"""What a rule matches: each item is `any`, an address, a network or a range `a-b`; names are resolved."""

Address = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_address),
    WithJsonSchema({"type": "string", "x-type": "IPv4 address"}),
]
Cidr = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_cidr),
    WithJsonSchema({"type": "string", "x-type": "IPv4 network"}),
]
AddressOrHost = Annotated[
    str,
    Field(strict=True),
    AfterValidator(resolved),
    WithJsonSchema({"type": "string", "x-type": "address, host or VM"}),
]
"""An address; the name of a host or VM is replaced by its address."""


@dataclass(frozen=True)
class Ports:
    """An inclusive range of ports."""

    low: int
    high: int

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True)
class PortGroup:
    """Ports by the name of a group of the edge (an application of an NSX-v export)."""

    name: str

    def __str__(self) -> str:
        return self.name


_ANY = Ports(0, MOST_PORT)


def _port_number(text: str, value: Any) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= MOST_PORT:
        raise mistake(f"{shown(value)} is not a port", f"1 to {MOST_PORT}, a range as 8000-8100, or any")
    return int(text)


def _ports(value: Any, info: ValidationInfo) -> Ports | PortGroup:
    if isinstance(value, Ports | PortGroup):
        return value
    if _is_group(value, info):
        return PortGroup(value)
    if value == "any":
        return _ANY
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise mistake(f"{shown(value)} is not a port", f"1 to {MOST_PORT}, a range as 8000-8100, or any")
    return _port_range(text, value)


def _port_range(text: str, value: Any) -> Ports:
    """A port or a range of them; `value` is what messages quote."""
    low, dash, high = text.partition("-")
    first = _port_number(low.strip(), value)
    last = _port_number(high.strip(), value) if dash else first
    if first > last:
        raise mistake(f"{shown(value)} runs backwards", f'write "{last}-{first}"')
    return Ports(first, last)


_PORT_SCHEMA = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_PORT}, {"type": "string"}],
    "x-type": "any, port, range a-b or group; or a list",
    "examples": [443],
}
_PORT_LIST, _PORT_JSON = one_or_many(_PORT_SCHEMA)


def _none_if_any(ports: tuple[Ports | PortGroup, ...]) -> tuple[Ports | PortGroup, ...]:
    return () if _ANY in ports else ports


PortRanges = Annotated[
    tuple[Annotated[Ports | PortGroup, BeforeValidator(_ports)], ...],
    _PORT_LIST,
    Field(min_length=1),
    AfterValidator(_none_if_any),
    _PORT_JSON,
]
"""Ranges of ports, and groups of them; empty: any port."""


def _member(value: Any, info: ValidationInfo) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(_port_number(str(value), value))
    if isinstance(value, str) and re.fullmatch(r"\d{1,5}(-\d{1,5})?", value):
        return str(_port_range(value, value))
    return _endpoint(value, info)


_MEMBER_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "integer"}],
    "x-type": "address, network, range a-b, host, VM, group or port; or a list; or unknown",
    "examples": [["203.0.113.0/24"]],
}
_MEMBER_LIST, _MEMBER_JSON = one_or_many(_MEMBER_SCHEMA)


def _unless_unknown(value: Any) -> Any:
    return None if value == UNKNOWN else value


@dataclass(frozen=True)
class OrUnknown:
    """Annotation of a field: the word `unknown` is allowed. `as_none`: it gives None; otherwise it is for the
    field's model to read."""

    as_none: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if not self.as_none:
            return handler(source)
        return core_schema.no_info_before_validator_function(_unless_unknown, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = handler(schema)
        kinds = [kind for kind in made.pop("anyOf", [made]) if kind != {"type": "null"}]
        return {"anyOf": [*kinds, {"const": UNKNOWN}]}


OR_UNKNOWN = OrUnknown()
_Members = Annotated[tuple[Annotated[str, BeforeValidator(_member)], ...], _MEMBER_LIST, Field(min_length=1)]
Members = Annotated[_Members | None, OR_UNKNOWN, _MEMBER_JSON]
"""Members of a group, as written; None: nobody gave them."""
Port = Annotated[int, Field(strict=True, ge=1, le=MOST_PORT)]


@dataclass(frozen=True)
class NatEnd:
    """One side of a translation: an address, network or range, and its port (None: any, kept). `last_port`:
    the end of a range of ports."""

    address: str
    port: int | None
    last_port: int | None = None

    def __str__(self) -> str:
        if self.port is None:
            return self.address
        return f"{self.address}:{self.port}" + ("" if self.last_port is None else f"-{self.last_port}")


def _nat_end(value: Any, info: ValidationInfo) -> NatEnd:
    if isinstance(value, NatEnd):
        return value
    if not isinstance(value, str):
        raise mistake(
            f"{shown(value)} is not an address", 'write "198.51.100.10:443" (in quotes), or without a port'
        )
    address, colon, port = value.partition(":")
    if not colon:
        return NatEnd(UNKNOWN if address == UNKNOWN else _endpoint(address, info), None)
    ports = _port_range(port, value)
    last = None if ports.low == ports.high else ports.high
    return NatEnd(_endpoint(address, info), ports.low, last)


NatSide = Annotated[
    NatEnd,
    BeforeValidator(_nat_end),
    WithJsonSchema(
        {
            "type": "string",
            "x-type": "address[:port], network, host[:port], group or unknown",
            "examples": ["198.51.100.10:443"],
        }
    ),
]
