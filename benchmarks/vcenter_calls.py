"""What a call of the emulated vCenter costs: the server alone, pyVmomi in the simulator, pyVmomi on sockets.

python -m benchmarks.vcenter_calls [--profile]
"""

from __future__ import annotations

import cProfile
import io
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from pyVmomi import vim

from cxsim.core.configuration import ApplianceConfig, ReplicatorConfig
from cxsim.core.threads import ThreadRuntime
from cxsim.core.vcenter import VcenterLogins
from cxsim.emulator.serving import Server
from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcenter import VCenter, inventory
from cxsim.sim.kernel import Attempt, Fate, Hub, NameAnswer, hooks

GIB = 2**30
START_S = 1509958800.0
PROPERTIES = ("name", "runtime", "config", "summary")
TWELVE = (
    "name", "runtime.powerState", "config.uuid", "config.instanceUuid", "config.hardware.numCPU",
    "config.hardware.memoryMB", "guest.ipAddress", "summary.storage.committed", "runtime.host",
    "config.template", "config.guestId", "overallStatus",
)  # fmt: skip
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">\n'
    "<soapenv:Body>{}</soapenv:Body>\n</soapenv:Envelope>"
)


def estate(vms: int) -> inventory.VCenter:
    """A cluster of two hosts with this many VMs."""
    disks = (inventory.Disk(40 * GIB, 16 * GIB),)
    machines = tuple(
        inventory.VirtualMachine(f"vm{n}", cpus=2, network="Servers", disks=disks) for n in range(vms)
    )
    hosts = (inventory.EsxiHost("esx01"), inventory.EsxiHost("esx02"))
    datacenter = inventory.Datacenter(
        "DC", (inventory.Cluster("C", hosts),), (inventory.Datastore("ds01", 10**15),), ("Servers",), machines
    )
    return inventory.VCenter("vc", datacenters=(datacenter,))


def rate(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Calls a second."""
    work()
    calls, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        for _ in range(50):
            work()
        calls += 50
    return calls / (time.perf_counter() - began_s)


class RawClient:
    """SOAP envelopes straight into the WSGI application."""

    def __init__(self, vcenter: VCenter) -> None:
        self._app, self._cookie = vcenter.wsgi_app, ""
        self.call(
            '<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this>'
            "<userName>administrator@vsphere.local</userName><password>vmware</password></Login>"
        )

    def call(self, content: str) -> bytes:
        """One call; its answer."""
        sent = _ENVELOPE.format(content).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/sdk",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
            "HTTP_SOAPACTION": '"urn:vim25/6.5"',
            "HTTP_COOKIE": self._cookie,
            "REMOTE_ADDR": "192.0.2.1",
        }

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            assert status.startswith("200"), status
            self._cookie = dict(headers).get("Set-Cookie", self._cookie)

        return b"".join(self._app(environ, start_response))


def fetch(moref: str, name: str) -> str:
    return (
        f'<Fetch xmlns="urn:vim25"><_this versionId="6.5" type="VirtualMachine">{moref}</_this>'
        f'<prop versionId="6.5">{name}</prop></Fetch>'
    )


def retrieve(paths: str) -> str:
    step = "<selectSet xsi:type='TraversalSpec'><name>{}</name><type>{}</type><path>{}</path>{}</selectSet>"
    again = "<selectSet><name>f</name></selectSet><selectSet><name>d</name></selectSet>"
    select = step.format("f", "Folder", "childEntity", again)
    select += step.format("d", "Datacenter", "vmFolder", "<selectSet><name>f</name></selectSet>")
    return (
        '<RetrieveProperties xmlns="urn:vim25"><_this type="PropertyCollector">propertyCollector</_this>'
        f"<specSet><propSet><type>VirtualMachine</type>{paths}</propSet><objectSet>"
        f'<obj type="Folder">group-d1</obj>{select}</objectSet></specSet></RetrieveProperties>'
    )


def server_alone() -> None:
    """The WSGI application without any client."""
    began_s = time.perf_counter()
    vcenter = VCenter(estate(2000), ThreadHost("vc"))
    print(f"start-up with 2,000 VMs: {time.perf_counter() - began_s:.2f} s")
    raw = RawClient(vcenter)
    moref = vcenter.vms()[0].moref
    for name in PROPERTIES:
        content = fetch(moref, name)
        print(f"server alone, Fetch {name:8s}: {rate(lambda c=content: raw.call(c)):9,.0f} /s")  # type: ignore[misc]
    choices = {
        "name": "<pathSet>name</pathSet>",
        "12 properties": "".join(f"<pathSet>{path}</pathSet>" for path in TWELVE),
        "all properties": "<all>true</all>",
    }
    for label, paths in choices.items():
        times = []
        for _ in range(2):
            began_s = time.perf_counter()
            size = len(raw.call(retrieve(paths)))
            times.append((time.perf_counter() - began_s) * 1e3)
        print(
            f"server alone, RetrieveProperties of 2,000 VMs, {label}: first {times[0]:,.0f} ms, "
            f"again {times[1]:,.0f} ms, {size / 1e6:.1f} MB"
        )


@dataclass
class _Circuit:
    latency_s: float = 0.0005
    fate: Fate = Fate.ACCEPTED
    max_segment_bytes: int | None = None
    on_change: Callable[[], None] | None = None
    forgotten_by: tuple[str, ...] = ()

    def touched(self, now_s: float) -> None: ...
    def closed(self) -> None: ...


class _Wire:
    """One server at 10.0.0.1."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def resolve(self, source_host: str, name: str) -> NameAnswer:
        return NameAnswer(("10.0.0.1",), None, 0.0)

    def connect(self, source_host: str, address: str, port: int) -> Attempt:
        circuit = _Circuit()
        listener = self._server.listeners[port]
        return Attempt(Fate.ACCEPTED, 2 * circuit.latency_s, listener, circuit, ("10.0.0.2", 40000))


def appliance(host: str, port: int) -> ApplianceConfig:
    """The core's configuration for a vCenter there."""
    replicator = ReplicatorConfig("https://r:8043", "", "vmware", "u", "vmware")
    return ApplianceConfig("T", "1.1", host, port, "administrator@vsphere.local", "vmware", replicator)


def measure_session(session: Any, vcenter: VCenter) -> dict[str, float]:
    """Calls a second of a logged-in core client."""
    vm = vim.VirtualMachine(vcenter.vms()[0].moref, session._stub)
    return {
        "Fetch name": rate(lambda: vm.name),
        "Fetch runtime": rate(lambda: vm.runtime),
        "Fetch config": rate(lambda: vm.config),
        "CurrentTime": rate(session._service.CurrentTime),
        "list 3 VMs": rate(session.vms, 0.5),
    }


def in_the_simulator(profile: bool) -> None:
    """The core's client against the emulator, both in virtual time, through TLS and the five hooks."""
    from cxsim.sim.identities import self_signed

    hub = Hub(1, START_S)
    with hooks.installed(), hub:
        server, client = hub.add_host("vc"), hub.add_host("core")
        hub.network = _Wire(server)
        vcenter = VCenter(estate(3), server)
        server.listen(443, vcenter.wsgi_app, self_signed(1, "vc", around_s=START_S))
        found: dict[str, float] = {}

        def work() -> None:
            with VcenterLogins(hub.runtime(client), appliance("vc", 443))() as session:
                found.update(measure_session(session, vcenter))

        profiler = cProfile.Profile()
        clock = time.perf_counter
        hub.spawn(client, work, name="measure")
        if profile:
            profiler.enable()
        hub.run()
        profiler.disable()
        assert clock is time.perf_counter
    for label, calls in found.items():
        print(f"pyVmomi in the simulator, {label:14s}: {calls:9,.0f} /s")
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


def on_sockets() -> None:
    """The same over TLS on the loopback."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "server.pem"
        trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        vcenter = VCenter(estate(3), ThreadHost("vc"))
        with (
            Server(vcenter.wsgi_app, certificate=pem) as server,
            VcenterLogins(ThreadRuntime(), appliance(server.address, server.port))() as session,
        ):
            for label, calls in measure_session(session, vcenter).items():
                print(f"pyVmomi on the loopback, {label:14s}: {calls:9,.0f} /s")


def main() -> None:
    """Measure and print."""
    server_alone()
    in_the_simulator("--profile" in sys.argv)
    on_sockets()


if __name__ == "__main__":
    main()
