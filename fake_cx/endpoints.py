"""How one typed 'Public Endpoint URL' becomes the addresses that an appliance advertises.

Rules of this file: two pure functions and the table they implement (cx.md 1.3). The UI shows one field
while the engine keeps a management URL and, for a replicator, a data (LWD) address and port. The rule is
inferred [I]: cx.md 1.3 'Emulator rule'. Nothing is corrected: what was typed is stored and advertised as
typed, and what cannot be parsed fails when somebody uses it.

    typed (replicator)    apiUrl                      LWD address   LWD port
    ''                    https://<private>:8043      <private>     44045
    h                     https://h (port 443)        h             44045
    h:443, h:8043         https://h:443, ...          h             44045     (management ports)
    h:44045, h:45000      https://h:44045, ...        h             44045, 45000
    https://h:443         https://https://h:443       https://h     44045     (fails when used)
    h:no-port             https://h:no-port           h:no-port     44045     (fails when used)
"""

from __future__ import annotations

from dataclasses import dataclass

MANAGER_PORT = 8044
REPLICATOR_PORT = 8043
LWD_PORT = 44045

MANAGEMENT_PORTS = (443, REPLICATOR_PORT)
"""A port of this list is taken for the management port, so the data port stays 44045."""


@dataclass(frozen=True)
class ReplicatorEndpoint:
    """What a replicator advertises."""

    api_url: str
    lwd_address: str
    lwd_port: int


def manager_api_url(typed: str, private_address: str, private_port: int = MANAGER_PORT) -> str:
    """The URL that a Replication Manager gives to tenants: `https://` and what was typed; the private
    address and port when the field was left empty."""
    typed = typed.strip()
    if not typed:
        return f"https://{private_address}:{private_port}"
    return f"https://{typed}"


def split_replicator_endpoint(
    typed: str, private_address: str, private_port: int = REPLICATOR_PORT
) -> ReplicatorEndpoint:
    """The management URL and data address that a replicator advertises (the table above)."""
    typed = typed.strip()
    if not typed:
        return ReplicatorEndpoint(f"https://{private_address}:{private_port}", private_address, LWD_PORT)
    address, port = _address_and_port(typed)
    lwd_port = LWD_PORT if port is None or port in MANAGEMENT_PORTS else port
    return ReplicatorEndpoint(f"https://{typed}", address, lwd_port)


def _address_and_port(typed: str) -> tuple[str, int | None]:
    address, colon, port = typed.rpartition(":")
    if not colon or not address:
        return typed, None
    if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
        return address, int(port)
    return typed, None
