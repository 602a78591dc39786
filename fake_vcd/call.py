"""One request to the vCloud API as its handler sees it: who asks, in which version, and how to answer.

Rules of this file: no resource appears here. hrefs repeat the address that the client used, or the public
REST API base URL when one is set (cx.md P22).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request, Response

from cxsim.fake_vcd.errors import BadRequest, UnsupportedMediaType
from cxsim.fake_vcd.model import Cloud, Session, User
from cxsim.fake_vcd.operations import Operations
from cxsim.fake_vcd.wire import Element, Hrefs, local_name, parse, to_bytes

BODY_LIMIT_BYTES = 4 * 2**20


@dataclass
class Call:
    """A request being handled. `session` is None only for the calls that need no login."""

    operations: Operations
    request: Request
    request_id: str
    api_version: str
    hrefs: Hrefs
    session: Session | None = None

    @property
    def cloud(self) -> Cloud:
        """The model."""
        return self.operations.cloud

    @property
    def now_s(self) -> float:
        """The cell's clock."""
        return self.operations.host.now()

    @property
    def user(self) -> User:
        """Who asks."""
        assert self.session is not None, "this route needs a login"
        return self.session.user

    @property
    def is_system(self) -> bool:
        """True for a system administrator."""
        return self.user.org.is_system

    def answer(
        self, element: Element, media_type: str, status: int = 200, location: str | None = None
    ) -> Response:
        """An XML answer; the Content-Type carries the API version as vCD's does."""
        response = Response(
            to_bytes(element), status, content_type=f"{media_type};version={self.api_version}"
        )
        if location is not None:
            response.headers["Location"] = location
        return response

    def no_content(self) -> Response:
        """204."""
        return Response(status=204)

    def body(self, media_type: str, name: str, required: bool = True) -> Element | None:
        """The request's XML body, whose Content-Type must be `media_type` (or `application/*+xml`) and
        whose root element `name`. Raises `UnsupportedMediaType` and `BadRequest`."""
        data = self.request.get_data(cache=True)
        if not data.strip():
            if required:
                raise BadRequest(f"The request body is empty: {name} was expected.")
            return None
        if len(data) > BODY_LIMIT_BYTES:
            raise BadRequest("The request body is too large.")
        given = self.request.mimetype.lower()
        if given not in (media_type.lower(), "application/*+xml"):
            raise UnsupportedMediaType(
                f"The content type {given or 'none'} is not supported: {media_type} was expected."
            )
        root = parse(data)
        if local_name(root) != name:
            raise BadRequest(f"The request body is not {name}: its root element is {local_name(root)}.")
        return root
