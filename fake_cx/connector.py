"""The tenant's CX appliance (deployment type cx-connector): https 443, when the core does not stand there.

Rules of this file: set-up only; it has no Replication Manager (cx.md 1.1, P7) and runs no jobs.
"""

from __future__ import annotations

from cxsim.emulator.host import Host
from cxsim.fake_cx.config import ConnectorConfig
from cxsim.fake_cx.mgmt_api import add_mgmt_urls
from cxsim.fake_cx.mobility import Identity, Mobility
from cxsim.fake_cx.outgoing import AdapterFactory, Outgoing, PinnedAdapter
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import new_app

DEPLOYMENT_TYPE = "cx-connector"


class Connector:
    """One connector. `wsgi_app` serves https 443."""

    def __init__(
        self,
        config: ConnectorConfig,
        settings: CxSettings,
        host: Host,
        *,
        adapters: AdapterFactory = PinnedAdapter,
    ) -> None:
        identity = Identity(
            DEPLOYMENT_TYPE,
            config.root_password,
            config.sso_user,
            config.sso_password,
            config.vcenter_name,
            config.vcenter_url,
            config.lookup_service_url,
        )
        self.mobility = Mobility(host, settings, Outgoing(host, settings, adapters), identity)
        self.mobility.replicators.extend(self.mobility.entry(r) for r in config.replicators)
        app = new_app("cx-connector", host, settings)
        add_mgmt_urls(app, self.mobility, None)
        self.wsgi_app = app
