"""Certificates and keys of simulated hosts, derived from the seed and the host's name.

Rules of this file: nothing is fresh: keys, serial numbers and ECDSA signatures (RFC 6979) are functions of
the seed, the host and the parameters, so the same scenario shows the same thumbprints for ever. Instants
are seconds since the Unix epoch. The default is what appliances ship with: a self-signed certificate.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY_S = 86400.0
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Identity:
    """What a TLS server shows (wire.TlsIdentity), with its private key."""

    subject: str
    chain_der: tuple[bytes, ...]
    """Certificates, the server's own first, without the root unless it is its own."""
    key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    def certificate_pem(self) -> str:
        """The chain, PEM."""
        return "".join(
            x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in self.chain_der
        )

    def private_key_pem(self) -> str:
        """The private key, PEM (PKCS #8, not encrypted)."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def thumbprint(self) -> str:
        """SHA-256 of the server's own certificate, as CX writes it: `SHA-256:AB:CD:..`."""
        return thumbprint(self.chain_der[0])


def thumbprint(der: bytes) -> str:
    """SHA-256 of a certificate (DER), as CX writes it: `SHA-256:AB:CD:..`."""
    return "SHA-256:" + hashlib.sha256(der).digest().hex(":").upper()


def self_signed(
    seed: int,
    host: str,
    names: Sequence[str] = (),
    *,
    around_s: float,
    not_before_s: float | None = None,
    not_after_s: float | None = None,
    generation: int = 0,
) -> Identity:
    """A self-signed certificate for `host` and further `names` (DNS names or addresses). Valid from 30
    days before `around_s` for ten years, unless given. `generation`: another number makes another key, as
    after a replacement of the certificate."""
    first_s, last_s = _validity(around_s, not_before_s, not_after_s)
    return _self_signed(seed, host, tuple(names), first_s, last_s, generation)


class Authority:
    """A certificate authority: a self-signed root, or an intermediate under `issuer`."""

    def __init__(
        self,
        seed: int,
        name: str,
        *,
        around_s: float,
        not_before_s: float | None = None,
        not_after_s: float | None = None,
        issuer: Authority | None = None,
        path_length: int | None = None,
    ) -> None:
        self.name = name
        self._seed = seed
        self.key = _key(seed, f"authority/{name}")
        first_s, last_s = _validity(around_s, not_before_s, not_after_s)
        builder = _builder(seed, f"authority/{name}", name, self.key, first_s, last_s)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        self.certificate: x509.Certificate = _sign(
            builder, issuer.certificate if issuer else None, issuer.key if issuer else self.key
        )
        self.chain_der: tuple[bytes, ...] = ()
        """From this authority up to below the root: what a server sends after its own certificate."""
        if issuer is not None:
            self.chain_der = (self.certificate.public_bytes(Encoding.DER), *issuer.chain_der)

    def certificate_pem(self) -> str:
        """The authority's certificate, PEM: for a client's trust store."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        host: str,
        names: Sequence[str] = (),
        *,
        around_s: float,
        not_before_s: float | None = None,
        not_after_s: float | None = None,
        generation: int = 0,
        client_only: bool = False,
    ) -> Identity:
        """A server certificate for `host` and further names. `client_only`: its extended key usage is
        clientAuth alone, a mistake of some authorities' templates."""
        first_s, last_s = _validity(around_s, not_before_s, not_after_s)
        path = f"{self.name}/{host}/{generation}"
        key = _key(self._seed, path)
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client_only else ExtendedKeyUsageOID.SERVER_AUTH
        builder = _builder(self._seed, path, host, key, first_s, last_s)
        builder = builder.add_extension(_alternatives(host, names), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        own = _sign(builder, self.certificate, self.key)
        return Identity(host, (own.public_bytes(Encoding.DER), *self.chain_der), key)


@lru_cache(maxsize=1024)
def _self_signed(
    seed: int, host: str, names: tuple[str, ...], first_s: float, last_s: float, generation: int
) -> Identity:
    path = f"self/{host}/{generation}"
    key = _key(seed, path)
    builder = _builder(seed, path, host, key, first_s, last_s)
    builder = builder.add_extension(_alternatives(host, names), critical=False)
    # CA:TRUE, as `openssl req -x509` makes it: then the certificate can stand in a trust store by itself.
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    own = _sign(builder, None, key)
    return Identity(host, (own.public_bytes(Encoding.DER),), key)


def _validity(around_s: float, not_before_s: float | None, not_after_s: float | None) -> tuple[float, float]:
    first_s = not_before_s if not_before_s is not None else around_s - 30 * DAY_S
    last_s = not_after_s if not_after_s is not None else max(first_s, around_s) + 3650 * DAY_S
    return float(int(first_s)), float(int(last_s))


def _digest(seed: int, path: str, what: str) -> int:
    return int.from_bytes(hashlib.sha512(f"{seed}\0identity\0{path}\0{what}".encode()).digest(), "big")


def _key(seed: int, path: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(_digest(seed, path, "key") % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _builder(
    seed: int, path: str, subject: str, key: ec.EllipticCurvePrivateKey, first_s: float, last_s: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .public_key(key.public_key())
        .serial_number(_digest(seed, path, f"serial/{first_s}/{last_s}") >> (512 - 152))
        .not_valid_before(datetime.fromtimestamp(first_s, UTC))
        .not_valid_after(datetime.fromtimestamp(last_s, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _sign(
    builder: x509.CertificateBuilder, issuer: x509.Certificate | None, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Sign; `issuer` None = by itself."""
    name = issuer.subject if issuer is not None else builder._subject_name
    assert name is not None
    builder = builder.issuer_name(name)
    if issuer is not None:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(authority, critical=False)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _alternatives(host: str, names: Sequence[str]) -> x509.SubjectAlternativeName:
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys((host, *names)):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(found)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
