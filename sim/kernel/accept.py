"""What happens at the server when a connection is accepted.

Rules of this file: one greenlet per connection, on the listener's host; TLS first if the port has an
identity; then the listener's own program or HTTP for its WSGI application. Nothing that goes wrong here
ends anything but this connection.
"""

from __future__ import annotations

from cxsim.sim.kernel import tls
from cxsim.sim.kernel.connection import Connection
from cxsim.sim.kernel.http_server import HttpServer
from cxsim.sim.kernel.sockets import SimSocket, SocketService


def serve(connection: Connection) -> None:
    """Serve one connection to its end."""
    listener = connection.listener
    sock = SimSocket(connection.server)
    try:
        if listener.tls is not None:
            accepted = tls.accept(sock, listener.tls)
            if accepted is None:
                return
            sock = accepted
        if isinstance(listener.app, SocketService):
            listener.app.converse(sock)
        elif listener.app is not None:
            keep_alive_s = connection.server.process.host.keep_alive_s
            HttpServer(connection, sock, listener.app, keep_alive_s).serve()
    except OSError:
        pass  # the client has gone, or the network: a server's own business ends with it
    finally:
        sock.close()
