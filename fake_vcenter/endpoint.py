"""The SOAP endpoint `/sdk`: from the bytes of a request to the bytes of an answer.

Rules of this file: it finds the object, checks session and privilege, calls the operation, writes result or
fault. It knows no managed object; `Fetch`, the undocumented call behind every attribute that pyVmomi reads,
is the one operation answered here. An operation that the type tables know and no object implements answers
MethodNotFound with its name and is logged as an emulator gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import VmomiSupport, vim, vmodl
from pyVmomi.Version import IsChildVersion

from cxsim.emulator.fault_rules import SoapFault
from cxsim.fake_vcenter.call import Call
from cxsim.fake_vcenter.managed_object import Managed
from cxsim.fake_vcenter.soap_reader import (
    Operation,
    invalid_request,
    read_arguments,
    read_operation,
    read_text,
)
from cxsim.fake_vcenter.soap_writer import MethodFault, Raw, escape, writer
from cxsim.fake_vcenter.versions import negotiated

if TYPE_CHECKING:
    from cxsim.fake_vcenter.model import Model
    from cxsim.fake_vcenter.sessions import Sessions

_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"\n'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"\n'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"\n'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    "<soapenv:Body>\n"
)
_END = "\n</soapenv:Body>\n</soapenv:Envelope>"
_ANONYMOUS = "System.Anonymous"
_NOT_AUTHENTICATED = "The session is not authenticated."


@dataclass(frozen=True, slots=True)
class Request:
    """What the endpoint needs of an HTTP request."""

    content: bytes
    soap_action: str
    cookie: str
    client_address: str
    user_agent: str
    injected: SoapFault | None = None
    """A fault rule's order: answer with this fault."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint answers. `set_cookie`: value of a Set-Cookie header."""

    status: int
    content: bytes
    set_cookie: str | None = None


class Endpoint:
    """Answers SOAP requests on a model."""

    def __init__(self, model: Model, sessions: Sessions, product: str) -> None:
        self._model = model
        self._sessions = sessions
        self._product = product

    def answer(self, request: Request) -> Answer:
        """Answer one request. Never raises: what goes wrong is a SOAP fault with status 500."""
        call = Call(
            version=negotiated(self._product, request.soap_action),
            session=self._sessions.find(request.cookie) if request.cookie else None,
            client_address=request.client_address,
            user_agent=request.user_agent,
        )
        try:
            if request.injected is not None:
                raise _fault_named(request.injected)
            operation = read_operation(request.content)
            result = self._perform(operation, call)
        except MethodFault as fault:
            return Answer(500, _fault_envelope(fault, call.version), call.set_cookie)
        except Exception as error:
            # A mistake in this emulator: the product's way of saying so, and the trace for its developer.
            self._model.host.log("trouble", task="vCenter SOAP endpoint", error=repr(error))
            mistake = vmodl.fault.SystemError(reason=f"{error!r}")
            mistake.msg = f"A general system error occurred: {error!r}"
            return Answer(500, _fault_envelope(mistake, call.version), call.set_cookie)
        text = (
            f'{_START}<{operation.name}Response xmlns="urn:vim25">{result}</{operation.name}Response>{_END}'
        )
        return Answer(200, text.encode(), call.set_cookie)

    def _perform(self, operation: Operation, call: Call) -> str:
        if operation.name == "Fetch":
            return self._fetch(operation, call)
        info = _method_info(operation, call.version)
        privilege = info.privId
        if privilege == _ANONYMOUS and info.type is vmodl.query.PropertyCollector:
            privilege = "System.View"  # what anybody may call shows nothing to somebody who is not logged in
        target = self._target(operation, call, privilege)
        implementation = target.operations.get(operation.name)
        if implementation is None:
            raise self._gap(operation, target)
        if not issubclass(target.vim_type, info.type):
            raise _method_not_found(operation, target)
        arguments = read_arguments(operation, info.params)
        result = getattr(target, implementation)(call, **arguments)
        if result is None:
            return ""
        if isinstance(result, Raw):
            return result
        return writer(call.version).elements("returnval", info.result, result)

    def _fetch(self, operation: Operation, call: Call) -> str:
        name = read_text(operation, "prop")
        target = self._model.objects.get(operation.target_id)
        described = target.vim_type._propInfo if target else {}
        privilege = getattr(described.get(name), "privId", None)
        if operation.target_id == "ServiceInstance" and name == "content":
            privilege = _ANONYMOUS
        rendered = self._target(operation, call, privilege).rendered(name, call)
        return "" if rendered is None else f"<returnval{rendered}</returnval>"

    def _target(self, operation: Operation, call: Call, privilege: str | None) -> Managed:
        """The object that is called. Raises NotAuthenticated, NoPermission, ManagedObjectNotFound."""
        found = self._model.objects.get(operation.target_id)
        if privilege != _ANONYMOUS and call.session is None:
            fault: Any = vim.fault.NotAuthenticated(
                object=_reference(operation), privilegeId=privilege or "System.View"
            )
            fault.msg = _NOT_AUTHENTICATED
            raise fault
        if found is None or not _same_type(found, operation.target_type):
            fault = vmodl.fault.ManagedObjectNotFound(obj=_reference(operation))
            fault.msg = (
                f"The object 'vim.{operation.target_type}:{operation.target_id}' has already been deleted or "
                "has not been completely created"
            )
            raise fault
        if call.session is not None and not call.session.may(privilege):
            fault = vim.fault.NoPermission(object=_reference(operation), privilegeId=privilege)
            fault.msg = "Permission to perform this operation was denied."
            raise fault
        return found

    def _gap(self, operation: Operation, target: Managed) -> Exception:
        self._model.host.log("gap", product="vCenter", operation=f"{target.ref_type}.{operation.name}")
        return _method_not_found(operation, target)


def _method_not_found(operation: Operation, target: Managed) -> Exception:
    fault = vmodl.fault.MethodNotFound(receiver=_reference(operation), method=operation.name)
    fault.msg = f"The method {target.ref_type}.{operation.name} is not implemented by this vCenter emulator."
    return fault


def _method_info(operation: Operation, version: str) -> Any:
    try:
        info = VmomiSupport.GetWsdlMethod(VmomiSupport.XMLNS_VMODL_BASE, operation.name).info
    except KeyError:
        raise invalid_request(f"Unable to resolve WSDL method name {operation.name}.") from None
    if not IsChildVersion(version, info.version):
        raise invalid_request(f"Unable to resolve WSDL method name {operation.name} in this API version.")
    return info


def _same_type(found: Managed, named: str) -> bool:
    """A client may name the object's own type or one that it is derived from."""
    try:
        cls = VmomiSupport.GetWsdlType(VmomiSupport.XMLNS_VMODL_BASE, named)
    except KeyError:
        return named in ("", "ManagedObjectReference")
    return issubclass(found.vim_type, cls) or cls is VmomiSupport.ManagedObject


def _reference(operation: Operation) -> Any:
    try:
        cls = VmomiSupport.GetWsdlType(VmomiSupport.XMLNS_VMODL_BASE, operation.target_type)
    except KeyError:
        cls = VmomiSupport.ManagedObject
    return cls(operation.target_id, None)


def _fault_named(injected: SoapFault) -> Exception:
    try:
        cls = VmomiSupport.GetWsdlType(VmomiSupport.XMLNS_VMODL_BASE, injected.type)
    except KeyError:
        cls = None
    if cls is None or not issubclass(cls, MethodFault):
        return invalid_request(f"A fault rule names {injected.type!r}, which is no fault of this API.")
    fault = cls()
    fault.msg = injected.message
    return fault  # type: ignore[no-any-return]


def _fault_envelope(fault: Any, version: str) -> bytes:
    return (
        f"{_START}<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
        f"<faultstring>{escape(fault.msg or '')}</faultstring>"
        f"<detail>{writer(version).fault(fault)}</detail></soapenv:Fault>{_END}"
    ).encode()
