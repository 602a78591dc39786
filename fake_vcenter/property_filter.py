"""PropertyFilter: what a client wants to hear about, and what it was told last.

Rules of this file: a change is a difference between the XML that was sent and the XML that would be sent
now, so every property of every object can be watched without bookkeeping elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyVmomi import vmodl

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.property_selection import Selected, select
from cxsim.fake_vcenter.sessions import Session

if TYPE_CHECKING:
    from cxsim.fake_vcenter.property_collector import PropertyCollector


@dataclass
class Told:
    """What a client knows of an object: its type, and the XML of each path (None: unset)."""

    ref_type: str
    values: dict[str, str | None] = field(default_factory=dict)


class PropertyFilter(Managed):
    """A filter in a session's collector."""

    vim_type = vmodl.query.PropertyCollector.Filter

    def __init__(
        self, model: Model, session: Session, collector: PropertyCollector, spec: Any, partial: bool
    ) -> None:
        super().__init__(model, f"session[{session.key}]{model.new_uuid('property filter')}")
        self._session = session
        self._collector = collector
        self._spec = spec
        self._partial = partial
        self.told: dict[str, Told] = {}
        session.objects.append(self)

    @prop("spec")
    def _show_spec(self) -> Any:
        return self._spec

    @prop("partialUpdates")
    def _show_partial(self) -> bool:
        return self._partial

    @operation("DestroyPropertyFilter")
    def destroy(self, call: Call) -> None:
        """Forget the filter."""
        self._collector.state_of(self._session).filters.remove(self)
        if self in self._session.objects:
            self._session.objects.remove(self)
        self.model.remove(self)

    def forget(self) -> None:
        """The client asks from the beginning: everything is new to it."""
        self.told.clear()

    def updates(self, call: Call, limit: int) -> list[str]:
        """ObjectUpdates as XML for at most `limit` objects that changed; they count as told."""
        now = {s.managed.moid: s for s in select(self.model, self._spec, call, missing_is_fault=False)}
        found: list[str] = []
        for moid, selected in now.items():
            if len(found) >= limit:
                return found
            update = self._update(moid, selected, call)
            if update is not None:
                found.append(update)
        for moid in [moid for moid in self.told if moid not in now]:
            if len(found) >= limit:
                return found
            gone = self.told.pop(moid)
            found.append(f'<kind>leave</kind><obj type="{gone.ref_type}">{moid}</obj>')
        return found

    def _update(self, moid: str, selected: Selected, call: Call) -> str | None:
        computed: dict[str, Any] = {}
        values = {path: selected.managed.rendered(path, call, computed) for path in selected.paths}
        known = self.told.get(moid)
        if known is not None and known.values == values:
            return None
        self.told[moid] = Told(selected.managed.ref_type, values)
        kind = "enter" if known is None else "modify"
        before = known.values if known is not None else {}
        changes = "".join(
            _change(path, value)
            for path, value in values.items()
            if (value is not None if known is None else before.get(path) != value)
        )
        return f'<kind>{kind}</kind><obj type="{selected.managed.ref_type}">{moid}</obj>{changes}'


def _change(path: str, value: str | None) -> str:
    if value is None:
        return f"<changeSet><name>{path}</name><op>indirectRemove</op></changeSet>"
    return f"<changeSet><name>{path}</name><op>assign</op><val{value}</val></changeSet>"
