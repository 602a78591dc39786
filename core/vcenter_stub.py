"""pyVmomi's transport, with the certificate judged at every connect and no clock but the Runtime's.

Rules of this file: pyVmomi's own pool and pinning are not used: its pool ages by wall time and takes locks,
and its `thumbprint=` accepts a wrong certificate with an unverified context (DESIGN section 2). Connections
are kept only briefly, so that a server's idle time-out is not met on a call that must not be repeated.
What pyVmomi cannot read becomes a typed error; vim faults pass unchanged.
"""

from __future__ import annotations

import http.client
import ssl
from typing import Any

from lxml import etree
from pyVmomi import SoapStubAdapter, VmomiSupport, vmodl

from cxsim.core.pinning import Judge, PinnedHTTPSConnection, unverified_context
from cxsim.core.runtime import Runtime
from cxsim.core.vcenter_errors import NoVcenterAnswer

KEPT_S = 5.0
"""An idle connection is closed after this long."""

POOL_SIZE = 2
OLDEST_API = "5.5"
"""CTL states source hosts from ESXi 5.5 on (cx.md 1.1)."""

_PATH = "/sdk"
_UNREADABLE = (KeyError, TypeError, AttributeError, ValueError)


class JudgedConnection(PinnedHTTPSConnection):
    """A judged connection with one time-out for connecting and another for reading, in seconds."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        judge: Judge,
        timeouts_s: tuple[float, float],
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, judge=judge, timeout=timeouts_s[0], context=context)
        self._read_s = timeouts_s[1]

    def connect(self) -> None:
        """Connect, judge, then allow as long as reading may take."""
        super().connect()
        self.sock.settimeout(self._read_s)


class JudgedStub(SoapStubAdapter):  # type: ignore[misc]
    """A pyVmomi stub over judged connections."""

    def __init__(
        self, runtime: Runtime, host: str, port: int, judge: Judge, timeouts_s: tuple[float, float]
    ) -> None:
        super().__init__(host=host, port=port, path=_PATH, version="vim.version.version9", poolSize=POOL_SIZE)
        self._runtime = runtime
        self._address = (host, port)
        self._judge = judge
        self._timeouts_s = timeouts_s
        self._context = unverified_context()
        self._idle: list[tuple[JudgedConnection, float]] = []

    # pyVmomi's names; it calls these.

    def GetConnection(self) -> JudgedConnection:
        """A connection that was used a moment ago, else a new one."""
        while self._idle:
            connection, since_s = self._idle.pop()
            if self._runtime.now() - since_s < KEPT_S:
                return connection
            connection.close()
        connection = JudgedConnection(
            *self._address, judge=self._judge, timeouts_s=self._timeouts_s, context=self._context
        )
        connection.connect()
        return connection

    def ReturnConnection(self, conn: JudgedConnection) -> None:
        """Keep the connection for the next call."""
        if len(self._idle) < POOL_SIZE and conn.sock is not None:
            self._idle.append((conn, self._runtime.now()))
        else:
            conn.close()

    def DropConnections(self) -> None:
        """Close all idle connections."""
        dropped, self._idle = self._idle, []
        for connection, _ in dropped:
            connection.close()

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:
        """Call; an answer that is no answer of a vCenter raises `NoVcenterAnswer`."""
        try:
            result = super().InvokeMethod(mo, info, args, outerStub)
        except vmodl.MethodFault:
            raise
        except http.client.HTTPException as error:
            status = str(error)[:3]
            if type(error) is http.client.HTTPException and status.isdigit():
                raise NoVcenterAnswer(f"it answered {error}", int(status)) from error
            raise
        except _UNREADABLE as error:
            raise NoVcenterAnswer(f"its answer cannot be read ({error!r})") from error
        except Exception as error:
            # pyVmomi raises this bare class for a status 500 whose body holds no fault.
            if type(error) is not Exception:
                raise
            raise NoVcenterAnswer("it answered an error without saying which", 500) from error
        if result is None and not info.resultFlags & VmomiSupport.F_OPTIONAL and _has_result(info):
            raise NoVcenterAnswer("its answer is empty or no SOAP")
        return result

    def negotiate(self) -> None:
        """Speak the newest API version that both sides know. Raises `NoVcenterAnswer`."""
        connection = self.GetConnection()
        try:
            connection.request("GET", f"{_PATH}/vimServiceVersions.xml")
            answer = connection.getresponse()
            content = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.status != 200:
            connection.close()
            raise NoVcenterAnswer(f"it answered {answer.status} {answer.reason}", answer.status)
        self.ReturnConnection(connection)
        offered = _offered(content)
        for name in VmomiSupport.GetServiceVersions("vim25"):
            if VmomiSupport.versionIdMap[name] in offered:
                self.version, self.versionId = name, f'"urn:vim25/{VmomiSupport.versionIdMap[name]}"'
                return
        raise NoVcenterAnswer("it offers no API version that is known here")


def _offered(content: bytes) -> set[str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(content, parser)
    return {
        version.text
        for namespace in root.iter("namespace")
        if namespace.findtext("name") == "urn:vim25"
        for version in namespace.iter("version")
        if version.text and version.text[:1].isdigit()
    }


def _has_result(info: Any) -> bool:
    return info.result is not type(None) and not (
        isinstance(info.result, type) and issubclass(info.result, list)
    )
