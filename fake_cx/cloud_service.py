"""The CX Cloud Service (deployment type cx-cloud-service), provider: https 443.

Rules of this file: it puts the parts together. Administrators' urls are in `mgmt_api`, tenants' in
`tenant_api`, migrations in `migrations`, cutover in `cutover`.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response

from cxsim.emulator.host import Host
from cxsim.emulator.tasks import Task
from cxsim.fake_cx.config import CloudServiceConfig
from cxsim.fake_cx.cutover import SYSTEM_ORG, Cutover
from cxsim.fake_cx.manager_client import ManagerClient
from cxsim.fake_cx.mgmt_api import add_mgmt_urls, require_administrator
from cxsim.fake_cx.migration import Migration
from cxsim.fake_cx.migrations import Migrations
from cxsim.fake_cx.mobility import Entry, Identity, Mobility
from cxsim.fake_cx.outgoing import AdapterFactory, Outgoing, PinnedAdapter
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.tenant_api import Tenant, add_tenant_urls
from cxsim.fake_cx.vcd_client import Vcd
from cxsim.fake_cx.wire import new_app, reply

DEPLOYMENT_TYPE = "cx-cloud-service"


class CloudService:
    """One cloud service. `wsgi_app` serves https 443."""

    def __init__(
        self,
        config: CloudServiceConfig,
        settings: CxSettings,
        host: Host,
        *,
        adapters: AdapterFactory = PinnedAdapter,
    ) -> None:
        self.config = config
        self.settings = settings
        self.host = host
        outgoing = Outgoing(host, settings, adapters)
        self.manager = ManagerClient(
            host, settings, outgoing, config.manager, config.sso_user, config.sso_password
        )
        self.vcd = Vcd(host, settings, outgoing, config.vcd_url, config.vcd_thumbprint)
        self.tenants: Sessions[Tenant] = Sessions(host, "tenant session", settings.session_life_s)
        self._cutover = Cutover(host, settings, config, self.manager, self.vcd)
        self.migrations = Migrations(
            host, settings, self.manager, config.site, self._cut_over, self._cutover.undo
        )
        identity = Identity(
            DEPLOYMENT_TYPE,
            config.root_password,
            config.sso_user,
            config.sso_password,
            config.vcenter_name,
            config.vcenter_url,
            config.lookup_service_url,
        )
        self.mobility = Mobility(host, settings, outgoing, identity)
        self.mobility.managers.append(self.mobility.entry(config.manager))
        self.mobility.replicators.extend(self.mobility.entry(r) for r in config.replicators)
        app = new_app("cx-cloud-service", host, settings)
        add_mgmt_urls(app, self.mobility, self._change_manager)
        add_tenant_urls(app, self)
        _add_site_urls(app, self)
        self.wsgi_app = app

    def _cut_over(self, migration: Migration) -> None:
        self._cutover.run(migration, self.migrations.refresh, self.migrations.lasting_trouble)

    def _change_manager(self, entry: Entry, typed: str) -> Task:
        return self.mobility.set_public_endpoint(
            self.mobility.managers,
            entry.id,
            typed,
            lambda appliance: self.manager.set_public_endpoint(typed, appliance.root_password),
        )


def _add_site_urls(app: Flask, service: CloudService) -> None:
    """The vCloud Director that the wizard linked (cx.md 5.2)."""
    routes = Blueprint("sites", __name__)
    config = service.config
    site_id = service.host.new_uuid("site")

    @routes.get("/mobility/mm/sites")
    def sites() -> Response:
        require_administrator(service.mobility)
        site = {
            "infraConnectorId": site_id,
            "name": config.vcd_site_name,
            "ipAddress": config.vcd_url.partition("://")[2],
            "orgName": SYSTEM_ORG,
            "userName": config.vcd_user,
            "targetInfraType": "VCD",
        }
        return reply([site])

    @routes.get("/mobility/mm/mgmt/sites/<wanted_id>/vcs/resource")
    def resource_vcenters(wanted_id: str) -> Response:
        require_administrator(service.mobility)
        if wanted_id != site_id or not config.vcenter_url:
            return reply([])
        vcenter = {
            "id": config.vcenter_name,
            "name": config.vcenter_name,
            "url": config.vcenter_url,
            "siteId": site_id,
            "isEnabled": True,
            "infraManagerType": "VCENTER_SERVER",
            "adminUser": {"username": config.sso_user},
            "lookupServiceUrl": config.lookup_service_url,
        }
        return reply([vcenter])

    app.register_blueprint(routes)
