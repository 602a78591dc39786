"""SessionManager: login, logout, who is logged in.

Rules of this file: names and passwords of the configuration. A wrong one is InvalidLogin, whichever it was.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import long

from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.data_objects import data
from cxsim.fake_vcenter.event_manager import EventManager
from cxsim.fake_vcenter.managed_object import Managed, operation, prop
from cxsim.fake_vcenter.model import Model, instant
from cxsim.fake_vcenter.sessions import Session, Sessions, set_cookie

_LOCALES = ["en", "de", "fr", "ja", "ko", "zh_CN"]


class SessionManager(Managed):
    """Logs users in and out."""

    vim_type = vim.SessionManager

    def __init__(self, model: Model, sessions: Sessions, events: EventManager) -> None:
        super().__init__(model, "SessionManager")
        self._sessions = sessions
        self._events = events

    @operation("Login")
    def _login(self, call: Call, userName: str, password: str, locale: str = "en") -> Any:
        session = self._sessions.login(userName, password, call.client_address, call.user_agent, locale)
        if session is None:
            self._events.post(
                vim.event.BadUsernameSessionEvent,
                f"Cannot login {userName}@{call.client_address}",
                userName,
                ipAddress=call.client_address,
            )
            fault = vim.fault.InvalidLogin()
            fault.msg = "Cannot complete login due to an incorrect user name or password."
            raise fault
        call.session = session
        call.set_cookie = set_cookie(session)
        self._events.post(
            vim.event.UserLoginSessionEvent,
            f"User {session.user_name}@{call.client_address} logged in as {call.user_agent}",
            session.user_name,
            ipAddress=call.client_address,
            locale=locale,
            sessionId=session.key,
            userAgent=call.user_agent,
        )
        return user_session(session)

    @operation("Logout")
    def _logout(self, call: Call) -> None:
        assert call.session is not None
        session = call.session
        self._sessions.end(session)
        self._events.post(
            vim.event.UserLogoutSessionEvent,
            f"User {session.user_name}@{session.client_address} logged out",
            session.user_name,
            ipAddress=session.client_address,
            callCount=long(session.calls),
            sessionId=session.key,
            loginTime=instant(session.login_s),
        )

    @operation("TerminateSession")
    def _terminate(self, call: Call, sessionId: list[str]) -> None:
        for key in sessionId:
            session = self._sessions.by_key(key)
            if session is None:
                fault: Any = vim.fault.NotFound()
                fault.msg = "The object or item referred to could not be found."
                raise fault
            if session is call.session:
                fault = vmodl.fault.InvalidArgument(invalidProperty="sessionId")
                fault.msg = "A specified parameter was not correct: sessionId"
                raise fault
            self._sessions.end(session)

    @operation("SessionIsActive")
    def _is_active(self, call: Call, sessionID: str, userName: str) -> bool:
        session = self._sessions.by_key(sessionID)
        return session is not None and session.user_name == userName

    @operation("SetLocale")
    def _set_locale(self, call: Call, locale: str) -> None:
        assert call.session is not None
        call.session.locale = locale

    @prop("currentSession", per_call=True)
    def _current(self, call: Call) -> Any:
        return user_session(call.session) if call.session else None

    @prop("sessionList", every_s=0)
    def _list(self) -> list[Any]:
        return [user_session(session) for session in self._sessions]

    @prop("supportedLocaleList", "messageLocaleList")
    def _locales(self) -> list[str]:
        return _LOCALES

    @prop("defaultLocale")
    def _default_locale(self) -> str:
        return "en"


def user_session(session: Session) -> Any:
    """A session as clients see it."""
    return data(
        vim.UserSession,
        key=session.key,
        userName=session.user_name,
        fullName=session.user_name,
        loginTime=instant(session.login_s),
        lastActiveTime=instant(session.last_active_s),
        locale=session.locale,
        messageLocale=session.locale,
        extensionSession=False,
        ipAddress=session.client_address,
        userAgent=session.user_agent,
        callCount=session.calls,
    )
