"""The `message` event: a line that the product's user reads.

Rules of this file: every message goes through these two functions, so that errors always carry their four
texts (docs/events.md). No password ever comes here: error texts name accounts, places and answers only.
"""

from __future__ import annotations

from cxsim.core.errors import UserError
from cxsim.core.runtime import Runtime


def tell(runtime: Runtime, subject: str, text: str) -> None:
    """An information. `subject`: the cloud, VM or job it is about."""
    runtime.log("message", text=text, level="info", subject=subject)


def tell_error(runtime: Runtime, subject: str, error: UserError) -> None:
    """Something that failed, with what to check."""
    runtime.log("message", text=error.text, level="error", subject=subject, **error.fields())
