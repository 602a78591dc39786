"""ServiceInstance: the way in, and the list of everything else.

Rules of this file: it refers to the managers that exist here and leaves the others unset, so a client that
looks first does not stumble later.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model
from cxsim.fake_vcenter.versions import PRODUCTS

ROOT_FOLDER = "group-d1"

MANAGERS = {
    "propertyCollector": "propertyCollector",
    "viewManager": "ViewManager",
    "sessionManager": "SessionManager",
    "authorizationManager": "AuthorizationManager",
    "perfManager": "PerfMgr",
    "eventManager": "EventManager",
    "taskManager": "TaskManager",
    "customFieldsManager": "CustomFieldsManager",
    "searchIndex": "SearchIndex",
}
"""Field of ServiceInstanceContent -> id of the managed object, as real vCenters name them."""


class ServiceInstance(Managed):
    """The singleton with which every client begins."""

    vim_type = vim.ServiceInstance

    def __init__(self, model: Model) -> None:
        super().__init__(model, "ServiceInstance")
        self.instance_uuid = model.new_uuid("vcenter instance")

    def about(self) -> Any:
        """Product, version, build."""
        release = PRODUCTS[self.model.config.version]
        return data(
            vim.AboutInfo,
            name="VMware vCenter Server",
            fullName=f"VMware vCenter Server {release.version} build-{release.build}",
            vendor="VMware, Inc.",
            version=release.version,
            build=release.build,
            localeVersion="INTL",
            localeBuild="000",
            osType="linux-x64",
            productLineId="vpx",
            apiType="VirtualCenter",
            apiVersion=release.api_version,
            instanceUuid=self.instance_uuid,
            licenseProductName="VMware VirtualCenter Server",
            licenseProductVersion=release.license_version,
        )

    @prop("content")
    def content(self) -> Any:
        """References to the managers and the root folder."""
        objects = self.model.objects
        return data(
            vim.ServiceInstanceContent,
            rootFolder=objects[ROOT_FOLDER],
            about=self.about(),
            **{field: objects[moid] for field, moid in MANAGERS.items()},
        )

    @prop("capability")
    def _capability(self) -> Any:
        return data(vim.Capability, provisioningSupported=True, multiHostSupported=True)

    @prop("serverClock", every_s=0)
    def _server_clock(self) -> Any:
        return self.model.now()

    @operation("RetrieveServiceContent")
    def _retrieve_content(self, call: Call) -> Any:
        return self.content()

    @operation("CurrentTime")
    def _current_time(self, call: Call) -> Any:
        return self.model.now()
