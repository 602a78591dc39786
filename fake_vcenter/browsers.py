"""EnvironmentBrowser and HostDatastoreBrowser: objects that others refer to.

Rules of this file: they can be found and read; searching through them is not emulated.
"""

from __future__ import annotations

from pyVmomi import vim

from cxsim.fake_vcenter.managed_object import Managed, prop
from cxsim.fake_vcenter.model import Model


class EnvironmentBrowser(Managed):
    """What a VM or a cluster could be configured with."""

    vim_type = vim.EnvironmentBrowser

    def __init__(self, model: Model, moid: str, browser: DatastoreBrowser | None) -> None:
        super().__init__(model, moid)
        self.browser = browser

    @prop("datastoreBrowser")
    def _browser(self) -> DatastoreBrowser | None:
        return self.browser


class DatastoreBrowser(Managed):
    """Files of a datastore or of all datastores of a host."""

    vim_type = vim.host.DatastoreBrowser

    def __init__(self, model: Model, moid: str, datastores: list[Managed]) -> None:
        super().__init__(model, moid)
        self.datastores = datastores

    @prop("datastore", every_s=0)
    def _datastores(self) -> list[Managed]:
        return self.datastores
