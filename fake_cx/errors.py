"""The H4 error object and the errors of the emulated CX appliances, named after their codes.

Rules of this file: one class per code; an error knows its HTTP status and its JSON form
`{"code","msg","args","stacktrace"}` (cx.md 5.4). Messages use only what the appliance itself could see: what
it tried and what came back, never why. Codes marked [I] are ours: the H4 list of codes was not found
(cx.md 7), nor were codes for refused or timed-out connections.
"""

from __future__ import annotations

from typing import Any, ClassVar


class H4Error(Exception):
    """An error that an appliance answers. `args_` are the values that occur in the message."""

    code: ClassVar[str] = "GeneralServerFailure"  # [D] API4; HTTP status [I]
    http_status: ClassVar[int] = 500

    def __init__(self, msg: str, *args: object) -> None:
        super().__init__(msg)
        self.msg = msg
        self.args_ = [str(a) for a in args]

    def to_json(self) -> dict[str, Any]:
        """The error object. There is never a stack trace."""
        return {"code": self.code, "msg": self.msg, "args": self.args_, "stacktrace": None}


class GeneralServerFailure(H4Error):
    """Something the emulator did not foresee."""


class InvalidRequest(H4Error):
    """The body or a parameter cannot be used [I]."""

    code, http_status = "InvalidRequest", 400


class NotAuthenticated(H4Error):
    """No session, an expired one, or wrong credentials [D]."""

    code, http_status = "NotAuthenticated", 401


class RemoteAuthenticationFailure(H4Error):
    """A peer did not accept the credentials it was shown [D API4]."""

    code, http_status = "RemoteAuthenticationFailure", 401


class Forbidden(H4Error):
    """The session may not do this [D]."""

    code, http_status = "Forbidden", 403

    def __init__(self, msg: str = "Permission denied.", *args: object) -> None:
        super().__init__(msg, *args)


class NotFound(H4Error):
    """There is no such path [I]."""

    code, http_status = "NotFound", 404


class SiteNotFound(H4Error):
    """There is no such site [D]."""

    code, http_status = "SiteNotFound", 404


class ReplicatorNotFound(H4Error):
    """There is no such replicator [I]."""

    code, http_status = "ReplicatorNotFound", 404


class ReplicationNotFound(H4Error):
    """There is no such replication [I]."""

    code, http_status = "ReplicationNotFound", 404


class InstanceNotFound(H4Error):
    """There is no such instance [I]."""

    code, http_status = "InstanceNotFound", 404


class MigrationNotFound(H4Error):
    """There is no such migration [I]."""

    code, http_status = "MigrationNotFound", 404


class VmNotFound(H4Error):
    """vCenter has no such VM [I]."""

    code, http_status = "VmNotFound", 404


class TaskNotFound(H4Error):
    """There is no such task [I]."""

    code, http_status = "TaskNotFound", 404


class MethodNotAllowed(H4Error):
    """The path exists, the method does not [I]."""

    code, http_status = "MethodNotAllowed", 405


class InvalidState(H4Error):
    """What was asked does not fit the state of the object [I]."""

    code, http_status = "InvalidState", 409


class SourceVmPoweredOn(H4Error):
    """A last instance was asked for while the source VM still runs [I]."""

    code, http_status = "SourceVmPoweredOn", 409


class NotConfigured(H4Error):
    """The appliance has not been activated yet [I]."""

    code, http_status = "NotConfigured", 409


class NotPaired(H4Error):
    """A replicator was asked by somebody it is not paired with [I]."""

    code, http_status = "NotPaired", 401


class EmulatorGap(H4Error):
    """The product has this call, the emulator has not. Never a failure of the caller."""

    code, http_status = "EmulatorGap", 501


class CommunicationError(H4Error):
    """A peer could not be used; the subclasses say how. HTTP status [I]."""

    code, http_status = "CommunicationError", 500


class InvalidUrl(CommunicationError):
    """A peer's URL cannot be parsed [I]."""

    code = "InvalidUrl"


class NameNotResolved(CommunicationError):
    """A peer's name has no address here [I]."""

    code = "NameNotResolved"


class ConnectionTimedOut(CommunicationError):
    """Connecting took too long [I]."""

    code = "ConnectionTimedOut"


class ConnectionRefused(CommunicationError):
    """The connection was refused [I]."""

    code = "ConnectionRefused"


class HostUnreachable(CommunicationError):
    """There is no way to the host [I]."""

    code = "HostUnreachable"


class ConnectionLost(CommunicationError):
    """The connection was closed or reset before the answer was complete [I]."""

    code = "ConnectionLost"


class AnswerTimedOut(CommunicationError):
    """The connection stands, the answer does not come [I]."""

    code = "AnswerTimedOut"


class TlsFailure(CommunicationError):
    """The TLS handshake failed [I]."""

    code = "TlsFailure"


class CertificateMismatch(CommunicationError):
    """`Certificate differs from the expected one.` [D] KB 78209 (cx.md P11)."""

    code = "CertificateMismatch"

    def __init__(self, url: str, expected: str, seen: str) -> None:
        super().__init__(
            f"Certificate differs from the expected one. {url} showed {seen}, expected was {expected}.",
            url, expected, seen,
        )  # fmt: skip


class CertificateShared(CommunicationError):
    """The appliance shows the same certificate as this one (cx.md P10: vCAv sites refuse to pair) [I]."""

    code = "CertificateShared"


class CertificateNotValid(CommunicationError):
    """The pinned certificate is outside its dates by the asking appliance's clock [I]."""

    code = "CertificateNotValid"

    def __init__(self, url: str, first: str, last: str) -> None:
        super().__init__(f"The certificate of {url} is only valid from {first} to {last}.", url, first, last)


class UnexpectedAnswer(CommunicationError):
    """Somebody answered, but not in the way the expected appliance does [I]."""

    code = "UnexpectedAnswer"


class UnexpectedAppliance(CommunicationError):
    """Another kind of appliance answered [I]."""

    code = "UnexpectedAppliance"


class ManagerUnreachable(CommunicationError):
    """A replicator could not call its Replication Manager back [I]."""

    code = "ManagerUnreachable"


class VcenterFailure(H4Error):
    """vCenter answered with a fault, or not at all [I]. `unanswered`: what was asked may have been done."""

    code = "VcenterFailure"
    unanswered = False


class VcdFailure(H4Error):
    """vCloud Director answered with an error [I]."""

    code = "VcdFailure"


class OperationAborted(H4Error):
    """Single sign-on refused a token because clocks differ; the words are VCDA's (cx.md P17) [D], the code is
    ours [I]."""

    code = "OperationAborted"

    def __init__(self, skew_s: float) -> None:
        super().__init__("The operation was cancelled due to an unexpected error.", f"{skew_s:.0f}")


class ReplicationFailed(H4Error):
    """The replication itself is in error; the message is the data plane's [I]."""

    code = "ReplicationFailed"


class TookTooLong(H4Error):
    """A wait was given up [I]."""

    code = "TookTooLong"


class RelayedError(H4Error):
    """An error object that a peer answered, passed on unchanged."""

    def __init__(self, code: str, msg: str, args: list[str], http_status: int) -> None:
        super().__init__(msg, *args)
        self.code = code  # type: ignore[misc]
        self.http_status = http_status  # type: ignore[misc]


def relayed(document: Any, http_status: int) -> RelayedError | None:
    """The error in a peer's answer, or None when the document is no H4 error object."""
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return None
    args = document.get("args")
    return RelayedError(
        document["code"],
        str(document.get("msg") or document["code"]),
        [str(a) for a in args] if isinstance(args, list) else [],
        http_status,
    )


_TRANSIENT = (
    NameNotResolved,
    ConnectionTimedOut,
    ConnectionRefused,
    HostUnreachable,
    ConnectionLost,
    AnswerTimedOut,
)
_TRANSIENT_CODES = tuple(kind.code for kind in _TRANSIENT)


def is_transient(error: H4Error) -> bool:
    """True when trying again may help: no conversation took place or it broke, here or at a peer."""
    return error.code in _TRANSIENT_CODES
