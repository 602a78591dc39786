"""A vCenter of the Tyrell kind, reached in the process: real pyVmomi, no sockets.

`StepHost` is a host whose sleeps move its clock at once, so a task has ended by the time its call returns
unless a test holds the time with `host.hold()`. `WsgiConnection` stands where pyVmomi would open a
connection.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

import pytest
from pyVmomi import SoapStubAdapter, vim

from cxsim.emulator.thread_host import ThreadHost
from cxsim.fake_vcenter import VCenter, inventory

GIB = 2**30
USER, PASSWORD = "administrator@vsphere.local", "vmware"


class StepHost(ThreadHost):
    """Time moves only by sleeping. Background work runs when it is spawned, or later while held."""

    def __init__(self, name: str = "tyrell-vc01", seed: int = 1) -> None:
        super().__init__(name, seed)
        self.clock_s = 1_509_958_800.0  # 2017-11-06T09:00:00Z
        self.on_sleep: deque[Callable[[], None]] = deque()
        self._held: list[Callable[[], object]] | None = None

    def now(self) -> float:
        return self.clock_s

    def sleep(self, seconds: float) -> None:
        self.clock_s += seconds
        if self.on_sleep:
            self.on_sleep.popleft()()

    def spawn(self, work: Callable[[], object], name: str) -> None:
        if self._held is None:
            work()
        else:
            self._held.append(work)

    @contextmanager
    def hold(self) -> Iterator[Callable[..., None]]:
        """Background work waits; calling what this gives runs the first piece of it, or the n-th."""
        held = self._held = []

        def run_next(nth: int = 0) -> None:
            held.pop(nth)()

        yield run_next
        self._held = None

    def named(self, event: str) -> list[dict[str, Any]]:
        """The fields of the logged events of one name."""
        return [fields for name, fields in self.events if name == event]


def tyrell(**changes: Any) -> inventory.VCenter:
    """The tenant's vCenter of the article series, with three VMs."""

    def vm(name: str, address: str, disk_gib: int, used_gib: int, **more: Any) -> inventory.VirtualMachine:
        disks = (inventory.Disk(disk_gib * GIB, used_gib * GIB),)
        return inventory.VirtualMachine(
            name, ip_address=address, cpus=2, network="Tyrell Servers", disks=disks, **more
        )

    vms = (
        vm("deckard", "192.168.0.100", 40, 16),
        vm("rachael", "192.168.0.101", 60, 24),
        vm("roy", "192.168.0.102", 80, 30, power="off"),
    )
    datacenter = inventory.Datacenter(
        "Tyrell",
        clusters=(
            inventory.Cluster(
                "Tyrell Cluster",
                (
                    inventory.EsxiHost("tyrell-esx01", "192.168.0.21"),
                    inventory.EsxiHost("tyrell-esx02", "192.168.0.22"),
                ),
            ),
        ),
        datastores=(inventory.Datastore("tyrell-ds01", 2048 * GIB),),
        networks=("Tyrell Servers", "Tyrell DMZ"),
        vms=vms,
    )
    readers = (inventory.User(USER, PASSWORD), inventory.User("auditor", "look", role="ReadOnly"))
    return inventory.VCenter(
        "tyrell-vc01", **{"version": "8.0", "users": readers, "datacenters": (datacenter,), **changes}
    )


class WsgiConnection:
    """Looks to pyVmomi like an http.client connection and calls a WSGI application."""

    def __init__(self, app: Any, **ignored: Any) -> None:
        self._app = app

    def connect(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def request(self, method: str, path: str, body: bytes = b"", headers: Any = None) -> None:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "vc",
            "SERVER_PORT": "443",
            "wsgi.input": io.BytesIO(body or b""),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "https",
            "wsgi.version": (1, 0),
            "CONTENT_LENGTH": str(len(body or b"")),
            "REMOTE_ADDR": "192.168.0.32",
        }
        for key, value in (headers or {}).items():
            plain = key.upper().replace("-", "_")
            environ[plain if plain == "CONTENT_TYPE" else f"HTTP_{plain}"] = value

        def start_response(status: str, head: list[tuple[str, str]], *rest: Any) -> None:
            self._status, self._head = status, head

        content = b"".join(self._app(environ, start_response))
        self._response = Response(self._status, self._head, content)

    def getresponse(self) -> Response:
        return self._response


class Response(io.BytesIO):
    """What pyVmomi reads of an answer."""

    def __init__(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        super().__init__(content)
        self.status, self.reason = int(status[:3]), status[4:]
        self.headers = Message()
        for name, value in headers:
            self.headers[name] = value

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.headers.get(name, default)


def stub_for(vcenter: VCenter, version: str = "vim.version.v8_0_0_1") -> SoapStubAdapter:
    """A pyVmomi stub that speaks to a vCenter in this process."""
    stub = SoapStubAdapter(host="tyrell-vc01", version=version)
    stub.scheme = lambda **given: WsgiConnection(vcenter.wsgi_app, **given)
    return stub


def connect(
    vcenter: VCenter, user: str = USER, password: str = PASSWORD, version: str = "vim.version.v8_0_0_1"
) -> Any:
    """A logged-in ServiceInstance."""
    instance = vim.ServiceInstance("ServiceInstance", stub_for(vcenter, version))
    instance.RetrieveContent().sessionManager.Login(user, password, None)
    return instance


@pytest.fixture
def host() -> StepHost:
    return StepHost()


@pytest.fixture
def vcenter(host: StepHost) -> VCenter:
    return VCenter(tyrell(), host)


@pytest.fixture
def si(vcenter: VCenter) -> Any:
    return connect(vcenter)


@pytest.fixture
def deckard(si: Any, vcenter: VCenter) -> Any:
    found = vcenter.find_vm(name="deckard")
    assert found is not None
    return vim.VirtualMachine(found.moref, si._stub)


@pytest.fixture
def roy(si: Any, vcenter: VCenter) -> Any:
    found = vcenter.find_vm(name="roy")
    assert found is not None
    return vim.VirtualMachine(found.moref, si._stub)


@pytest.fixture
def done() -> Callable[[Any], Any]:
    """Finish a task: its result, or its fault raised."""

    def finish(task: Any) -> Any:
        info = task.info
        if info.state == "error":
            raise info.error
        assert info.state == "success", info.state
        return info.result

    return finish
