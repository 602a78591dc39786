"""The core's client of a provider's vCloud Director: login, vDCs, storage profiles, networks.

Rules of this file: the organization administrator's view of one organization, nothing is changed there
(importing is the cloud service's, cx.md 5.1). vCD is followed by its links; the login goes to the address
that the user typed and trusted, not to the LoginUrl of an answer that nobody has authenticated. A session
that vCD has ended (30 minutes idle) is replaced once per call, without a word.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from cxsim.core import vcd_answers
from cxsim.core.errors import BadAnswer, LoginRefused, NotFound, UserError
from cxsim.core.neighbours import OfferedProfile, OfferedVdc
from cxsim.core.pinning import Judge, pinned_session
from cxsim.core.vcd_answers import VdcFigures
from cxsim.core.vcd_http import Element, XmlService
from cxsim.core.wizard import CloudEndpoints

T = TypeVar("T")

API_VERSIONS = ("29.0", "27.0")
"""In order of preference (vCD 9.0 and 8.20; cx.md 5.1)."""

TOKEN = "x-vcloud-authorization"
ORG = "application/vnd.vmware.vcloud.org+xml"
ORG_LIST = "application/vnd.vmware.vcloud.orgList+xml"
VDC = "application/vnd.vmware.vcloud.vdc+xml"
QUERY_LIST = "application/vnd.vmware.vcloud.query.queryList+xml"
RECORDS = "application/vnd.vmware.vcloud.query.records+xml"
PROFILES = "orgVdcStorageProfile"
PAGE_SIZE = 128
"""vCD's largest page."""
PAGE_LIMIT = 1000
"""More pages than this is an answer that turns in a circle."""


class VcdClient:
    """A conversation with one vCloud Director for one organization.

    `session` is a prepared `requests.Session` (pinned by the caller; `trust_env` is switched off here);
    `timeouts_s` is (connect, read). Every method raises the `UserError` family.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        org: str,
        user: str,
        password: str,
        timeouts_s: tuple[float, float] = (30.0, 120.0),
        api_versions: Sequence[str] = API_VERSIONS,
    ) -> None:
        session.trust_env = False
        self._http = XmlService(base_url, session, timeouts_s)
        self._org = org
        self._account = f"{user}@{org}"
        credentials = f"{self._account}:{password}".encode()
        self._basic = "Basic " + base64.b64encode(credentials).decode("ascii")
        self._wanted = tuple(api_versions)
        self._version: str | None = None
        self._token: str | None = None
        self._home: Element = None

    @property
    def api_version(self) -> str | None:
        """The version that was agreed on, None before the login."""
        return self._version

    def login(self) -> None:
        """Agree on an API version and log in. Raises `LoginRefused` among others."""
        if self._version is None:
            self._version = self._agree()
        attempted = f"log in as {self._account}"
        answer = self._http.call(
            "POST", "/api/sessions", attempted, root="Session",
            headers={"Authorization": self._basic, "Accept": self._accept},
        )  # fmt: skip
        token = answer.headers.get(TOKEN)
        if not token:
            raise self._http.unexpected(attempted, f"the header '{TOKEN}' is missing")
        named = str(answer.document.get("org") or "")
        if named.lower() != self._org.lower():
            raise self._http.unexpected(attempted, f"the session is for organization '{named}'")
        self._token, self._home = token, answer.document

    def logout(self) -> None:
        """End the session. Trouble is nobody's concern: vCD ends it by itself."""
        token, self._token = self._token, None
        if token is None:
            return
        headers = {TOKEN: token, "Accept": self._accept}
        try:
            self._http.call(
                "DELETE", "/api/session", "log out", root=None, expected=(204, 200), headers=headers
            )
        except UserError:
            return

    def vdcs(self) -> list[OfferedVdc]:
        """The vDCs that the user sees, as the plugin shows them."""
        return [vdc.offered() for vdc in self.figures()]

    def figures(self) -> list[VdcFigures]:
        """The vDCs that the user sees, with their numbers."""
        attempted = "list the virtual data centers"
        organization = self._get(self._org_href(attempted), attempted, "Org")
        documents = [self._get(href, attempted, "Vdc") for _, href in vcd_answers.links(organization, VDC)]
        profiles = self._profiles(attempted) if documents else []
        return [self._read_vdc(document, profiles, attempted) for document in documents]

    def _read_vdc(self, document: Element, profiles: Sequence[OfferedProfile], attempted: str) -> VdcFigures:
        with self._reading(attempted):
            own = [
                profile
                for href in vcd_answers.profile_hrefs(document)
                for profile in profiles
                if vcd_answers.same_object(profile.href, href)
            ]
            return vcd_answers.vdc(document, own)

    def _profiles(self, attempted: str) -> list[OfferedProfile]:
        """Every storage profile of the organization, page by page."""
        queries = self._linked(self._home, QUERY_LIST, attempted, "the query service")
        listing = self._get(queries, attempted, "QueryList")
        href: str | None = vcd_answers.link(listing, RECORDS, PROFILES)
        if href is None:
            raise self._http.unexpected(attempted, f"there is no query '{PROFILES}'")
        href = _with_page_size(href)
        found: list[OfferedProfile] = []
        for _ in range(PAGE_LIMIT):
            page = self._get(href, attempted, "QueryResultRecords")
            with self._reading(attempted):
                found += vcd_answers.profile_records(page)
            href = vcd_answers.link(page, RECORDS, rel="nextPage")
            if href is None:
                return found
        raise self._http.unexpected(attempted, f"a query has more than {PAGE_LIMIT} pages")

    def _org_href(self, attempted: str) -> str:
        if self._token is None:
            self.login()
        href = vcd_answers.link(self._home, ORG, self._org)
        if href is not None:
            return href
        listed = self._get(
            self._linked(self._home, ORG_LIST, attempted, "the organizations"), attempted, "OrgList"
        )
        for element in listed.iterchildren("{*}Org"):
            if str(element.get("name") or "").lower() == self._org.lower() and element.get("href"):
                return str(element.get("href"))
        raise NotFound(
            attempted, self._http.where(self._http.base_url), f"there is no organization '{self._org}'",
            "the organization in the Provider Cloud URL",
        )  # fmt: skip

    def _linked(self, document: Element, media_type: str, attempted: str, what: str) -> str:
        href = vcd_answers.link(document, media_type)
        if href is None:
            raise self._http.unexpected(attempted, f"the link to {what} is missing")
        return href

    def _get(self, href: str, attempted: str, root: str) -> Element:
        """A document; logs in again once when vCD has ended the session."""
        if self._token is None:
            self.login()
        try:
            return self._ask(href, attempted, root)
        except LoginRefused as error:
            if getattr(error, "status", None) != 401:
                raise
        self.login()
        return self._ask(href, attempted, root)

    def _ask(self, href: str, attempted: str, root: str) -> Element:
        headers = {TOKEN: self._token or "", "Accept": self._accept}
        return self._http.call("GET", href, attempted, root=root, headers=headers).document

    @property
    def _accept(self) -> str:
        return f"application/*+xml;version={self._version}"

    def _agree(self) -> str:
        attempted = "agree on an API version"
        document = self._http.call("GET", "/api/versions", attempted, root="SupportedVersions").document
        with self._reading(attempted):
            offered = vcd_answers.versions(document)
        for version in self._wanted:
            if version in offered:
                return version
        raise BadAnswer(
            attempted, self._http.where(self._http.base_url),
            f"it offers API versions {', '.join(offered)}, and none of {', '.join(self._wanted)}",
            "that the provider runs vCloud Director 8.20 or 9.x",
        )  # fmt: skip

    @contextmanager
    def _reading(self, attempted: str) -> Iterator[None]:
        """Turn what `vcd_answers` finds wrong into a `BadAnswer`."""
        try:
            yield
        except ValueError as error:
            raise self._http.unexpected(attempted, str(error)) from None


class VcdLogins:
    """Opens conversations with providers' vCloud Directors: the appliance's `neighbours.OpenVcd`."""

    def __init__(
        self, timeouts_s: tuple[float, float] = (30.0, 120.0), api_versions: Sequence[str] = API_VERSIONS
    ) -> None:
        self._timeouts_s = timeouts_s
        self._api_versions = tuple(api_versions)

    @contextmanager
    def __call__(
        self, endpoints: CloudEndpoints, user: str, password: str, judge: Judge
    ) -> Iterator[VcdClient]:
        """Log in over connections that `judge` trusts; log out and close them at the end."""
        session = pinned_session(judge)
        client = VcdClient(
            session, endpoints.vcd_url, endpoints.org, user, password, self._timeouts_s, self._api_versions
        )
        try:
            client.login()
            yield client
        finally:
            client.logout()
            session.close()


def _with_page_size(href: str) -> str:
    return f"{href}{'&' if urlsplit(href).query else '?'}pageSize={PAGE_SIZE}"
