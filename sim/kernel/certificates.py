"""The verdict on a server's certificate chain, as OpenSSL 3 gives it, at any instant.

Rules of this file: pure functions of the chain (DER), the caller's SSLContext, the name asked for and an
instant. The order of the checks is OpenSSL's (crypto/x509/x509_vfy.c: build_chain, check_extensions,
check_id, internal_verify), because the first failure is the one the client sees. Known limits: key
strength (security levels), CRLs, name constraints and policies are not judged; and Python shows only
CA certificates of a context, so a trusted certificate that is not a CA is not seen.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_OLD = ssl.OPENSSL_VERSION_INFO < (3, 0)
_SELF_SIGNED = "self signed" if _OLD else "self-signed"

TEXTS = {
    2: "unable to get issuer certificate",
    7: "certificate signature failure",
    9: "certificate is not yet valid",
    10: "certificate has expired",
    18: f"{_SELF_SIGNED} certificate",
    19: f"{_SELF_SIGNED} certificate in certificate chain",
    20: "unable to get local issuer certificate",
    25: "path length constraint exceeded",
    26: "unsupported certificate purpose" if _OLD else "unsuitable certificate purpose",
    79: "invalid CA certificate",
}
"""X509_V_ERR_* -> X509_verify_cert_error_string. 62 and 64 have texts of Python's own."""

_MAX_CHAIN = 100  # OpenSSL's default depth
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN


@dataclass(frozen=True)
class Refusal:
    """Why a chain is refused. `code`: X509_V_ERR_*."""

    code: int

    def text(self, server_hostname: str | None) -> str:
        """OpenSSL's or Python's words."""
        if self.code == 62:
            return f"Hostname mismatch, certificate is not valid for '{server_hostname}'."
        if self.code == 64:
            return f"IP address mismatch, certificate is not valid for '{server_hostname}'."
        return TEXTS[self.code]

    def as_exception(self, server_hostname: str | None, site: str) -> ssl.SSLCertVerificationError:
        """The exception that ssl raises. `site`: the place in _ssl.c that its text names."""
        text = self.text(server_hostname)
        message = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text} {site}"
        error = ssl.SSLCertVerificationError(1, message)
        error.library, error.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
        error.verify_code, error.verify_message = self.code, text
        return error


def judge(
    context: ssl.SSLContext, chain_der: tuple[bytes, ...], server_hostname: str | None, now_s: float
) -> Refusal | None:
    """Judge a chain (the server's own certificate first). None: it is good at `now_s` (epoch seconds)."""
    leaf, *others = (certificate(der) for der in chain_der)
    anchors = [certificate(der) for der in context.get_ca_certs(binary_form=True)]
    partial = bool(context.verify_flags & _PARTIAL_CHAIN)
    now = datetime.fromtimestamp(int(now_s), UTC)
    chain, code = _build(leaf, others, anchors, partial, now)
    if code is None:
        code = _check_extensions(chain)
    if code is None and context.check_hostname and server_hostname is not None:
        code = _check_identity(leaf, server_hostname, context.hostname_checks_common_name)
    if code is None:
        code = _check_signatures_and_times(chain, now)
    return None if code is None else Refusal(code)


@lru_cache(maxsize=4096)
def certificate(der: bytes) -> x509.Certificate:
    """A certificate from its DER. Raises ValueError."""
    return x509.load_der_x509_certificate(der)


# -- build_chain ----------------------------------------------------------------------------------------


def _build(
    leaf: x509.Certificate,
    others: list[x509.Certificate],
    anchors: list[x509.Certificate],
    partial: bool,
    now: datetime,
) -> tuple[list[x509.Certificate], int | None]:
    """The chain from the leaf up, and the error if it ends in no trust."""
    chain = [leaf]
    from_store = 0
    while len(chain) <= _MAX_CHAIN:
        top = chain[-1]
        self_signed = _is_self_signed(top)
        if top in anchors and (self_signed or partial):
            return chain, None
        if self_signed:
            return chain, 18 if len(chain) == 1 else 19
        issuer = _find_issuer(top, [c for c in anchors if c not in chain], now)
        if issuer is not None:
            from_store += 1
        elif not from_store:  # once in the store, what the peer sent is not looked at any more
            issuer = _find_issuer(top, [c for c in others if c not in chain], now)
        if issuer is None:
            break
        chain.append(issuer)
    return chain, 2 if from_store else 20


def _find_issuer(
    subject: x509.Certificate, candidates: list[x509.Certificate], now: datetime
) -> x509.Certificate | None:
    """The issuer among candidates: one that is valid now if there is one, else the first that fits."""
    fitting = [c for c in candidates if _issued(c, subject)]
    valid = [c for c in fitting if c.not_valid_before_utc <= now < c.not_valid_after_utc]
    best = valid or fitting
    return best[0] if best else None


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    """X509_check_issued: names, key identifiers and key usage fit. The signature is checked later."""
    if issuer.subject != subject.issuer:
        return False
    wanted = _extension(subject, x509.AuthorityKeyIdentifier)
    has = _extension(issuer, x509.SubjectKeyIdentifier)
    if wanted is not None and has is not None and wanted.key_identifier not in (None, has.digest):
        return False
    usage = _extension(issuer, x509.KeyUsage)
    return usage is None or bool(usage.key_cert_sign)


def _is_self_signed(cert: x509.Certificate) -> bool:
    if cert.subject != cert.issuer:
        return False
    authority = _extension(cert, x509.AuthorityKeyIdentifier)
    own = _extension(cert, x509.SubjectKeyIdentifier)
    return authority is None or own is None or authority.key_identifier in (None, own.digest)


# -- check_extensions -----------------------------------------------------------------------------------


def _check_extensions(chain: list[x509.Certificate]) -> int | None:
    below = 0  # intermediates under this one that are not self-issued
    for depth, cert in enumerate(chain):
        constraints = _extension(cert, x509.BasicConstraints)
        usage = _extension(cert, x509.KeyUsage)
        if depth > 0:
            is_ca = constraints.ca if constraints is not None else usage is not None and usage.key_cert_sign
            if not is_ca:
                return 24 if _OLD else 79
        extended = _extension(cert, x509.ExtendedKeyUsage)
        if extended is not None and ExtendedKeyUsageOID.SERVER_AUTH not in extended:
            return 26
        if depth == 0 and usage is not None and not _may_serve(usage):
            return 26
        limit = constraints.path_length if constraints is not None and constraints.ca else None
        if depth > 1 and limit is not None and below > limit:
            return 25
        if depth > 0 and cert.subject != cert.issuer:
            below += 1
    return None


def _may_serve(usage: x509.KeyUsage) -> bool:
    return usage.digital_signature or usage.key_encipherment or usage.key_agreement


# -- check_id -------------------------------------------------------------------------------------------


def _check_identity(leaf: x509.Certificate, name: str, common_name_counts: bool) -> int | None:
    alternatives = _extension(leaf, x509.SubjectAlternativeName)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        addresses = alternatives.get_values_for_type(x509.IPAddress) if alternatives is not None else []
        return None if address in addresses else 64
    names = alternatives.get_values_for_type(x509.DNSName) if alternatives is not None else []
    if not names and common_name_counts:
        names = [str(a.value) for a in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    asked = name.encode("idna").decode("ascii").lower()
    return None if any(_matches(pattern.lower(), asked) for pattern in names) else 62


def _matches(pattern: str, name: str) -> bool:
    """A name or a wildcard for the whole first label, under at least two more labels."""
    if not pattern.startswith("*."):
        return pattern == name
    rest = pattern[1:]
    return rest.count(".") >= 2 and "*" not in rest and name.endswith(rest) and "." not in name[: -len(rest)]


# -- internal_verify ------------------------------------------------------------------------------------


def _check_signatures_and_times(chain: list[x509.Certificate], now: datetime) -> int | None:
    """From the top of the chain down: each signature (an anchor's own is not checked), then its dates."""
    for depth in range(len(chain) - 1, -1, -1):
        cert = chain[depth]
        if depth < len(chain) - 1 and not _signed_by(cert, chain[depth + 1]):
            return 7
        if cert.not_valid_before_utc > now:
            return 9
        if cert.not_valid_after_utc <= now:
            return 10
    return None


@lru_cache(maxsize=4096)
def _signed_by(cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        cert.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


# -- getpeercert ----------------------------------------------------------------------------------------

_LONG_NAMES = {
    NameOID.COMMON_NAME: "commonName",
    NameOID.COUNTRY_NAME: "countryName",
    NameOID.LOCALITY_NAME: "localityName",
    NameOID.STATE_OR_PROVINCE_NAME: "stateOrProvinceName",
    NameOID.ORGANIZATION_NAME: "organizationName",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "organizationalUnitName",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.DOMAIN_COMPONENT: "domainComponent",
}


def decoded(der: bytes) -> dict[str, Any]:
    """A certificate as ssl.SSLSocket.getpeercert() shows it."""
    cert = certificate(der)
    shown: dict[str, Any] = {
        "subject": _shown_name(cert.subject),
        "issuer": _shown_name(cert.issuer),
        "version": cert.version.value + 1,
        "serialNumber": f"{cert.serial_number:X}".zfill((len(f"{cert.serial_number:X}") + 1) // 2 * 2),
        "notBefore": _shown_time(cert.not_valid_before_utc),
        "notAfter": _shown_time(cert.not_valid_after_utc),
    }
    alternatives = _extension(cert, x509.SubjectAlternativeName)
    if alternatives is not None:
        kinds = ((x509.DNSName, "DNS"), (x509.IPAddress, "IP Address"))
        shown["subjectAltName"] = tuple(
            (label, str(name.value))
            for name in alternatives
            for kind, label in kinds
            if isinstance(name, kind)
        )
    return shown


def _shown_name(name: x509.Name) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(
        tuple((_LONG_NAMES.get(a.oid, a.oid.dotted_string), str(a.value)) for a in rdn) for rdn in name.rdns
    )


def _shown_time(instant: datetime) -> str:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{months[instant.month - 1]} {instant.day:2d} {instant:%H:%M:%S} {instant.year} GMT"


@lru_cache(maxsize=16384)
def _extension(cert: x509.Certificate, kind: Any) -> Any:
    """The value of an extension, or None."""
    try:
        return cert.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
