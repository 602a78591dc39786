"""Paths that vCloud Director 9.0 answers and this emulator does not.

Rules of this file: one table, `(methods, path below /api/)`, both regular expressions; ID stands for an id.
Routes are looked up first, so a pattern here may be wider than what is missing. Source: vCloud API reference,
operations.
"""

from __future__ import annotations

import re

_READ, _WRITE, _ALL = "GET", "PUT|POST|DELETE", "GET|PUT|POST|DELETE"

GAPS: tuple[tuple[str, str], ...] = (
    # administration
    ("POST", "admin/orgs"),
    (_WRITE, "admin/org/ID(/(users|groups|catalogs|vdcsparams|action/.*))?"),
    ("GET|PUT", "admin/org/ID/(settings|metadata|users|groups).*"),
    (_ALL, "admin/(catalog|role|right|group|providervdc|vdc)/ID(/.*)?"),
    (_READ, "admin/(providervdcs?|roles?|rights?|groups?)(/.*)?"),
    (_WRITE, "admin/(user|network)/ID(/.*)?"),
    (_ALL, "admin/(edgeGateway|vdcStorageProfile)/.*"),
    # the system's extension
    (
        _ALL,
        "admin/extension/(settings|host|datastore|externalnet|externalNetwork|networkPool|providerVdc)[^/]*(/.*)?",
    ),
    (_ALL, "admin/extension/(resourcePool|blockingTask|strandedItem|licensing|service|cell)[^/]*(/.*)?"),
    (_ALL, "admin/extension/(vimServers|action|orgVdcs|vapps|orgNetworks)(/.*)?"),
    (_WRITE, "admin/extension/vimServer(/ID(/.*)?)?"),
    (
        _READ,
        "admin/extension/vimServer/ID/(hostReferences|networks|resourcePoolList|storageProfiles|vmsList/.*)",
    ),
    # catalogs and their contents
    (_ALL, "(catalog|catalogItem|media|mediaItem|vAppTemplate|disk|edgeGateway|service)(/.*)?"),
    (_ALL, "(entity|extensibility|schema|transfer|files|vmAffinityRule|vdcComputePolicies)(/.*)?"),
    (_READ, "(supportedSystemsInfo|mediaList|catalogs|vAppTemplates|disks)(/.*)?"),
    # organizations and vDCs
    (_ALL, "org/ID/(action|catalog|metadata|hybrid|vdcRollups|associations)(/.*)?"),
    ("POST", "vdc/ID/(action/.*|media|disk|vmAffinityRules)"),
    (_READ, "vdc/ID/(hwv/.*|templates|vmAffinityRules|computePolicies)"),
    (_WRITE, "vdc/ID/metadata.*"),
    (_WRITE, "network/ID(/.*)?"),
    ("PUT", "task/ID"),
    # vApps and VMs
    ("PUT", "vApp/(vapp|vm)-ID"),
    ("GET|PUT", "vApp/(vapp|vm)-ID/(productSections|snapshotSection|ovf|runtimeInfoSection|vmCapabilities)"),
    ("GET|PUT", "vApp/vm-ID/(bootOptionsSection|operatingSystemSection|environment|question|screen)"),
    ("GET|PUT|POST", "vApp/(vapp|vm)-ID/(metrics|complianceResult|screen|media|disk|question)(/.*)?"),
    ("POST", "vApp/(vapp|vm)-ID/action/.*"),
    ("PUT", "vApp/vapp-ID/(leaseSettingsSection|startupSection|owner)"),
    ("PUT", "vApp/vm-ID/(guestCustomizationSection|virtualHardwareSection(/.*)?)"),
)

_COMPILED = tuple(
    (re.compile(methods), re.compile(path.replace("ID", "[0-9a-zA-Z-]+"))) for methods, path in GAPS
)


def is_gap(method: str, path: str) -> bool:
    """True when vCD answers `method` on `path` (below /api/) and this emulator does not."""
    return any(m.fullmatch(method) and p.fullmatch(path) for m, p in _COMPILED)
