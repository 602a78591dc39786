"""The registry of managed objects: ids, look-up, and a count of changes.

Rules of this file: ids are given out in order of creation from one counter, as vCenter does (`vm-62`,
`host-9`), so the same configuration gives the same ids. The model knows the host it runs on (clock,
identifiers, log) and nothing of SOAP.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pyVmomi import vmodl

from cxsim.emulator.host import Host

if TYPE_CHECKING:
    from cxsim.fake_vcenter.inventory import VCenter
    from cxsim.fake_vcenter.managed_object import Managed
    from cxsim.fake_vcenter.records import Observer, VmRecord

M = TypeVar("M", bound="Managed")

_NUMBER = re.compile(r"\d+$")


class Model:
    """All managed objects of one vCenter, by id."""

    def __init__(self, config: VCenter, host: Host, identities: dict[str, list[str]]) -> None:
        self.config = config
        self.host = host
        self._identities = identities
        self._drawn: Counter[str] = Counter()
        self.objects: dict[str, Managed] = {}
        self.revision = 0
        """Grows with every change of any object."""
        self.observers: list[Observer] = []
        """Told of every change of a virtual machine."""
        self._last_number = 0

    def new_id(self, prefix: str) -> str:
        """The next id with a prefix: `vm-62` for `vm-`, `group-v3` for `group-v`."""
        self._last_number += 1
        return f"{prefix}{self._last_number}"

    def new_uuid(self, purpose: str) -> str:
        """The next UUID for a purpose; after a reset the same ones come again."""
        known = self._identities.setdefault(purpose, [])
        nth = self._drawn[purpose]
        self._drawn[purpose] += 1
        if nth == len(known):
            known.append(self.host.new_uuid(purpose))
        return known[nth]

    def take_id(self, moid: str) -> str:
        """An id from a saved state; later ids are higher."""
        number = _NUMBER.search(moid)
        self._last_number = max(self._last_number, int(number.group()) if number else 0)
        return moid

    def add(self, managed: Managed) -> None:
        """Enter an object under its id. Raises ValueError if the id is taken."""
        if managed.moid in self.objects:
            raise ValueError(f"{managed.moid} exists already")
        self.objects[managed.moid] = managed
        self.revision += 1

    def remove(self, managed: Managed) -> None:
        """Forget an object; references to it then answer ManagedObjectNotFound."""
        self.objects.pop(managed.moid, None)
        self.revision += 1

    def resolve(self, reference: Any) -> Managed:
        """The object that a reference from a request names. Raises ManagedObjectNotFound."""
        found = self.objects.get(reference._moId)
        if found is None or not issubclass(found.vim_type, type(reference)):
            fault = vmodl.fault.ManagedObjectNotFound(obj=reference)
            fault.msg = (
                f"The object '{type(reference).__name__}:{reference._moId}' has already been deleted or has "
                "not been completely created"
            )
            raise fault
        return found

    def of(self, cls: type[M]) -> Iterator[M]:
        """All objects of a class, in order of creation."""
        return (managed for managed in list(self.objects.values()) if isinstance(managed, cls))

    def vm_changed(self, change: str, record: VmRecord) -> None:
        """Log a change of a virtual machine (docs/events.md, `vcenter.vm`) and tell the observers."""
        self.host.log(
            "vcenter.vm", vcenter=self.config.name, vm=record.name, change=change, power=record.power
        )
        for observer in list(self.observers):
            observer(change, record)

    def touch_all(self) -> None:
        """Something changed that many objects show, such as a name."""
        for managed in list(self.objects.values()):
            managed.touch()

    def seconds_since(self, then_s: float, every_s: float) -> int:
        """Whole seconds since an instant, as a clock shows that is read every `every_s` seconds."""
        return max(0, int(self.host.now() // every_s * every_s - then_s))

    def now(self) -> datetime:
        """The instant on this vCenter's clock."""
        return instant(self.host.now())


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as an instant in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
