"""A virtual Runtime, and plain objects in the places of the products, for tests of the core's shells."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import greenlet

from cxsim.core.appliance import (
    Appliance,
    ApplianceConfig,
    CutoverRequest,
    MigrationRequest,
    ProviderCloudForm,
    ReplicatorConfig,
)
from cxsim.core.errors import UserError
from cxsim.core.neighbours import OfferedNetwork, OfferedProfile, OfferedVdc, RunningVm, SourceVm
from cxsim.core.runtime import TaskCancelled
from cxsim.core.vcenter_inventory import TreeNode

START_S = 1_509_958_800.0  # 2017-11-06T09:00:00Z
GIB = 1024**3


class FakeTask:
    """A task of the virtual Runtime."""

    def __init__(self, runtime: VirtualRuntime, name: str) -> None:
        self.runtime, self.name = runtime, name
        self.ended, self.cancelled = False, False
        self.value: Any = None
        self.error: BaseException | None = None

    def join(self, timeout_s: float | None = None) -> bool:
        limit = float("inf") if timeout_s is None else self.runtime.now() + timeout_s
        while not self.ended and self.runtime.now() < limit and self.runtime.pending:
            self.runtime.sleep(1)
        return self.ended

    def cancel(self) -> None:
        self.cancelled = True

    def result(self) -> Any:
        self.join()
        if self.error is not None:
            raise self.error
        return self.value


class FakeEvent:
    """An event of the virtual Runtime."""

    def __init__(self, runtime: VirtualRuntime) -> None:
        self._runtime, self._set = runtime, False

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout_s: float | None = None) -> bool:
        limit = float("inf") if timeout_s is None else self._runtime.now() + timeout_s
        while not self._set and self._runtime.now() < limit:
            self._runtime.sleep(min(1.0, limit - self._runtime.now()))
        return self._set


class VirtualRuntime:
    """Virtual and synchronous: time passes only while the test sleeps; tasks run in order of their time."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        self.events: list[tuple[float, str, dict[str, Any]]] = []
        self.pending: list[tuple[float, int, greenlet.greenlet]] = []
        self.tasks: list[FakeTask] = []
        self._now, self._sequence, self._main = START_S, 0, greenlet.getcurrent()
        self._tasks_of: dict[greenlet.greenlet, FakeTask] = {}
        self.locked = 0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        assert not self.locked, "a lock is held while waiting"
        current = greenlet.getcurrent()
        if current is self._main:
            self._advance(self._now + seconds)
            return
        self._schedule(self._now + seconds, current)
        self._main.switch()
        if self._tasks_of[current].cancelled:
            raise TaskCancelled

    def event(self) -> FakeEvent:
        return FakeEvent(self)

    def spawn(self, work: Callable[..., Any], *args: Any, name: str) -> FakeTask:
        task = FakeTask(self, name)

        def run() -> None:
            try:
                if task.cancelled:
                    raise TaskCancelled
                task.value = work(*args)
            except Exception as error:
                task.error = error
            task.ended = True

        body = greenlet.greenlet(run, parent=self._main)
        self._tasks_of[body] = task
        self.tasks.append(task)
        self._schedule(self._now, body)
        return task

    @contextmanager
    def _held(self) -> Iterator[None]:
        assert not self.locked, "the lock is not re-entrant"
        self.locked += 1
        try:
            yield
        finally:
            self.locked -= 1

    def lock(self) -> Any:
        runtime = self

        class Lock:
            def __enter__(self) -> None:
                self.block = runtime._held()
                self.block.__enter__()

            def __exit__(self, *error: Any) -> None:
                self.block.__exit__(*error)

        return Lock()

    def new_id(self, kind: str) -> str:
        self._sequence += 1
        return f"{kind}-{self._sequence:04d}"

    def log(self, event: str, **fields: Any) -> None:
        self.events.append((self._now - START_S, event, fields))

    def of(self, name: str) -> list[dict[str, Any]]:
        """The fields of the events with this name."""
        return [fields for _, event, fields in self.events if event == name]

    def _schedule(self, at_s: float, body: greenlet.greenlet) -> None:
        self._sequence += 1
        heapq.heappush(self.pending, (at_s, self._sequence, body))

    def _advance(self, until_s: float) -> None:
        while self.pending and self.pending[0][0] <= until_s:
            at_s, _, body = heapq.heappop(self.pending)
            self._now = max(self._now, at_s)
            body.switch()
        self._now = until_s


@dataclass
class FakeVcenter:
    """The tenant's vCenter as a list of VMs."""

    inventory: list[SourceVm] = field(default_factory=list)
    trouble: UserError | None = None
    powered_off: list[str] = field(default_factory=list)
    marked: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    disconnected: list[str] = field(default_factory=list)
    powered_on: dict[str, RunningVm] = field(default_factory=dict)
    looks: int = 0

    @contextmanager
    def open(self) -> Iterator[FakeVcenter]:
        if self.trouble:
            raise self.trouble
        yield self

    def instance_uuid(self) -> str:
        return "vc-uuid"

    def vms(self) -> list[SourceVm]:
        return self.inventory

    def power_off(self, vm: SourceVm) -> None:
        self.powered_off.append(vm.name)

    def tree(self) -> TreeNode:
        return TreeNode("Folder", "Datacenters", "group-d1")

    def mark(self, vm: SourceVm, attribute: str, text: str, suffix: str) -> None:
        self.marked[vm.name] = (attribute, text, suffix)

    def disconnect(self, vm: SourceVm) -> None:
        self.disconnected.append(vm.name)

    def running(self, vms: Sequence[SourceVm]) -> list[RunningVm]:
        self.looks += 1
        return [self.powered_on[vm.name] for vm in vms if vm.name in self.powered_on]


@dataclass
class FakeVcd:
    """A provider's vCloud Director as a list of vDCs."""

    offered: list[OfferedVdc] = field(default_factory=list)
    trouble: UserError | None = None
    logins: list[str] = field(default_factory=list)

    @contextmanager
    def open(self, endpoints: Any, user: str, password: str, judge: Any) -> Iterator[FakeVcd]:
        if self.trouble:
            raise self.trouble
        self.logins.append(f"{user}@{endpoints.org}")
        yield self

    def vdcs(self) -> list[OfferedVdc]:
        return self.offered


def vm(name: str, power: str = "on", gib: int = 40) -> SourceVm:
    """A VM of the inventory."""
    return SourceVm(name, f"vm-{name}", f"uuid-{name}", power, gib * GIB)


PAYG = OfferedVdc(
    "CHC Tyrell PAYG",
    "https://chc/api/vdc/1",
    "0 MHz / Unlimited",
    "0 / Unlimited",
    "0 / 200.00 GB",
    (OfferedProfile("CHC Performance", "https://chc/api/profile/1", 200 * GIB, 0),),
    (OfferedNetwork("Tyrell Servers", "https://chc/api/network/1"),),
)

FORM = ProviderCloudForm(
    "MyCloud-CHC",
    "https://chc.mycloud.local/cloud/org/Tyrell",
    "https://vcde.mycloud.local:443",
    "tyrelladmin",
    "vmware",
)


def config(**changes: Any) -> ApplianceConfig:
    """A tenant's set-up."""
    values: dict[str, Any] = {
        "site": "Tyrell",
        "cx_version": "1.1",
        "vcenter_host": "tyrell-vc01.tyrell.local",
        "vcenter_port": 443,
        "vcenter_user": "administrator@vsphere.local",
        "vcenter_password": "vmware",
        "replicator": ReplicatorConfig(
            "https://192.168.0.34:8043", "198.51.100.10:443", "root-secret", "sso@vsphere.local", "sso-secret"
        ),
        **changes,
    }
    return ApplianceConfig(**values)


@dataclass
class Certificates:
    """What the TLS places show, by (host, port); an exception where a place cannot be reached."""

    shown: dict[tuple[str, int], bytes | UserError] = field(default_factory=dict)

    def look_at(self, host: str, port: int, judge: Any, timeout_s: float) -> None:
        found = self.shown[host, port]
        if isinstance(found, UserError):
            raise found
        judge.judge(host, port, found)


WARM = MigrationRequest(
    job="Move deckard",
    type="Warm",
    vms=("deckard",),
    cloud="MyCloud-CHC",
    vdc="CHC Tyrell PAYG",
    storage_profile="CHC Performance",
    network="Tyrell Servers",
    tag="wave-1",
)
CUTOVER = CutoverRequest(("deckard",), power_on=True, tag="wave-1", confirmed=True)


def texts(runtime: VirtualRuntime, vm: str = "deckard") -> list[str]:
    """The statuses of a VM as they were shown."""
    return [fields["text"] for fields in runtime.of("workload") if fields["vm"] == vm]


def told(runtime: VirtualRuntime) -> dict[str, Any]:
    """The last message."""
    return runtime.of("message")[-1]


def ready(running: Appliance, runtime: VirtualRuntime, cx: Any, *vms: str) -> None:
    """Migrate VMs (deckard, if none is named) up to Cutover ready."""
    running.migrate(replace(WARM, vms=vms or ("deckard",)))
    for name in vms or ("deckard",):
        cx.report(name, "CUTOVER_READY")
    runtime.sleep(31)
