"""Every figure of the emulated CX appliances that no vendor document gives, in one frozen record.

Rules of this file: a figure appears here and nowhere else; each field carries its unit (in its name), its
evidence grade (cx.md: D vendor document, O observed, C client code, I inferred) and why it has its default.
docs/inferred-api.md section 3 lists the same fields; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _figure(default: Any, grade: str, why: str) -> Any:
    return field(default=default, metadata={"grade": grade, "why": why})


@dataclass(frozen=True)
class CxSettings:
    """Times, counts and version strings of the appliances. Seconds, bytes and bytes per second."""

    cx_version: str = _figure(
        "1.1.0", "I", "version shown by `/mobility/info`; the guides are for 1.0 and 1.1"
    )
    h4_version: str = _figure("1.1.0", "C", "the sample client was written for an `h4va-1.1.0` appliance")
    session_life_s: float = _figure(1800.0, "I", "a session or token ends this long after its last use")
    connect_timeout_s: float = _figure(30.0, "I", "an appliance gives up connecting to a peer")
    read_timeout_s: float = _figure(
        90.0,
        "I",
        "an appliance gives up waiting for an answer; above connect_timeout_s, because a peer may be "
        "connecting to a third one meanwhile",
    )
    keep_alive_s: float = _figure(
        30.0, "I", "a connection idle for longer is not used again: devices on the way forget it silently"
    )
    task_poll_s: float = _figure(5.0, "I", "between two looks at another appliance's task")
    attempts: int = _figure(
        3, "I", "tries of a control call that could not connect, when starting a migration"
    )
    retry_delay_s: float = _figure(30.0, "I", "between these tries")
    status_freshness_s: float = _figure(
        5.0,
        "I",
        "a cached status is asked again when older; the source host reports progress every 5 s "
        "(HBR.ProgressReportIntervalMs)",
    )
    settled_freshness_s: float = _figure(
        60.0, "I", "the same of a replication that is not in its initial or final synchronization"
    )
    status_timeout_s: float = _figure(
        10.0, "I", "connecting to a replicator for its status is given up sooner"
    )
    offline_retry_s: float = _figure(
        60.0, "I", "a peer that could not be reached for its status is left alone"
    )
    monitor_s: float = _figure(60.0, "I", "the cloud service looks after its migrations when nobody asks")
    error_grace_s: float = _figure(
        120.0,
        "I",
        "a replication must be in error this long before its migration becomes ERROR; the source host "
        "reconnects at +10 s steps and reports after 60 s (cx.md 6.2)",
    )
    final_sync_limit_s: float = _figure(86400.0, "I", "a cutover waits this long for its last instance")
    export_base_s: float = _figure(30.0, "I", "time of an export beside copying: snapshot tree, registration")
    export_bytes_per_s: float = _figure(
        400e6, "I", "copying of provisioned disk bytes by an export; 0 = no copying"
    )
    exports_per_host: int = _figure(1, "C", "exports at a time on a host; the sample client notes one")
    removal_retry_s: float = _figure(
        60.0, "I", "between two tries to remove a replication from a replicator that could not be reached"
    )
    removal_attempts: int = _figure(100, "I", "tries to remove it")
    vcd_api_version: str = _figure("27.0", "D", "the version that the 1.1 guide uses with vCloud Director 9")
    vcd_task_poll_s: float = _figure(5.0, "I", "between two looks at a vCD task, as pyvcloud does")
    vcd_task_limit_s: float = _figure(3600.0, "I", "a vCD task that runs longer is given up")
    ip_allocation_mode: str = _figure(
        "DHCP", "I", "of the imported VM's NIC; addresses are kept only with a DC extension (cx.md 3.1)"
    )
    vcenter_timeout_s: float = _figure(60.0, "I", "connecting to vCenter and waiting for an answer")
    vcenter_task_poll_s: float = _figure(2.0, "I", "between two looks at a vCenter task")
    vcenter_task_limit_s: float = _figure(600.0, "I", "a vCenter task that runs longer is given up")
    certificate_dates: bool = _figure(
        False,
        "I",
        "a pinned certificate must also be within its dates; the need for an OCSP responder (cx.md P9) hints "
        "at it, pinning by thumbprint does not need it",
    )
    refuse_shared_certificate: bool = _figure(
        True,
        "I",
        "two vCAv sites that show the same certificate refuse to pair (cx.md P10); that CX does is inferred",
    )
    sso_tolerance_s: float = _figure(
        600.0, "D", "clocks of an appliance and of its single sign-on may differ by so much (cx.md P17)"
    )
    max_body_bytes: int = _figure(1_000_000, "I", "a larger request body is refused")


def listed() -> list[tuple[str, Any, str, str]]:
    """(name, default, grade, why) of every figure, in order."""
    return [(f.name, f.default, f.metadata["grade"], f.metadata["why"]) for f in fields(CxSettings)]
