"""Login sessions: cookie, user, and the objects that live as long as the session.

Rules of this file: a session is found by its cookie and ends by Logout, by termination or after its idle
time; views, filters and collectors that it created end with it. Cookies and keys come from the host's
identifiers, so a run can be repeated.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cxsim.fake_vcenter.inventory import User

if TYPE_CHECKING:
    from cxsim.fake_vcenter.managed_object import Managed
    from cxsim.fake_vcenter.model import Model

COOKIE_NAME = "vmware_soap_session"
# Clients echo the whole Set-Cookie value, quotes and attributes included (peers.md 1.1).
_COOKIE = re.compile(COOKIE_NAME + r'="?([0-9A-Za-z-]+)"?')

PRIVILEGES: dict[str, frozenset[str] | None] = {
    "Admin": None,
    "ReadOnly": frozenset({"System.Anonymous", "System.View", "System.Read"}),
}
"""What a role may do; None = everything."""


@dataclass
class Session:
    """Somebody who is logged in. Instants in seconds since the epoch."""

    key: str
    cookie: str
    user: User
    login_s: float
    last_active_s: float
    client_address: str
    user_agent: str
    locale: str = "en"
    calls: int = 0
    objects: list[Managed] = field(default_factory=list)
    """Views, filters and collectors made in this session."""
    views: list[Managed] = field(default_factory=list)
    collectors: dict[str, Any] = field(default_factory=dict)
    """Moref of a property collector -> its state in this session."""
    open: bool = True

    @property
    def user_name(self) -> str:
        """`VSPHERE.LOCAL\\Administrator` for `administrator@vsphere.local`."""
        name, at, domain = self.user.name.partition("@")
        return f"{domain.upper()}\\{name[:1].upper()}{name[1:]}" if at else name

    def may(self, privilege: str | None) -> bool:
        """True if the user's role has a privilege; None is no privilege in particular."""
        granted = PRIVILEGES[self.user.role]
        return granted is None or privilege is None or privilege in granted


class Sessions:
    """All sessions of a vCenter."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._by_cookie: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_cookie.values()))

    def login(
        self, name: str, password: str, client_address: str, user_agent: str, locale: str
    ) -> Session | None:
        """A new session, None if name or password is wrong."""
        user = next((u for u in self._model.config.users if u.name.lower() == name.lower()), None)
        expected = user.password if user else ""
        same = hmac.compare_digest(expected.encode(), password.encode())
        if user is None or not same:
            return None
        host = self._model.host
        session = Session(
            key=host.new_uuid("session"),
            cookie=hashlib.sha1(host.new_uuid("session cookie").encode(), usedforsecurity=False).hexdigest(),
            user=user,
            login_s=host.now(),
            last_active_s=host.now(),
            client_address=client_address,
            user_agent=user_agent,
            locale=locale,
        )
        self._by_cookie[session.cookie] = session
        return session

    def find(self, cookie_header: str) -> Session | None:
        """The session that a Cookie header names, with its idle time begun anew; None if there is none."""
        match = _COOKIE.search(cookie_header)
        session = self._by_cookie.get(match.group(1)) if match else None
        if session is None:
            return None
        now_s = self._model.host.now()
        if now_s - session.last_active_s > self._model.config.session_idle_s:
            self.end(session)
            return None
        session.last_active_s = now_s
        session.calls += 1
        return session

    def by_key(self, key: str) -> Session | None:
        """The session with a key."""
        return next((s for s in self._by_cookie.values() if s.key == key), None)

    def end(self, session: Session) -> None:
        """End a session and all that lived in it."""
        session.open = False
        self._by_cookie.pop(session.cookie, None)
        for managed in session.objects:
            self._model.remove(managed)
        session.objects.clear()
        session.views.clear()
        session.collectors.clear()


def set_cookie(session: Session) -> str:
    """The Set-Cookie value of a login, as a real vCenter sends it."""
    return f'{COOKIE_NAME}="{session.cookie}"; Path=/; HttpOnly; Secure;'
