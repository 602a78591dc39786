"""Identities: derived, never fresh, and of every shape that a scenario needs."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from cxsim.sim.identities import DAY_S, Authority, self_signed

AROUND_S = 1509958800.0


def test_the_thumbprint_of_a_seed_and_host_is_for_ever() -> None:
    text = (
        "from cxsim.sim.identities import *;"
        f"print(self_signed(5, 'chc-vcde01', ['10.3.0.32'], around_s={AROUND_S}).thumbprint())"
    )
    other = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == self_signed(5, "chc-vcde01", ["10.3.0.32"], around_s=AROUND_S).thumbprint()
    assert other.startswith("SHA-256:")
    assert len(other) == len("SHA-256:") + 95


def test_seed_host_and_generation_make_another_key() -> None:
    prints = {
        self_signed(seed, host, around_s=AROUND_S, generation=generation).thumbprint()
        for seed in (1, 2)
        for host in ("a", "b")
        for generation in (0, 1)
    }
    assert len(prints) == 8


def test_a_self_signed_certificate_names_its_host_and_its_other_names() -> None:
    identity = self_signed(0, "chc-vcde01", ["vcde.mycloud.local", "10.3.0.32"], around_s=AROUND_S)
    cert = x509.load_der_x509_certificate(identity.chain_der[0])
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "chc-vcde01"
    assert names.get_values_for_type(x509.DNSName) == ["chc-vcde01", "vcde.mycloud.local"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["10.3.0.32"]
    assert cert.not_valid_before_utc.timestamp() == AROUND_S - 30 * DAY_S
    cert.verify_directly_issued_by(cert)


def test_pem_and_key_belong_together_and_openssl_takes_them(tmp_path) -> None:
    identity = Authority(0, "root", around_s=AROUND_S).issue("server", around_s=AROUND_S)
    key = load_pem_private_key(identity.private_key_pem().encode(), None)
    cert = x509.load_pem_x509_certificate(identity.certificate_pem().encode())
    assert key.public_key() == cert.public_key()
    (tmp_path / "both.pem").write_text(identity.certificate_pem() + identity.private_key_pem())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "both.pem")


def test_a_chain_goes_from_the_server_to_below_the_root() -> None:
    root = Authority(0, "root", around_s=AROUND_S)
    middle = Authority(0, "middle", around_s=AROUND_S, issuer=root)
    low = Authority(0, "low", around_s=AROUND_S, issuer=middle)
    chain = [x509.load_der_x509_certificate(d) for d in low.issue("server", around_s=AROUND_S).chain_der]
    assert [c.subject.rfc4514_string() for c in chain] == ["CN=server", "CN=low", "CN=middle"]
    for lower, upper in zip(chain, [*chain[1:], root.certificate], strict=True):
        lower.verify_directly_issued_by(upper)


@pytest.mark.parametrize(("first_s", "last_s"), [(AROUND_S + DAY_S, None), (None, AROUND_S - DAY_S)])
def test_the_validity_can_be_given(first_s: float | None, last_s: float | None) -> None:
    identity = self_signed(0, "a", around_s=AROUND_S, not_before_s=first_s, not_after_s=last_s)
    cert = x509.load_der_x509_certificate(identity.chain_der[0])
    assert cert.not_valid_before_utc < cert.not_valid_after_utc
    if first_s is not None:
        assert cert.not_valid_before_utc.timestamp() == first_s
    if last_s is not None:
        assert cert.not_valid_after_utc.timestamp() == last_s


def test_the_private_key_is_not_in_the_repr() -> None:
    assert "key" not in repr(self_signed(0, "a", around_s=AROUND_S))
