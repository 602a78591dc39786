"""AuthorizationManager: the roles that exist here.

Rules of this file: roles are system roles; who has which is in the configuration, for the whole inventory.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_entity import ROLE_IDS
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.sessions import PRIVILEGES


class AuthorizationManager(Managed):
    """Shows roles and answers who may do what."""

    vim_type = vim.AuthorizationManager

    def __init__(self, model: Model) -> None:
        super().__init__(model, "AuthorizationManager")

    @prop("roleList")
    def _roles(self) -> list[Any]:
        return [
            data(
                vim.AuthorizationManager.Role,
                roleId=role_id,
                system=True,
                name=name,
                info=data(vim.Description, label=name, summary=name),
                privilege=sorted(PRIVILEGES[name] or ()),
            )
            for name, role_id in ROLE_IDS.items()
        ]

    @prop("description")
    def _description(self) -> Any:
        return data(vim.AuthorizationDescription)

    @operation("HasPrivilegeOnEntity")
    def _has_privilege(
        self, call: Call, entity: Any, sessionId: str, privId: list[str] | None = None
    ) -> list[bool]:
        self.model.resolve(entity)
        session = call.session
        return [session is not None and session.may(privilege) for privilege in privId or []]
