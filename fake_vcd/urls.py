"""The vCloud API's paths: which handler answers what.

Rules of this file: one table of routes, and the code around every request: request id, version,
login, errors. A path that vCD has and
this emulator has not (`gaps`) is logged as a `gap` and answered with 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from cxsim.fake_vcd import admin_org, extension, metadata, org, query, session, task, vapp, vdc, vm
from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import (
    InternalServerError,
    MethodNotAllowed,
    NotAcceptable,
    ResourceNotFound,
    Unauthorized,
    Unimplemented,
    VcdError,
)
from cxsim.fake_vcd.estate import VERSIONS
from cxsim.fake_vcd.gaps import is_gap
from cxsim.fake_vcd.negotiation import NOT_ACCEPTABLE, select_version
from cxsim.fake_vcd.operations import Operations
from cxsim.fake_vcd.wire import Hrefs, root, to_bytes, vcloud_type

PRODUCT = "vCloud Director"
Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """A row: methods (space separated), the path below /api/, its handler. `login` False: before login;
    `versioned` False: needs no API version either."""

    methods: str
    path: str
    handler: Handler
    login: bool = True
    versioned: bool = True


_ANY = "<any(vapp, vm):kind>-<entity_id>"
_POWER = "<any(powerOn, powerOff, suspend, reset, reboot, shutdown):action>"
_SECTION = "<any(leaseSettingsSection, startupSection, networkSection, networkConfigSection):name>"
_VIM_SERVER = "admin/extension/vimServer/<server_id>"
_PART = "<any(cpu, memory, disks, networkCards, media, serialPorts):part>"

# fmt: off
ROUTES = (
    Route("GET", "versions/", session.versions, login=False, versioned=False),
    Route("POST", "sessions/", session.login, login=False),
    Route("GET", "session/", session.current),
    Route("DELETE", "session/", session.logout),
    Route("GET", "org/", org.org_list),
    Route("GET", "org/<org_id>/", org.org),
    Route("GET", "org/<org_id>/metadata/", org.org_metadata),
    Route("GET", "org/<org_id>/catalogs/query/", query.org_catalogs),
    Route("GET", "tasksList/<org_id>/", org.tasks_list),
    Route("GET", "vdc/<vdc_id>/", vdc.vdc),
    Route("GET", "vdc/<vdc_id>/metadata/", metadata.vdc_metadata),
    Route("GET", "vdc/<vdc_id>/controlAccess/", vdc.vdc_control_access),
    Route("GET", "vdcStorageProfile/<profile_id>/", vdc.profile),
    Route("GET", "vdcStorageProfile/<profile_id>/metadata/", vdc.profile_metadata),
    Route("GET", "network/<network_id>/", vdc.network),
    Route("GET", "network/<network_id>/metadata/", vdc.network_metadata),
    Route("GET", "network/<network_id>/allocatedAddresses/", vdc.allocated_addresses),
    Route("GET", "query/", query.query),
    Route("GET", "vApps/query/", query.vapps),
    Route("GET", "vms/query/", query.vms),
    Route("GET", "task/<task_id>/", task.task),
    Route("POST", "task/<task_id>/action/cancel/", task.cancel),
    Route("GET", "vApp/vapp-<vapp_id>/", vapp.vapp),
    Route("DELETE", "vApp/vapp-<vapp_id>/", vapp.delete),
    Route("GET", "vApp/vapp-<vapp_id>/controlAccess/", vapp.control_access),
    Route("GET", "vApp/vapp-<vapp_id>/owner/", vapp.owner),
    Route("GET", f"vApp/vapp-<vapp_id>/{_SECTION}/", vapp.section),
    Route("PUT", "vApp/vapp-<vapp_id>/networkConfigSection/", vapp.put_network_config),
    Route("GET", "vApp/vm-<vm_id>/", vm.vm),
    Route("DELETE", "vApp/vm-<vm_id>/", vm.delete),
    Route("GET", "vApp/vm-<vm_id>/virtualHardwareSection/", vm.hardware),
    Route("GET", f"vApp/vm-<vm_id>/virtualHardwareSection/{_PART}/", vm.hardware_part),
    Route("GET", "vApp/vm-<vm_id>/guestCustomizationSection/", vm.customization),
    Route("GET", "vApp/vm-<vm_id>/networkConnectionSection/", vm.connections),
    Route("PUT", "vApp/vm-<vm_id>/networkConnectionSection/", vm.put_connections),
    Route("POST", f"vApp/{_ANY}/power/action/{_POWER}/", vapp.power_action),
    Route("POST", f"vApp/{_ANY}/action/discardSuspendedState/", vapp.discard_suspended_state),
    Route("POST", f"vApp/{_ANY}/action/deploy/", vapp.deploy),
    Route("POST", f"vApp/{_ANY}/action/undeploy/", vapp.undeploy),
    Route("GET POST", f"vApp/{_ANY}/metadata/", metadata.metadata),
    Route("GET PUT DELETE", f"vApp/{_ANY}/metadata/<path:key>/", metadata.entry),
    Route("GET", "admin/", admin_org.admin),
    Route("GET", "admin/org/<org_id>/", admin_org.org),
    Route("GET POST PUT", "admin/org/<org_id>/rights/", admin_org.rights),
    Route("GET", "admin/orgs/query/", query.orgs),
    Route("GET", "admin/user/<user_id>/", admin_org.user),
    Route("GET", "admin/vdc/<vdc_id>/", vdc.admin_vdc),
    Route("GET", "admin/vdc/<vdc_id>/networks/", query.vdc_networks),
    Route("GET", "admin/vdc/<vdc_id>/edgeGateways/", query.vdc_edge_gateways),
    Route("GET", "admin/network/<network_id>/", vdc.network),
    Route("GET", "admin/extension/", extension.extension),
    Route("GET", "admin/extension/vimServerReferences/", extension.vim_servers),
    Route("GET", f"{_VIM_SERVER}/", extension.vim_server),
    Route("GET", f"{_VIM_SERVER}/vmsList/", extension.vms_list),
    Route("POST", f"{_VIM_SERVER}/importVmAsVApp/", extension.import_vm_as_vapp),
    Route("POST", f"{_VIM_SERVER}/importVmIntoExistingVApp/", extension.import_vm_into_vapp),
)

# fmt: on


def make_app(operations: Operations) -> Flask:
    """The WSGI application."""
    # It has no files of its own; Flask cannot find the place of a package below a namespace by itself.
    app = Flask("cxsim.fake_vcd", static_folder=None, template_folder=None, root_path="/", instance_path="/")
    app.url_map.strict_slashes = False
    door = _Door(operations)
    for number, route in enumerate(ROUTES):
        app.add_url_rule(
            f"/api/{route.path}",
            f"{number} {route.path}",
            door.view(route),
            methods=route.methods.split(),
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, lambda error: door.no_route(error, app.url_map))
    return app


class _Door:
    """What every request passes."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def view(self, route: Route) -> Callable[..., Response]:
        """A Flask view for a route."""
        return lambda **path: self._answer(
            lambda call: route.handler(call, **path), route.login, route.versioned
        )

    def no_route(self, error: Exception, paths: Map) -> Response:
        """Paths and methods that are not in the table."""

        def refuse(call: Call) -> Response:
            path = request.path.removeprefix("/api/").rstrip("/")
            if request.path.startswith("/cloudapi/") or is_gap(request.method, path):
                raise Unimplemented(f"{request.method} {request.path}")
            if not isinstance(error, HTTPException):
                raise error
            if paths.bind("").allowed_methods(request.path.rstrip("/") + "/"):
                raise MethodNotAllowed(f"The method {request.method} is not allowed on {request.path}.")
            raise ResourceNotFound(f"The resource {request.path} was not found.")

        below_api = request.path.startswith("/api/")
        return self._answer(refuse, below_api, below_api)

    def _answer(self, handle: Callable[[Call], Response], login: bool, versioned: bool) -> Response:
        operations = self._operations
        request_id = operations.host.new_uuid("request")
        supported = VERSIONS[operations.cloud.version]
        call = Call(operations, request, request_id, supported[-1], _hrefs(operations, request))
        try:
            if versioned:
                call.api_version = select_version(request.headers.get("Accept", ""), supported)
            if login:
                call.session = session.find_session(call)
            response = handle(call)
        except VcdError as error:
            response = _error(call, error)
        except Unauthorized:
            response = Response(status=401)
            response.headers["WWW-Authenticate"] = 'Basic realm="vCloud"'
        except NotAcceptable:
            response = Response(NOT_ACCEPTABLE, 406, content_type="text/plain;charset=ISO-8859-1")
        except Unimplemented as gap:
            operations.host.log("gap", product=PRODUCT, operation=gap.operation)
            response = _error(call, ResourceNotFound(f"{gap.operation} is not implemented by this emulator."))
        except Exception as error:
            # A mistake of the emulator: the client gets vCD's 500, the log says what it was.
            operations.host.log("trouble", task=f"{request.method} {request.path}", error=repr(error))
            response = _error(call, InternalServerError("Internal Server Error"))
        response.headers["X-VMWARE-VCLOUD-REQUEST-ID"] = request_id
        return response


def _hrefs(operations: Operations, incoming: Request | Any) -> Hrefs:
    public = operations.cloud.public_base_url
    return Hrefs(public.rstrip("/") if public else f"{incoming.scheme}://{incoming.host}")


def _error(call: Call, error: VcdError) -> Response:
    media_type = vcloud_type("error")
    element = root(
        "Error", message=f"[ {call.request_id} ] {error.message}", majorErrorCode=str(error.http_status),
        minorErrorCode=error.minor_code,
    )  # fmt: skip
    return Response(
        to_bytes(element), error.http_status, content_type=f"{media_type};version={call.api_version}"
    )
