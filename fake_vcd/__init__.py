"""Emulated vCloud Director: the vCloud API (XML, 27.0 to 32.0) over an in-memory model, as a WSGI app.

How the room is laid out: `estate` is what a user configures; `model*` is what exists and never knows
HTTP or XML; `*_xml` turn model objects into vCD's representations; the resource files (`org`, `vdc`,
`vapp`...) are the handlers; `urls` is the one table that joins paths and handlers; `errors` are vCD's own.
Facts: cx.md 5.1, peers.md 2; a behaviour that no source states is marked [I] where it is decided.
"""

from cxsim.fake_vcd.director import VCloudDirector
from cxsim.fake_vcd.estate import (
    Compute,
    Durations,
    Estate,
    NetworkConfig,
    OrgConfig,
    StorageProfileConfig,
    UserConfig,
    VdcConfig,
    VimServerConfig,
)
from cxsim.fake_vcd.infrastructure import (
    BackingDisk,
    BackingNic,
    BackingVm,
    InfrastructureError,
    InfrastructureManager,
    InMemoryInfrastructure,
)

__all__ = [
    "BackingDisk",
    "BackingNic",
    "BackingVm",
    "Compute",
    "Durations",
    "Estate",
    "InMemoryInfrastructure",
    "InfrastructureError",
    "InfrastructureManager",
    "NetworkConfig",
    "OrgConfig",
    "StorageProfileConfig",
    "UserConfig",
    "VCloudDirector",
    "VdcConfig",
    "VimServerConfig",
]
