"""The Replication Manager (CCM), provider only: https 8044.

Rules of this file: it puts the parts together and holds what they share. Registering replicators is in
`manager_replicators`, replications in `manager_replications`, their status in `manager_status`, urls in
`manager_api`.
"""

from __future__ import annotations

from cxsim.emulator.host import Host
from cxsim.fake_cx.config import ManagerConfig
from cxsim.fake_cx.endpoints import manager_api_url
from cxsim.fake_cx.h4_tasks import H4Tasks
from cxsim.fake_cx.manager_api import add_manager_urls
from cxsim.fake_cx.manager_model import PROVIDER, Principal
from cxsim.fake_cx.manager_replications import Replications
from cxsim.fake_cx.manager_replicators import Registration, Replicators
from cxsim.fake_cx.manager_status import StatusCache
from cxsim.fake_cx.outgoing import AdapterFactory, Outgoing, PinnedAdapter, thumbprint_of_pem
from cxsim.fake_cx.replicator import Replicator
from cxsim.fake_cx.replicator_client import ReplicatorCredentials
from cxsim.fake_cx.replicator_pairing import Pairing
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import new_app


class ReplicationManager:
    """One Replication Manager. `wsgi_app` serves https 8044."""

    def __init__(
        self,
        config: ManagerConfig,
        settings: CxSettings,
        host: Host,
        *,
        adapters: AdapterFactory = PinnedAdapter,
    ) -> None:
        self.config = config
        self.settings = settings
        self.host = host
        self.configured = config.preconfigured
        self.root_password = config.root_password
        self.site = config.site
        self.lookup_service_url = config.lookup_service_url
        self.public_endpoint = config.public_endpoint
        outgoing = Outgoing(host, settings, adapters)
        self.sessions: Sessions[Principal] = Sessions(host, "manager session", settings.session_life_s)
        self.tasks = H4Tasks(host, config.site)
        self.replicators = Replicators(
            host, settings, outgoing, self.tasks, self.callback_url, lambda: self.thumbprint
        )
        self.replications = Replications(host, settings, self.tasks)
        self.status = StatusCache(host, settings, self.replications)
        app = new_app("h4-manager", host, settings)
        add_manager_urls(app, self)
        self.wsgi_app = app

    @property
    def thumbprint(self) -> str:
        """Of the certificate this host shows."""
        return thumbprint_of_pem(self.host.certificate_pem())

    @property
    def private_url(self) -> str:
        """Where the provider's own appliances call it."""
        return f"https://{self.config.address}:{self.config.port}"

    @property
    def api_url(self) -> str:
        """What tenants are told (cx.md 1.3): the Public Endpoint URL as typed, else the private address."""
        return manager_api_url(self.public_endpoint, self.config.address, self.config.port)

    def callback_url(self, site: str) -> str:
        """Where a replicator of this site calls back: its own site's privately (cx.md 1.2 row 10), every
        other publicly (row 4)."""
        return self.private_url if site == self.site else self.api_url

    def set_public_endpoint(self, typed: str) -> None:
        """Replace the Public Endpoint URL as typed (cx.md 1.3, P3)."""
        self.public_endpoint = typed

    def adopt_replicator(self, replicator: Replicator, description: str = "") -> str:
        """Put the state of a replicator of the provider's own site that was registered before, on both
        appliances and without a call; the replicator's id."""
        config = replicator.config
        registration = Registration(
            PROVIDER,
            self.site,
            description or replicator.host.name,
            f"https://{config.address}:{config.port}",
            replicator.thumbprint,
            ReplicatorCredentials(config.root_password, config.sso_user, config.sso_password),
        )
        replicator_id, cookie = self.replicators.adopt(registration, replicator.thumbprint)
        replicator.pairings.adopt(Pairing(self.private_url, self.thumbprint, replicator_id, cookie))
        return replicator_id
