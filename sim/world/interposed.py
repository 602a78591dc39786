"""Devices that end TLS on the way: the network as clients meet it when a proxy stands at an edge.

Rules of this file: it wraps the network's `connect` and `open_transfer` and nothing else; where packets go
stays the network's to decide. A device shows a certificate of its own and speaks on for the client;
replication data is no HTTPS, so a transfer ends at the device (cx.md 1.2 row 6: no SSL offload).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cxsim.sim.identities import Identity
from cxsim.sim.kernel.sockets import SimSocket, SocketService
from cxsim.sim.kernel.wire import Attempt, Fate, Listener, NameAnswer
from cxsim.sim.network import Circuit, Network, Path
from cxsim.sim.network.addresses import Side


@dataclass
class TlsDevice:
    """A device that ends TLS on a published port of an edge. `taken`: connections that it has ended."""

    name: str
    edge: str
    port: int
    identity: Identity
    place: str
    taken: int = 0


class EndedPath:
    """A transfer as its sender sees it when a device on the way ends it: connected to the device."""

    def __init__(self, path: Path, device: TlsDevice) -> None:
        self._path, self._device = path, device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._path, name)

    @property
    def accepted_by(self) -> str | None:
        """The device."""
        return self._device.name if self._path.accepted_by is not None else None

    def on_change(self, callback: Callable[[], None]) -> None:
        """Nothing that changes on the way lets the data through."""
        self._path.on_change(callback)

    def close(self) -> None:
        """The sender has given it up."""
        self._path.close()


class Interposed:
    """A network with devices that end TLS: wire.Network, and the data plane's TransferNetwork."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.devices: list[TlsDevice] = []

    def put(self, device: TlsDevice) -> Callable[[], None]:
        """Put a device there; the answer takes it away, once."""
        self.devices.append(device)

        def undo() -> None:
            self.devices = [one for one in self.devices if one is not device]

        return undo

    def take_away(self, name: str, edge: str, port: int) -> Callable[[], None]:
        """Take devices of a name away; the answer puts them back, once."""
        before = self.devices
        self.devices = [d for d in before if (d.name, d.edge, d.port) != (name, edge, port)]

        def undo() -> None:
            self.devices = before

        return undo

    def device_on(self, source_host: str, address: str, port: int) -> TlsDevice | None:
        """The device that would take a connection, if one would. Nothing is counted."""
        if not self.devices:
            return None
        trace = self._network.trace(source_host, address, port)
        crossed = {step.device for step in trace.steps if not step.reply}
        return next((d for d in self.devices if d.port == port and d.edge in crossed), None)

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        """The network's answer."""
        return self._network.resolve(source_host, name)

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        """The network's answer; a device that ends TLS answers in place of the listener."""
        attempt = self._network.connect(source_host, address, port)
        device = self._device(attempt.circuit, port)
        if attempt.fate is not Fate.ACCEPTED or device is None or attempt.listener is None:
            return attempt
        device.taken += 1
        listener = attempt.listener
        app = listener.app if listener.tls is not None else SocketService(_hang_up)
        shown = Listener(listener.host, listener.port, app, device.identity)
        return replace(attempt, listener=shown)

    def _device(self, circuit: Any, port: int) -> TlsDevice | None:
        if not isinstance(circuit, Circuit) or not self.devices:
            return None
        passages = circuit.decision.passages
        entered = {p.edge.name for p in passages if p.entered is Side.OUTSIDE}
        return next((d for d in self.devices if d.port == port and d.edge in entered), None)

    # --- for the data plane ---

    def open_transfer(self, source_host: str, address: str, port: int) -> Any:
        """The network's path; ended at the device if one stands on the way."""
        path = self._network.open_transfer(source_host, address, port)
        entered = {p.edge.name for p in path.decision.passages if p.entered is Side.OUTSIDE}
        device = next((d for d in self.devices if d.port == port and d.edge in entered), None)
        if device is None:
            return path
        device.taken += 1
        return EndedPath(path, device)

    def capacity_bps(self, link_id: str) -> float:
        """What a link carries at this moment, bits per second."""
        return self._network.capacity_bps(link_id)

    def host_at(self, near_host: str, address: str) -> str | None:
        """The name of the host that an address is."""
        return self._network.host_at(near_host, address)


def _hang_up(sock: SimSocket) -> None:
    """What is no HTTP is not spoken on: the device closes."""
    sock.recv(1)
