"""The certificates that the tenant's administrator has trusted, and the dialogue that asks for it.

Rules of this file: trust is per place (host and port) and per certificate, by SHA-256, and it is the
appliance's, not a single cloud's: what was trusted once is not asked again (cx.md 2.3, P9). What is asked
and answered is recorded as the `certificates` event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cxsim.core.decisions import SNAPSHOT, Decision, Decisions
from cxsim.core.pinning import (
    Dated,
    FirstSight,
    Judge,
    Pins,
    ShownCertificate,
    same_thumbprint,
    thumbprint,
)
from cxsim.core.runtime import Runtime

Trust = Callable[[Sequence[ShownCertificate]], bool]
"""The certificate dialogue: shows what is not trusted yet, returns True for `Trust Certificates`."""

MACHINE, TRUSTED, REGISTERED = "certificate", "trusted", "registered at first sight"
"""As a decision: the subject is `host:port`."""


class TrustedCertificates:
    """What the appliance trusts now."""

    def __init__(self, runtime: Runtime, decisions: Decisions, dates: bool = False) -> None:
        """`dates`: what is trusted must also be within its dates [I]."""
        self._runtime = runtime
        self._decisions = decisions
        self._dates = dates
        self._thumbprints: dict[tuple[str, int], str] = {}
        decisions.keep(self._snapshot)

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
                self._remember(certificate, TRUSTED)
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

    def _remember(self, certificate: ShownCertificate, event: str) -> None:
        place = (certificate.host, certificate.port)
        self._decisions.note(MACHINE, certificate.place, event, _facts(place, certificate.thumbprint))
        self._thumbprints[place] = certificate.thumbprint

    def _snapshot(self) -> list[Decision]:
        return [
            Decision(MACHINE, f"{place[0]}:{place[1]}", SNAPSHOT, "", "", "", _facts(place, thumbprint))
            for place, thumbprint in list(self._thumbprints.items())
        ]

    def registering(self) -> Judge:
        """A judge for the appliance's own vCenter, whose certificate nobody is asked about: what it shows
        first is registered, written down before anything is sent there, and no other accepted after that."""
        return _Registering(self)

    def register(self, shown: ShownCertificate) -> None:
        """Trust what a place has shown at first sight."""
        self._remember(shown, REGISTERED)

    def restore(self, decisions: Iterable[Decision]) -> None:
        """Trust again what an earlier process was told to trust."""
        for decision in decisions:
            if decision.machine == MACHINE:
                facts = decision.facts
                self._thumbprints[facts["host"], facts["port"]] = facts["thumbprint"]


class _Registering:
    """See `TrustedCertificates.registering`."""

    def __init__(self, trusted: TrustedCertificates) -> None:
        self._trusted = trusted

    def judge(self, host: str, port: int, certificate_der: bytes) -> None:
        """Raises `CertificateMismatch` when the place has shown another certificate before."""
        known = self._trusted.thumbprint(host, port)
        if known is None:
            self._trusted.register(ShownCertificate(host, port, thumbprint(certificate_der), certificate_der))
        else:
            Pins({(host, port): known}).judge(host, port, certificate_der)


def _facts(place: tuple[str, int], trusted: str) -> dict[str, object]:
    return {"host": place[0], "port": place[1], "thumbprint": trusted}
