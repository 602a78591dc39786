"""Tokens that end some time after their last use.

Rules of this file: a token is known or not; what it stands for is the caller's record. Expired tokens are
dropped when a new one is made, so the store does not grow with time.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from cxsim.emulator.host import Host

T = TypeVar("T")


class Sessions(Generic[T]):
    """Tokens of one kind on one appliance; `life_s` after the last use they are gone."""

    def __init__(self, host: Host, purpose: str, life_s: float) -> None:
        self._host = host
        self._purpose = purpose
        self._life_s = life_s
        self._open: dict[str, tuple[T, float]] = {}

    def open(self, meaning: T) -> str:
        """A new token for this meaning."""
        oldest_s = self._host.now() - self._life_s
        for token, (_, used_s) in list(self._open.items()):
            if used_s < oldest_s:
                self._open.pop(token, None)
        token = self._host.new_uuid(self._purpose)
        self._open[token] = (meaning, self._host.now())
        return token

    def find(self, token: str) -> T | None:
        """What the token stands for, and count this as a use; None when unknown or expired."""
        entry = self._open.get(token.strip())
        if entry is None or entry[1] < self._host.now() - self._life_s:
            return None
        self._open[token.strip()] = (entry[0], self._host.now())
        return entry[0]

    def close(self, token: str) -> None:
        """End a token; an unknown one is ignored."""
        self._open.pop(token.strip(), None)
