"""Which API version a request speaks (vCloud API programming guide, API versioning).

Rules of this file: pure functions on the Accept header. Seen on real vCDs: 406 with the plain text of
`NOT_ACCEPTABLE` for a version that is not supported, and 400 with `invalid accept header`; which of the
two a header without any version gets is [I]: 400.
"""

from __future__ import annotations

from collections.abc import Sequence

from cxsim.fake_vcd.errors import BadRequest, NotAcceptable, Unimplemented

NOT_ACCEPTABLE = "No valid API version can be selected."
_XML = ("*/*", "application/*", "application/xml", "text/xml")


def select_version(accept: str, supported: Sequence[str]) -> str:
    """The newest supported version among those that `accept` names for XML.

    Raises `BadRequest` when it names none, `NotAcceptable` when none of them is supported, `Unimplemented`
    when only JSON would do (vCD has it, this emulator has not)."""
    asked: list[str] = []
    json_only = False
    for entry in accept.split(","):
        media_type, *parameters = [part.strip() for part in entry.split(";")]
        versions = [p.partition("=")[2].strip('" ') for p in parameters if p.lower().startswith("version=")]
        if media_type.lower() in _XML or media_type.lower().endswith("+xml"):
            asked += versions
        elif media_type.lower().endswith("json"):
            json_only = True
    if not asked:
        if json_only:
            raise Unimplemented("representations in JSON")
        raise BadRequest(f"The request has invalid accept header: {accept or 'none'}")
    known = [v for v in supported if v in asked]
    if not known:
        raise NotAcceptable
    return known[-1]
