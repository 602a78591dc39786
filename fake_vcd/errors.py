"""vCloud Director's errors, named after its minor error codes, with its messages.

Rules of this file: one class a minor error code; `http_status` and `minor_code` are what goes on the
wire (vCloud API reference, ErrorType). Messages that were seen on a real vCD are quoted; the ones marked
[I] are ours. vCD puts `[ request id ] ` before the message when it writes it.
"""

from __future__ import annotations


class VcdError(Exception):
    """An error that vCD answers with an `<Error>` body."""

    http_status = 500
    minor_code = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InternalServerError(VcdError):
    """Anything that has no other code."""


class BadRequest(VcdError):
    """The request is malformed or not possible."""

    http_status = 400
    minor_code = "BAD_REQUEST"


class BusyEntity(VcdError):
    """Another task is changing the entity."""

    http_status = 400
    minor_code = "BUSY_ENTITY"


class DuplicateName(VcdError):
    """An entity of this name exists."""

    http_status = 400
    minor_code = "DUPLICATE_NAME"


class InvalidReference(VcdError):
    """An href in the request leads to nothing."""

    http_status = 400
    minor_code = "INVALID_REFERENCE"


class AccessForbidden(VcdError):
    """No right, no session, or no such entity: vCD does not tell which."""

    http_status = 403
    minor_code = "ACCESS_TO_RESOURCE_IS_FORBIDDEN"


class ResourceNotFound(VcdError):
    """The URL is none of vCD's."""

    http_status = 404
    minor_code = "RESOURCE_NOT_FOUND"


class MethodNotAllowed(VcdError):
    """The URL does not take this method."""

    http_status = 405
    minor_code = "METHOD_NOT_ALLOWED"


class UnsupportedMediaType(VcdError):
    """The Content-Type is not what the resource takes."""

    http_status = 415
    minor_code = "UNSUPPORTED_MEDIA_TYPE"


class Unauthorized(Exception):
    """Wrong credentials, or a token that is unknown or expired: 401, no body, WWW-Authenticate (seen)."""


class NotAcceptable(Exception):
    """No API version of the Accept header is supported: 406, plain text (seen)."""


class TaskCanceled(Exception):
    """Ends a task that a user canceled."""


class Unimplemented(Exception):
    """The operation exists in vCD and not here: an emulator gap."""

    def __init__(self, operation: str) -> None:
        super().__init__(operation)
        self.operation = operation


def no_access(kind: str, entity_id: str) -> AccessForbidden:
    """What a user gets for an entity of another organization, or for none (seen)."""
    return AccessForbidden(f'No access to entity "com.vmware.vcloud.entity.{kind.lower()}:{entity_id}".')


def does_not_exist(kind: str, entity_id: str) -> AccessForbidden:
    """What a system administrator gets for an entity that is not there (seen; 403, not 404)."""
    return AccessForbidden(
        f"The VCD entity com.vmware.vcloud.entity.{kind.lower()}:{entity_id} does not exist."
    )


def missing_right(right: str, operation: str, entity_id: str) -> AccessForbidden:
    """What a user without a right gets (seen)."""
    return AccessForbidden(
        f"Either you need some or all of the following rights [{right}] to perform operations "
        f"[{operation}] for {entity_id} or the target entity is invalid."
    )


def storage_quota(profile: str, remaining_mb: int, requested_mb: int) -> BadRequest:
    """The storage profile's limit would be passed (seen)."""
    return BadRequest(
        "The requested operation will exceed the VDC's storage quota: storage policy "
        f'"{profile}" has {remaining_mb:,} MB remaining, requested {requested_mb:,} MB.'
    )


def already_exists(name: str) -> DuplicateName:
    """The name is taken (seen)."""
    return DuplicateName(f"The VCD entity {name} already exists.")


def not_running(kind: str, name: str) -> BadRequest:
    """A power action that needs a running vApp or VM (seen)."""
    return BadRequest(f'The requested operation could not be executed since {kind} "{name}" is not running.')


def stop_first(kind: str, name: str) -> BadRequest:
    """An operation that needs a stopped vApp or VM (seen)."""
    return BadRequest(
        f'The requested operation could not be executed on {kind} "{name}". Stop the {kind} and try again.'
    )


def busy(name: str) -> BusyEntity:
    """A task is running on the entity (seen)."""
    return BusyEntity(f'The entity "{name}" is busy completing an operation.')
