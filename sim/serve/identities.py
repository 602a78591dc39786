"""Real TLS with the identity of a simulated host.

Rules of this file: OpenSSL takes keys from files only; they are written to a directory that nobody else may
read, and removed as soon as they are loaded. A context is made once per certificate.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from cxsim.sim.identities import Identity


class ServerContexts:
    """Contexts by certificate."""

    def __init__(self) -> None:
        self._made: dict[bytes, ssl.SSLContext] = {}

    def of(self, identity: Identity) -> ssl.SSLContext:
        """The context that shows this identity."""
        der = identity.chain_der[0]
        if der not in self._made:
            self._made[der] = _context(identity)
        return self._made[der]


def _context(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="cxsim-") as folder:
        pem = Path(folder) / "identity.pem"
        pem.touch(mode=0o600)
        pem.write_text(identity.certificate_pem() + identity.private_key_pem())
        context.load_cert_chain(pem)
    return context
