"""The Replicator (CCE), at the provider or at a tenant: https 8043; its data port 44045 is the data plane's.

Rules of this file: it puts the parts together and holds what they share. Pairing is in
`replicator_pairing`, the sending side in `replicator_source`, the receiving side in
`replicator_destination`, urls in `replicator_api`.
"""

from __future__ import annotations

from collections.abc import Callable

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.config import ReplicatorConfig
from cxsim.fake_cx.dataplane import DataPlane
from cxsim.fake_cx.endpoints import ReplicatorEndpoint, split_replicator_endpoint
from cxsim.fake_cx.h4_tasks import H4Tasks
from cxsim.fake_cx.outgoing import AdapterFactory, Outgoing, PinnedAdapter, thumbprint_of_pem
from cxsim.fake_cx.replicator_api import add_replicator_urls
from cxsim.fake_cx.replicator_destination import Destinations
from cxsim.fake_cx.replicator_pairing import Pairings
from cxsim.fake_cx.replicator_source import Sources
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.vcenter_client import PyVmomiVcenter, VcenterClient
from cxsim.fake_cx.wire import new_app

VcenterFactory = Callable[[ReplicatorConfig, CxSettings, Callable[[float], None]], VcenterClient]


class Replicator:
    """One replicator appliance. `wsgi_app` serves https 8043."""

    def __init__(
        self,
        config: ReplicatorConfig,
        settings: CxSettings,
        host: Host,
        data_plane: DataPlane,
        *,
        vcenter: VcenterFactory = PyVmomiVcenter,
        adapters: AdapterFactory = PinnedAdapter,
    ) -> None:
        self.config = config
        self.settings = settings
        self.host = host
        self.sso_clock: Callable[[], float] = host.now
        """The clock of the single sign-on that its vCenter belongs to, seconds since the epoch. A composition
        sets it: which packets a replicator exchanges with it is not part of CX's required flows."""
        self.configured = config.preconfigured
        self.root_password = config.root_password
        self.site = config.site
        self.lookup_service_url = config.lookup_service_url
        self.public_endpoint = config.public_endpoint
        self.endpoint = self._split(config.public_endpoint)
        outgoing = Outgoing(host, settings, adapters)
        self.vcenter = vcenter(config, settings, host.sleep)
        self.sessions: Sessions[str] = Sessions(host, "replicator session", settings.session_life_s)
        self.tasks = H4Tasks(host, config.site)
        self.pairings = Pairings(outgoing)
        self.sources = Sources(host, config.address, self.vcenter, data_plane)
        self.destinations = Destinations(
            host, settings, config.datastore, self.vcenter, data_plane, self.tasks
        )
        app = new_app("h4-replicator", host, settings)
        add_replicator_urls(app, self)
        self.wsgi_app = app

    @property
    def thumbprint(self) -> str:
        """Of the certificate this host shows."""
        return thumbprint_of_pem(self.host.certificate_pem())

    def check_clock(self) -> None:
        """Raises `OperationAborted` when single sign-on would refuse its tokens (cx.md P17)."""
        skew_s = self.host.now() - self.sso_clock()
        if abs(skew_s) > self.settings.sso_tolerance_s:
            raise errors.OperationAborted(skew_s)

    def set_public_endpoint(self, typed: str) -> None:
        """Replace the Public Endpoint URL as typed (cx.md 1.3, P3). Running replications keep the data
        address they were started with [I]."""
        self.public_endpoint = typed
        self.endpoint = self._split(typed)

    def _split(self, typed: str) -> ReplicatorEndpoint:
        return split_replicator_endpoint(typed, self.config.address, self.config.port)
