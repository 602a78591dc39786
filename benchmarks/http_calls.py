"""Calls a second: requests and pyVmomi through hooks, simulated network and servers, beside real loopback.

Everything runs in one process, so both worlds have one core's worth of Python: the loopback server is a
thread of this process (cheroot). Each figure is the best of several rounds. Targets: at least 2,000 virtual
HTTP calls/s and 1,500 pyVmomi calls/s.
"""

from __future__ import annotations

import contextlib
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from flask import Flask, jsonify
from pyVmomi import SoapStubAdapter, vim
from requests.adapters import HTTPAdapter

from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcenter import VCenter, inventory
from cxsim.sim.identities import Identity, self_signed
from cxsim.sim.kernel import Hub, hooks, tripwire
from cxsim.sim.network import Dns, HostAttachment, Network, Site, Subnet, Topology

START_S = 1509958800.0
ROUNDS = 3
CALLS = 600
USER, PASSWORD = "administrator@vsphere.local", "vmware"
IDENTITY = self_signed(0, "server", ["server.test", "localhost"], around_s=START_S)

Wsgi = Callable[..., Any]
Client = Callable[[str, int, bool], Callable[[], object]]
"""(host, port, TLS) -> one call."""


def flask_app() -> Flask:
    """A small JSON service."""
    app = Flask("benchmark")

    @app.get("/thing/<int:number>")
    def thing(number: int) -> Any:
        return jsonify(number=number, state="Running")

    return app


SOAP_ANSWER = (
    b'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    b'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<CurrentTimeResponse xmlns="urn:vim25"><returnval>2017-11-06T09:00:00Z</returnval>'
    b"</CurrentTimeResponse></soapenv:Body></soapenv:Envelope>"
)


def soap_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A SOAP service that knows one answer."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(SOAP_ANSWER)))]
    start_response("200 OK", headers)
    return [SOAP_ANSWER]


def vcenter_config() -> inventory.VCenter:
    """The smallest vCenter."""
    return inventory.VCenter("vc", users=(inventory.User(USER, PASSWORD),))


def unverified() -> ssl.SSLContext:
    """As CX's clients: no chain, no name; a thumbprint is compared elsewhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=unverified(), **kwargs)


def requests_client(host: str, port: int, tls: bool) -> Callable[[], object]:
    """One GET of JSON on a kept-alive connection."""
    session = requests.Session()
    session.trust_env = False
    session.verify = False
    session.mount("https://", _Adapter())
    url = f"{'https' if tls else 'http'}://{host}:{port}/thing/7"
    return lambda: session.get(url, timeout=30).json()


def pyvmomi_client(host: str, port: int, tls: bool) -> Callable[[], object]:
    """One CurrentTime on a kept-alive connection, logged in if the server has sessions."""
    stub = SoapStubAdapter(
        host,
        port if tls else -port,
        version="vim.version.version9",
        sslContext=unverified() if tls else None,
        httpConnectionTimeout=30,
    )
    service = vim.ServiceInstance("ServiceInstance", stub)
    try:
        return_time = service.CurrentTime
        return_time()
    except vim.fault.NotAuthenticated:
        service.content.sessionManager.Login(USER, PASSWORD)
    return return_time


def rate(call: Callable[[], object]) -> float:
    """Calls a second, after a first one that connects."""
    call()
    began_s = _clock_s()
    for _ in range(CALLS):
        call()
    return CALLS / (_clock_s() - began_s)


_clock_s = time.perf_counter


def simulated(make_app: Callable[[Any], Wsgi], client: Client, tls: bool) -> float:
    """The rate over the simulated network."""
    names = Dns({"server.test": ("10.0.0.2",)})
    site = Site("site", "tenant", (Subnet("LAN", "10.0.0.0/24", "10.0.0.254"),), dns=names)
    hosts = (HostAttachment("client", "site", "10.0.0.1"), HostAttachment("server", "site", "10.0.0.2"))
    with Hub(0, START_S) as hub, hooks.installed(), tripwire.installed():
        machines = {host.name: hub.add_host(host.name) for host in hosts}
        hub.network = Network(Topology((site,), hosts), clock=lambda: hub.now_s, listeners=hub.listener)
        machines["server"].listen(443, make_app(machines["server"]), IDENTITY if tls else None)
        task = hub.spawn(machines["client"], lambda: rate(client("server.test", 443, tls)))
        hub.run()
        return task.result()


def loopback(make_app: Callable[[Any], Wsgi], client: Client, tls: bool) -> float:
    """The rate over real sockets."""
    with _serving(make_app(ThreadHost("server")), IDENTITY if tls else None) as port:
        return rate(client("localhost", port, tls))


@contextlib.contextmanager
def _serving(app: Wsgi, identity: Identity | None) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(("127.0.0.1", 0), app, numthreads=1)
        if identity is not None:
            certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
            certificate.write_text(identity.certificate_pem())
            key.write_text(identity.private_key_pem())
            server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(key))
        server.prepare()
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield int(server.bind_addr[1])
        finally:
            server.stop()
            thread.join()


def sleeps(greenlets: int = 1000, each: int = 100) -> float:
    """Bare switches: sleeps a second of many greenlets."""
    with Hub(0, START_S) as hub:
        host = hub.add_host("host")

        def work(number: int) -> None:
            for _ in range(each):
                host.sleep(1 + number / greenlets)

        for number in range(greenlets):
            hub.spawn(host, work, number)
        began_s = _clock_s()
        hub.run()
        return greenlets * each / (_clock_s() - began_s)


ROWS: tuple[tuple[str, Callable[[Any], Wsgi], Client, bool], ...] = (
    ("requests -> Flask", lambda host: flask_app(), requests_client, False),
    ("requests -> Flask, TLS", lambda host: flask_app(), requests_client, True),
    ("pyVmomi -> one SOAP answer", lambda host: soap_app, pyvmomi_client, False),
    ("pyVmomi -> one SOAP answer, TLS", lambda host: soap_app, pyvmomi_client, True),
    (
        "pyVmomi -> fake_vcenter, TLS",
        lambda host: VCenter(vcenter_config(), host).wsgi_app,
        pyvmomi_client,
        True,
    ),
)


def main() -> None:
    """Measure and print a line a row."""
    requests.packages.urllib3.disable_warnings()
    print(f"{'calls/s, one core':34s} {'virtual':>9s} {'loopback':>9s} {'ratio':>6s}")
    for title, make_app, client, tls in ROWS:
        virtual = max(simulated(make_app, client, tls) for _ in range(ROUNDS))
        real = max(loopback(make_app, client, tls) for _ in range(ROUNDS))
        print(f"{title:34s} {virtual:9,.0f} {real:9,.0f} {virtual / real:6.2f}", flush=True)
    print(f"{'sleeps/s, 1,000 greenlets':34s} {max(sleeps() for _ in range(ROUNDS)):9,.0f}")


if __name__ == "__main__":
    main()
