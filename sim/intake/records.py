"""What an export of an edge says, as read: rules, translations, groups, and notes on what was not understood.

Rules of this file: plain records in the words of the environment format (`allow`, `drop`; `any`; ports as
text). Each knows the line it was read at. A set whose members the export does not give is a group that maps
to None; nothing is ever put in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from cxsim.sim.scenario.places import Place

ANY = ("any",)
VSE = "vse"
"""vnicGroupId of an NSX-v edge itself."""


class Kind(Enum):
    """What a note says."""

    UNKNOWN = "not understood"
    """It stays unknown: flows that it could decide are UNDETERMINED."""
    INFERRED = "read with an inference"
    LEFT_OUT = "left out"
    """It cannot decide a flow of CX in this model."""


@dataclass(frozen=True, order=True)
class Note:
    """Something to tell about one line. `text` begins with what it is about: `rule 131077 uses ...`."""

    place: Place
    text: str
    kind: Kind = field(compare=False)
    group: str = field(default="", compare=False)
    """The group whose members would settle it."""

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class RuleLine:
    """A firewall rule. `matches_nothing`: no packet of this model can match it; `comment` says why."""

    id: int
    name: str
    action: str
    source: tuple[str, ...]
    destination: tuple[str, ...]
    protocol: str
    ports: tuple[str, ...]
    place: Place
    source_ports: tuple[str, ...] = ()
    source_negated: bool = False
    destination_negated: bool = False
    direction: str = "any"
    translated: bool = False
    """Match on translated: the addresses after NAT."""
    enabled: bool = True
    logged: bool = False
    matches_nothing: bool = False
    comment: str = ""


@dataclass(frozen=True)
class NatLine:
    """A translation. `interface`: the network or vNIC as the export names it; `side`: `outside`, `inside` or
    `any`, "" when it is not known."""

    id: int
    name: str
    type: str
    original: str
    translated: str
    protocol: str
    place: Place
    interface: str = ""
    side: str = ""
    source: tuple[str, ...] = ANY
    destination: tuple[str, ...] = ANY
    enabled: bool = True
    comment: str = ""


@dataclass
class EdgeConfig:
    """One edge, from one or more files. `rules` and `nat` are None when no file told of them; `default` is ""
    when no file tells what happens when no rule matches."""

    name: str
    sources: list[str] = field(default_factory=list)
    """A line a file: what kind of export it is."""
    device: str = ""
    """Device type of the environment format; "": the files do not say."""
    firewall_place: Place | None = None
    firewall_enabled: bool = True
    default: str = ""
    rules: list[RuleLine] | None = None
    nat_place: Place | None = None
    nat_enabled: bool = True
    nat: list[NatLine] | None = None
    addresses: list[str] = field(default_factory=list)
    """Public addresses, when an export gives the edge's interfaces."""
    networks: list[str] = field(default_factory=list)
    """Inside networks as `192.168.0.0/24 (gateway 192.168.0.1)`."""
    sides: dict[str, str] = field(default_factory=dict)
    """Interface as the NAT rules name it -> `outside` or `inside`."""
    groups: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def note(self, kind: Kind, place: Place, text: str, group: str = "") -> None:
        """Add a note."""
        self.notes.append(Note(place, text, kind, group))

    def of(self, kind: Kind) -> list[Note]:
        """The notes of a kind, by line, each once."""
        return sorted({note for note in self.notes if note.kind is kind})
