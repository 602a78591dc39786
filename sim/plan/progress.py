"""How far a command has come, on stderr, once it takes longer than two seconds.

Rules of this file: on a terminal a bar with what is being done and how long it will take; elsewhere a line
now and then, so that a log tells the same. stdout is the answer's. What is left is told from what was done
here: results that were kept from before took no time and promise nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from cxsim.sim.plan.answers.shown import shown
from cxsim.sim.plan.runs.runner import Progress as Ran

SHOWN_AFTER_S = 2.0
LINE_EVERY_S = 15.0


class Meter:
    """A context manager; `tell` it whenever something is done."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._begin_s = self._part_s = self._line_s = clock()
        self._what = ""
        self._from_share = 0.0
        self._bar: Progress | None = None

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away: the answer comes."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def seen(self, what: str) -> None:
        """Something without a known end, as reading."""
        self.tell(0.0, what)

    def tell(self, share: float, what: str = "", left_s: float | None = None) -> None:
        """`share` 0..1 of what is being done. `left_s`: None lets it be told from the share."""
        now_s = self._clock()
        if share < self._from_share:
            self._part_s = now_s
        self._from_share = share
        self._what = what or self._what
        if left_s is None and 0 < share < 1:
            left_s = (now_s - self._part_s) * (1 - share) / share
        if now_s - self._begin_s < SHOWN_AFTER_S:
            return
        left = "" if left_s is None or share >= 1 else f"about {shown(left_s, 'seconds')} left"
        if self._console.is_terminal:
            self._show(share, left)
        elif now_s - self._line_s >= LINE_EVERY_S or self._line_s == self._begin_s:
            self._line_s = now_s
            text = ", ".join(part for part in (f"{100 * share:.0f} %", self._what, left) if part)
            self._console.print(text, markup=False, soft_wrap=True)

    def _show(self, share: float, left: str) -> None:
        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task("", total=1.0, left="")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], description=self._what, completed=share, left=left)


class Told(Protocol):
    """Of a question that says itself how far it is."""

    def __call__(self, share: float, what: str, until: float | None = None, batches: int = 1) -> object:
        """`share` 0..1 of the question, and what is done next; until which share, in about so many batches
        of runs."""


def unheard(share: float, what: str, until: float | None = None, batches: int = 1) -> None:
    """Told to nobody."""


class Stages:
    """A question and the runs of its stages, told together to a meter."""

    def __init__(self, meter: Meter, clock: Callable[[], float] = time.monotonic) -> None:
        self._meter, self._clock = meter, clock
        self._what: str | None = None
        """None: no stage is under way."""
        self._from_share = self._until_share = self._share = 0.0
        self._batches, self._ended, self._kept = 1, 0, 0
        self._at_s, self._spent_s, self._gained = clock(), 0.0, 0.0

    def told(self, share: float, what: str, until: float | None = None, batches: int = 1) -> None:
        """See Told."""
        if share < self._share:
            self._spent_s = self._gained = 0.0
            self._kept = 0
        self._what = what if share < 1 else None
        self._from_share, self._until_share = share, share if until is None else until
        self._batches, self._ended = max(1, batches), 0
        self._tell(share, what, True)

    def ran(self, progress: Ran) -> None:
        """Of a batch of runs."""
        all_kept = progress.kept == progress.done
        whole = progress.done == progress.total
        runs = f"{progress.done} of {progress.total} runs"
        if self._what is None:
            kept = f", {progress.kept} of them kept from before" if progress.kept else ""
            self._meter.tell(progress.share, runs + kept, progress.left_s)
            return
        kept_runs = self._kept + progress.kept
        if whole:
            self._kept = kept_runs
        part = 0.0 if all_kept and not whole else progress.share
        passed = min(1.0, (self._ended + part) / self._batches)
        self._ended += whole
        share = self._from_share + (self._until_share - self._from_share) * passed
        what = f"{self._what}: {runs}" if progress.total > 1 else self._what
        before = f" ({kept_runs:,} kept)" if kept_runs else ""
        self._tell(share, what + before, not all_kept)

    def _tell(self, share: float, what: str, worked: bool) -> None:
        now_s = self._clock()
        if worked:
            self._spent_s += now_s - self._at_s
            self._gained += max(0.0, share - self._share)
        self._at_s, self._share = now_s, share
        left_s = self._spent_s * (1 - share) / self._gained if self._gained > 0 else None
        self._meter.tell(share, what, left_s)
