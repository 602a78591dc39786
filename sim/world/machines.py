"""What can be wrong with the machines of a world: certificates, clocks, web servers.

Rules of this file: state of hosts beside what the products know of themselves, each with the place where it
was written, and the means to change it and take the change back. Faults change it, explanations read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cxsim.sim import identities
from cxsim.sim.identities import DAY_S, Identity
from cxsim.sim.kernel import Hub, SimHost
from cxsim.sim.kernel.sockets import SocketService
from cxsim.sim.kernel.wire import Listener
from cxsim.sim.network import Network, changes
from cxsim.sim.world.fronts import App, Front, Garbage, Manner

VALIDITY_S = 3650 * DAY_S


@dataclass
class Shown:
    """A certificate as a host shows it (wire.TlsIdentity); counts whom it was shown to."""

    identity: Identity
    place: str = ""
    times: int = 0

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """Certificates, its own first, as DER."""
        self.times += 1
        return self.identity.chain_der


@dataclass
class Machine:
    """A host that runs a product behind TLS. `first`: the certificate with which everything was set up."""

    host: SimHost
    port: int
    front: Front
    first: Identity
    shown: list[Shown] = field(default_factory=list)


class Machines:
    """The machines of a world that run an emulated product."""

    def __init__(self, hub: Hub, network: Network, hosts: Mapping[str, SimHost]) -> None:
        self._hub, self._network, self._hosts = hub, network, hosts
        self._machines: dict[str, Machine] = {}
        self._clock_places: dict[str, str] = {}

    def listen(self, host: str, port: int, app: App) -> None:
        """A product listens, behind its web server, with a self-signed certificate."""
        machine = self._hosts[host]
        identity = identities.self_signed(self._hub.seed, host, around_s=self._hub.start_s)
        front = Front(app, machine.sleep)
        machine.identity = identity
        self._machines[host] = Machine(machine, port, front, identity, [Shown(identity)])
        machine.listen(port, front, self._machines[host].shown[-1])

    def find(self, host: str) -> Machine | None:
        """The machine of a host; None when no product runs there."""
        return self._machines.get(host)

    # --- certificates ---

    def identity(self, host: str) -> Identity:
        """The certificate that a host shows now."""
        return self._machines[host].shown[-1].identity

    def new_identity(self, host: str, generation: int, expired_s: float | None = None) -> Identity:
        """A self-signed certificate for a host. `expired_s`: it has expired this long before the start."""
        start_s, until_s = self._hub.start_s, None
        if expired_s is not None:
            until_s = start_s - expired_s
        first_s = None if until_s is None else until_s - VALIDITY_S
        return identities.self_signed(
            self._hub.seed,
            host,
            around_s=start_s,
            not_before_s=first_s,
            not_after_s=until_s,
            generation=generation,
        )

    def show_identity(self, host: str, identity: Identity, place: str, restart: bool) -> Callable[[], None]:
        """Let a host show another certificate. `restart`: its services start anew, connections are reset."""
        machine, shown = self._machines[host], Shown(identity, place)
        machine.shown.append(shown)
        self._show(machine, restart)

        def undo() -> None:
            machine.shown = [one for one in machine.shown if one is not shown]
            self._show(machine, restart)

        return undo

    def restore_identity(self, host: str) -> Callable[[], None]:
        """Let a host show the certificate again with which everything was set up."""
        return self.show_identity(host, self._machines[host].first, "", restart=True)

    def times_shown(self, host: str) -> int:
        """How many clients have been shown the certificate that a host shows now."""
        return self._machines[host].shown[-1].times

    def _show(self, machine: Machine, restart: bool) -> None:
        shown, port = machine.shown[-1], machine.port
        machine.host.identity = shown.identity
        listener = machine.host.listeners.get(port)
        if listener is not None:
            machine.host.listeners[port] = replace(listener, tls=shown)
        if restart:
            changes.stop_service(self._network, machine.host.name, port).undo()

    # --- clocks ---

    def skew_clock(self, host: str, ahead_s: float, place: str) -> Callable[[], None]:
        """Put a clock forward; the answer puts it back, once."""
        machine = self._hosts[host]
        machine.clock_skew_s += ahead_s
        self._clock_places[host] = place
        undone: list[bool] = []

        def undo() -> None:
            if not undone:
                undone.append(True)
                machine.clock_skew_s -= ahead_s

        return undo

    def skew_s(self, host: str) -> float:
        """How far the clock of a host is ahead of true time."""
        return self._hosts[host].clock_skew_s

    def clock_place(self, host: str) -> str:
        """Where a clock was put wrong; '' when the environment says so."""
        return self._clock_places.get(host, "")

    def set_clock(self, host: str) -> Callable[[], None]:
        """Let the clock of a host be right; the answer puts it wrong again, once."""
        return self.skew_clock(host, -self._hosts[host].clock_skew_s, self.clock_place(host))

    # --- web servers ---

    def answer_otherwise(self, host: str, manner: Manner | None, place: str) -> Callable[[], None]:
        """Let a web server answer in another manner; the answer takes it back, once."""
        machine = self._machines[host]
        undo_front = machine.front.lay_over(manner, place)
        self._converse(machine)

        def undo() -> None:
            undo_front()
            self._converse(machine)

        return undo

    def answer_properly(self, host: str) -> Callable[[], None]:
        """Let a web server answer as the product does, whatever was laid over; the answer takes it back."""
        return self.answer_otherwise(host, None, "")

    def times_answered(self, host: str) -> int:
        """How many requests a web server has answered in a manner that is not the product's."""
        return self._machines[host].front.answered

    def _converse(self, machine: Machine) -> None:
        """New connections: HTTP, or garbage."""
        front = machine.front
        app: App = SocketService(front.converse) if isinstance(front.manner, Garbage) else front
        listener = machine.host.listeners.get(machine.port)
        if listener is not None:
            machine.host.listeners[machine.port] = Listener(listener.host, listener.port, app, listener.tls)
