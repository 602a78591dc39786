"""The set-up URLs that a Replication Manager and a replicator share: H4 1.x (cx.md 5.3).

Rules of this file: what both appliances answer alike is here once; who may read a configuration, what an
appliance adds to it and what a login opens are the appliance's own. Set-up calls carry a session token
(`X-VCAV-Auth`) or the root password (`Config-Secret`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Protocol

from flask import Blueprint, Response, request

from cxsim.fake_cx import errors
from cxsim.fake_cx.config import ManagerConfig, ReplicatorConfig
from cxsim.fake_cx.sessions import Sessions
from cxsim.fake_cx.settings import CxSettings
from cxsim.fake_cx.wire import body, reply

AUTH_HEADER = "X-VCAV-Auth"
SECRET_HEADER = "Config-Secret"


class Appliance(Protocol):
    """What both appliances are told when they are set up."""

    settings: CxSettings
    configured: bool
    root_password: str
    lookup_service_url: str
    site: str

    @property
    def config(self) -> ManagerConfig | ReplicatorConfig:
        """What was typed when it was deployed."""

    @property
    def sessions(self) -> Sessions[Any]:
        """Who is logged in."""

    @property
    def thumbprint(self) -> str:
        """Of the certificate it shows."""


def same_secret(one: str, other: str) -> bool:
    """Compare passwords."""
    return hmac.compare_digest(one.encode(), other.encode())


def require_secret(appliance: Appliance) -> None:
    """Raises `NotAuthenticated` unless the caller knows the root password."""
    if not same_secret(request.headers.get(SECRET_HEADER, ""), appliance.root_password):
        raise errors.NotAuthenticated("The root password is wrong.")


def add_setup_urls(
    routes: Blueprint,
    appliance: Appliance,
    product: str,
    *,
    require_reader: Callable[[], None],
    endpoints: Callable[[], dict[str, Any]],
    open_session: Callable[[str], str],
) -> None:
    """Add the shared URLs. `require_reader` raises unless the caller may see the configuration;
    `endpoints`: the part of it that is the appliance's own; `open_session`: a token for a user, by name."""

    @routes.get("/diagnostics/about")
    def about() -> Response:
        return reply({"product": product, "version": appliance.settings.h4_version})

    @routes.post("/config")
    def configure() -> Response:
        require_secret(appliance)
        wanted = body()
        password, url = wanted.text("rootPassword"), wanted.text("lsUrl")
        site = wanted.text("site", appliance.site)
        appliance.root_password, appliance.lookup_service_url, appliance.site = password, url, site
        appliance.configured = True
        return reply({"isConfigured": True, "site": appliance.site})

    @routes.get("/config")
    def configuration() -> Response:
        require_reader()
        shared = {
            "isConfigured": appliance.configured,
            "site": appliance.site,
            "lsUrl": appliance.lookup_service_url,
        }
        return reply({**shared, **endpoints()})

    @routes.get("/config/certificate")
    def certificate() -> Response:
        require_reader()
        return reply({"certificate": {"thumbPrint": appliance.thumbprint}})

    @routes.post("/sessions")
    def log_in() -> Response:
        wanted = body()
        wanted.choice("type", ("ssoCredentials",))
        user, password = wanted.text("username"), wanted.text("password")
        if not appliance.configured:
            raise errors.NotConfigured("The appliance is not configured.")
        config = appliance.config
        if user != config.sso_user or not same_secret(password, config.sso_password):
            raise errors.NotAuthenticated("Authentication failed.")
        headers = {AUTH_HEADER: open_session(user)}
        return reply({"user": user, "roles": ["ADMINISTRATORS"]}, 200, headers)

    @routes.delete("/sessions")
    def log_out() -> Response:
        appliance.sessions.close(request.headers.get(AUTH_HEADER, ""))
        return reply(None, 204)
