"""What is wrong with a flow although its connection is accepted: certificates, clocks, services, lines.

Rules of this file: records and sentences; who looks is `EnvironmentView.inspect`. A finding is about one
flow and comes with the one change that removes it; the next look says whether anything else is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxsim.sim.explain.proposal import Remedy


class Matter(Enum):
    """What a finding is about; the first column of its line in a trace."""

    TLS = "TLS"
    CLOCK = "CLOCK"
    SERVICE = "SERVICE"
    LINE = "LINE"
    STATE = "STATE"
    HREF = "HREF"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `text`: as a step of the trace; `verdict`: its outcome in a word or two;
    `seen`: what the client sees; `why`: a sentence without its full stop; `place`: where it was written."""

    matter: Matter
    device: str
    text: str
    verdict: str
    seen: str
    why: str
    remedy: Remedy
    place: str = ""

    def __str__(self) -> str:
        place = f"  ({self.place})" if self.place else ""
        return f"{self.matter.value:<8} {self.device:<16} {self.text}  {self.verdict}{place}"
