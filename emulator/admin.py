"""The admin API of an emulator: health, version, reset, journal, fault rules; and the way it is put on.

Rules of this file: everything under `/_emulator/` is ours and never the product's; it is neither journalled
nor hit by fault rules. `Instrumented` is an ordinary WSGI application around the product's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Flask, Response, jsonify, request

from cxsim.emulator.exchange import Environ, WsgiApp
from cxsim.emulator.fault_rules import FaultRule, FaultRules
from cxsim.emulator.host import Host
from cxsim.emulator.journal import Journal
from cxsim.emulator.state import Stateful

PREFIX = "/_emulator"


def _cxsim_version() -> str:
    try:
        return version("cxsim")
    except PackageNotFoundError:
        return "unknown"


class Instrumented:
    """A product's application with journal, fault rules and admin API. Itself a WSGI application."""

    def __init__(self, app: WsgiApp, host: Host, model: Stateful, capacity: int = 10_000) -> None:
        self.journal = Journal(host, capacity)
        self.fault_rules = FaultRules(host)
        self.model = model
        self._product = self.journal.wrap(self.fault_rules.wrap(app))
        self._admin = admin_app(self, host)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        place = environ.get("PATH_INFO", "")
        if place == PREFIX or place.startswith(PREFIX + "/"):
            return self._admin(environ, start_response)
        return self._product(environ, start_response)

    def reset(self) -> None:
        """Put the model back and forget journal and fault rules."""
        self.model.reset()
        self.journal.clear()
        self.fault_rules.clear()


def admin_app(instrumented: Instrumented, host: Host) -> Flask:
    """The admin API as a Flask application.

    GET health, version; POST reset; GET journal?method=&path=&soap_method=&unmatched=1, DELETE journal;
    GET/POST/DELETE fault-rules, DELETE fault-rules/<name>, GET firings. Errors: 400 with {"error": text}.
    """
    app = Flask(__name__, static_folder=None)
    journal, rules = instrumented.journal, instrumented.fault_rules

    @app.get(f"{PREFIX}/health")
    def health() -> Response:
        return jsonify(status="ok", host=host.name, now_s=host.now(), requests=journal.total)

    @app.get(f"{PREFIX}/version")
    def show_version() -> Response:
        return jsonify(product=instrumented.model.product, cxsim=_cxsim_version())

    @app.post(f"{PREFIX}/reset")
    def reset() -> tuple[str, int]:
        instrumented.reset()
        return "", 204

    @app.get(f"{PREFIX}/journal")
    def show_journal() -> Response:
        if request.args.get("unmatched"):
            found = journal.unmatched()
        else:
            globs = {key: request.args.get(key, "*") for key in ("method", "path", "soap_method")}
            found = journal.find(**globs)
        return jsonify(total=journal.total, count=len(found), items=[entry.to_dict() for entry in found])

    @app.delete(f"{PREFIX}/journal")
    def clear_journal() -> tuple[str, int]:
        journal.clear()
        return "", 204

    @app.get(f"{PREFIX}/fault-rules")
    def show_rules() -> Response:
        return jsonify(items=[rule.to_dict() for rule in rules.rules])

    @app.post(f"{PREFIX}/fault-rules")
    def add_rule() -> tuple[Response, int]:
        given = request.get_json(silent=True)
        if not isinstance(given, dict):
            return jsonify(error="the body must be a JSON object: one fault rule"), 400
        try:
            rule = FaultRule.from_dict(given)
            rules.add(rule)
        except ValueError as error:
            return jsonify(error=str(error)), 400
        return jsonify(rule.to_dict()), 201

    @app.delete(f"{PREFIX}/fault-rules")
    def clear_rules() -> tuple[str, int]:
        rules.clear()
        return "", 204

    @app.delete(f"{PREFIX}/fault-rules/<path:name>")
    def remove_rule(name: str) -> tuple[str | Response, int]:
        if not rules.remove(name):
            return jsonify(error=f"there is no fault rule {name!r}"), 404
        return "", 204

    @app.get(f"{PREFIX}/firings")
    def show_firings() -> Response:
        return jsonify(items=[firing.to_dict() for firing in rules.firings])

    return app
