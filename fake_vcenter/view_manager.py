"""ViewManager and its views: lists of managed objects that stay up to date.

Rules of this file: a view lives in the session that made it and is computed when it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyVmomi import VmomiSupport, vim, vmodl

from cxsim.fake_vcenter import faults
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_entity import ManagedEntity
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.sessions import Session


class View(Managed):
    """A list of managed objects, in one session."""

    vim_type = vim.view.View

    def __init__(self, model: Model, session: Session) -> None:
        super().__init__(model, f"session[{session.key}]{model.new_uuid('view')}")
        self._session = session
        session.objects.append(self)
        session.views.append(self)

    @operation("DestroyView")
    def _destroy(self, call: Call) -> None:
        self._session.objects.remove(self)
        self._session.views.remove(self)
        self.model.remove(self)


class ContainerView(View):
    """All entities below a container, of some types."""

    vim_type = vim.view.ContainerView

    def __init__(
        self, model: Model, session: Session, container: ManagedEntity, types: list[Any], recursive: bool
    ) -> None:
        super().__init__(model, session)
        self._container = container
        self._types = types
        self._recursive = recursive

    @prop("view", every_s=0)
    def members(self) -> list[Managed]:
        """The entities now, parents before children."""
        wanted = tuple(self._types) or (vim.ManagedEntity,)
        return [entity for entity in self._walk(self._container) if issubclass(entity.vim_type, wanted)]

    def _walk(self, parent: ManagedEntity) -> Iterator[ManagedEntity]:
        for child in parent.children():
            yield child
            if self._recursive:
                yield from self._walk(child)

    @prop("container")
    def _show_container(self) -> Managed:
        return self._container

    @prop("type")
    def _show_types(self) -> list[str]:
        return [VmomiSupport.GetWsdlName(cls) for cls in self._types]

    @prop("recursive")
    def _show_recursive(self) -> bool:
        return self._recursive


class ListView(View):
    """A list that a client made itself."""

    vim_type = vim.view.ListView

    def __init__(self, model: Model, session: Session, members: list[Managed]) -> None:
        super().__init__(model, session)
        self._members = members

    @prop("view", every_s=0)
    def members(self) -> list[Managed]:
        """What of it still exists."""
        return [m for m in self._members if self.model.objects.get(m.moid) is m]

    @operation("ModifyListView")
    def _modify(self, call: Call, add: list[Any] | None = None, remove: list[Any] | None = None) -> list[Any]:
        for reference in add or []:
            found = self.model.objects.get(reference._moId)
            if found is not None and found not in self._members:
                self._members.append(found)
        gone = {reference._moId for reference in remove or []}
        self._members = [m for m in self._members if m.moid not in gone]
        return [r for r in add or [] if r._moId not in self.model.objects]

    @operation("ResetListView")
    def _reset(self, call: Call, obj: list[Any] | None = None) -> list[Any]:
        self._members = []
        return self._modify(call, add=obj)


class ViewManager(Managed):
    """Makes views."""

    vim_type = vim.view.ViewManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "ViewManager")

    @prop("viewList", per_call=True)
    def _views(self, call: Call) -> list[Managed]:
        return list(call.session.views) if call.session else []

    @operation("CreateContainerView")
    def _create_container_view(
        self, call: Call, container: Any, recursive: bool, type: list[Any] | None = None
    ) -> ContainerView:
        found = self.model.resolve(container)
        if not isinstance(found, ManagedEntity):
            raise faults.invalid_argument("container")
        assert call.session is not None
        return ContainerView(self.model, call.session, found, list(type or []), recursive)

    @operation("CreateListView")
    def _create_list_view(self, call: Call, obj: list[Any] | None = None) -> ListView:
        assert call.session is not None
        members = []
        for reference in obj or []:
            found = self.model.objects.get(reference._moId)
            if found is None:
                raise vmodl.fault.ManagedObjectNotFound(obj=reference)
            members.append(found)
        return ListView(self.model, call.session, members)
