"""The connections that one replication needs, and why it has them or not.

Rules of this file: three legs, tried in the order in which the product needs them, the next only when the
last is there: source ESXi to source replicator (cx.md 1.2 row 14), source replicator to the destination's
LWD endpoint (row 6), destination replicator to the target ESXi, 902 for data and 80 (row 13). It decides
nothing about time: the plane asks, and is told of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxsim.fake_cx.dataplane import Sink, Source
from cxsim.sim.kernel.wire import Fate
from cxsim.sim.replication.limits import loss_bps, window_bps
from cxsim.sim.replication.seams import Path, TransferNetwork
from cxsim.sim.replication.settings import Settings

TO_REPLICATOR = "source ESXi to source replicator"
TO_DESTINATION = "source replicator to destination LWD endpoint"
TO_TARGET = "destination replicator to target ESXi"

_SEEN = {
    Fate.ACCEPTED: "answered by {host}, which does not expect this replication",
    Fate.SILENT: "timed out",
    Fate.REFUSED: "Connection refused",
    Fate.UNREACHABLE: "No route to host",
    Fate.NO_ROUTE: "Network is unreachable",
}

Sinks = Mapping[tuple[str, str], Sink]
"""What destination replicators expect, by (replicator host, replication id)."""


@dataclass(frozen=True)
class Trouble:
    """Why a replication has no connection, as the sending side of the leg sees it."""

    leg: str
    source_host: str
    address: str
    port: int
    fate: Fate
    accepted_by: str | None
    max_segment_bytes: int | None = None
    """Set when full segments vanish: the connection stands and carries nothing."""

    def text(self) -> str:
        """One line: what was tried and what came of it."""
        answer = _SEEN[self.fate].format(host=self.accepted_by)
        if self.max_segment_bytes is not None:
            answer = f"timed out (segments above {self.max_segment_bytes} bytes vanish)"
        return f"{self.leg}: {self.source_host} -> {self.address}:{self.port}: {answer}"


@dataclass(frozen=True)
class _Leg:
    name: str
    source_host: str
    address: str
    port: int
    path: Path
    carries_data: bool

    def swallows(self, segment_bytes: float) -> bool:
        """Whether the path accepts connections and loses every full segment of data."""
        limit = self.path.max_segment_bytes
        return self.path.fate is Fate.ACCEPTED and limit is not None and limit < segment_bytes

    def trouble(self, segment_bytes: float) -> Trouble:
        path, ends = self.path, (self.name, self.source_host, self.address, self.port)
        if self.swallows(segment_bytes):
            return Trouble(*ends, Fate.SILENT, None, path.max_segment_bytes)
        return Trouble(*ends, path.fate, path.accepted_by)


class Legs:
    """The open connections of one replication; none until `open` succeeds."""

    def __init__(
        self,
        network: TransferNetwork,
        settings: Settings,
        replicator_host: str,
        source: Source,
        on_change: Callable[[], None],
    ) -> None:
        self._network, self._settings = network, settings
        self._replicator_host, self._source, self._on_change = replicator_host, source, on_change
        self._legs: list[_Leg] = []
        self.trouble: Trouble | None = None
        """Of the last attempt or loss; None while connected."""

    def open(self, sinks: Sinks) -> bool:
        """Try to connect, all legs anew; True when all are there."""
        self.close()
        near, source, s = self._replicator_host, self._source, self._settings
        esxi = self._network.host_at(near, source.esxi_address)
        if esxi is None:
            port = s.leg_source_port
            self.trouble = Trouble(
                TO_REPLICATOR, source.esxi_address, source.replicator_address, port, Fate.NO_ROUTE, None
            )
            return False
        self._try(TO_REPLICATOR, esxi, source.replicator_address, s.leg_source_port)
        if self._answers(lambda host: host == near):
            self._try(TO_DESTINATION, near, source.destination_address, source.destination_port)
            if self._answers(lambda host: (host, source.replication_id) in sinks):
                destination = self._legs[1].path.accepted_by or ""
                target = sinks[destination, source.replication_id].esxi_address
                for n, port in enumerate(s.leg_target_ports):
                    self._try(TO_TARGET, destination, target, port, carries_data=n == 0)
                    if not self._answers(lambda host: True):
                        break
                else:
                    self._watch()
                    return True
        self.trouble = self._legs[-1].trouble(s.segment_bytes)
        self.close()
        return False

    def holds(self, sinks: Sinks) -> bool:
        """Whether data can still flow; when not, keeps the trouble and closes everything."""
        if not self._legs:
            return False
        segment_bytes = self._settings.segment_bytes
        lost = [x for x in self._legs if x.path.fate is not Fate.ACCEPTED or x.swallows(segment_bytes)]
        if (self._legs[1].path.accepted_by, self._source.replication_id) not in sinks:
            lost.append(self._legs[1])
        if lost:
            self.trouble = lost[0].trouble(segment_bytes)
            self.close()
        return not lost

    def close(self) -> None:
        """Give all connections up."""
        legs, self._legs = self._legs, []
        for leg in legs:
            leg.path.close()

    def link_ids(self) -> tuple[str, ...]:
        """The links that the data passes, each once, in the order of the legs."""
        return tuple(dict.fromkeys(link for path in self._data() for link in path.link_ids))

    def cap_bps(self) -> float:
        """The most that the data may carry: every path's own cap at the links' efficiency, its loss (one
        TCP connection a leg [I]), and every disk's window over the round trip of both LWD legs [I]."""
        settings, paths = self._settings, self._data()
        lwd_rtt_s = paths[0].rtt_s + paths[1].rtt_s
        disks = max(1, len(self._source.disk_keys))
        return min(
            disks * window_bps(settings.window_bytes, lwd_rtt_s),
            *(path.cap_bps * settings.link_efficiency for path in paths),
            *(loss_bps(settings.segment_bytes, path.rtt_s, path.loss) for path in paths),
        )

    def _data(self) -> list[Path]:
        return [leg.path for leg in self._legs if leg.carries_data]

    def _try(self, name: str, source_host: str, address: str, port: int, carries_data: bool = True) -> None:
        path = self._network.open_transfer(source_host, address, port)
        self._legs.append(_Leg(name, source_host, address, port, path, carries_data))

    def _answers(self, expected: Callable[[str], bool]) -> bool:
        leg, path = self._legs[-1], self._legs[-1].path
        if leg.swallows(self._settings.segment_bytes):
            return False
        return path.fate is Fate.ACCEPTED and path.accepted_by is not None and expected(path.accepted_by)

    def _watch(self) -> None:
        self.trouble = None
        legs = self._legs

        def changed() -> None:
            if self._legs is legs:  # not of connections given up since
                self._on_change()

        for leg in legs:
            leg.path.on_change(changed)
