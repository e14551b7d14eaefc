"""The platform's private CA: a root for devices to trust, a server certificate for every host.

RSA 2048 with SHA-256 by default: the vendor's C SDKs take nothing else and offer only TLS 1.2 with
RSA key exchange; some clients send no server name.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

REGIONS = (
    "cn-shanghai",
    "cn-beijing",
    "cn-shenzhen",
    "ap-southeast-1",
    "ap-northeast-1",
    "us-west-1",
    "us-east-1",
    "eu-central-1",
)

_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_DAY = dt.timedelta(days=1)
_ROOT_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alink-sim private root")])


def hosts() -> list[str]:
    """Return every host form of the platform (docs/protocol.md, section "Endpoints")."""
    names = ["*.mqtt.iothub.aliyuncs.com", "*.http.iothub.aliyuncs.com"]
    names.append("iot-auth-global.aliyuncs.com")
    for region in REGIONS:
        names.append(f"*.iot-as-mqtt.{region}.aliyuncs.com")
        names += [f"{kind}.{region}.aliyuncs.com" for kind in ("iot-auth", "iot-as-http", "iot")]
    return names


class Authority:
    """A root with its key in a folder; made on first use, the key readable by its owner only."""

    def __init__(self, folder: Path, *, ecdsa: bool = False) -> None:
        self._folder = folder
        self._ecdsa = ecdsa
        folder.mkdir(parents=True, exist_ok=True)
        if not self.pem.exists():
            self._make()

    @property
    def pem(self) -> Path:
        """The root as PEM."""
        return self._folder / "ca.pem"

    @property
    def der(self) -> Path:
        """The root as DER: what a board takes."""
        return self._folder / "ca.der"

    def server_context(self, *, san: Iterable[str] = ()) -> ssl.SSLContext:
        """Return a TLS server context with a fresh certificate for all hosts and each `san`."""
        chain = self._folder / f"server-{os.getpid()}.pem"
        _write_private(chain, self._server_chain(san))
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("DEFAULT")  # With RSA key exchange: the C SDKs have no other.
            context.load_cert_chain(chain)
        finally:
            chain.unlink()
        return context

    def _make(self) -> None:
        key = _new_key(ecdsa=self._ecdsa)
        root = _builder(_ROOT_NAME, key, days=3650)
        root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = root.sign(key, hashes.SHA256())
        _write_private(self._folder / "ca.key", _key_pem(key))
        self.der.write_bytes(made.public_bytes(serialization.Encoding.DER))
        self.pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def _server_chain(self, san: Iterable[str]) -> bytes:
        issuer = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), None)
        if not isinstance(issuer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._folder / 'ca.key'} is neither an RSA nor an EC key")
        key = _new_key(ecdsa=self._ecdsa)
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in (*hosts(), "localhost")]
        for name in ("127.0.0.1", *san):
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                names.append(x509.DNSName(name))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alink-sim platform")])
        leaf = (
            _builder(subject, key, days=825)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .sign(issuer, hashes.SHA256())
        )
        return _key_pem(key) + leaf.public_bytes(serialization.Encoding.PEM)


def _new_key(*, ecdsa: bool) -> _Key:
    if ecdsa:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def _builder(subject: x509.Name, key: _Key, *, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_ROOT_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _key_pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write_private(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
