"""XML over https as vCloud Director speaks it: one place where an answer is accepted or refused.

Rules of this file: an answer is used only when its status, its type and its root element are what the call
expects; everything else becomes a `UserError` by the table of statuses, with vCD's own words when its body
is an `<Error>`. Redirects are not followed (vCD's API has none: one means that a portal answers). Bodies are
bounded, read to bytes, and parsed without entities, document types or network. An href of vCD may lead to
another address than the one typed (cx.md P22); trouble on that way says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import requests
from lxml import etree

from cxsim.core.errors import (
    BadAnswer,
    CertificateMismatch,
    Conflict,
    ConnectionTrouble,
    InputError,
    LoginRefused,
    NotFound,
    UserError,
    translated,
)

Element: TypeAlias = Any
"""An lxml element (its class has no public name in the stubs)."""

VCLOUD = "http://www.vmware.com/vcloud/v1.5"
PRODUCT = "vCloud Director"
BODY_LIMIT_BYTES = 16 * 2**20
CHUNK_BYTES = 2**16

_MODEL = "that the Provider Cloud URL leads to vCloud Director, and what its log says"
_BUSY = "the state of the vCloud Director cells and their log, then try again"
_PORTAL = (
    "that the Provider Cloud URL leads to vCloud Director and that no proxy or portal answers in its place"
)
_VALUES = "the values, and the versions of both products"
_STATE = "the state shown at the provider, then try again"
_LOGIN = "user, organization and password"
_ROLE = "the organization in the Provider Cloud URL and the user's role (Organization Administrator)"
_VERSION = "that the provider runs vCloud Director 8.20 or later (API version 27.0 or 29.0)"
_P22 = (
    "at the provider, the REST API base URL among vCloud Director's public addresses: "
    "vCloud Director's answer led there"
)


@dataclass(frozen=True)
class Refusal:
    """What a status means when the call did not expect it."""

    error: type[UserError]
    answer: str
    check: str


# fmt: off
REFUSALS: dict[int, Refusal] = {
    400: Refusal(InputError,   "it cannot use the request",             _VALUES),
    401: Refusal(LoginRefused, "it does not accept the login",          _LOGIN),
    403: Refusal(LoginRefused, "it does not give access",               _ROLE),
    404: Refusal(NotFound,     "it does not know what was asked for",   _MODEL),
    405: Refusal(BadAnswer,    "it does not offer this call",           _MODEL),
    406: Refusal(BadAnswer,    "it does not speak this API version",    _VERSION),
    409: Refusal(Conflict,     "its state does not allow this",         _STATE),
    415: Refusal(BadAnswer,    "it does not take this type of request", _MODEL),
    500: Refusal(BadAnswer,    "it reports an internal error",          _BUSY),
    502: Refusal(BadAnswer,    "a proxy reports a bad answer from it",  _BUSY),
    503: Refusal(BadAnswer,    "the service is not available",          _BUSY),
    504: Refusal(BadAnswer,    "a proxy reports no answer from it",     _BUSY),
}
# fmt: on


@dataclass(frozen=True)
class Answer:
    """An accepted answer. `document` is the root element, None for 204."""

    status: int
    headers: Mapping[str, str]
    document: Element


class XmlService:
    """Calls on one vCloud Director over a prepared session (pinned by the caller)."""

    def __init__(self, base_url: str, session: requests.Session, timeouts_s: tuple[float, float]) -> None:
        """`timeouts_s`: (connect, read)."""
        self.base_url = base_url.rstrip("/")
        self._timeouts_s = timeouts_s
        self._session = session

    def where(self, url: str) -> str:
        """The place of a URL, for messages."""
        return f"{PRODUCT} ({_place(url)})"

    def call(
        self,
        method: str,
        url: str,
        attempted: str,
        *,
        root: str | None,
        expected: tuple[int, ...] = (200,),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its accepted answer. Raises the `UserError` family.

        `url` is a path below the base URL or an href of an earlier answer; `root` the expected root
        element, None when the answer has no body.
        """
        absolute = url if "://" in url else self.base_url + url
        where = self.where(absolute)
        foreign = _place(absolute) != _place(self.base_url)
        if foreign and urlsplit(absolute).scheme not in ("https", urlsplit(self.base_url).scheme):
            raise BadAnswer(attempted, where, "its answer leads to an address that is not https", _P22)
        try:
            with translated(attempted, where):
                response = self._session.request(
                    method, absolute, headers=dict(headers or {}), timeout=self._timeouts_s,
                    allow_redirects=False, stream=True,
                )  # fmt: skip
                with response:
                    content = _read(response)
        except (ConnectionTrouble, CertificateMismatch) as error:
            if not foreign:
                raise
            raise _elsewhere(error) from error
        if len(content) > BODY_LIMIT_BYTES:
            raise self._bad(response, attempted, where, "its answer is too large to be true", _PORTAL)
        if response.status_code not in expected:
            raise self._refused(response, content, attempted, where)
        if root is None:
            return Answer(response.status_code, response.headers, None)
        return Answer(
            response.status_code, response.headers, self._document(response, content, attempted, where, root)
        )

    def unexpected(self, attempted: str, what: str) -> BadAnswer:
        """For a client whose answer is XML but not the documented one."""
        return BadAnswer(
            attempted, self.where(self.base_url), f"its answer is not as documented: {what}", _MODEL
        )

    def _document(
        self, response: requests.Response, content: bytes, attempted: str, where: str, root: str
    ) -> Element:
        if not content.strip():
            answer = f"it answered {response.status_code} with nothing in it"
            raise self._bad(response, attempted, where, answer, _BUSY)
        if not _is_xml(response) or _is_page(response, content):
            raise self._bad(response, attempted, where, _not_xml(response, content), _PORTAL)
        try:
            element = parse(content)
        except ValueError as error:
            raise self._bad(response, attempted, where, f"its answer {error}", _PORTAL) from None
        name = str(etree.QName(element).localname)
        if name != root:
            answer = f"its answer is not as documented: {name} came instead of {root}"
            raise self._bad(response, attempted, where, answer, _MODEL)
        return element

    def _refused(self, response: requests.Response, content: bytes, attempted: str, where: str) -> UserError:
        status = response.status_code
        if 300 <= status < 400:
            target = response.headers.get("Location", "nowhere")
            answer = f"it redirects to {target} (HTTP {status})"
            return self._bad(response, attempted, where, answer, _PORTAL)
        known = REFUSALS.get(status)
        if known is None:
            nearest = Refusal(BadAnswer, "it answered in an unexpected way", _MODEL)
            known = REFUSALS[500] if status >= 500 else nearest
        answer = f"{known.answer} (HTTP {status})"
        own = own_error(content) if _is_xml(response) else None
        if own is not None:
            answer += f": {own.text}"
        elif content.strip() and _is_plain(response):
            answer += f": {_first_line(content)}"
        elif content.strip() and not _is_xml(response):
            answer += f"; {_not_xml(response, content)}"
        error = known.error(attempted, where, answer, known.check)
        error.status, error.code = status, own.code if own else None
        return error

    def _bad(
        self, response: requests.Response, attempted: str, where: str, answer: str, check: str
    ) -> BadAnswer:
        error = BadAnswer(attempted, where, answer, check)
        error.status = response.status_code
        return error


@dataclass(frozen=True)
class OwnError:
    """vCD's `<Error>`. `request_id`: by which the provider finds the request in vCD's log."""

    code: str
    message: str
    request_id: str | None

    @property
    def text(self) -> str:
        """As shown to a user."""
        message = self.message.strip().rstrip(".")
        text = f"{message} [{self.code}]" if message and self.code else message or self.code
        return f"{text}, request {self.request_id}" if self.request_id else text


def own_error(content: bytes) -> OwnError | None:
    """The error in a body; None if there is none."""
    try:
        element = parse(content)
    except ValueError:
        return None
    if etree.QName(element).localname != "Error":
        return None
    message = str(element.get("message") or "")
    # vCD writes "[ request id ] message".
    match = re.match(r"\s*\[ ?([0-9a-fA-F-]{36}) ?\]\s*(.*)", message, re.DOTALL)
    request_id, message = (match[1], match[2]) if match else (None, message)
    return OwnError(str(element.get("minorErrorCode") or ""), message, request_id)


def parse(content: bytes) -> Element:
    """The root of a document. Raises ValueError that goes on after "its answer"."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("declares a document type, which vCloud Director never does")
    try:
        element: Element = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ValueError("is cut off or not XML") from None
    if element.getroottree().docinfo.doctype:
        raise ValueError("declares a document type, which vCloud Director never does")
    return element


def _read(response: requests.Response) -> bytes:
    """The body, at most one chunk more than the limit."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT_BYTES:
            break
    return b"".join(parts)


def _elsewhere(error: UserError) -> UserError:
    """The same trouble, with the advice for an href that leads to another address than the one typed."""
    told = type(error)(error.attempted, error.where, error.answer, _P22)
    if isinstance(error, ConnectionTrouble) and isinstance(told, ConnectionTrouble):
        told.kind, told.sent = error.kind, error.sent
    return told


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _kind(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _is_xml(response: requests.Response) -> bool:
    return _kind(response).endswith(("+xml", "/xml"))


def _is_plain(response: requests.Response) -> bool:
    return _kind(response) == "text/plain"


def _first_line(content: bytes) -> str:
    return content[:4096].decode("utf-8", "replace").strip().splitlines()[0][:120].rstrip(".")


def _is_page(response: requests.Response, content: bytes) -> bool:
    start = content[:512].decode("utf-8", "replace")
    return _kind(response) in ("text/html", "application/xhtml+xml") or bool(
        re.match(r"\s*(<\?xml[^>]*>\s*)?<(!doctype html|html)", start, re.IGNORECASE)
    )


def _not_xml(response: requests.Response, content: bytes) -> str:
    if not _is_page(response, content):
        return f"'{_kind(response) or 'no content type'}' came back instead of XML"
    start = content[:4096].decode("utf-8", "replace")
    title = re.search(r"<title>\s*(.*?)\s*</title>", start, re.IGNORECASE | re.DOTALL)
    named = f" ('{title[1][:80]}')" if title else ""
    return f"a web page{named} came back instead of XML"
