"""A small world for the CX emulators: virtual time on greenlets, HTTP in process, the emulated vCD.

Rules of this file: nothing of `sim` is used, so these tests fail for fake_cx's own reasons. A connection
is a call of the WSGI app in the caller's greenlet; faults are set by (address, port).
"""

from __future__ import annotations

import datetime
import heapq
import io
import random
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import greenlet
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from cxsim.fake_cx import errors
from cxsim.fake_cx.dataplane import Instance, Progress, ReplicationState, Sink, Source
from cxsim.fake_cx.outgoing import Pin
from cxsim.fake_cx.vcenter_client import Placement, ReplicationSpec, VmShape
from cxsim.fake_vcd import BackingDisk, BackingNic, BackingVm, InMemoryInfrastructure

START_S = 1509958800.0  # 2017-11-06T09:00:00Z

_certificates: dict[str, tuple[str, bytes]] = {}


def certificate(name: str) -> tuple[str, bytes]:
    """(PEM, DER) of a self-signed certificate for a name, made once."""
    if name not in _certificates:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime(2017, 1, 1)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(len(_certificates) + 1)
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding
        _certificates[name] = (made.public_bytes(encoding.PEM).decode(), made.public_bytes(encoding.DER))
    return _certificates[name]


class Clock:
    """Virtual time: `run(work)` runs work and everything it spawned until the work has ended."""

    def __init__(self) -> None:
        self.now_s = START_S
        self._queue: list[tuple[float, int, greenlet.greenlet]] = []
        self._count = 0
        self._main = greenlet.getcurrent()
        self.troubles: list[str] = []

    def schedule(self, delay_s: float, task: greenlet.greenlet) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now_s + delay_s, self._count, task))

    def sleep(self, seconds: float) -> None:
        assert greenlet.getcurrent() is not self._main, "the test itself must run inside clock.run"
        self.schedule(seconds, greenlet.getcurrent())
        self._main.switch()

    def spawn(self, work: Callable[[], object], name: str) -> None:
        def run() -> None:
            try:
                work()
            except Exception as error:
                self.troubles.append(f"{name}: {error!r}")

        self.schedule(0.0, greenlet.greenlet(run, self._main))

    def run(self, work: Callable[[], Any]) -> Any:
        box: list[Any] = []

        def body() -> None:
            try:
                box.append((work(), None))
            except BaseException as error:
                box.append((None, error))

        self._main = greenlet.getcurrent()
        self.schedule(0.0, greenlet.greenlet(body, self._main))
        while not box:
            assert self._queue, "nothing is left to do but the work has not ended"
            at_s, _, task = heapq.heappop(self._queue)
            self.now_s = max(self.now_s, at_s)
            task.parent = self._main
            task.switch()
        value, error = box[0]
        if error is not None:
            raise error
        return value


class FakeHost:
    """A Host on the clock."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._uuids: dict[str, int] = {}

    def now(self) -> float:
        return self.clock.now_s

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def spawn(self, work: Callable[[], object], name: str) -> None:
        self.clock.spawn(work, name)

    def log(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]

    def new_uuid(self, purpose: str) -> str:
        self._uuids[purpose] = self._uuids.get(purpose, 0) + 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{purpose}/{self._uuids[purpose]}"))

    def rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.name}/{purpose}")

    def certificate_pem(self) -> str:
        return certificate(self.name)[0]


class Wires:
    """Who listens where, and what is broken. Every call is recorded as (from, METHOD url)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: dict[str, tuple[str, Any]] = {}
        self.faults: dict[str, BaseException] = {}
        self.calls: list[tuple[str, str]] = []

    def listen(self, place: str, host_name: str, app: Any) -> None:
        self._listeners[place] = (host_name, app)

    def drop(self, place: str) -> None:
        self.faults[place] = requests.exceptions.ConnectTimeout("timed out")

    def adapters(self, source: str) -> Callable[[Pin], BaseAdapter]:
        return lambda pin: _WsgiAdapter(self, source, pin)

    def send(
        self, source: str, pin: Pin, request: requests.PreparedRequest, timeout: Any
    ) -> requests.Response:
        url = str(request.url)
        parts = urlsplit(url)
        place = f"{parts.hostname}:{parts.port or 443}"
        self.calls.append((source, f"{request.method} {url}"))
        fault = self.faults.get(place)
        if isinstance(fault, requests.exceptions.ConnectTimeout):
            self._clock.sleep(timeout[0])
        if fault is not None:
            raise fault
        if place not in self._listeners:
            raise requests.exceptions.ConnectionError(ConnectionRefusedError(111, "Connection refused"))
        name, app = self._listeners[place]
        pin.check(f"https://{place}", certificate(name)[1])
        return _call(app, request)

    def count(self, part: str) -> int:
        return sum(part in call for _, call in self.calls)


class _WsgiAdapter(BaseAdapter):
    def __init__(self, wires: Wires, source: str, pin: Pin) -> None:
        super().__init__()
        self._wires, self._source, self._pin = wires, source, pin

    def send(self, request: Any, stream: Any = False, timeout: Any = None, *_: Any, **__: Any) -> Any:
        return self._wires.send(self._source, self._pin, request, timeout)

    def close(self) -> None:
        pass


def _call(app: Any, request: requests.PreparedRequest) -> requests.Response:
    parts = urlsplit(str(request.url))
    data = request.body or b""
    data = data.encode() if isinstance(data, str) else data
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 443),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(data)) if data else "",
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    answer = requests.Response()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answer.status_code = int(status.split()[0])
        answer.headers = CaseInsensitiveDict(headers)

    answer._content = b"".join(app(environ, start_response))
    answer.url = str(request.url)
    answer.request = request
    return answer


class InstantStream:
    """A replication whose initial sync takes `sync_s`, every later one `delta_s`; `error` breaks it."""

    def __init__(self, clock: Clock, source: Source, sync_s: float, delta_s: float) -> None:
        self._clock = clock
        self.source = source
        self._due: list[tuple[float, float]] = [(clock.now_s, clock.now_s + sync_s)]
        self._sync_s, self._delta_s = sync_s, delta_s
        self.error: str | None = None
        self.paused = False
        self.stopped = False
        self.finals = 0

    def progress(self) -> Progress:
        now_s = self._clock.now_s
        done = [n for n, (_, end_s) in enumerate(self._due, 1) if end_s <= now_s]
        latest = None
        if done:
            started_s, ended_s = self._due[done[-1] - 1]
            latest = Instance(done[-1], started_s, ended_s, 1000)
        running = len(self._due) - len(done)
        state = ReplicationState.IDLE if not running else ReplicationState.ACTIVE
        if latest is None:
            state = ReplicationState.SYNCING
        if self.paused:
            state = ReplicationState.PAUSED
        if self.error:
            state = ReplicationState.ERROR
        percent = 100
        if running:
            started_s, end_s = self._due[len(done)]
            percent = int(100 * (now_s - started_s) / max(1e-9, end_s - started_s))
        if self.error:
            percent = 0
        return Progress(state, percent, 0, 0, 0, 0, latest, self.error)

    def sync(self, final: bool = False) -> int:
        self.finals += final
        now_s = max(self._clock.now_s, self._due[-1][1])
        self._due.append((now_s, now_s + self._delta_s))
        return len(self._due)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def stop(self) -> None:
        self.stopped = True


class InstantDataPlane:
    """A data plane without a network."""

    def __init__(self, clock: Clock, sync_s: float = 60.0, delta_s: float = 10.0) -> None:
        self._clock = clock
        self.sync_s, self.delta_s = sync_s, delta_s
        self.sinks: dict[str, tuple[str, Sink]] = {}
        self.streams: dict[str, InstantStream] = {}

    def expect(self, replicator_host: str, sink: Sink) -> None:
        self.sinks[sink.replication_id] = (replicator_host, sink)

    def forget(self, replicator_host: str, replication_id: str) -> None:
        self.sinks.pop(replication_id, None)

    def start(self, replicator_host: str, source: Source) -> InstantStream:
        self.streams[source.replication_id] = InstantStream(self._clock, source, self.sync_s, self.delta_s)
        return self.streams[source.replication_id]

    def of_vm(self, vm_uuid: str) -> InstantStream:
        return next(s for s in self.streams.values() if s.source.vm_uuid == vm_uuid)


class StubVcenter:
    """A vCenter client over dictionaries. VMs it creates appear in `infrastructure` (vCD's view)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shapes: dict[str, VmShape] = {}
        self.replicating: dict[str, ReplicationSpec] = {}
        self.destroyed: list[str] = []
        self.made: dict[str, str] = {}
        """Morefs by instance UUID."""
        self.infrastructure = InMemoryInfrastructure()
        self.fault: errors.H4Error | None = None

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def instance_uuid(self) -> str:
        self._check()
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.name))

    def vms(self) -> list[tuple[str, str]]:
        self._check()
        return [(moref, shape.name) for moref, shape in self.shapes.items()]

    def vm_shape(self, moref: str) -> VmShape:
        self._check()
        if moref not in self.shapes:
            raise errors.VmNotFound(f"{self.name} has no VM {moref}", moref)
        return self.shapes[moref]

    def reconfigure_replication(self, moref: str, spec: ReplicationSpec) -> None:
        self.vm_shape(moref)
        self.replicating[moref] = spec

    def clear_replication(self, moref: str) -> None:
        self.vm_shape(moref)
        self.replicating.pop(moref, None)

    def placement(self, datastore: str, host_id: str) -> Placement:
        self._check()
        return Placement("host-1", "10.3.0.21", "datastore-1", "chc-ds01")

    def create_vm(self, names: tuple[str, ...], shape: VmShape, placement: Placement, thin: bool) -> str:
        self._check()
        if shape.instance_uuid in self.made:
            return self.made[shape.instance_uuid]
        moref = f"vm-{100 + len(self.infrastructure.vms)}"
        disks = tuple(BackingDisk(d.key, d.capacity_bytes, placement.datastore, thin) for d in shape.disks)
        nics = tuple(BackingNic(n, f"00:50:56:00:00:0{n}") for n in range(shape.nics))
        self.infrastructure.add(
            BackingVm(moref, names[0], shape.cpus, shape.memory_bytes, disks, nics, "off")
        )
        self.made[shape.instance_uuid] = moref
        return moref

    def destroy_vm(self, instance_uuid: str) -> None:
        self._check()
        moref = self.made.pop(instance_uuid, "")
        if moref not in self.infrastructure.vms:
            return
        self.destroyed.append(moref)
        self.infrastructure.vms.pop(moref, None)
