"""What `cxsim migrate` shows while it works: bars on a terminal, plain lines into a pipe.

Rules of this file: it only shows; what happened is in the core's events (docs/events.md). Times shown are
those of the core's clock, UTC. Lines hold what the core says, which never holds a password.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Fields = dict[str, Any]
PERCENT_STEPS = 25
"""In plain lines, progress is told at multiples of this many percent."""


class Shown:
    """Shows events as they come, from any thread. A context manager."""

    def __init__(self, now: Callable[[], float], stream: IO[str] | None = None, plain: bool = False) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._now = now
        self._guard = threading.Lock()
        self._told: dict[str, tuple[str, int]] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        if self._console.is_terminal and not plain:
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=self._console)

    def __enter__(self) -> Shown:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def paused(self) -> _Paused:
        """Around a question to the user."""
        return _Paused(self._progress)

    def event(self, event: str, fields: Fields) -> None:
        """An event of the core."""
        with self._guard:
            if event == "workload" and self._progress is not None:
                self._bar(self._progress, fields)
            tell = _TELL.get(event)
            line = self._workload(fields) if event == "workload" else tell(fields) if tell else None
            if line is not None:
                self._line(line)

    def line(self, text: str) -> None:
        """A line of the command's own."""
        with self._guard:
            self._line(text)

    def _line(self, text: str) -> None:
        clock = datetime.fromtimestamp(self._now(), UTC)
        self._console.print(f"{clock:%H:%M:%S}  {text}", markup=False)

    def _bar(self, progress: Progress, fields: Fields) -> None:
        vm = fields["vm"]
        if vm not in self._tasks:
            self._tasks[vm] = progress.add_task(vm, total=100)
        done = 100 if fields["status"] == "Completed" else fields.get("percent") or 0
        progress.update(self._tasks[vm], completed=done, description=f"{vm}  {fields['text']}")

    def _workload(self, fields: Fields) -> str | None:
        percent = fields.get("percent")
        step = (fields["status"], -1 if percent is None else percent // PERCENT_STEPS)
        if self._told.get(fields["vm"]) == step:
            return None
        self._told[fields["vm"]] = step
        reason = f" - {fields['reason']}" if fields.get("reason") else ""
        return f"{fields['vm']}: {fields['text']}{reason}"


class _Paused:
    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress

    def __enter__(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.start()


def _message(fields: Fields) -> str:
    check = f"; check {fields['check']}" if fields.get("check") else ""
    return f"{fields['text']}{check}"


def _certificates(fields: Fields) -> str | None:
    if not fields["asked"]:
        return None
    return f"certificates of {', '.join(fields['hosts'])}: {'trusted' if fields['trusted'] else 'declined'}"


def _cloud(fields: Fields) -> str:
    reason = f" - {fields['reason']}" if fields.get("reason") else ""
    return f"provider cloud {fields['cloud']}: {fields['status']}{reason}"


def _vdc(fields: Fields) -> str | None:
    if isinstance(fields["vdcs"], str):
        return None
    return "; ".join(f"vDC {v['name']}: {v['cpu']}, {v['memory']}, {v['storage']}" for v in fields["vdcs"])


_TELL: dict[str, Callable[[Fields], str | None]] = {
    "message": _message,
    "certificates": _certificates,
    "cloud": _cloud,
    "vdc": _vdc,
    "alarm": lambda fields: f"ALARM: {fields['text']}",
    "trouble": lambda fields: f"trouble in {fields['task']}: {fields['error']}",
}
