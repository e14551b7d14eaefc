"""A private CA and the certificates that a server must not show, made once a session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A root and its key; `der` is what a device is given."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def authority(name: str) -> Authority:
    """Return a fresh root."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(_signed(name, key, name, key, starts=-1, ends=3650, hosts=(), ca=True), key)


def server_chain(
    folder: Path,
    issuer: Authority,
    *,
    host: str,
    starts: int = -1,
    ends: int = 365,
    has_san: bool = True,
) -> Path:
    """Write a PEM with certificate and key for a host, valid from `starts` to `ends` days.

    Without `has_san` only the common name has the host.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = issuer.certificate.subject.rfc4514_string().removeprefix("CN=")
    hosts = (host,) if has_san else ()
    made = _signed(host, key, name, issuer.key, starts=starts, ends=ends, hosts=hosts, ca=False)
    path = folder / f"{host}-{starts}-{ends}-{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    starts: int,
    ends: int,
    hosts: tuple[str, ...],
    ca: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
