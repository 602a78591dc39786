"""Dates of pinned certificates, for appliances that look at them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cxsim.core.errors import CertificateMismatch
from cxsim.core.pinning import Dated, FirstSight, Pins

FIRST, LAST = datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def der() -> bytes:
    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chc-ccm01")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, FIRST, LAST)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("now", [FIRST, datetime(2017, 6, 1, tzinfo=UTC)])
def test_within_its_dates_it_is_accepted(der: bytes, now: datetime) -> None:
    Dated(FirstSight(), now.timestamp).judge("h", 443, der)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), "is not valid before 2017-01-01 00:00 UTC"),
        (LAST, "expired at 2018-01-01 00:00 UTC"),
    ],
)
def test_outside_them_it_is_refused_with_the_date(der: bytes, now: datetime, said: str) -> None:
    with pytest.raises(CertificateMismatch, match=said):
        Dated(FirstSight(), now.timestamp).judge("h", 443, der)


def test_the_pin_is_looked_at_first(der: bytes) -> None:
    with pytest.raises(CertificateMismatch, match="differs from the expected one"):
        Dated(Pins({("h", 443): "SHA-256:00"}), LAST.timestamp).judge("h", 443, der)


def test_what_cannot_be_read_has_no_dates() -> None:
    Dated(FirstSight(), LAST.timestamp).judge("h", 443, b"no certificate")
