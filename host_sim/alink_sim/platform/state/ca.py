"""The platform's private CA: a root for devices to trust, a server certificate for every host.

RSA 2048 with SHA-256 by default: the vendor's C SDKs take nothing else and offer only TLS 1.2 with
RSA key exchange; some clients send no server name. TLS 1.2 and 1.3 are both offered: mbedTLS
3.6.6 cannot talk RSA to an OpenSSL that has 1.2 only.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import ipaddress
import os
import secrets
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from alink_formats.rules import REGIONS

# Fixed, so that a clock that a test drives is inside them whatever the date of the machine; a
# board that wakes up in the year 2000 or 2023 finds the certificate not yet valid.
NOT_BEFORE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2049, 12, 31, tzinfo=dt.UTC)

_SERVER_NAME = "alink_server_name"  # An attribute of a TLS connection: Python keeps none itself.
_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_ROOT_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alink-sim private root")])


class AuthorityError(RuntimeError):
    """The folder of the CA cannot be used; the text says what to do."""


def hosts() -> tuple[str, ...]:
    """Return every host form of the platform (docs/reference/protocol.md, "Endpoints")."""
    names = ["*.mqtt.iothub.aliyuncs.com", "*.http.iothub.aliyuncs.com"]
    names.append("iot-auth-global.aliyuncs.com")
    for region in REGIONS:
        names.append(f"*.iot-as-mqtt.{region}.aliyuncs.com")
        names.append(f"*.oss-{region}.aliyuncs.com")
        names += [f"{kind}.{region}.aliyuncs.com" for kind in ("iot-auth", "iot-as-http", "iot")]
    return tuple(names)


class Authority:
    """A root with its key in a folder; made on first use, the key readable by its owner only."""

    def __init__(self, folder: Path, *, ecdsa: bool = False) -> None:
        """Use the root in `folder`, made if it is not there. Raises AuthorityError."""
        self._folder = folder
        self._ecdsa = ecdsa
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "root.pem").exists():
            self._make_root()
        self._packed = (folder / "root.pem").read_bytes()
        self._root = x509.load_pem_x509_certificate(self._packed)
        if isinstance(self._root.public_key(), ec.EllipticCurvePublicKey) != ecdsa:
            raise AuthorityError(
                f"the root in {folder} is {'RSA' if ecdsa else 'ECDSA'}: call for that again, or "
                "remove the folder and burn the new root into the boards"
            )
        for path, form in (
            (self.pem, serialization.Encoding.PEM),
            (self.der, serialization.Encoding.DER),
        ):
            _write(path, self._root.public_bytes(form), mode=0o644)

    @property
    def pem(self) -> Path:
        """The root as PEM."""
        return self._folder / "ca.pem"

    @property
    def der(self) -> Path:
        """The root as DER: what a board takes."""
        return self._folder / "ca.der"

    def server_context(self, *, san: Iterable[str] = (), flaw: str = "") -> ssl.SSLContext:
        """Return a TLS server context with a certificate for all hosts and each `san`.

        Its `flaw` is what is wrong with it on purpose: "expired", "not_yet_valid", "wrong_host" or
        "unknown_issuer".
        """
        names = (*hosts(), "localhost", "127.0.0.1", *san)
        if flaw == "wrong_host":
            names = ("elsewhere.invalid",)
        digest = hashlib.sha256(repr((names, flaw) if flaw else names).encode()).hexdigest()[:8]
        chain = self._folder / f"server-{digest}.pem"
        if not chain.exists():
            _write(chain, self._server(names, flaw), mode=0o600)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("DEFAULT")  # With RSA key exchange: the C SDKs have no other.
        context.num_tickets = 0  # No device of ours resumes, and mbedTLS 3.6 trips over one.
        context.load_cert_chain(chain)
        context.sni_callback = _remember_server_name
        return context

    def _make_root(self) -> None:
        key = _new_key(ecdsa=self._ecdsa)
        public = key.public_key()
        root = (
            _builder(_ROOT_NAME, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._folder / "root.pem", _packed(root, key), mode=0o600)

    def _server(self, names: Iterable[str], flaw: str) -> bytes:
        # Read here, where it signs: checking an RSA key takes longer than all else of a start.
        root_key = serialization.load_pem_private_key(self._packed, None)
        assert isinstance(root_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)  # noqa: S101
        key = _new_key(ecdsa=self._ecdsa)
        signer = _new_key(ecdsa=self._ecdsa) if flaw == "unknown_issuer" else root_key
        day = dt.timedelta(days=1)
        from_to = {
            "expired": (NOT_BEFORE, NOT_BEFORE + day),
            "not_yet_valid": (NOT_AFTER - day, NOT_AFTER),
        }.get(flaw, (NOT_BEFORE, NOT_AFTER))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alink-sim platform")])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        leaf = (
            _builder(subject, key.public_key(), *from_to)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.SubjectAlternativeName(map(_name, names)), critical=False)
            .add_extension(issuer, critical=False)
            .sign(signer, hashes.SHA256())
        )
        return _packed(leaf, key)


def server_name(connection: ssl.SSLObject | None) -> str:
    """Return the host that a client of a `server_context` asked for by name, "" for none."""
    return str(getattr(connection, _SERVER_NAME, None) or "")


def _remember_server_name(
    connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext
) -> None:
    setattr(connection, _SERVER_NAME, name)


def _new_key(*, ecdsa: bool) -> _Key:
    if ecdsa:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def _builder(
    subject: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    not_before: dt.datetime = NOT_BEFORE,
    not_after: dt.datetime = NOT_AFTER,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_ROOT_NAME)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _packed(certificate: x509.Certificate, key: _Key) -> bytes:
    """Return key and certificate as one PEM: two files could be of two makings."""
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file unless it is there: another process may be making it, and the first wins."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
