"""Logging in and out: /api/versions, /api/sessions, /api/session.

Rules of this file: a session is one token (header `x-vcloud-authorization`, cookie `vcloud-token`); it
ends after the idle or the maximum time (cell settings), when the next request comes. Wrong credentials and
dead tokens are 401 without a body, a request without any token is 403 "Access is forbidden" (both seen).
"""

from __future__ import annotations

from flask import Response

from cxsim.fake_vcd.call import Call
from cxsim.fake_vcd.errors import AccessForbidden, Unauthorized
from cxsim.fake_vcd.model import Cloud, Session, User
from cxsim.fake_vcd.xml_session import SESSION, session_xml, versions_xml

TOKEN_HEADER = "x-vcloud-authorization"
TOKEN_COOKIE = "vcloud-token"


def versions(call: Call) -> Response:
    """GET /api/versions: needs no login and no version."""
    response = call.answer(versions_xml(call.cloud.version, call.hrefs), "text/xml")
    response.content_type = "text/xml"
    return response


def login(call: Call) -> Response:
    """POST /api/sessions with Basic `user@org:password`."""
    user = _authenticate(call)
    host = call.operations.host
    session = Session(
        host.new_uuid("session"),
        host.new_uuid("session token").replace("-", ""),
        user,
        call.now_s,
        call.now_s,
    )
    call.cloud.sessions[session.token] = session
    return _with_token(call.answer(session_xml(session, call.hrefs), SESSION), session)


def current(call: Call) -> Response:
    """GET /api/session."""
    assert call.session is not None
    return _with_token(call.answer(session_xml(call.session, call.hrefs), SESSION), call.session)


def logout(call: Call) -> Response:
    """DELETE /api/session."""
    assert call.session is not None
    del call.cloud.sessions[call.session.token]
    return call.no_content()


def find_session(call: Call) -> Session:
    """The session of the request's token, used now. Raises `AccessForbidden` without a token, `Unauthorized`
    for one that is unknown or has timed out."""
    token = call.request.headers.get(TOKEN_HEADER) or call.request.cookies.get(TOKEN_COOKIE)
    if not token:
        raise AccessForbidden("Access is forbidden")
    session = call.cloud.sessions.get(token)
    if session is None:
        raise Unauthorized
    config, now_s = call.operations.config, call.now_s
    idle = now_s - session.used_s > config.session_idle_s
    if idle or now_s - session.started_s > config.session_maximum_s or not session.user.enabled:
        del call.cloud.sessions[token]
        raise Unauthorized
    session.used_s = now_s
    return session


def _authenticate(call: Call) -> User:
    given = call.request.authorization
    if given is None or given.type != "basic" or given.username is None:
        raise Unauthorized
    name, at, org_name = given.username.rpartition("@")
    user = _find_user(call.cloud, name, org_name) if at else None
    if user is None or not user.enabled or not user.org.enabled or user.password != given.password:
        raise Unauthorized
    return user


def _find_user(cloud: Cloud, name: str, org_name: str) -> User | None:
    org = cloud.org(org_name)
    found = [u for u in org.users if u.name.lower() == name.lower()] if org is not None else []
    return found[0] if found else None


def _with_token(response: Response, session: Session) -> Response:
    response.headers[TOKEN_HEADER] = session.token
    response.headers["Set-Cookie"] = f"{TOKEN_COOKIE}={session.token}; Secure; Path=/"
    return response
