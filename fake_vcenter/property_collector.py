"""PropertyCollector: properties of many objects in one call, and waiting for changes.

Rules of this file: state is per session: filters, the version a client has seen, pages not yet fetched. A
waiting call looks again at growing intervals of the host's clock, so in virtual time an idle client costs
little; it ends with news, at its own limit, when it is cancelled, or when its session ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vmodl

from cxsim.emulator.tasks import TaskState
from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.property_filter import PropertyFilter
from cxsim.fake_vcenter.property_selection import Selected, object_content, select
from cxsim.fake_vcenter.sessions import Session
from cxsim.fake_vcenter.soap_writer import Raw
from cxsim.fake_vcenter.task import Task

FIRST_LOOK_S, LONGEST_LOOK_S = 0.05, 1.0
"""How soon a waiting call looks again: doubling from the first to the longest."""

CLOCK_STEP_S = 20.0
"""Properties that show the clock change in steps of this many seconds."""

UNLIMITED = 10**9


@dataclass
class CollectorState:
    """A session's use of a collector."""

    filters: list[PropertyFilter] = field(default_factory=list)
    version: int = 0
    waiting: int = 0
    """Counts waiting calls: a new one, or a cancellation, ends the one before."""
    pages: dict[str, list[Selected]] = field(default_factory=dict)
    tokens: int = 0


class PropertyCollector(Managed):
    """Retrieves properties. The default one is shared by all sessions, each with a state of its own."""

    vim_type = vmodl.query.PropertyCollector

    def __init__(self, model: Model, moid: str = "propertyCollector") -> None:
        super().__init__(model, moid)

    def state_of(self, session: Session) -> CollectorState:
        """The state for a session."""
        state: CollectorState = session.collectors.setdefault(self.moid, CollectorState())
        return state

    def _state(self, call: Call) -> CollectorState:
        assert call.session is not None
        return self.state_of(call.session)

    @prop("filter", per_call=True)
    def _filters(self, call: Call) -> list[PropertyFilter]:
        return list(self._state(call).filters) if call.session else []

    # -- at once

    @operation("RetrieveProperties")
    def _retrieve(self, call: Call, specSet: list[Any]) -> Raw:
        return _contents(_select_all(self.model, specSet, call), call, "returnval")

    @operation("RetrievePropertiesEx")
    def _retrieve_ex(self, call: Call, specSet: list[Any], options: Any) -> Raw | None:
        page = options.maxObjects or UNLIMITED
        if page < 0:
            raise faults.invalid_argument("options.maxObjects")
        return self._page(call, _select_all(self.model, specSet, call), page)

    @operation("ContinueRetrievePropertiesEx")
    def _continue(self, call: Call, token: str) -> Raw | None:
        page, dot, _ = token.partition(".")
        remaining = self._state(call).pages.pop(token, None)
        if remaining is None or not dot:
            raise faults.invalid_argument("token")
        return self._page(call, remaining, int(page))

    @operation("CancelRetrievePropertiesEx")
    def _cancel_retrieve(self, call: Call, token: str) -> None:
        if self._state(call).pages.pop(token, None) is None:
            raise faults.invalid_argument("token")

    def _page(self, call: Call, selected: list[Selected], page: int) -> Raw | None:
        if not selected:
            return None
        token = ""
        if len(selected) > page:
            state = self._state(call)
            state.tokens += 1
            name = f"{page}.{state.tokens}"
            state.pages[name] = selected[page:]
            token = f"<token>{name}</token>"
        return Raw(f"<returnval>{token}{_contents(selected[:page], call, 'objects')}</returnval>")

    # -- waiting for changes

    @operation("CreateFilter")
    def _create_filter(self, call: Call, spec: Any, partialUpdates: bool) -> PropertyFilter:
        select(self.model, spec, call)  # refuses a spec that cannot be answered
        assert call.session is not None
        made = PropertyFilter(self.model, call.session, self, spec, partialUpdates)
        self._state(call).filters.append(made)
        return made

    @operation("CheckForUpdates")
    def _check(self, call: Call, version: str = "") -> Raw | None:
        return self._updates(call, self._begin(call, version), UNLIMITED)

    @operation("WaitForUpdates")
    def _wait(self, call: Call, version: str = "") -> Raw | None:
        state = self._begin(call, version)
        news = self._wait_for_news(call, state, self.model.config.long_poll_limit_s, UNLIMITED)
        if news is None:
            raise faults.cancelled()
        return news

    @operation("WaitForUpdatesEx")
    def _wait_ex(self, call: Call, version: str = "", options: Any = None) -> Raw | None:
        limit_s, objects = self.model.config.long_poll_limit_s, UNLIMITED
        if options is not None:
            if options.maxWaitSeconds is not None:
                if options.maxWaitSeconds < 0:
                    raise faults.invalid_argument("options.maxWaitSeconds")
                limit_s = min(limit_s, float(options.maxWaitSeconds))
            objects = options.maxObjectUpdates or UNLIMITED
        return self._wait_for_news(call, self._begin(call, version), limit_s, objects)

    @operation("CancelWaitForUpdates")
    def _cancel_wait(self, call: Call) -> None:
        self._state(call).waiting += 1

    @operation("CreatePropertyCollector")
    def _create_collector(self, call: Call) -> PropertyCollector:
        assert call.session is not None
        moid = f"session[{call.session.key}]{self.model.new_uuid('property collector')}"
        made = PropertyCollector(self.model, moid)
        call.session.objects.append(made)
        return made

    @operation("DestroyPropertyCollector")
    def _destroy_collector(self, call: Call) -> None:
        if self.moid == "propertyCollector":
            raise faults.not_supported()
        state = self._state(call)
        state.waiting += 1
        for made in list(state.filters):
            made.destroy(call)
        assert call.session is not None
        call.session.objects.remove(self)
        self.model.remove(self)

    def _begin(self, call: Call, version: str) -> CollectorState:
        """Take note of what the client has seen. Raises InvalidCollectorVersion."""
        state = self._state(call)
        if version in ("", None):
            for made in state.filters:
                made.forget()
        elif version != str(state.version):
            fault = vmodl.query.InvalidCollectorVersion()
            fault.msg = "The property collector version is not valid."
            raise fault
        return state

    def _wait_for_news(self, call: Call, state: CollectorState, limit_s: float, objects: int) -> Raw | None:
        host = self.model.host
        state.waiting += 1
        mine, deadline_s, look_s = state.waiting, host.now() + limit_s, FIRST_LOOK_S
        looked_at: object = None
        while True:
            moment = self._moment()
            if moment != looked_at:
                looked_at = moment
                news = self._updates(call, state, objects)
                if news is not None:
                    return news
            remaining_s = deadline_s - host.now()
            if remaining_s <= 0:
                return None
            host.sleep(min(look_s, remaining_s))
            look_s = min(LONGEST_LOOK_S, 2 * look_s)
            if state.waiting != mine or call.session is None or not call.session.open:
                raise faults.cancelled()

    def _moment(self) -> object:
        """Differs whenever some property may have changed."""
        now_s = self.model.host.now()
        busy = any(task.state is TaskState.RUNNING for task in self.model.of(Task))
        return self.model.revision, now_s if busy else now_s // CLOCK_STEP_S

    def _updates(self, call: Call, state: CollectorState, limit: int) -> Raw | None:
        sets: list[str] = []
        room = limit
        for made in list(state.filters):
            found = made.updates(call, room)
            room -= len(found)
            if found:
                objects = "".join(f"<objectSet>{update}</objectSet>" for update in found)
                filter_ref = f'<filter type="PropertyFilter">{made.moid}</filter>'
                sets.append(f"<filterSet>{filter_ref}{objects}</filterSet>")
        if not sets:
            return None
        state.version += 1
        truncated = "<truncated>true</truncated>" if room <= 0 else ""
        return Raw(f"<returnval><version>{state.version}</version>{''.join(sets)}{truncated}</returnval>")


def _select_all(model: Model, specs: list[Any], call: Call) -> list[Selected]:
    return [selected for spec in specs for selected in select(model, spec, call)]


def _contents(selected: list[Selected], call: Call, tag: str) -> Raw:
    return Raw("".join(f"<{tag}>{object_content(each, call)}</{tag}>" for each in selected))
