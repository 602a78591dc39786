"""Findings about certificates, devices that end TLS, and clocks.

Rules of this file: one function a finding, from facts to sentences; `apply` makes the change. What CX does
with each is cx.md P9 to P12 and P17; inferred parts say so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cxsim.sim.explain.evaluate import FlowVerdict
from cxsim.sim.explain.finding import Finding, Matter
from cxsim.sim.explain.flows import Endpoint, Phase
from cxsim.sim.explain.proposal import Remedy
from cxsim.sim.network import Change, Network

Apply = Callable[[Network], Change]
MISMATCH = "`Certificate differs from the expected one` (cx.md P11)"


def ended_by_device(
    verdict: FlowVerdict, device: str, edge: str, party: str, place: str, apply: Apply
) -> Finding:
    """A device on the way ends TLS."""
    target, port = verdict.target.name, verdict.asked.port
    data = verdict.row.phase is Phase.DATA
    stream = "the encrypted stream, which is no HTTPS," if data else "TLS"
    return Finding(
        Matter.TLS,
        device,
        f"ends {stream} on {port} at {edge} and shows a certificate of its own",
        "TLS ENDED",
        "a connection that is closed; it tries again after 10 s, 20 s, up to every 90 s"
        if data
        else MISMATCH,
        f"{device} ends {stream} that must end on {target} (cx.md 1.2 row {verdict.row.row}, P11)",
        Remedy(
            party,
            f"{device} at {edge}: pass tcp/{port} through to {target} without ending TLS",
            ("take it out of the way: translate the port on the edge straight to the appliance",),
            apply=apply,
        ),
        place,
    )


def certificate_changed(verdict: FlowVerdict, shown: str, expected: str, place: str, apply: Apply) -> Finding:
    """The certificate is not the one that was trusted."""
    target, source = verdict.target, verdict.source
    if verdict.row.endpoint in (Endpoint.CLOUD_URL, Endpoint.CX_URL):
        again = f"{source.party}: edit the provider cloud and trust the new certificate (cx.md P9)"
    else:
        again = (
            "provider: Repair the replicator = POST /replicators/{id}/reset-cookie with its root and SSO "
            f"passwords, then the {target.party} re-pairs (cx.md P12)"
        )
    return Finding(
        Matter.TLS,
        target.name,
        f"shows {short(shown)}, {source.name} trusts {short(expected)}",
        "CERTIFICATE DIFFERS",
        MISMATCH,
        f"the certificate of {target.name} was replaced; trust is pinned per certificate (cx.md P9)",
        Remedy(
            target.party,
            f"install the certificate {short(expected)} on {target.name} again",
            (again,),
            apply=apply,
        ),
        place,
    )


def certificate_shared(verdict: FlowVerdict, shown: str, place: str, apply: Apply) -> Finding:
    """Both ends show the same certificate."""
    target, source = verdict.target, verdict.source
    return Finding(
        Matter.TLS,
        target.name,
        f"shows {short(shown)}, which is {source.name}'s own",
        "SAME CERTIFICATE",
        "nothing wrong with the connection; the registration is refused (cx.md P10; for CX inferred [I])",
        f"{target.name} and {source.name} show the same certificate, so their thumbprints cannot tell them "
        "apart (cx.md P10)",
        Remedy(
            target.party,
            f"give {target.name} a certificate of its own (no wildcard for both sides)",
            apply=apply,
        ),
        place,
    )


def outside_dates(
    verdict: FlowVerdict, first_s: float, last_s: float, now_s: float, place: str, apply: Apply
) -> Finding:
    """The certificate has expired, or is not valid yet, and the client's clock is right."""
    target = verdict.target
    what = f"expired at {_day(last_s)}" if now_s >= last_s else f"is not valid before {_day(first_s)}"
    return Finding(
        Matter.TLS,
        target.name,
        f"its certificate {what}",
        "NOT VALID",
        f"a certificate that {what}",
        f"the certificate of {target.name} {what}, and {verdict.source.name} looks at dates "
        "(certificate_dates: checked [I])",
        Remedy(
            target.party,
            f"renew the certificate of {target.name}",
            steps=("letting everybody who pins it trust the new one (cx.md P9)",),
            apply=apply,
        ),
        place,
    )


def clock_against_dates(
    verdict: FlowVerdict, skew_s: float, first_s: float, last_s: float, place: str, apply: Apply
) -> Finding:
    """The certificate is good; by the client's wrong clock it is not."""
    source, target = verdict.source, verdict.target
    what = f"not valid before {_day(first_s)}" if skew_s < 0 else f"expired at {_day(last_s)}"
    return Finding(
        Matter.CLOCK,
        source.name,
        f"its clock is {skewed(skew_s)}: by it the certificate of {target.name} is {what}",
        "NOT VALID",
        f"a certificate that is {what}",
        f"the clock of {source.name} is {skewed(skew_s)}, so a good certificate is outside its dates "
        "(certificate_dates: checked [I])",
        Remedy(source.party, f"set the clock of {source.name} (NTP): it is {skewed(skew_s)}", apply=apply),
        place,
    )


def clock_against_sso(
    verdict: FlowVerdict, host: str, party: str, skew_s: float, other: str, place: str, apply: Apply
) -> Finding:
    """Single sign-on refuses tokens because of a clock."""
    return Finding(
        Matter.CLOCK,
        host,
        f"its clock is {skewed(skew_s)} of {other}'s; single sign-on tolerates 10 min",
        "LOG-IN REFUSED",
        "`The operation was cancelled due to an unexpected error.` (cx.md P17)",
        f"the clocks of {host} and {other} differ by {duration(abs(skew_s))} (cx.md P17)",
        Remedy(party, f"set the clock of {host} (NTP): it is {skewed(skew_s)}", apply=apply),
        place,
    )


def short(thumbprint: str) -> str:
    """A thumbprint as people compare it: its beginning."""
    return thumbprint[: len("SHA-256:") + 11] + ".."


def duration(seconds: float) -> str:
    """Seconds in the largest unit that fits."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def skewed(skew_s: float) -> str:
    """`15 min ahead`, `60 d behind`."""
    return f"{duration(abs(skew_s))} {'ahead' if skew_s > 0 else 'behind'}"


def _day(instant_s: float) -> str:
    return f"{datetime.fromtimestamp(instant_s, UTC):%Y-%m-%d %H:%M} UTC"
