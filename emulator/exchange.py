"""One HTTP exchange as middleware sees it: the body, kept for the application, and the SOAP method in it.

Rules of this file: reading here leaves the request as it was; what was found is remembered in the WSGI
environ under the `cxsim.` keys, so several layers read the body once.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

MAX_BODY_BYTES = 64 * 2**20
"""A longer request is cut off: an emulator never holds more than this of one request."""

_BODY_KEY = "cxsim.body"
_SOAP_KEY = "cxsim.soap_method"
# The first element in the SOAP body names the operation; a prefix is allowed on both.
_SOAP_METHOD = re.compile(rb"<(?:[\w.-]+:)?Body\b[^>]*>\s*<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")


def body(environ: Environ) -> bytes:
    """The request's body. The application can still read `wsgi.input` afterwards."""
    if _BODY_KEY not in environ:
        stream = environ.get("wsgi.input") or io.BytesIO()
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdigit():
            content = stream.read(min(int(length), MAX_BODY_BYTES))
        elif environ.get("wsgi.input_terminated") or "chunked" in environ.get("HTTP_TRANSFER_ENCODING", ""):
            content = stream.read(MAX_BODY_BYTES)
        else:
            content = b""
        environ[_BODY_KEY] = content
        environ["CONTENT_LENGTH"] = str(len(content))
    environ["wsgi.input"] = io.BytesIO(environ[_BODY_KEY])
    content = environ[_BODY_KEY]
    assert isinstance(content, bytes)
    return content


def soap_method(environ: Environ) -> str | None:
    """The SOAP operation that the request names, None if it is no SOAP request."""
    if _SOAP_KEY not in environ:
        found = None
        if environ["REQUEST_METHOD"] == "POST" and (
            "HTTP_SOAPACTION" in environ or "xml" in environ.get("CONTENT_TYPE", "")
        ):
            found = _SOAP_METHOD.search(body(environ)[:65536])
        environ[_SOAP_KEY] = found.group(1).decode("ascii", "replace") if found else None
    method = environ[_SOAP_KEY]
    assert method is None or isinstance(method, str)
    return method


def path(environ: Environ) -> str:
    """Path and query string as the client sent them."""
    query = environ.get("QUERY_STRING", "")
    place = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return f"{place}?{query}" if query else place
