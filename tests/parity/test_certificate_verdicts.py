"""The modelled verdict against the real OpenSSL's, for chains of every shape: in memory, without sockets."""

from __future__ import annotations

import ssl
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxsim.sim.identities import DAY_S, Authority, Identity, self_signed
from cxsim.sim.kernel import certificates

NOW_S = float(int(time.time()))
PAST_S, FUTURE_S = NOW_S - DAY_S, NOW_S + DAY_S

ROOT = Authority(1, "Root", around_s=NOW_S)
NAMESAKE = Authority(2, "Root", around_s=NOW_S)
OLD_ROOT = Authority(1, "Old root", around_s=NOW_S, not_after_s=PAST_S)
MIDDLE = Authority(1, "Middle", around_s=NOW_S, issuer=ROOT)
OLD_MIDDLE = Authority(1, "Old middle", around_s=NOW_S, not_after_s=PAST_S, issuer=ROOT)
NEW_MIDDLE = Authority(1, "New middle", around_s=NOW_S, not_before_s=FUTURE_S, issuer=ROOT)
LAST_MIDDLE = Authority(1, "Last middle", around_s=NOW_S, issuer=MIDDLE, path_length=0)
TOO_DEEP = Authority(1, "Too deep", around_s=NOW_S, issuer=LAST_MIDDLE)
UNDER_OLD_ROOT = Authority(1, "Under old root", around_s=NOW_S, issuer=OLD_ROOT)

AUTHORITIES = (
    ROOT,
    NAMESAKE,
    OLD_ROOT,
    MIDDLE,
    OLD_MIDDLE,
    NEW_MIDDLE,
    LAST_MIDDLE,
    TOO_DEEP,
    UNDER_OLD_ROOT,
)
NAMES = ("a.example.test", "*.example.test", "*.test", "A.EXAMPLE.test", "b.a.example.test", "10.0.0.1")
ASKED = ("a.example.test", "b.a.example.test", "example.test", "10.0.0.1", "10.0.0.2", "x.test")
DATES = ((None, None), (None, PAST_S), (FUTURE_S, None))


@cache
def issued(by: int | None, name: str, dates: int, client_only: bool) -> Identity:
    first_s, last_s = DATES[dates]
    if by is None:
        return self_signed(1, name, around_s=NOW_S, not_before_s=first_s, not_after_s=last_s)
    return AUTHORITIES[by].issue(
        name, around_s=NOW_S, not_before_s=first_s, not_after_s=last_s, client_only=client_only
    )


def openssl_says(context: ssl.SSLContext, identity: Identity, asked: str) -> tuple[int, str] | None:
    """The code and text of the real OpenSSL, or None if it accepts."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "both.pem")
        path.write_text(identity.certificate_pem() + identity.private_key_pem())
        server.load_cert_chain(path)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_end = context.wrap_bio(back, there, server_hostname=asked)
    server_end = server.wrap_bio(there, back, server_side=True)
    for end in (client_end, server_end, client_end):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as error:
            return error.verify_code, error.verify_message
    return None


def model_says(context: ssl.SSLContext, identity: Identity, asked: str) -> tuple[int, str] | None:
    refusal = certificates.judge(context, identity.chain_der, asked, time.time())
    return None if refusal is None else (refusal.code, refusal.text(asked))


@settings(derandomize=True, max_examples=250, deadline=None)
@given(
    by=st.sampled_from([None, *range(len(AUTHORITIES))]),
    name=st.sampled_from(NAMES),
    dates=st.sampled_from([0, 0, 0, 1, 2]),
    client_only=st.sampled_from([False, False, False, True]),
    trusted=st.sets(st.sampled_from(range(len(AUTHORITIES))), max_size=4),
    trusts_leaf=st.booleans(),
    asked=st.sampled_from(ASKED),
    checks_name=st.booleans(),
    partial=st.booleans(),
    extra=st.lists(st.sampled_from(range(len(AUTHORITIES))), max_size=3, unique=True),
    drops=st.sets(st.integers(1, 3), max_size=2),
    backwards=st.booleans(),
)
def test_any_chain_is_judged_as_openssl_judges_it(
    by: int | None,
    name: str,
    dates: int,
    client_only: bool,
    trusted: set[int],
    trusts_leaf: bool,
    asked: str,
    checks_name: bool,
    partial: bool,
    extra: list[int],
    drops: set[int],
    backwards: bool,
) -> None:
    identity = issued(by, name, dates, client_only)
    rest = [der for place, der in enumerate(identity.chain_der) if place and place not in drops]
    rest += [ssl.PEM_cert_to_DER_cert(AUTHORITIES[a].certificate_pem()) for a in extra]
    rest = list(dict.fromkeys(rest))
    chain = (identity.chain_der[0], *(rest[::-1] if backwards else rest))
    shown = Identity(identity.subject, chain, identity.key)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = checks_name
    if partial:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for authority in sorted(trusted):
        context.load_verify_locations(cadata=AUTHORITIES[authority].certificate_pem())
    if trusts_leaf and by is None:
        context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(chain[0]))

    assert model_says(context, shown, asked) == openssl_says(context, shown, asked)


@pytest.mark.parametrize("common_name_counts", [False, True])
def test_a_certificate_without_alternative_names_is_known_by_its_common_name_if_that_counts(
    common_name_counts: bool,
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    model = issued(0, "a.example.test", 0, False)
    template = x509.load_der_x509_certificate(model.chain_der[0])
    made = (
        x509.CertificateBuilder()
        .subject_name(template.subject)
        .issuer_name(ROOT.certificate.subject)
        .public_key(model.key.public_key())
        .serial_number(7)
        .not_valid_before(template.not_valid_before_utc)
        .not_valid_after(template.not_valid_after_utc)
        .sign(ROOT.key, hashes.SHA256())
    )
    old_style = Identity("old style", (made.public_bytes(Encoding.DER),), model.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = common_name_counts
    context.load_verify_locations(cadata=ROOT.certificate_pem())
    for asked in ("a.example.test", "b.example.test"):
        expected = None if common_name_counts and asked == "a.example.test" else 62
        answer = openssl_says(context, old_style, asked)
        assert model_says(context, old_style, asked) == answer
        assert (answer and answer[0]) == expected


def test_a_forged_signature_is_found() -> None:
    real = issued(0, "a.example.test", 0, False)
    forged_der = real.chain_der[0][:-4] + bytes(4)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ROOT.certificate_pem())
    forged = Identity("forged", (forged_der,), real.key)
    assert model_says(context, forged, "a.example.test") == (7, "certificate signature failure")
    assert openssl_says(context, forged, "a.example.test") == (7, "certificate signature failure")


def test_a_namesake_of_the_issuer_is_not_taken_for_it() -> None:
    identity = issued(0, "a.example.test", 0, False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=NAMESAKE.certificate_pem())
    assert model_says(context, identity, "a.example.test") == openssl_says(
        context, identity, "a.example.test"
    )
