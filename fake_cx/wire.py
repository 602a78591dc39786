"""JSON over HTTP as the CX appliances speak it: Flask apps, bodies, answers, errors.

Rules of this file: no appliance's behaviour. A body is read to bytes and parsed here; whatever an appliance
raises leaves as an H4 error object (cx.md 5.4), never as a traceback; an exception that is no `H4Error` is a
mistake of the emulator: it is logged as `trouble` and answered 500.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Rule

from cxsim.emulator.host import Host
from cxsim.fake_cx import errors
from cxsim.fake_cx.settings import CxSettings

T = TypeVar("T")

_PRODUCT_ERRORS: dict[int, tuple[type[errors.H4Error], str]] = {
    404: (errors.NotFound, "There is nothing at {path}."),
    405: (errors.MethodNotAllowed, "{method} is not possible at {path}."),
    413: (errors.InvalidRequest, "The request body is too large."),
}


class UnbuiltRule(Rule):
    """A rule that matches URLs but cannot build them: nothing here calls `url_for`, and compiling the
    builders is most of the time it takes to start an app."""

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        return _no_url


def _no_url(*_: Any, **__: Any) -> Any:
    raise NotImplementedError("these apps do not build URLs")


def new_app(name: str, host: Host, settings: CxSettings) -> Flask:
    """An empty app with the error answers of an H4 appliance."""
    app = Flask(name, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_rule_class = UnbuiltRule
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False

    @app.errorhandler(errors.H4Error)
    def known(error: errors.H4Error) -> Response:
        return error_reply(host, error)

    @app.errorhandler(HTTPException)
    def routing(error: HTTPException) -> Response:
        return routing_reply(error)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        return reply(trouble(host, f"{request.method} {request.path}", error).to_json(), 500)

    return app


def error_reply(host: Host, error: errors.H4Error) -> Response:
    """The answer of an error; a gap is logged, so that it is not taken for the caller's failure."""
    if isinstance(error, errors.EmulatorGap):
        host.log("gap", product="fake_cx", operation=f"{request.method} {request.path}")
    return reply(error.to_json(), error.http_status)


def routing_reply(error: HTTPException) -> Response:
    """The answer to a request that no rule took."""
    status = error.code or 500
    kind, words = _PRODUCT_ERRORS.get(status, (errors.GeneralServerFailure, "The request failed."))
    return reply(kind(words.format(path=request.path, method=request.method)).to_json(), status)


def trouble(host: Host, task: str, error: BaseException) -> errors.GeneralServerFailure:
    """Log an exception that nobody foresaw and give the error to answer."""
    host.log("trouble", task=task, error=f"{type(error).__name__}: {error}")
    return errors.GeneralServerFailure("An internal error occurred.")


def as_h4(host: Host, task: str, error: BaseException) -> errors.H4Error:
    """The H4 error of whatever background work raised."""
    return error if isinstance(error, errors.H4Error) else trouble(host, task, error)


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; `None` is an empty body."""
    body = b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
    response = Response(body, status, mimetype="application/json")
    if document is None:
        del response.headers["Content-Type"]
    response.headers.update(headers or {})
    return response


def page(title: str, text: str, status: int) -> Response:
    """An HTML page; `title` and `text` are plain text."""
    title, text = html.escape(title), html.escape(text)
    head = f"<!DOCTYPE html><html><head><title>{title}</title></head>"
    body = f"{head}<body><h1>{title}</h1><p>{text}</p></body></html>"
    return Response(body, status, mimetype="text/html")


def basic_credentials() -> tuple[str, str] | None:
    """(user, password) of the request's Basic header, UTF-8, or None when there is none to be read."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def instant(epoch_s: float | None) -> str | None:
    """ISO 8601 in UTC with milliseconds."""
    if epoch_s is None:
        return None
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(epoch_s: float | None) -> int:
    """H4's way to write an instant: milliseconds, -1 = none."""
    return -1 if epoch_s is None else round(epoch_s * 1000)


class Fields:
    """A JSON object of a request, read by name and type. Every reader raises `InvalidRequest` that names
    the field when it is absent or of another kind."""

    def __init__(self, document: dict[str, Any], where: str = "") -> None:
        self._document = document
        self._where = where

    def _value(self, name: str, kinds: type | tuple[type, ...], words: str, default: T | None) -> Any:
        value = self._document.get(name)
        if value is None:
            if default is not None:
                return default
            raise errors.InvalidRequest(
                f"{self._where}{name} is missing: {words} is expected.", self._where + name
            )
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise errors.InvalidRequest(f"{self._where}{name} must be {words}.", self._where + name)
        return value

    def has(self, name: str) -> bool:
        """True when the field is there and not null."""
        return self._document.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A string; an empty one counts as absent when there is no default."""
        value: str = self._value(name, str, "a string", default)
        if not value and default is None:
            raise errors.InvalidRequest(f"{self._where}{name} must not be empty.", self._where + name)
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        value: int = self._value(name, int, "a whole number", default)
        if not low <= value <= high:
            raise errors.InvalidRequest(
                f"{self._where}{name} must be from {low} to {high}, not {value}.", self._where + name
            )
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false."""
        return bool(self._value(name, bool, "true or false", default))

    def choice(self, name: str, allowed: Iterable[str], default: str | None = None) -> str:
        """One of some words."""
        value = self.text(name, default)
        if value not in allowed:
            raise errors.InvalidRequest(
                f"{self._where}{name} must be one of {', '.join(allowed)}, not {value}.", self._where + name
            )
        return value

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, empty when absent."""
        values = self._value(name, list, "a list of whole numbers", [])
        if not all(isinstance(v, int) and not isinstance(v, bool) for v in values):
            raise errors.InvalidRequest(
                f"{self._where}{name} must be a list of whole numbers.", self._where + name
            )
        return tuple(values)

    def texts(self, name: str) -> list[str]:
        """A list of strings, empty when absent."""
        values = self._value(name, list, "a list of strings", [])
        if not all(isinstance(v, str) for v in values):
            raise errors.InvalidRequest(f"{self._where}{name} must be a list of strings.", self._where + name)
        return list(values)

    def child(self, name: str) -> Fields:
        """An object."""
        return Fields(self._value(name, dict, "an object", None), f"{self._where}{name}.")

    def children(self, name: str) -> list[Fields]:
        """A list of objects, empty when absent."""
        values = self._value(name, list, "a list of objects", [])
        if not all(isinstance(v, dict) for v in values):
            raise errors.InvalidRequest(f"{self._where}{name} must be a list of objects.", self._where + name)
        return [Fields(v, f"{self._where}{name}[{n}].") for n, v in enumerate(values)]

    def time_s(self, name: str) -> float | None:
        """An ISO 8601 instant (UTC when it names no zone), seconds since the epoch; None when absent."""
        text = self.text(name, "")
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise errors.InvalidRequest(
                f"{self._where}{name} must be an ISO 8601 time, not {text}.", self._where + name
            ) from None


def body() -> Fields:
    """The JSON object in the request's body. Raises `InvalidRequest`."""
    try:
        data = request.get_data()
    except RequestEntityTooLarge:
        raise errors.InvalidRequest("The request body is too large.") from None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise errors.InvalidRequest("The request body is not JSON.") from None
    if not isinstance(document, dict):
        raise errors.InvalidRequest("The request body is not a JSON object.")
    return Fields(document)


def optional_body() -> Fields:
    """As `body`; an empty body is an empty object (`POST /replications/{id}/sync`, cx.md 5.3)."""
    return Fields({}) if not request.content_length else body()
