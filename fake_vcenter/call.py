"""One call of an operation: who asks, in which version, from where.

Rules of this file: a record that lives as long as the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxsim.fake_vcenter.sessions import Session


@dataclass(slots=True)
class Call:
    """`version`: pyVmomi's name of the API version. `session`: None before login. `set_session` is filled
    by Login and Logout: the cookie that the answer sets, "" to end it."""

    version: str
    session: Session | None
    client_address: str
    user_agent: str
    set_cookie: str | None = None

    @property
    def user(self) -> str:
        """Name of the user who asks, "" before login."""
        return self.session.user_name if self.session else ""
