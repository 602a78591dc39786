"""How a tenant's CX appliance is set up: what its own wizard asked for, and its limits.

Rules of this file: plain records, no behaviour. Times in seconds. Passwords never appear in a `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cxsim.core.decisions import COMPACT_AFTER


@dataclass(frozen=True)
class ReplicatorConfig:
    """The tenant's own replicator, as activated in step 4 of the on-prem wizard (cx.md 1.3, 2.2)."""

    url: str
    """How this appliance reaches it: `https://192.168.0.34:8043`."""
    public_endpoint: str
    """`host:port`, what the Replication Manager will call; empty = the address in `url` is advertised."""
    root_password: str = field(repr=False)
    sso_user: str
    sso_password: str = field(repr=False)


@dataclass(frozen=True)
class ApplianceConfig:
    """Set-up and limits of the core."""

    site: str
    """The tenant site's name, as the provider sees it."""
    cx_version: str
    """`1.0`: certificates are shown at Test; `1.1`: after Add (cx.md 2.3)."""
    vcenter_host: str
    vcenter_port: int
    vcenter_user: str
    vcenter_password: str = field(repr=False)
    replicator: ReplicatorConfig
    poll_s: float = 30.0
    """Between two looks at the migrations of a cloud; one call a look, however many VMs."""
    settled_looks: int = 4
    """One look in so many is also at what is settled, to which nothing happens by itself (`poller`): by
    default every 2 min, after which time a provider gives a broken replication up (docs/inferred-api.md)."""
    connect_timeout_s: float = 30.0
    read_timeout_s: float = 120.0
    task_poll_s: float = 5.0
    """Between two looks at a task of the Replication Manager."""
    enable_limit_s: float = 600.0
    """How long registering the replicator may take before the cloud is `Enable Failed`."""
    command_tries: int = 3
    """How often a command that may safely be repeated is sent when the connection fails."""
    command_delay_s: float = 10.0
    """Before the second try; doubled before each further one, with up to a quarter of jitter."""
    command_delay_most_s: float = 300.0
    """The longest delay before a command that is repeated until it is answered."""
    stops_per_host: int = 4
    """Source VMs that are powered off at a time on one ESXi host."""
    cutovers_per_replicator: int = 4
    """Cutovers under way at a time at one replicator; the sources of the others run on until it is their
    turn (a target host exports one VM at a time, cx.md 3.5, so more of them only wait, powered off)."""
    rpo_min_s: float = 300.0
    """5 min (cx.md 3.2: the fastest a practitioner saw; sources differ)."""
    rpo_max_s: float = 86400.0
    """1440 min, the engine's limit (cx.md 5.5)."""
    certificate_dates: bool = False
    """A pinned certificate must also be within its dates, by this appliance's clock. No source says whether
    CX looks at them [I]; that it needs an OCSP responder (cx.md P9) hints at it."""
    vcenter_thumbprint: str | None = None
    """SHA-256 of the vCenter's certificate; None: what it shows first is registered, in the journal."""
    journal_most: int = COMPACT_AFTER
    """Decisions written to the journal before it is compacted; at least four times what is kept."""

    vcenter_task_poll_s: float = 2.0
    """Between two looks at a vCenter task."""
    vcenter_task_limit_s: float = 600.0
    """A vCenter task that runs longer is given up."""

    guard_attribute: str = "CX Migration"
    """Custom attribute that marks a migrated source VM; "": none."""
    guard_suffix: str = " (migrated)"
    """Suffix to the name of a migrated source VM; "": it keeps its name."""
    guard_disconnect: bool = False
    """Take a migrated source VM's adapters off their networks."""
    guard_poll_s: float = 300.0
    """Between two looks at migrated source VMs, one look for all of them; 0: never."""

    @property
    def timeouts_s(self) -> tuple[float, float]:
        """(connect, read), as requests wants them."""
        return self.connect_timeout_s, self.read_timeout_s
