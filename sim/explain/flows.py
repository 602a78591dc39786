"""The connections that CX needs, as one table (cx.md 1.2 rows 2 to 14), and who listens on what.

Rules of this file: data only. A row on which the sources disagree is not `required` and can at worst WARN.
Grades: [D] vendor documentation, [O] observed by a practitioner, [C] read in client code, [I] inferred. Row 1
(a browser) and row 15 (the L2VPN of DC extensions) are no part of a migration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a host is (the `role` of an environment file)."""

    CONNECTOR = "cx-connector"
    REPLICATOR = "replicator"
    CLOUD_SERVICE = "cx-cloud-service"
    MANAGER = "replication-manager"
    VCD = "vcd"
    VCENTER = "vcenter"
    PSC = "psc"
    ESXI = "esxi"
    DNS = "dns"


TITLES: Mapping[Role, str] = {
    Role.CONNECTOR: "CX on-premises appliance",
    Role.REPLICATOR: "Replicator (CCE)",
    Role.CLOUD_SERVICE: "CX Cloud Service",
    Role.MANAGER: "Replication Manager (CCM)",
    Role.VCD: "vCloud Director",
    Role.VCENTER: "vCenter",
    Role.PSC: "Platform Services Controller",
    Role.ESXI: "ESXi host",
    Role.DNS: "DNS server",
}

PORTS: Mapping[Role, tuple[int, ...]] = {
    Role.CONNECTOR: (443,),
    Role.REPLICATOR: (8043, 44045),
    Role.CLOUD_SERVICE: (443,),
    Role.MANAGER: (8044,),
    Role.VCD: (443,),
    Role.VCENTER: (443,),
    Role.PSC: (443,),
    Role.ESXI: (902, 80, 44045, 44046, 31031),
    Role.DNS: (53,),
}
"""What listens on a host of each role (cx.md 1.2; ESXi: rows 13 and 14)."""


class Endpoint(Enum):
    """How a client comes to the address it asks for."""

    PRIVATE = "the host's own address"
    CLOUD_URL = "Provider Cloud URL"
    CX_URL = "vCD Extender Cloud Service URL"
    MANAGEMENT = "Public Endpoint URL"
    DATA = "Public Endpoint URL (data)"


class Phase(Enum):
    """When a user first meets the flow: what fails without it."""

    TEST = "Test"
    ENABLE = "enabling the provider cloud"
    DATA = "replication"
    ACTIVATION = "set-up"
    CUTOVER = "cutover"


SYMPTOMS: Mapping[Phase, str] = {
    Phase.TEST: "Test fails",
    Phase.ENABLE: "Test says `Connected successfully!`, then the cloud becomes `Enable Failed`",
    Phase.DATA: "the migration is `Created`, stays at 0 % and ends in `Error`",
    Phase.ACTIVATION: "activation and jobs of the appliances fail",
    Phase.CUTOVER: "the cutover cannot import the VM",
}


@dataclass(frozen=True)
class FlowRow:
    """One kind of connection. `port` listens on the target itself; the published port is whatever the
    endpoint says."""

    row: str
    from_party: str
    from_role: Role
    to_party: str
    to_role: Role
    endpoint: Endpoint
    port: int
    phase: Phase
    sources: str
    grade: str
    required: bool = True
    note: str = ""


def _private(
    row: str, party: str, source: Role, target: Role, port: int, phase: Phase, sources: str, grade: str,
    required: bool = True, note: str = "",
) -> FlowRow:  # fmt: skip
    return FlowRow(
        row, party, source, party, target, Endpoint.PRIVATE, port, phase, sources, grade, required, note
    )


T, P = "tenant", "provider"

FLOWS: tuple[FlowRow, ...] = (
    FlowRow(
        "2", T, Role.CONNECTOR, P, Role.VCD, Endpoint.CLOUD_URL, 443, Phase.TEST, "K4, CTL rule 002", "O"
    ),
    FlowRow(
        "3", T, Role.CONNECTOR, P, Role.CLOUD_SERVICE, Endpoint.CX_URL, 443, Phase.TEST,
        "DX1-proxy, K2, K3", "D",
    ),
    FlowRow(
        "4", T, Role.CONNECTOR, P, Role.MANAGER, Endpoint.MANAGEMENT, 8044, Phase.ENABLE,
        "DX1-proxy, K2, K3, CTL", "D",
    ),
    FlowRow(
        "4", T, Role.REPLICATOR, P, Role.MANAGER, Endpoint.MANAGEMENT, 8044, Phase.ENABLE,
        "DX1-proxy, K2, K3, CTL", "D",
    ),
    FlowRow(
        "5", P, Role.MANAGER, T, Role.REPLICATOR, Endpoint.MANAGEMENT, 8043, Phase.ENABLE,
        "DX0-proxy, RA, K2, K3, KP, CTL", "D",
    ),
    FlowRow(
        "6", T, Role.REPLICATOR, P, Role.REPLICATOR, Endpoint.DATA, 44045, Phase.DATA, "RA, K2, KP", "D"
    ),
    FlowRow(
        "7", P, Role.REPLICATOR, T, Role.REPLICATOR, Endpoint.DATA, 44045, Phase.DATA,
        "K2, K3, DX1-proxy against CTL", "O", required=False,
        note="sources disagree: only needed from the cloud back to the premises [I]",
    ),
    _private("8", P, Role.CLOUD_SERVICE, Role.MANAGER, 8044, Phase.ACTIVATION, "KP", "O"),
    _private("9", P, Role.MANAGER, Role.REPLICATOR, 8043, Phase.ACTIVATION, "KP", "O"),
    _private("10", P, Role.REPLICATOR, Role.MANAGER, 8044, Phase.ACTIVATION, "KP", "O"),
    _private("11", P, Role.CLOUD_SERVICE, Role.VCD, 443, Phase.CUTOVER, "RA, KP", "D"),
    _private("12", P, Role.CLOUD_SERVICE, Role.VCENTER, 443, Phase.ACTIVATION, "KP, K2", "O"),
    _private("12", P, Role.CLOUD_SERVICE, Role.PSC, 443, Phase.ACTIVATION, "K2", "O"),
    _private("12", P, Role.REPLICATOR, Role.VCENTER, 443, Phase.ACTIVATION, "KP, K2", "O"),
    _private("12", P, Role.REPLICATOR, Role.PSC, 443, Phase.ACTIVATION, "K2", "O"),
    _private("12", T, Role.CONNECTOR, Role.VCENTER, 443, Phase.ACTIVATION, "K3 (wizard step 1)", "O"),
    _private("12", T, Role.REPLICATOR, Role.VCENTER, 443, Phase.ACTIVATION, "K3", "O"),
    _private("13", P, Role.REPLICATOR, Role.ESXI, 902, Phase.DATA, "vSphere Replication 8.3, KP", "D"),
    _private("13", P, Role.REPLICATOR, Role.ESXI, 80, Phase.DATA, "vSphere Replication 8.3, KP", "D"),
    _private("14", T, Role.ESXI, Role.REPLICATOR, 44045, Phase.DATA, "V1 diagram (H4 family)", "O"),
    _private("14", T, Role.REPLICATOR, Role.ESXI, 902, Phase.DATA, "V1 diagram (H4 family)", "O"),
    _private(
        "14", T, Role.REPLICATOR, Role.ESXI, 44046, Phase.DATA, "V1 diagram (H4 family)", "O",
        required=False, note="the diagram does not say which side listens [I]",
    ),
    _private(
        "14", T, Role.REPLICATOR, Role.ESXI, 31031, Phase.DATA, "V1 diagram (H4 family)", "O",
        required=False, note="the diagram does not say which side listens [I]",
    ),
)  # fmt: skip
