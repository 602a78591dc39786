"""JSON over https as CX's appliances speak it: one place where an answer is accepted or refused.

Rules of this file: an answer is used only when its status, content type and form are what the call
expects; everything else becomes a `UserError` by the table of statuses. Redirects are not followed (these
APIs have none: a redirect means that something else answers). Bodies are read to bytes before parsing.
Appliances' own errors are `{"code","msg","args","stacktrace"}` (cx.md 5.4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from cxsim.core.errors import BadAnswer, Conflict, InputError, LoginRefused, NotFound, UserError, translated
from cxsim.core.pinning import Judge, pinned_session

_MODEL = "that the URL names the right appliance, and what its log says"
_BUSY = "the state of the service and its log, then try again"
_PORTAL = "that the URL names the right appliance and that no proxy or portal answers in its place"


@dataclass(frozen=True)
class Refusal:
    """What a status means when the call did not expect it."""

    error: type[UserError]
    answer: str
    check: str


_ROLE = "the user's role (organization administrator)"
_STATE = "the state shown at the provider, then try again"

# fmt: off
REFUSALS: dict[int, Refusal] = {
    400: Refusal(InputError,   "it cannot use the request",            "the values, and both versions"),
    401: Refusal(LoginRefused, "it does not accept the login",         "user, organization and password"),
    403: Refusal(LoginRefused, "the user has no permission",           _ROLE),
    404: Refusal(NotFound,     "it does not know what was asked for",  _MODEL),
    405: Refusal(BadAnswer,    "it does not offer this call",          _MODEL),
    409: Refusal(Conflict,     "its state does not allow this",        _STATE),
    500: Refusal(BadAnswer,    "it reports an internal error",         _BUSY),
    501: Refusal(BadAnswer,    "it does not implement this call",      _MODEL),
    502: Refusal(BadAnswer,    "a proxy reports a bad answer from it", _BUSY),
    503: Refusal(BadAnswer,    "the service is not available",         _BUSY),
    504: Refusal(BadAnswer,    "a proxy reports no answer from it",    _BUSY),
}
# fmt: on


@dataclass(frozen=True)
class Answer:
    """An accepted answer. `document` is the parsed JSON, None for 204."""

    status: int
    headers: Mapping[str, str]
    document: Any


class JsonService:
    """Calls on one base URL, with its own pinned connections."""

    def __init__(self, name: str, base_url: str, judge: Judge, timeouts_s: tuple[float, float]) -> None:
        self.name = name
        """What the user calls it: `CX cloud service`."""
        self.base_url = base_url.rstrip("/")
        self.where = f"{name} ({self.base_url})"
        self._timeouts_s = timeouts_s
        self._session = pinned_session(judge)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        attempted: str,
        *,
        expected: tuple[int, ...] = (200,),
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        check_connection: str | None = None,
    ) -> Answer:
        """One request and its accepted answer. Raises the `UserError` family (see `errors.py`).

        `expected`: statuses that are a success; all but 204 must bring JSON. `check_connection` replaces
        the general advice when no connection comes about.
        """
        sent = {"Accept": "application/json", **(headers or {})}
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        with translated(attempted, self.where, check_connection):
            response = self._session.request(
                method,
                self.base_url + path,
                data=data,
                headers=sent,
                timeout=self._timeouts_s,
                allow_redirects=False,
            )
            content = response.content
        if response.status_code not in expected:
            raise self._refused(response, content, attempted)
        document = None
        if response.status_code != 204:
            document = self._document(response, content, attempted)
        return Answer(response.status_code, response.headers, document)

    def _document(self, response: requests.Response, content: bytes, attempted: str) -> Any:
        if not content:
            raise self._bad(
                response, attempted, f"it answered {response.status_code} with nothing in it", _BUSY
            )
        if not _is_json(response):
            raise self._bad(response, attempted, _not_json(response, content), _PORTAL)
        try:
            return json.loads(content)
        except ValueError:  # also bytes that are not UTF-8
            raise self._bad(response, attempted, "its answer is cut off or not JSON", _PORTAL) from None

    def _refused(self, response: requests.Response, content: bytes, attempted: str) -> UserError:
        status = response.status_code
        if 300 <= status < 400:
            target = response.headers.get("Location", "nowhere")
            return self._bad(response, attempted, f"it redirects to {target} (HTTP {status})", _PORTAL)
        known = REFUSALS.get(status)
        if known is None:
            nearest = Refusal(BadAnswer, "it answered in an unexpected way", _MODEL)
            known = REFUSALS[500] if status >= 500 else nearest
        answer = f"{known.answer} (HTTP {status})"
        own = own_error(content) if _is_json(response) else None
        if own is not None:
            answer += f": {own.text}"
        elif content and not _is_json(response):
            answer += f"; {_not_json(response, content)}"
        error = known.error(attempted, self.where, answer, known.check)
        error.status, error.code = status, own.code if own else None
        return error

    def _bad(self, response: requests.Response, attempted: str, answer: str, check: str) -> BadAnswer:
        error = BadAnswer(attempted, self.where, answer, check)
        error.status = response.status_code
        return error

    def unexpected(self, attempted: str, what: str) -> BadAnswer:
        """For a client whose answer is JSON but not the documented object."""
        return BadAnswer(attempted, self.where, f"its answer is not as documented: {what}", _MODEL)


@dataclass(frozen=True)
class OwnError:
    """An appliance's error object."""

    code: str
    message: str

    @property
    def text(self) -> str:
        """As shown to a user: the message, and the code by which a vendor's document can be found."""
        message = self.message.strip().rstrip(".")
        return f"{message} [{self.code}]" if message else self.code


def own_error(document: object) -> OwnError | None:
    """The error object in a parsed document or in the bytes of a body; None if there is none."""
    if isinstance(document, bytes):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return None
    return OwnError(document["code"], str(document.get("msg") or ""))


def _is_json(response: requests.Response) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _not_json(response: requests.Response, content: bytes) -> str:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    start = content[:4096].decode("utf-8", "replace")
    if kind == "text/html" or re.match(r"\s*<(!doctype html|html)", start, re.IGNORECASE):
        title = re.search(r"<title>\s*(.*?)\s*</title>", start, re.IGNORECASE | re.DOTALL)
        named = f" ('{title[1][:80]}')" if title else ""
        return f"a web page{named} came back instead of JSON"
    return f"'{kind or 'no content type'}' came back instead of JSON"


Field = Callable[[Any], bool]


def text(value: Any) -> bool:
    """The value is a string."""
    return isinstance(value, str)


def text_or_null(value: Any) -> bool:
    """The value is a string or null."""
    return value is None or isinstance(value, str)


def percent_or_null(value: Any) -> bool:
    """The value is null or a number from 0 to 100."""
    return value is None or (type(value) in (int, float) and 0 <= value <= 100)


def object_or_null(value: Any) -> bool:
    """The value is null or an object."""
    return value is None or isinstance(value, dict)


def missing(document: Any, fields: Mapping[str, Field]) -> str | None:
    """What is wrong with an object: the first field that is missing or of the wrong type; None if nothing."""
    if not isinstance(document, dict):
        return "it is not an object"
    for name, is_right in fields.items():
        if not is_right(document.get(name)):
            return f"'{name}' is missing or of the wrong type"
    return None
