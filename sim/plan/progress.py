"""How far a command has come, on stderr, once it takes longer than two seconds.

Rules of this file: on a terminal a bar with what is being done and how long it will take; elsewhere a line
now and then, so that a log tells the same. stdout is the answer's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from cxsim.sim.plan.answers.shown import shown

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
