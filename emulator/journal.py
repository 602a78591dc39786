"""The request journal: what was asked of an emulator, what it answered, how long that took.

Rules of this file: WSGI middleware around any application. Bounded: the oldest entries go first, the
count of all requests stays. Durations are in seconds of the host's clock, so in virtual time a handler
that did not wait took 0 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from cxsim.emulator.exchange import Environ, WsgiApp, path, soap_method
from cxsim.emulator.host import Host


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its answer. `at_s`: seconds since the epoch. `status` 0: no answer was made."""

    number: int
    at_s: float
    method: str
    path: str
    soap_method: str | None
    status: int
    duration_s: float
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As the admin API shows it."""
        return asdict(self)

    def matches(self, method: str, path: str, soap_method: str) -> bool:
        """True if all three globs match; `soap_method` `*` also matches a request without one."""
        return (
            fnmatchcase(self.method, method)
            and (fnmatchcase(self.path, path) or fnmatchcase(self.path.partition("?")[0], path))
            and (soap_method == "*" or fnmatchcase(self.soap_method or "", soap_method))
        )


class Journal:
    """Records every request that passes; wraps an application with `wrap`."""

    def __init__(self, host: Host, capacity: int = 10_000) -> None:
        self._host = host
        self._entries: deque[Request] = deque(maxlen=capacity)
        self.total = 0
        """Requests seen since the start or the last `clear`, also those no longer kept."""

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.total = 0

    def find(self, method: str = "*", path: str = "*", soap_method: str = "*") -> list[Request]:
        """The kept requests that match the globs, oldest first. `path` matches with or without query."""
        return [entry for entry in self if entry.matches(method, path, soap_method)]

    def count(self, method: str = "*", path: str = "*", soap_method: str = "*") -> int:
        """How many of the kept requests match."""
        return len(self.find(method, path, soap_method))

    def unmatched(self) -> list[Request]:
        """Requests that the product did not know: 404, 405 and 501."""
        return [entry for entry in self if entry.status in (404, 405, 501)]

    def wrap(self, app: WsgiApp) -> WsgiApp:
        """The application with this journal around it."""

        def journalled(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
            began_s = self._host.now()
            soap = soap_method(environ)
            status = 0

            def note_status(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                nonlocal status
                status = int(line[:3])
                return start_response(line, headers, *rest)

            try:
                return app(environ, note_status)
            finally:
                self.total += 1
                self._entries.append(
                    Request(
                        number=self.total,
                        at_s=began_s,
                        method=environ["REQUEST_METHOD"],
                        path=path(environ),
                        soap_method=soap,
                        status=status,
                        duration_s=self._host.now() - began_s,
                        source=environ.get("REMOTE_ADDR", ""),
                    )
                )

        return journalled
