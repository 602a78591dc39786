"""The certificates that the tenant's administrator has trusted, and the dialogue that asks for it.

Rules of this file: trust is per place (host and port) and per certificate, by SHA-256, and it is the
appliance's, not a single cloud's: what was trusted once is not asked again (cx.md 2.3, P9). What is asked
and answered is recorded as the `certificates` event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cxsim.core.decisions import Decision, Decisions
from cxsim.core.pinning import Dated, FirstSight, Judge, Pins, ShownCertificate, same_thumbprint
from cxsim.core.runtime import Runtime

Trust = Callable[[Sequence[ShownCertificate]], bool]
"""The certificate dialogue: shows what is not trusted yet, returns True for `Trust Certificates`."""

MACHINE, TRUSTED = "certificate", "trusted"
"""As a decision: the subject is `host:port`."""


class TrustedCertificates:
    """What the appliance trusts now."""

    def __init__(self, runtime: Runtime, decisions: Decisions, dates: bool = False) -> None:
        """`dates`: what is trusted must also be within its dates [I]."""
        self._runtime = runtime
        self._decisions = decisions
        self._dates = dates
        self._thumbprints: dict[tuple[str, int], str] = {}

    def pins(self) -> Judge:
        """A judge that accepts exactly what is trusted now."""
        return self._dated(Pins(self._thumbprints))

    def _dated(self, judge: Judge) -> Judge:
        return Dated(judge, self._runtime.now) if self._dates else judge

    def pins_or_first_sight(self) -> Judge:
        """A judge for Test in CX 1.1, which logs in before the dialogue: it holds places that are trusted to
        their pins and accepts the first sight of others (as the product is documented [D DX1-conn])."""
        return self._dated(FirstSight(self._thumbprints))

    def thumbprint(self, host: str, port: int) -> str | None:
        """What is trusted at a place; None: nothing yet."""
        return self._thumbprints.get((host, port))

    def trusts(self, shown: ShownCertificate) -> bool:
        """True if exactly this certificate is trusted at its place."""
        known = self._thumbprints.get((shown.host, shown.port))
        return known is not None and same_thumbprint(known, shown.thumbprint)

    def ask(self, cloud: str, at: str, shown: Sequence[ShownCertificate], trust: Trust) -> bool:
        """Show what is not trusted yet, if anything, and remember a yes. `at`: `Test` or `Add`."""
        unknown = [certificate for certificate in shown if not self.trusts(certificate)]
        trusted = not unknown or bool(trust(unknown))
        if trusted:
            for certificate in unknown:
                self._remember(certificate)
        if shown:
            self._runtime.log(
                "certificates",
                cloud=cloud,
                at=at,
                hosts=[certificate.place for certificate in shown],
                thumbprints=[certificate.thumbprint for certificate in shown],
                trusted=trusted,
                asked=bool(unknown),
            )
        return trusted

    def _remember(self, certificate: ShownCertificate) -> None:
        facts = {"host": certificate.host, "port": certificate.port, "thumbprint": certificate.thumbprint}
        self._decisions.note(MACHINE, certificate.place, TRUSTED, facts)
        self._thumbprints[certificate.host, certificate.port] = certificate.thumbprint

    def restore(self, decisions: Iterable[Decision]) -> None:
        """Trust again what an earlier process was told to trust."""
        for decision in decisions:
            if decision.machine == MACHINE:
                facts = decision.facts
                self._thumbprints[facts["host"], facts["port"]] = facts["thumbprint"]
