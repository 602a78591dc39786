"""What a vCenter answers at which URL; the WSGI application.

Rules of this file: routes only. SOAP has a short cut past the router because a client makes thousands of
these calls; everything else goes through Flask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response
from markupsafe import escape

from cxsim.emulator.exchange import Environ, WsgiApp, body
from cxsim.emulator.fault_rules import SOAP_FAULT_KEY
from cxsim.fake_vcenter.endpoint import Answer, Request
from cxsim.fake_vcenter.versions import service_versions_xml

SOAP_PATHS = ("/sdk", "/sdk/")
_STATUS = {200: "200 OK", 500: "500 Internal Server Error"}
_XML = "text/xml; charset=utf-8"


def make_app(answer_soap: Callable[[Request], Answer], product: str, name: str) -> WsgiApp:
    """The WSGI application of a vCenter."""
    router = Flask(__name__, static_folder=None)

    @router.get("/sdk/vimServiceVersions.xml")
    def versions() -> Response:
        return Response(service_versions_xml(product), content_type=_XML)

    @router.get("/")
    @router.get("/ui/")
    def landing() -> str:
        return f"<html><head><title>{escape(name)}</title></head><body>VMware vCenter Server</body></html>\n"

    @router.errorhandler(404)
    def unknown(error: Exception) -> tuple[str, int]:
        return "<html><body><h1>404 Not Found</h1></body></html>\n", 404

    def app(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in SOAP_PATHS or environ["REQUEST_METHOD"] != "POST":
            return router(environ, start_response)
        answer = answer_soap(
            Request(
                content=body(environ),
                soap_action=environ.get("HTTP_SOAPACTION", ""),
                cookie=environ.get("HTTP_COOKIE", ""),
                client_address=environ.get("REMOTE_ADDR", ""),
                user_agent=environ.get("HTTP_USER_AGENT", ""),
                injected=environ.get(SOAP_FAULT_KEY),
            )
        )
        headers = [
            ("Cache-Control", "no-cache"),
            ("Content-Type", _XML),
            ("Content-Length", str(len(answer.content))),
        ]
        if answer.set_cookie is not None:
            headers.append(("Set-Cookie", answer.set_cookie))
        start_response(_STATUS[answer.status], headers)
        return [answer.content]

    return app
