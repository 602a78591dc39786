"""The run told in the product's own words: one line for an event that its user would see.

Rules of this file: a table from event name to a function that gives a line or None; nothing is decided here.
Times are the virtual wall clock (UTC).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cxsim.sim.eventlog import LoggedEvent

PERCENT_STEPS = 25
"""Progress is told at multiples of this many percent."""


class Storyteller:
    """Turns events into lines. Remembers the last told percentage per VM, so that progress stays short."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._told: dict[str, tuple[str, int]] = {}
        self._names: dict[str, Callable[[dict[str, Any]], str | None]] = {
            "step": _step,
            "message": _message,
            "certificates": _certificates,
            "cloud": _cloud,
            "vdc": _vdc,
            "workload": self._workload,
            "home": _home,
            "vcenter.vm": _vcenter_vm,
            "vcd.vapp": _vcd_vapp,
            "vcd.vm": _vcd_vm,
            "rpo": _rpo,
            "fault": _fault,
            "gap": _gap,
            "trouble": _trouble,
        }

    def tell(self, event: LoggedEvent) -> str | None:
        """The line for this event, or None when a user would not see it."""
        teller = self._names.get(event.event)
        text = teller(event.fields) if teller else None
        return None if text is None else f"{self.clock(event.t_us)}  {event.host:<14} {text}"

    def clock(self, t_us: int) -> str:
        """Virtual date and time of an instant of the run."""
        return f"{datetime.fromtimestamp(self._start_s + t_us / 1e6, UTC):%Y-%m-%d %H:%M:%S}"

    def _workload(self, f: dict[str, Any]) -> str | None:
        status, percent = f["status"], f.get("percent")
        last = self._told.get(f["vm"])
        step = -1 if percent is None else percent // PERCENT_STEPS
        if last == (status, step):
            return None
        self._told[f["vm"]] = (status, step)
        reason = f" - {f['reason']}" if f.get("reason") else ""
        return f"{f['vm']}: {f.get('text') or status}{reason}"


def _step(f: dict[str, Any]) -> str | None:
    return f"> {f['text']}"


def _message(f: dict[str, Any]) -> str | None:
    lines = [f["text"]]
    if f.get("level") == "error" and f.get("check"):
        lines.append(f"check: {f['check']}")
    return "; ".join(lines)


def _certificates(f: dict[str, Any]) -> str | None:
    if not f["asked"]:
        return f"certificates of {', '.join(f['hosts'])} are trusted already"
    answer = "Trust Certificates" if f["trusted"] else "declined"
    return f"certificates shown at {f['at']}: {', '.join(f['hosts'])} -> {answer}"


def _cloud(f: dict[str, Any]) -> str | None:
    reason = f" - {f['reason']}" if f.get("reason") else ""
    return f"provider cloud {f['cloud']}: {f['status']}{reason}"


def _vdc(f: dict[str, Any]) -> str | None:
    if isinstance(f["vdcs"], str):
        return f"vDCs of {f['cloud']}: {f['vdcs']}"
    return "; ".join(
        f"vDC {v['name']}: CPU {v['cpu']}, Memory {v['memory']}, Storage {v['storage']}" for v in f["vdcs"]
    )


def _home(f: dict[str, Any]) -> str | None:
    return f"Home: {f['completed']} Completed, {f['error']} Error, {f['transition']} Transition"


def _vcenter_vm(f: dict[str, Any]) -> str | None:
    if f["change"] == "power":
        return f"vCenter: {f['vm']} powered {f['power']}"
    if f["change"] in ("created", "registered", "unregistered", "destroyed"):
        return f"vCenter: {f['vm']} {f['change']}"
    return None


def _vcd_vapp(f: dict[str, Any]) -> str | None:
    return (
        f"vCloud Director: vApp {f['vapp']} {f['change']} in {f['vdc']}" if f["change"] != "power" else None
    )


def _vcd_vm(f: dict[str, Any]) -> str | None:
    if f["change"] == "power":
        return f"vCloud Director: VM {f['vm']} powered {f['power']} in vApp {f['vapp']}"
    return None


def _rpo(f: dict[str, Any]) -> str | None:
    age = f"{f['age_s'] / 60:.1f} min"
    spent = f" (the violation was spent on: {f['bottleneck']})" if "bottleneck" in f else ""
    return f"{f['vm']}: RPO {f['change']}, data age {age}{spent}"


def _fault(f: dict[str, Any]) -> str | None:
    return f"fault {f['change']}: {f['fault']}" if f["change"] in ("on", "off") else None


def _gap(f: dict[str, Any]) -> str | None:
    return f"EMULATOR GAP: {f['product']} does not implement {f['operation']}"


def _trouble(f: dict[str, Any]) -> str | None:
    return f"TROUBLE in {f['task']}: {f['error']}"
